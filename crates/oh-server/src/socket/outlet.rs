//! The writing half of a socket.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::ws::{CloseFrame, Message, Utf8Bytes};
use oh_event::ConversationId;
use oh_event_log::{EventStream, LogEntry, LogError};
use oh_session::Notice;
use oh_socketio::encode_event;
use oh_wire::{
    StatusLevel, message_delta, output_delta, reasoning_delta, restart_delta, status_update,
    title_update,
};
use tokio::sync::{Notify, broadcast, mpsc, oneshot};

use super::EVENT_FRAMING;
use crate::clock;
use crate::pictures::Pictures;
use crate::transport::Outgoing;

/// Bytes written before other things get a turn.
const BATCH_BYTES: usize = 64 * 1024;
/// A peer that takes nothing for this long is cut.
const STALL_TIME: Duration = Duration::from_secs(30);
/// How often a write that does not end is looked at.
const STALL_CHECK: Duration = Duration::from_secs(1);
/// An event that is older than this when it is sent was replayed.
const OLD: Duration = Duration::from_secs(60);
/// The result of an action stands at most this far behind it in a batch.
const LOOK_AHEAD: usize = 8;

/// What the inlet asks of the outlet, in order.
#[derive(Debug)]
pub(crate) enum Order {
    /// Send a text frame.
    Frame(String),
    /// Send a heartbeat for both kinds of peer.
    Ping,
    /// Send a conversation's events from now on.
    Follow(Box<Following>),
    /// Send a notice that was shown before.
    Show(Notice),
    /// Send no more events.
    Unfollow,
    /// Say when everything before this and all events below `until` are sent.
    Sync { until: u64, done: oneshot::Sender<()> },
    /// Say why and end.
    Close { code: u16, reason: String },
}

/// A conversation whose events are sent.
#[derive(Debug)]
pub(crate) struct Following {
    pub(crate) conversation: ConversationId,
    pub(crate) events: EventStream,
    pub(crate) notices: broadcast::Receiver<Notice>,
    pub(crate) wants_deltas: bool,
    /// Puts pictures in the places of their addresses; `None` if the viewer wants addresses.
    pub(crate) pictures: Option<Pictures>,
}

#[derive(Debug)]
pub(crate) struct Outlet {
    sink: Outgoing,
    orders: mpsc::Receiver<Order>,
    peer: SocketAddr,
    following: Option<Box<Following>>,
    syncs: Vec<(u64, oneshot::Sender<()>)>,
    /// Tells the inlet that the log has ended and everything of it was sent.
    log_over: Arc<Notify>,
}

/// The peer is gone or was cut, or the close frame is sent.
#[derive(Debug)]
struct Ended;

/// What the outlet does next.
enum Next {
    Order(Option<Order>),
    Batch(Result<Vec<LogEntry>, LogError>),
    Notice(Notice),
}

impl Outlet {
    pub(crate) fn new(
        sink: Outgoing,
        orders: mpsc::Receiver<Order>,
        peer: SocketAddr,
        log_over: Arc<Notify>,
    ) -> Self {
        Self { sink, orders, peer, following: None, syncs: Vec::new(), log_over }
    }

    /// Writes until the inlet is gone, the peer is gone, or a close was ordered.
    pub(crate) async fn run(mut self) {
        while self.step().await.is_ok() {}
    }

    async fn step(&mut self) -> Result<(), Ended> {
        match self.next().await {
            Next::Order(Some(order)) => self.obey(order).await?,
            Next::Order(None) => {
                // The answer to the peer's close frame is still to be written.
                self.sink.close().await;
                return Err(Ended);
            }
            Next::Batch(Ok(batch)) => self.send_events(&batch).await?,
            Next::Batch(Err(error)) => {
                if !matches!(error, LogError::Closed) {
                    tracing::error!(%error, "a log could not be read for a viewer");
                }
                self.send_last_notices().await?;
                self.following = None;
                self.log_over.notify_one();
            }
            Next::Notice(notice) => self.send_notice(&notice).await?,
        }
        self.answer_syncs();
        Ok(())
    }

    async fn next(&mut self) -> Next {
        let Some(following) = &mut self.following else {
            return Next::Order(self.orders.recv().await);
        };
        let Following { events, notices, .. } = &mut **following;
        tokio::select! {
            biased;
            order = self.orders.recv() => Next::Order(order),
            batch = events.next_batch(BATCH_BYTES) => Next::Batch(batch),
            // Notices are lossy: a viewer that is behind misses some.
            Ok(notice) = notices.recv() => Next::Notice(notice),
        }
    }

    async fn obey(&mut self, order: Order) -> Result<(), Ended> {
        match order {
            Order::Frame(text) => self.send(vec![Message::Text(text.into())]).await,
            Order::Ping => {
                let packet = Message::Text(Utf8Bytes::from_static(oh_socketio::PING));
                self.send(vec![packet, Message::Ping(bytes::Bytes::new())]).await
            }
            Order::Follow(following) => {
                self.following = Some(following);
                Ok(())
            }
            Order::Show(notice) => self.send_notice(&notice).await,
            Order::Unfollow => {
                self.following = None;
                Ok(())
            }
            Order::Sync { until, done } => {
                self.syncs.push((until, done));
                Ok(())
            }
            Order::Close { code, reason } => {
                let frame = CloseFrame { code, reason: reason.into() };
                self.send(vec![Message::Close(Some(frame))]).await?;
                Err(Ended)
            }
        }
    }

