use axum::Json;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use oh_runtime::{FileDiff, GitChange, GitError, GitReader, GitStatus, Workspace, WorkspaceError};
use serde_json::{Value, json};

use super::conversations::Query;
use super::error::{ApiError, plain};
use super::files::open;
use crate::state::AppState;

/// Says that a list is not complete; its body has no place for that.
const TRUNCATED: &str = "x-openhands-truncated";

pub(crate) async fn changes(
    State(state): State<AppState>,
    Path(id): Path<String>,
) -> Result<(HeaderMap, Json<Vec<Value>>), ApiError> {
    let workspace = open(&state, &id).await?.ok_or_else(not_a_repository)?;
    let _place = place(&state).await?;
    let git = confined(&state, &workspace).await?;
    let found = git.changes(workspace).await.map_err(failed)?;
    let found = found.ok_or_else(not_a_repository)?;
    let mut headers = HeaderMap::new();
    if found.is_truncated {
        headers.insert(TRUNCATED, HeaderValue::from_static("true"));
    }
    Ok((headers, Json(found.changes.iter().map(encode).collect())))
}

pub(crate) async fn diff(
    State(state): State<AppState>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Json<Value>, ApiError> {
    let workspace = open(&state, &id).await?;
    let query = Query::parse(query.as_deref());
    let path = query.get("path").ok_or_else(|| ApiError::missing("query", "path"))?;
    let no_repository = || failed(GitError::NoRepository { path: path.to_owned() });
    let workspace = workspace.ok_or_else(no_repository)?;
    let _place = place(&state).await?;
    let git = confined(&state, &workspace).await?;
    Ok(Json(match git.diff(workspace, path).await.map_err(failed)? {
        FileDiff::Text { original, modified } => {
            json!({"modified": modified, "original": original, "binary": false})
        }
        FileDiff::Binary => json!({"modified": "", "original": "", "binary": true}),
    }))
}

async fn confined(state: &AppState, workspace: &Workspace) -> Result<GitReader, ApiError> {
    let git = state.sandboxes.git(&state.git, workspace.root()).await;
    git.map_err(|error| ApiError::internal(&error))
}

/// Waits until not too many look at repositories.
async fn place(state: &AppState) -> Result<tokio::sync::SemaphorePermit<'_>, ApiError> {
    state.git_looks.acquire().await.map_err(|error| ApiError::internal(&error))
}

fn encode(change: &GitChange) -> Value {
    let status = match change.status {
        GitStatus::Added => "A",
        GitStatus::Modified => "M",
        GitStatus::Deleted => "D",
        GitStatus::Unmerged => "U",
    };
    json!({"status": status, "path": change.path.to_string_lossy()})
}

fn not_a_repository() -> ApiError {
    ApiError::with_body(StatusCode::NOT_FOUND, json!({"error": "Not a git repository"}))
}

fn failed(error: GitError) -> ApiError {
    match error {
        // OpenHands answers these two like any failure.
        GitError::NoRepository { .. } | GitError::File(WorkspaceError::TooLarge { .. }) => {
            plain(StatusCode::INTERNAL_SERVER_ERROR, &error)
        }
        GitError::File(error) => error.into(),
        GitError::Outside { .. } => plain(StatusCode::FORBIDDEN, &error),
        GitError::Unsupported { .. }
        | GitError::TimedOut { .. }
        | GitError::NotInstalled
        | GitError::Failed { .. } => plain(StatusCode::INTERNAL_SERVER_ERROR, &error),
        GitError::Io { .. } => {
            tracing::warn!(%error, cause = ?std::error::Error::source(&error), "failed to use git");
            plain(StatusCode::INTERNAL_SERVER_ERROR, &error)
        }
    }
}
