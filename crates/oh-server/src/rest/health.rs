use axum::Json;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::StatusCode;
use serde_json::{Value, json};

use super::error::ApiError;
use super::resources;
use crate::listener::RequestConnection;
use crate::state::AppState;

/// How long it may take to find out who asks.
const LOOK_TIME: std::time::Duration = std::time::Duration::from_millis(40);

/// Who is let in sees more, once it is known.
pub(crate) async fn api_health(
    State(state): State<AppState>,
    ConnectInfo(RequestConnection(connection)): ConnectInfo<RequestConnection>,
    request: Request,
) -> Json<Value> {
    let mut body = json!({"status": "ok"});
    let Some(sandbox) = state.sandboxes.known_status() else { return Json(body) };
    let key = request.uri().query().and_then(super::query_key);
    let admission = state.admit(request.headers(), key.as_deref(), &connection);
    // Who asks is not worth a wait: a machine that is busy may need long to find out.
    if let Ok(Ok(_)) = tokio::time::timeout(LOOK_TIME, admission).await {
        body["sandbox"] = sandbox.detail();
        if let Some(found) = state.equipment.known() {
            body["tools"] = found.detail();
        }
    }
    Json(body)
}

pub(crate) async fn health() -> Json<Value> {
    Json(json!("OK"))
}

pub(crate) async fn alive() -> Json<Value> {
    Json(json!({"status": "ok"}))
}

pub(crate) async fn ready(State(state): State<AppState>) -> (StatusCode, Json<Value>) {
    if state.shutdown.is_cancelled() {
        let body = json!({"status": "initializing", "message": "The server is going down"});
        return (StatusCode::SERVICE_UNAVAILABLE, Json(body));
    }
    (StatusCode::OK, Json(json!({"status": "ready"})))
}

pub(crate) async fn server_info(State(state): State<AppState>) -> Result<Json<Value>, ApiError> {
    let figures = tokio::task::spawn_blocking(move || resources::read(&state)).await;
    figures.map(Json).map_err(|error| ApiError::internal(&error))
}
