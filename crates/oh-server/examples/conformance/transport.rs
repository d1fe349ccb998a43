//! One axum WebSocket as a source of inputs and a sink of frames.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket};
use tokio::time::{Instant, timeout, timeout_at};

use oh_socketio::{CloseReason, Input};

/// How long a peer has to answer a close frame.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

pub(crate) struct Transport {
    socket: WebSocket,
    opened: Instant,
}

/// A WebSocket message, or the end of the wait for one.
pub(crate) enum Incoming {
    Message(Message),
    Tick,
}

/// Why a connection is over.
pub(crate) enum End {
    PeerGone,
    Close(CloseReason),
}

impl From<axum::Error> for End {
    fn from(_: axum::Error) -> Self {
        Self::PeerGone
    }
}

impl From<CloseReason> for End {
    fn from(reason: CloseReason) -> Self {
        Self::Close(reason)
    }
}

impl Incoming {
    pub(crate) fn input(&self) -> Input<'_> {
        match self {
            Self::Message(Message::Text(text)) => Input::Text(text),
            Self::Message(Message::Binary(data)) => Input::Binary(data),
            Self::Message(Message::Pong(_)) => Input::TransportPong,
            Self::Message(Message::Ping(_) | Message::Close(_)) | Self::Tick => Input::Tick,
        }
    }
}

impl Transport {
    pub(crate) fn new(socket: WebSocket) -> Self {
        Self { socket, opened: Instant::now() }
    }

    /// Returns the time since the WebSocket was opened.
    pub(crate) fn now(&self) -> Duration {
        self.opened.elapsed()
    }

    /// Waits for a message until the deadline, a time since opening.
    pub(crate) async fn receive(&mut self, deadline: Duration) -> Result<Incoming, End> {
        match timeout_at(self.opened + deadline, self.socket.recv()).await {
            Ok(Some(Ok(message))) => Ok(Incoming::Message(message)),
            Ok(Some(Err(_)) | None) => Err(End::PeerGone),
            Err(_) => Ok(Incoming::Tick),
        }
    }

    pub(crate) async fn send_text(&mut self, frame: impl Into<Utf8Bytes>) -> Result<(), End> {
        Ok(self.socket.send(Message::Text(frame.into())).await?)
    }

    pub(crate) async fn send_binary(&mut self, data: Vec<u8>) -> Result<(), End> {
        Ok(self.socket.send(Message::Binary(data.into())).await?)
    }

    /// Says why and waits for the peer to close, so that it reads the reason before the connection goes.
    pub(crate) async fn finish(mut self, end: End) {
        let End::Close(reason) = end else { return };
        let frame = CloseFrame { code: reason.code(), reason: reason.to_string().into() };
        if self.socket.send(Message::Close(Some(frame))).await.is_ok() {
            let drain = async { while let Some(Ok(_)) = self.socket.recv().await {} };
            timeout(CLOSE_TIMEOUT, drain).await.unwrap_or_default();
        }
    }
}

/// Returns a session id that is unique in this process; a real server makes it unguessable.
pub(crate) fn session_id() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    format!("session-{}", NEXT.fetch_add(1, Ordering::Relaxed))
}
