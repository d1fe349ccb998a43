//! What files tell the agent of a conversation, and whether the user trusts them.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde_json::{Value, json};

use super::conversations::{check_known, parse_id};
use super::error::ApiError;
use crate::skills::Trust;
use crate::state::AppState;

/// What the agent is told, in OpenHands' form.
pub(crate) async fn microagents(
    State(state): State<AppState>,
    Path(id): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let id = parse_id(&id)?;
    check_known(&state, &id).await?;
    let list = state.manager.get(&id).and_then(|_| state.skills.list(&id));
    list.map(Json).ok_or_else(|| {
        let error = format!("Conversation {id} is not running; start it to see its microagents");
        ApiError::with_body(StatusCode::NOT_FOUND, json!({"error": error}))
    })
}

/// Whether the workspace is trusted, and what that would change; a route of our own.
pub(crate) async fn report(
    State(state): State<AppState>,
    Path(id): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let id = parse_id(&id)?;
    check_known(&state, &id).await?;
    let workspace = state.sandboxes.workspace(&id).map_err(|error| ApiError::internal(&error))?;
    Ok(Json(state.skills.report(&id, &workspace).await?))
}

pub(crate) async fn trust(
    state: State<AppState>,
    id: Path<String>,
) -> Result<Json<Value>, ApiError> {
    change(state, id, Trust::Conversation).await
}

pub(crate) async fn distrust(
    state: State<AppState>,
    id: Path<String>,
) -> Result<Json<Value>, ApiError> {
    change(state, id, Trust::Missing).await
}

async fn change(
    State(state): State<AppState>,
    Path(id): Path<String>,
    trust: Trust,
) -> Result<Json<Value>, ApiError> {
    let id = parse_id(&id)?;
    check_known(&state, &id).await?;
    let workspace = state.sandboxes.workspace(&id).map_err(|error| ApiError::internal(&error))?;
    Ok(Json(state.skills.set_trust(&id, &workspace, trust).await?))
}
