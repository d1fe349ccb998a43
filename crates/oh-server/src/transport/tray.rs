//! What a session over HTTP shares between its task and its requests.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::ws::{Message, WebSocket};
use futures_util::StreamExt;
use futures_util::stream::{SplitSink, SplitStream};
use oh_socketio::{Frame, Payload, Polled, Polling, PollingEnd, parse_payload};
use tokio::sync::watch;

/// Bytes that may wait for a GET before the session's task has to wait.
const TRAY_BYTES: usize = 256 * 1024;
/// The close code that leaves the peer time to read what waits; after any other it comes back and resumes.
const ORDERLY: u16 = 1000;

#[derive(Debug)]
pub(super) struct Tray {
    contents: Mutex<Contents>,
    changes: watch::Sender<()>,
}

#[derive(Debug, Default)]
struct Contents {
    polling: Polling,
    /// Answers that carried something.
    taken: u64,
    /// Counts what the newest connection has written.
    written: Arc<AtomicU64>,
    upgrade: Option<Upgrade>,
}

/// The WebSocket that took a session over, each half until somebody takes it.
#[derive(Debug)]
struct Upgrade {
    stream: Option<SplitStream<WebSocket>>,
    sink: Option<SplitSink<WebSocket, Message>>,
    rest: Payload,
}

/// What came of putting a frame on the tray.
#[derive(Debug)]
pub(super) enum Put {
    Done,
    /// Wait for a change and try again.
    Full(Message),
    /// The session is on a WebSocket now; take it with [`Tray::take_sink`].
    Upgraded(Message),
    Over,
}

impl Tray {
    pub(super) fn new(written: Arc<AtomicU64>) -> Self {
        let contents = Contents { written, ..Contents::default() };
        Self { contents: Mutex::new(contents), changes: watch::Sender::new(()) }
    }

    /// Returns what tells about changes from now on.
    pub(super) fn changes(&self) -> watch::Receiver<()> {
        self.changes.subscribe()
    }

    pub(super) fn notify(&self) {
        self.changes.send_replace(());
    }

    /// Looks at the session or changes it, and wakes whoever waits for a change.
    pub(super) fn with<T>(&self, change: impl FnOnce(&mut Polling) -> T) -> T {
        let result = change(&mut self.contents().polling);
        self.notify();
        result
    }

    pub(super) fn is_open(&self) -> bool {
        self.contents().polling.is_open()
    }

    /// Returns true if a GET may still be answered with something.
    pub(super) fn takes_requests(&self) -> bool {
        let polling = &self.contents().polling;
        polling.is_open() || !polling.is_upgraded() && !polling.is_empty()
    }

    pub(super) fn is_over(&self) -> bool {
        self.contents().polling.is_over()
    }

    pub(super) fn is_upgraded(&self) -> bool {
        self.contents().polling.is_upgraded()
    }

    /// Returns true if everything was taken.
    pub(super) fn is_empty(&self) -> bool {
        self.contents().polling.is_empty()
    }

    /// Returns numbers that change whenever the peer takes something.
    pub(super) fn progress(&self) -> (u64, u64) {
        let contents = self.contents();
        (contents.taken, contents.written.load(Ordering::Relaxed))
    }

    /// Puts a frame on the tray; a GET gets it after [`Self::release`], or when the tray is full.
    pub(super) fn put(&self, message: Message) -> Put {
        let mut contents = self.contents();
        let polling = &mut contents.polling;
        if polling.is_upgraded() {
            return Put::Upgraded(message);
        }
        if polling.is_over() {
            return Put::Over;
        }
        if polling.waiting_bytes() >= TRAY_BYTES {
            return Put::Full(message);
        }
        match message {
            Message::Text(text) => polling.push_text(&text),
            Message::Binary(data) => polling.push_binary(&data),
            Message::Close(frame) => polling.close(match frame {
                Some(frame) if frame.code != ORDERLY => PollingEnd::AtOnce,
                Some(_) | None => PollingEnd::Orderly,
            }),
            // They belong to WebSockets.
            Message::Ping(_) | Message::Pong(_) => {}
        }
        let is_full = polling.waiting_bytes() >= TRAY_BYTES;
        drop(contents);
        if is_full {
            self.release();
        }
        Put::Done
    }

    /// Lets a GET have all that was put.
    pub(super) fn release(&self) {
        self.with(Polling::release);
    }

    /// Takes a GET that came on a connection; `written` counts what that has written.
    pub(super) fn poll(&self, written: &Arc<AtomicU64>) -> Polled {
        let polled = {
            let mut contents = self.contents();
            contents.written = written.clone();
            let polled = contents.polling.poll();
            contents.taken += u64::from(matches!(polled, Polled::Packets(_)));
            polled
        };
        self.notify();
        polled
    }

    /// Returns what the GET that hangs is answered with now.
    pub(super) fn answer(&self) -> Option<String> {
        let answer = {
            let mut contents = self.contents();
            let answer = contents.polling.answer()?;
            contents.taken += 1;
            answer
        };
        self.notify();
        Some(answer)
    }

    /// Ends the session because one of its sides went away.
    pub(super) fn abandon(&self) {
        self.with(|polling| polling.close(PollingEnd::AtOnce));
    }

    /// Moves the session to a WebSocket; returns false if it is over.
    pub(super) fn upgrade(&self, socket: WebSocket, written: &Arc<AtomicU64>) -> bool {
        let is_moved = {
            let mut contents = self.contents();
            let rest = contents.polling.upgrade();
            rest.is_some_and(|rest| {
                let (sink, stream) = socket.split();
                contents.written = written.clone();
                contents.upgrade = Some(Upgrade { stream: Some(stream), sink: Some(sink), rest });
                true
            })
        };
        self.notify();
        is_moved
    }

    pub(super) fn take_stream(&self) -> Option<SplitStream<WebSocket>> {
        self.contents().upgrade.as_mut()?.stream.take()
    }

    /// Returns the writing half and what is to be written first.
    pub(super) fn take_sink(&self) -> Option<(SplitSink<WebSocket, Message>, Vec<Message>)> {
        let (sink, rest) = {
            let mut contents = self.contents();
            let upgrade = contents.upgrade.as_mut()?;
            (upgrade.sink.take()?, std::mem::take(&mut upgrade.rest))
        };
        let rest = rest.into_body();
        if rest.is_empty() {
            return Some((sink, Vec::new()));
        }
        // We made it ourselves, so it can be read.
        let frames = parse_payload(&rest, usize::MAX).unwrap_or_default();
        Some((sink, frames.into_iter().map(message).collect()))
    }

    fn contents(&self) -> MutexGuard<'_, Contents> {
        self.contents.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(super) fn message(frame: Frame<'_>) -> Message {
    match frame {
        Frame::Text(text) => Message::text(text),
        Frame::Binary(data) => Message::binary(data),
    }
}
