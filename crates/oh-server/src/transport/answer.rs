//! The body that carries packets to a GET, and notices if nobody took all of it.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use http_body::{Frame, SizeHint};

use super::tray::Tray;

/// Bytes that are given at a time, so that a connection that breaks is noticed.
const PIECE: usize = 16 * 1024;

/// Packets on their way to the peer.
struct Packets {
    rest: Bytes,
    tray: Arc<Tray>,
}

/// Returns the answer to a GET.
pub(super) fn packets(packets: String, tray: Arc<Tray>) -> Response {
    let body = Body::new(Packets { rest: packets.into(), tray });
    let headers =
        [(header::CONTENT_TYPE, "text/plain; charset=UTF-8"), (header::CACHE_CONTROL, "no-store")];
    (headers, body).into_response()
}

impl HttpBody for Packets {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.rest.is_empty() {
            return Poll::Ready(None);
        }
        let length = self.rest.len().min(PIECE);
        Poll::Ready(Some(Ok(Frame::data(self.rest.split_to(length)))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.rest.len() as u64)
    }
}

impl Drop for Packets {
    /// What was taken and not delivered is lost, so the session ends: the client comes back and resumes.
    fn drop(&mut self) {
        if !self.rest.is_empty() {
            self.tray.abandon();
        }
    }
}
