use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use oh_event_log::LogError;
use oh_runtime::WorkspaceError;
use oh_session::SessionError;
use oh_store::StoreError;
use serde_json::{Value, json};

/// An answer that says what went wrong. The source stays in the log.
#[derive(Debug)]
pub(crate) struct ApiError {
    status: StatusCode,
    body: Value,
}

impl ApiError {
    /// OpenHands' form of an error that a route raises.
    pub(crate) fn new(status: StatusCode, detail: &str) -> Self {
        Self { status, body: json!({"detail": detail}) }
    }

    pub(crate) fn not_found(detail: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, detail)
    }

    pub(crate) fn bad_request(detail: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, detail)
    }

    /// An error in a form of its own.
    pub(crate) fn with_body(status: StatusCode, body: Value) -> Self {
        Self { status, body }
    }

    /// OpenHands' form of a body or query that does not fit.
    pub(crate) fn validation(problems: Vec<Problem>) -> Self {
        let detail: Vec<Value> = problems.into_iter().map(Problem::into_json).collect();
        Self { status: StatusCode::UNPROCESSABLE_ENTITY, body: json!({"detail": detail}) }
    }

    /// OpenHands' form of a query without a parameter that has to be there.
    pub(crate) fn missing(place: &'static str, field: &str) -> Self {
        let (field, message) = (field.to_owned(), "Field required".to_owned());
        Self::validation(vec![Problem {
            kind: "missing",
            place,
            field,
            message,
            input: Value::Null,
        }])
    }

    /// Something that is our fault; the cause goes to the log only.
    pub(crate) fn internal(source: &(dyn std::error::Error + 'static)) -> Self {
        let mut causes = Vec::new();
        let mut cause = Some(source);
        while let Some(error) = cause {
            causes.push(error.to_string());
            cause = error.source();
        }
        tracing::error!(error = causes.join(": "), "a request failed");
        let body = json!({"error": "Internal server error"});
        Self { status: StatusCode::INTERNAL_SERVER_ERROR, body }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        (self.status, Json(self.body)).into_response()
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        Self::internal(&error)
    }
}

impl From<LogError> for ApiError {
    fn from(error: LogError) -> Self {
        Self::internal(&error)
    }
}

/// OpenHands' form of an error about files and repositories.
pub(crate) fn plain(status: StatusCode, error: &(dyn std::error::Error + 'static)) -> ApiError {
    ApiError::with_body(status, json!({"error": error.to_string()}))
}

impl From<WorkspaceError> for ApiError {
    fn from(error: WorkspaceError) -> Self {
        let status = match &error {
            WorkspaceError::Missing { .. } => StatusCode::NOT_FOUND,
            WorkspaceError::Outside { .. } => StatusCode::FORBIDDEN,
            WorkspaceError::NotAFile { .. } | WorkspaceError::NotText { .. } => {
                StatusCode::UNSUPPORTED_MEDIA_TYPE
            }
            WorkspaceError::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            WorkspaceError::Refused { .. } => StatusCode::BAD_REQUEST,
            WorkspaceError::Io { source, .. } => {
                tracing::warn!(%error, cause = %source, "failed to use a workspace");
                StatusCode::INTERNAL_SERVER_ERROR
            }
        };
        plain(status, &error)
    }
}

impl From<SessionError> for ApiError {
    fn from(error: SessionError) -> Self {
        match error {
            SessionError::NoVision { .. } => {
                Self::with_body(StatusCode::BAD_REQUEST, json!({"error": error.to_string()}))
            }
            SessionError::Ended => {
                Self::with_body(StatusCode::CONFLICT, json!({"error": error.to_string()}))
            }
            // Whoever may make conversations may know why there is no place for one.
            SessionError::Runtime { .. } | SessionError::Checkout(_) => {
                Self::with_body(StatusCode::CONFLICT, json!({"error": error.to_string()}))
            }
            SessionError::Log(_) => Self::internal(&error),
        }
    }
}

/// One thing about a request that does not fit.
#[derive(Debug)]
pub(crate) struct Problem {
    pub(crate) kind: &'static str,
    pub(crate) place: &'static str,
    pub(crate) field: String,
    pub(crate) message: String,
    pub(crate) input: Value,
}

impl Problem {
    fn into_json(self) -> Value {
        let Self { kind, place, field, message, input } = self;
        let parts = field.split('.').filter(|part| !part.is_empty());
        let place: Vec<&str> = std::iter::once(place).chain(parts).collect();
        json!({"type": kind, "loc": place, "msg": message, "input": input})
    }
}
