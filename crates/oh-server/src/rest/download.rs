//! What leaves the workspace byte for byte: one file, or all of them as an archive.

use std::io::{self, Read, Write};

use axum::body::Body;
use axum::extract::{Path, RawQuery, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE,
    HeaderValue,
};
use axum::http::{HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use bytes::{Bytes, BytesMut};
use oh_runtime::{IgnoredFiles, WorkspaceError};
use serde_json::json;
use tokio::sync::{OwnedSemaphorePermit, mpsc};

use super::conversations::Query;
use super::error::ApiError;
use super::files::{blocking, create, open};
use crate::state::AppState;

/// Bytes that are sent together, and how many such pieces may wait for a slow reader.
const PIECE: usize = 64 * 1024;
const PIECES: usize = 4;

/// A file is nobody's page: opened by itself it runs nothing and reaches nothing.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; sandbox";
const SAME_ORIGIN: (HeaderName, &str) =
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin");

pub(crate) async fn archive(
    State(state): State<AppState>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, ApiError> {
    let workspace = create(&state, &id).await?;
    let leaves_out = Query::parse(query.as_deref()).get("exclude_ignored") == Some("true");
    let ignored = if leaves_out { IgnoredFiles::LeaveOut } else { IgnoredFiles::Include };
    let place = place(&state)?;
    let body = written_by(place, move |output| workspace.write_archive(output, ignored));
    let headers = [
        (CONTENT_TYPE, "application/zip"),
        (CONTENT_DISPOSITION, "attachment; filename=\"workspace.zip\""),
    ];
    Ok((headers, body).into_response())
}

/// Answers with a picture that is kept beside the log. What has its name never changes.
pub(crate) async fn picture(
    State(state): State<AppState>,
    Path((id, name)): Path<(String, String)>,
) -> Result<Response, ApiError> {
    let id = super::conversations::parse_id(&id)?;
    let Some(picture) = state.pictures.read(&id, &name).await else {
        return Err(ApiError::not_found("there is no such picture"));
    };
    let headers = [
        (CONTENT_TYPE, picture.media_type),
        (CONTENT_SECURITY_POLICY, POLICY),
        (CACHE_CONTROL, "private, max-age=31536000, immutable"),
        SAME_ORIGIN,
    ];
    Ok((headers, picture.bytes).into_response())
}

pub(crate) async fn file(
    State(state): State<AppState>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, ApiError> {
    let workspace = open(&state, &id).await?;
    let query = Query::parse(query.as_deref());
    let path = query.get("file").ok_or_else(|| ApiError::missing("query", "file"))?.to_owned();
    let Some(workspace) = workspace else { return Err(WorkspaceError::Missing { path }.into()) };
    let name = path.rsplit('/').next().unwrap_or_default().to_owned();
    let place = place(&state)?;
    let (file, length) = blocking(move || workspace.open_bytes(&path)).await?;
    // What is added to the file meanwhile would be more than was announced.
    let mut file = file.take(length);
    let body = written_by(place, move |output| io::copy(&mut file, output).map(|_| ()));
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static(content_type(&name))),
        (CONTENT_LENGTH, HeaderValue::from(length)),
        (CONTENT_DISPOSITION, attachment(&name)),
        (CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
    ];
    Ok((headers, [SAME_ORIGIN], body).into_response())
}

fn place(state: &AppState) -> Result<OwnedSemaphorePermit, ApiError> {
    state.downloads.clone().try_acquire_owned().map_err(|_| {
        let body = json!({"error": "Too many downloads at a time; try again later"});
        ApiError::with_body(StatusCode::TOO_MANY_REQUESTS, body)
    })
}

/// Returns a body that is written on a thread of its own, no faster than it is read.
fn written_by(
    place: OwnedSemaphorePermit,
    write: impl FnOnce(&mut Pieces) -> io::Result<()> + Send + 'static,
) -> Body {
    let (pieces, receiver) = mpsc::channel(PIECES);
    // It ends with the response: then nobody takes its pieces any more.
    tokio::task::spawn_blocking(move || {
        let mut output = Pieces { pieces, buffer: BytesMut::new() };
        let result = write(&mut output).and_then(|()| output.flush());
        if let Err(error) = result
            && error.kind() != io::ErrorKind::BrokenPipe
        {
            tracing::warn!(%error, "failed to send files");
            let _ = output.pieces.blocking_send(Err(error));
        }
        drop(place);
    });
    Body::from_stream(futures_util::stream::unfold(receiver, |mut receiver| async {
        receiver.recv().await.map(|piece| (piece, receiver))
    }))
}

/// Pictures say what they are, so that a page can show them; everything else is only bytes.
fn content_type(name: &str) -> &'static str {
    let extension = name.rsplit_once('.').map(|(_, end)| end.to_ascii_lowercase());
    match extension.as_deref() {
        Some("png") => "image/png",
        Some("jpg" | "jpeg") => "image/jpeg",
        Some("gif") => "image/gif",
        Some("webp") => "image/webp",
        Some("avif") => "image/avif",
        Some("bmp") => "image/bmp",
        Some("ico") => "image/x-icon",
        Some("svg") => "image/svg+xml",
        Some(_) | None => "application/octet-stream",
    }
}

/// Names a file to be saved, whatever characters its name has.
fn attachment(name: &str) -> HeaderValue {
    let mut value = String::from("attachment; filename*=UTF-8''");
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            value.push(char::from(byte));
        } else {
            value.push_str(&format!("%{byte:02X}"));
        }
    }
    HeaderValue::from_str(&value).unwrap_or(HeaderValue::from_static("attachment"))
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
