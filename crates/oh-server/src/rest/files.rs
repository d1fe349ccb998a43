use std::io::{self, Write};
use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use bytes::{Bytes, BytesMut};
use oh_event::ConversationId;
use oh_runtime::{IgnoredFiles, Workspace, WorkspaceError};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::conversations::{Query, check_known, parse_id};
use super::error::ApiError;
use crate::state::AppState;

/// Bytes of an archive that are sent together, and how many such pieces may wait for a slow reader.
const PIECE: usize = 64 * 1024;
const PIECES: usize = 4;

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

pub(crate) async fn download(
    State(state): State<AppState>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, ApiError> {
    let workspace = create(&state, &id).await?;
    let leaves_out = Query::parse(query.as_deref()).get("exclude_ignored") == Some("true");
    let ignored = if leaves_out { IgnoredFiles::LeaveOut } else { IgnoredFiles::Include };
    let Ok(place) = state.downloads.clone().try_acquire_owned() else {
        let body = json!({"error": "Too many downloads at a time; try again later"});
        return Err(ApiError::with_body(StatusCode::TOO_MANY_REQUESTS, body));
    };
    let (pieces, receiver) = mpsc::channel(PIECES);
    // It ends with the response: then nobody takes its pieces any more.
    tokio::task::spawn_blocking(move || {
        let mut output = Pieces { pieces, buffer: BytesMut::new() };
        let result = workspace.write_archive(&mut output, ignored).and_then(|()| output.flush());
        if let Err(error) = result
            && error.kind() != io::ErrorKind::BrokenPipe
        {
            tracing::warn!(%error, "failed to make an archive");
            let _ = output.pieces.blocking_send(Err(error));
        }
        drop(place);
    });
    let stream = futures_util::stream::unfold(receiver, |mut receiver| async {
        receiver.recv().await.map(|piece| (piece, receiver))
    });
    let headers = [
        (CONTENT_TYPE, "application/zip"),
        (CONTENT_DISPOSITION, "attachment; filename=\"workspace.zip\""),
    ];
    Ok((headers, Body::from_stream(stream)).into_response())
}

/// Passes what is written on in pieces, and waits while nobody takes them.
struct Pieces {
    pieces: mpsc::Sender<io::Result<Bytes>>,
    buffer: BytesMut,
}

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= PIECE {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let piece = self.buffer.split().freeze();
        if piece.is_empty() {
            return Ok(());
        }
        self.pieces.blocking_send(Ok(piece)).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}
