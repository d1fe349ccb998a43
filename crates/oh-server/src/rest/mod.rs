//! OpenHands' REST API.

mod body;
mod browser;
mod conversations;
mod create;
mod download;
mod error;
mod events;
mod feedback;
mod files;
mod git;
mod git_hosting;
mod gone;
mod health;
mod info;
mod login;
mod mcp_server;
pub(crate) mod metrics;
mod model_test;
mod openapi;
mod options;
mod preview;
mod providers;
mod remember;
mod resources;
mod routes;
mod secrets;
mod settings;
mod skills;
mod upload;

use axum::Router;
use axum::extract::{ConnectInfo, DefaultBodyLimit, Request, State};
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};

pub(crate) use conversations::user_message;
pub(crate) use error::ApiError;

use crate::auth::Denial;
use crate::listener::RequestConnection;
use crate::state::AppState;

/// Largest body of a request, in bytes: a message with pictures.
const MAX_BODY: usize = 32 * 1024 * 1024;

pub(crate) fn routes(state: &AppState) -> Router<AppState> {
    let protected = routes::collect(routes::PROTECTED)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .route_layer(from_fn_with_state(state.clone(), require_authority));
    let open = routes::collect(routes::OPEN).method_not_allowed_fallback(method_not_allowed);
    protected.merge(open)
}

async fn method_not_allowed() -> ApiError {
    ApiError::new(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed")
}

/// Lets nobody in who is not let in by [`crate::auth`].
async fn require_authority(
    State(state): State<AppState>,
    ConnectInfo(RequestConnection(connection)): ConnectInfo<RequestConnection>,
    request: Request,
    next: Next,
) -> Response {
    let key = request.uri().query().and_then(query_key);
    match state.admit(request.headers(), key.as_deref(), &connection).await {
        Ok(_) => next.run(request).await,
        Err(denial) => denied(denial).into_response(),
    }
}

pub(crate) fn denied(denial: Denial) -> ApiError {
    match denial {
        Denial::Key => ApiError::new(StatusCode::UNAUTHORIZED, "Unauthorized"),
        Denial::Origin => {
            ApiError::new(StatusCode::FORBIDDEN, "This origin is not in CORS_ALLOWED_ORIGINS")
        }
        Denial::Host => ApiError::new(
            StatusCode::UNAUTHORIZED,
            "Unauthorized: give the session key, or use http://localhost on the server's machine",
        ),
    }
}

fn query_key(query: &str) -> Option<String> {
    form_urlencoded::parse(query.as_bytes())
        .find(|(name, _)| name == "session_api_key")
        .map(|(_, value)| value.into_owned())
}

/// A panic is a bug of ours; the client learns only that.
pub(crate) fn panicked(panic: Box<dyn std::any::Any + Send>) -> Response {
    let message = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("unknown");
    tracing::error!(message, "a request panicked");
    let body = serde_json::json!({"error": "Internal server error"});
    ApiError::with_body(StatusCode::INTERNAL_SERVER_ERROR, body).into_response()
}
