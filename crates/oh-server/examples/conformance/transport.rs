//! The two halves of a session as a source of inputs and a sink of frames.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, Utf8Bytes};
use tokio::time::{Instant, sleep_until, timeout};

use oh_server::transport::{Gone, Incoming, Outgoing};
use oh_socketio::{CloseReason, Input};

/// How long a peer has to answer a close frame.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

pub(crate) struct Transport {
    sid: String,
    upgrades: &'static [&'static str],
    incoming: Incoming,
    outgoing: Outgoing,
    /// Something was sent that the peer did not take yet.
    has_sent: bool,
    opened: Instant,
}

/// A message, or the end of the wait for one.
pub(crate) enum Received {
    Message(Message),
    Tick,
}

/// Why a connection is over.
pub(crate) enum End {
    PeerGone,
    Close(CloseReason),
}

impl From<Gone> for End {
    fn from(_: Gone) -> Self {
        Self::PeerGone
    }
}

impl From<CloseReason> for End {
    fn from(reason: CloseReason) -> Self {
        Self::Close(reason)
    }
}

impl Received {
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
    pub(crate) fn new(
        sid: String,
        upgrades: &'static [&'static str],
        (incoming, outgoing): (Incoming, Outgoing),
    ) -> Self {
        Self { sid, upgrades, incoming, outgoing, has_sent: false, opened: Instant::now() }
    }

    /// Sends the open frame.
    pub(crate) async fn open(&mut self) -> Result<(), End> {
        let frame = crate::config().open_frame_with_upgrades(&self.sid, self.upgrades);
        self.send_text(frame).await
    }

    /// Returns the time since the session was opened.
    pub(crate) fn now(&self) -> Duration {
        self.opened.elapsed()
    }

    /// Waits for a message until the deadline, a time since opening; what was sent goes out meanwhile.
    pub(crate) async fn receive(&mut self, deadline: Duration) -> Result<Received, End> {
        loop {
            tokio::select! {
                biased;
                message = self.incoming.next() => return match message {
                    Some(Ok(message)) => Ok(Received::Message(message)),
                    Some(Err(_)) | None => Err(End::PeerGone),
                },
                flushed = self.outgoing.flush(), if self.has_sent => {
                    flushed?;
                    self.has_sent = false;
                }
                () = sleep_until(self.opened + deadline) => return Ok(Received::Tick),
            }
        }
    }

    pub(crate) async fn send_text(&mut self, frame: impl Into<Utf8Bytes>) -> Result<(), End> {
        self.has_sent = true;
        Ok(self.outgoing.feed(Message::Text(frame.into())).await?)
    }

    pub(crate) async fn send_binary(&mut self, data: Vec<u8>) -> Result<(), End> {
        self.has_sent = true;
        Ok(self.outgoing.feed(Message::Binary(data.into())).await?)
    }

    /// Says why and waits for the peer to close, so that it reads the reason before the connection goes.
    pub(crate) async fn finish(mut self, end: End) {
        let End::Close(reason) = end else { return };
        let frame = CloseFrame { code: reason.code(), reason: reason.to_string().into() };
        let goodbye = async {
            if self.outgoing.feed(Message::Close(Some(frame))).await.is_ok()
                && self.outgoing.flush().await.is_ok()
            {
                while let Some(Ok(_)) = self.incoming.next().await {}
            }
        };
        timeout(CLOSE_TIMEOUT, goodbye).await.unwrap_or_default();
    }
}

/// Returns a session id that is unique in this process; a real server makes it unguessable.
pub(crate) fn session_id() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    format!("session-{}", NEXT.fetch_add(1, Ordering::Relaxed))
}
