//! The requests of one session over HTTP.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::ws::{Message, WebSocket};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use oh_socketio::{Polled, PollingEnd, Probed};
use tokio::sync::{Mutex, mpsc};

use super::answer::packets;
use super::request::{refusal, refusal_with, unknown_session};
use super::sessions::{PollingOptions, Standing};
use super::tray::{Tray, message};

/// How long a WebSocket may take from the probe to the upgrade.
const PROBE_TIME: Duration = Duration::from_secs(10);

/// A session over HTTP: what its requests are answered with.
#[derive(Debug)]
pub struct PollingSession {
    sid: String,
    options: PollingOptions,
    tray: Arc<Tray>,
    payloads: mpsc::Sender<Vec<Message>>,
    /// One body at a time is read, in the order of arrival.
    posting: Mutex<()>,
    /// One WebSocket at a time is tried.
    probing: Mutex<()>,
}

/// A GET that waits; if it is given up, its peer is gone.
struct Hanging<'a>(Option<&'a Tray>);

impl PollingSession {
    pub(super) fn new(
        sid: String,
        options: PollingOptions,
        tray: Arc<Tray>,
        payloads: mpsc::Sender<Vec<Message>>,
    ) -> Self {
        let (posting, probing) = (Mutex::new(()), Mutex::new(()));
        Self { sid, options, tray, payloads, posting, probing }
    }

    /// Returns what the request that opened the session was worth.
    pub fn standing(&self) -> Standing {
        self.options.standing
    }

    /// Returns true while requests of the session are answered.
    pub fn is_open(&self) -> bool {
        self.tray.takes_requests()
    }

    /// Answers a GET, as soon as there is something for it; `written` counts what its connection has written.
    ///
    /// What the answer carries is gone with it, so a connection that breaks ends the session.
    pub async fn poll(&self, written: Arc<AtomicU64>) -> Response {
        let mut changes = self.tray.changes();
        match self.tray.poll(&written) {
            Polled::Packets(text) => return packets(text, self.tray.clone()),
            Polled::Refused => return self.refused(),
            Polled::Later => {}
        }
        let mut hanging = Hanging(Some(&self.tray));
        loop {
            if let Some(text) = self.tray.answer() {
                hanging.0 = None;
                return packets(text, self.tray.clone());
            }
            if changes.changed().await.is_err() {
                return self.refused();
            }
        }
    }

    /// Takes the body of a POST.
    pub async fn post(&self, body: Body) -> Response {
        let mut changes = self.tray.changes();
        let over = async { while self.tray.is_open() && changes.changed().await.is_ok() {} };
        tokio::select! {
            biased;
            response = self.take(body) => response,
            () = over => self.refused(),
        }
    }

    async fn take(&self, body: Body) -> Response {
        let _turn = self.posting.lock().await;
        let Ok(place) = self.payloads.reserve().await else { return self.refused() };
        let Ok(body) = to_bytes(body, self.options.max_body()).await else {
            self.end();
            return refusal_with(
                StatusCode::PAYLOAD_TOO_LARGE,
                "The body is too large or broken off",
            );
        };
        let Ok(body) = std::str::from_utf8(&body) else {
            self.end();
            return refusal(false, "The body is not UTF-8");
        };
        let max = self.options.max_packets;
        let taken = self.tray.with(|polling| {
            if !polling.is_open() {
                return None;
            }
            let frames = polling.receive(body, max);
            Some(frames.map(|frames| place.send(frames.into_iter().map(message).collect())))
        });
        match taken {
            Some(Ok(())) => {
                ([(header::CONTENT_TYPE, "text/plain; charset=UTF-8")], "ok").into_response()
            }
            Some(Err(error)) => refusal(false, &error.to_string()),
            None => self.refused(),
        }
    }

    /// Lets a WebSocket take the session over, if it asks for that as it should.
    pub async fn probe(&self, mut socket: WebSocket, written: Arc<AtomicU64>) {
        let Ok(_turn) = self.probing.try_lock() else { return };
        let is_agreed = tokio::time::timeout(PROBE_TIME, self.agree(&mut socket)).await;
        if is_agreed == Ok(true) && self.tray.upgrade(socket, &written) {
            return;
        }
        self.tray.with(oh_socketio::Polling::end_probe);
    }

    async fn agree(&self, socket: &mut WebSocket) -> bool {
        loop {
            let frame = match socket.recv().await {
                Some(Ok(Message::Text(text))) => Some(text),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => continue,
                Some(Ok(Message::Binary(_) | Message::Close(_)) | Err(_)) | None => None,
            };
            match self.tray.with(|polling| polling.probe(frame.as_deref())) {
                Probed::Reply(reply) if self.tray.is_open() => {
                    if socket.send(Message::Text(reply.into())).await.is_err() {
                        return false;
                    }
                }
                Probed::Complete => return true,
                Probed::Reply(_) | Probed::Failed => return false,
            }
        }
    }

    /// Ends the session, if it is still there.
    pub(super) fn end(&self) {
        self.tray.with(|polling| polling.close(PollingEnd::AtOnce));
    }

    fn refused(&self) -> Response {
        refusal(false, &unknown_session(&self.sid))
    }
}

impl Drop for Hanging<'_> {
    fn drop(&mut self) {
        if let Some(tray) = self.0 {
            tray.abandon();
        }
    }
}