    async fn send_events(&mut self, batch: &[LogEntry]) -> Result<(), Ended> {
        let Some(following) = &self.following else { return Ok(()) };
        let mut frames = Vec::with_capacity(batch.len());
        for (at, entry) in batch.iter().enumerate() {
            if entry.is_deliverable() {
                let frame = frame_of(entry, &batch[at + 1..], &following.events);
                let expanded = match &following.pictures {
                    Some(pictures) => pictures.expand(&frame).await,
                    None => None,
                };
                frames.push(Message::Text(expanded.map_or(frame, Utf8Bytes::from)));
            }
        }
        let count = frames.len() as u64;
        self.send(frames).await?;
        metrics::counter!("openhands_events_delivered_total").increment(count);
        if let Some(lag) = batch.last().and_then(|entry| lag_of(entry.payload())) {
            metrics::histogram!("openhands_delivery_lag_seconds").record(lag);
        }
        Ok(())
    }

    /// Why the log is over was said before it was.
    async fn send_last_notices(&mut self) -> Result<(), Ended> {
        while let Some(following) = &mut self.following
            && let Ok(notice) = following.notices.try_recv()
        {
            self.send_notice(&notice).await?;
        }
        Ok(())
    }

    async fn send_notice(&mut self, notice: &Notice) -> Result<(), Ended> {
        let Some(following) = &self.following else { return Ok(()) };
        let (name, payload) = match notice {
            Notice::Status { is_error, id, message } => {
                let level = if *is_error { StatusLevel::Error } else { StatusLevel::Info };
                ("oh_event", status_update(level, id, message))
            }
            Notice::Title(title) => ("oh_event", title_update(&following.conversation, title)),
            Notice::Output { .. }
            | Notice::Text { .. }
            | Notice::Reasoning { .. }
            | Notice::Restart { .. }
                if !following.wants_deltas =>
            {
                return Ok(());
            }
            Notice::Output { action, text } => ("oh_delta", output_delta(*action, text)),
            Notice::Text { after, text } => ("oh_delta", message_delta(*after, text)),
            Notice::Reasoning { after, text } => ("oh_delta", reasoning_delta(*after, text)),
            Notice::Restart { after } => ("oh_delta", restart_delta(*after)),
        };
        let frame = encode_event("/", name, &[&payload], 0);
        self.send(vec![Message::Text(frame.into())]).await
    }

    /// Writes frames and flushes once; a peer that takes nothing for too long is cut.
    async fn send(&mut self, frames: Vec<Message>) -> Result<(), Ended> {
        if frames.is_empty() {
            return Ok(());
        }
        let progress = self.sink.progress();
        let sink = &mut self.sink;
        let work = async move {
            for frame in frames {
                sink.feed(frame).await?;
            }
            sink.flush().await
        };
        let mut work = std::pin::pin!(work);
        let mut last = (progress.now(), Instant::now());
        loop {
            match tokio::time::timeout(STALL_CHECK, &mut work).await {
                Ok(result) => return result.map_err(|_| Ended),
                Err(_) => {
                    let written = progress.now();
                    if written != last.0 {
                        last = (written, Instant::now());
                    } else if last.1.elapsed() >= STALL_TIME {
                        tracing::info!(peer = %self.peer, "a viewer that reads nothing is cut");
                        return Err(Ended);
                    }
                }
            }
        }
    }

    fn answer_syncs(&mut self) {
        if self.syncs.is_empty() {
            return;
        }
        let sent =
            self.following.as_ref().map_or(u64::MAX, |following| following.events.next_event_id());
        for (until, done) in std::mem::take(&mut self.syncs) {
            if sent >= until {
                // The inlet may have stopped waiting.
                let _ = done.send(());
            } else {
                self.syncs.push((until, done));
            }
        }
    }
}

/// Returns how long ago a live event was made; what is older was replayed, and says nothing.
fn lag_of(payload: &[u8]) -> Option<Duration> {
    /// The time stands at the begin of an event.
    const FAR: usize = 100;
    let head = std::str::from_utf8(payload.get(..FAR)?).ok()?;
    let (_, rest) = head.split_once("\"timestamp\":\"")?;
    let (time, _) = rest.split_once('"')?;
    let made = oh_wire::parse_timestamp(time)?;
    let micros = u64::try_from(clock::now().0.checked_sub(made.0)?).ok()?;
    Some(Duration::from_micros(micros)).filter(|lag| *lag < OLD)
}

/// Returns an event's frame: the stored bytes, with the result added to an action whose
/// observation is already there.
fn frame_of(entry: &LogEntry, rest: &[LogEntry], events: &EventStream) -> Utf8Bytes {
    let view = entry.view();
    let answer = || {
        let answers = |other: &&LogEntry| other.cause() == Some(entry.id());
        let near = rest.iter().take(LOOK_AHEAD).find(answers).cloned();
        near.or_else(|| if rest.len() < LOOK_AHEAD { events.answer_to(entry.id()) } else { None })
    };
    if view.result_at.is_none()
        && let Some(answer) = answer()
        && let Some(result) = answer.view().result()
    {
        let payload = view.with_result(result);
        return format!("{}{payload}{}", EVENT_FRAMING.prefix, EVENT_FRAMING.suffix).into();
    }
    // Payloads are made from strings, so this cannot fail; an empty frame would be ignored.
    Utf8Bytes::try_from(entry.frame().clone()).unwrap_or_default()
}
