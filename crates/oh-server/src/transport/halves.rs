//! The two halves of a session, whatever carries them.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::extract::ws::{Message, WebSocket};
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use tokio::sync::mpsc;

use super::tray::{Put, Tray};

/// Frames from the peer.
#[derive(Debug)]
pub struct Incoming(In);

#[derive(Debug)]
enum In {
    WebSocket(SplitStream<WebSocket>),
    Polling { tray: Arc<Tray>, payloads: mpsc::Receiver<Vec<Message>>, rest: VecDeque<Message> },
}

/// Frames to the peer.
#[derive(Debug)]
pub struct Outgoing(Out);

#[derive(Debug)]
enum Out {
    WebSocket { sink: SplitSink<WebSocket, Message>, progress: Progress },
    Polling(Arc<Tray>),
}

/// Tells whether a peer takes what is sent.
#[derive(Debug, Clone)]
pub struct Progress(Watched);

#[derive(Debug, Clone)]
enum Watched {
    Connection(Arc<AtomicU64>),
    Tray(Arc<Tray>),
}

/// The peer takes nothing any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gone;

/// Returns the halves of a session over a WebSocket; `written` counts what its connection has written.
pub fn of_websocket(socket: WebSocket, written: Arc<AtomicU64>) -> (Incoming, Outgoing) {
    let (sink, stream) = socket.split();
    let progress = Progress(Watched::Connection(written));
    (Incoming(In::WebSocket(stream)), Outgoing(Out::WebSocket { sink, progress }))
}

/// Returns the halves of a session over HTTP.
pub(super) fn of_polling(
    tray: &Arc<Tray>,
    payloads: mpsc::Receiver<Vec<Message>>,
) -> (Incoming, Outgoing) {
    let incoming = In::Polling { tray: tray.clone(), payloads, rest: VecDeque::new() };
    (Incoming(incoming), Outgoing(Out::Polling(tray.clone())))
}

impl Incoming {
    /// Returns the next frame, `None` at the end; a wait may be given up and begun again.
    pub async fn next(&mut self) -> Option<Result<Message, axum::Error>> {
        loop {
            let stream = match &mut self.0 {
                In::WebSocket(stream) => return stream.next().await,
                In::Polling { tray, payloads, rest } => {
                    if let Some(message) = rest.pop_front() {
                        return Some(Ok(message));
                    }
                    let mut changes = tray.changes();
                    // What a payload changes is seen after the payload is here.
                    let (is_upgraded, is_over) = (tray.is_upgraded(), tray.is_over());
                    if let Ok(payload) = payloads.try_recv() {
                        *rest = payload.into();
                        continue;
                    }
                    if is_upgraded && let Some(stream) = tray.take_stream() {
                        stream
                    } else if is_upgraded || is_over {
                        return None;
                    } else {
                        tokio::select! {
                            Some(payload) = payloads.recv() => *rest = payload.into(),
                            _ = changes.changed() => {}
                        }
                        continue;
                    }
                }
            };
            self.0 = In::WebSocket(stream);
        }
    }
}

impl Outgoing {
    /// Returns what tells whether the peer takes what is sent.
    pub fn progress(&self) -> Progress {
        match &self.0 {
            Out::WebSocket { progress, .. } => progress.clone(),
            Out::Polling(tray) => Progress(Watched::Tray(tray.clone())),
        }
    }

    /// Sends a frame with the next [`Self::flush`], waiting until there is room for it.
    ///
    /// # Errors
    /// [`Gone`].
    pub async fn feed(&mut self, mut message: Message) -> Result<(), Gone> {
        loop {
            let tray = match &mut self.0 {
                Out::WebSocket { sink, .. } => return sink.feed(message).await.map_err(|_| Gone),
                Out::Polling(tray) => tray,
            };
            let mut changes = tray.changes();
            message = match tray.put(message) {
                Put::Done => return Ok(()),
                Put::Over => return Err(Gone),
                Put::Full(message) => {
                    changes.changed().await.map_err(|_| Gone)?;
                    message
                }
                Put::Upgraded(message) => {
                    self.switch().await?;
                    message
                }
            };
        }
    }

    /// Waits until everything was given to the peer's connection.
    ///
    /// # Errors
    /// [`Gone`].
    pub async fn flush(&mut self) -> Result<(), Gone> {
        loop {
            let tray = match &mut self.0 {
                Out::WebSocket { sink, .. } => return sink.flush().await.map_err(|_| Gone),
                Out::Polling(tray) => tray,
            };
            tray.release();
            let mut changes = tray.changes();
            if tray.is_upgraded() {
                self.switch().await?;
            } else if tray.is_empty() {
                return Ok(());
            } else if tray.is_over() {
                return Err(Gone);
            } else {
                changes.changed().await.map_err(|_| Gone)?;
            }
        }
    }

    /// Says goodbye and waits until everything was given to the peer's connection.
    pub async fn close(&mut self) {
        if let Out::WebSocket { sink, .. } = &mut self.0 {
            // The peer may be gone already.
            drop(sink.close().await);
        } else if self.feed(Message::Close(None)).await.is_ok() {
            // The peer may be gone already.
            let _ = self.flush().await;
        }
    }

    /// Goes on over the WebSocket that took the session over.
    async fn switch(&mut self) -> Result<(), Gone> {
        let Out::Polling(tray) = &self.0 else { return Ok(()) };
        let progress = Progress(Watched::Tray(tray.clone()));
        let (mut sink, rest) = tray.take_sink().ok_or(Gone)?;
        for message in rest {
            sink.feed(message).await.map_err(|_| Gone)?;
        }
        self.0 = Out::WebSocket { sink, progress };
        Ok(())
    }
}

impl Drop for Outgoing {
    /// Nobody will send anything any more.
    fn drop(&mut self) {
        if let Out::Polling(tray) = &self.0 {
            tray.abandon();
        }
    }
}

impl Progress {
    /// Returns numbers that change whenever the peer takes something.
    pub fn now(&self) -> (u64, u64) {
        match &self.0 {
            Watched::Connection(written) => (0, written.load(Ordering::Relaxed)),
            Watched::Tray(tray) => tray.progress(),
        }
    }
}
