use std::io;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, RawQuery, State};
use oh_event::ConversationId;
use oh_runtime::{Workspace, WorkspaceError};
use serde_json::{Value, json};

use super::conversations::{Query, check_known, parse_id};
use super::error::ApiError;
use crate::state::AppState;

/// Opens the workspace of a conversation that is known; `None` if it is not there yet.
pub(crate) async fn open(state: &AppState, id: &str) -> Result<Option<Arc<Workspace>>, ApiError> {
    let id = parse_id(id)?;
    check_known(state, &id).await?;
    let path = path_of(state, &id)?;
    match blocking(move || Ok(Workspace::open(&path))).await? {
        Ok(workspace) => Ok(Some(Arc::new(workspace))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(ApiError::internal(&error)),
    }
}

/// Opens the workspace of a conversation that is known, making it if need be.
pub(crate) async fn create(state: &AppState, id: &str) -> Result<Arc<Workspace>, ApiError> {
    let id = parse_id(id)?;
    check_known(state, &id).await?;
    let path = path_of(state, &id)?;
    let workspace = blocking(move || Ok(Workspace::create(&path))).await?;
    workspace.map(Arc::new).map_err(|error| ApiError::internal(&error))
}

fn path_of(state: &AppState, id: &ConversationId) -> Result<std::path::PathBuf, ApiError> {
    state.sandboxes.workspace(id).map_err(|error| ApiError::internal(&error))
}

/// Runs what blocks on a thread that may.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, WorkspaceError> + Send + 'static,
) -> Result<T, ApiError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => Ok(result?),
        Err(error) => Err(ApiError::internal(&error)),
    }
}

pub(crate) async fn list(
    State(state): State<AppState>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Json<Vec<String>>, ApiError> {
    let Some(workspace) = open(&state, &id).await? else { return Ok(Json(Vec::new())) };
    let path = Query::parse(query.as_deref()).get("path").map(str::to_owned);
    Ok(Json(blocking(move || workspace.list(path.as_deref())).await?))
}

pub(crate) async fn select(
    State(state): State<AppState>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Json<Value>, ApiError> {
    let workspace = open(&state, &id).await?;
    let query = Query::parse(query.as_deref());
    let file = query.get("file").ok_or_else(|| ApiError::missing("query", "file"))?.to_owned();
    let Some(workspace) = workspace else {
        return Err(WorkspaceError::Missing { path: file }.into());
    };
    let code = blocking(move || workspace.read_text(&file)).await?;
    Ok(Json(json!({"code": code})))
}
