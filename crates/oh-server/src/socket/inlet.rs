//! The reading half of a socket: packets in, orders for the outlet out.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::ws::{Message, WebSocket};
use futures_util::StreamExt;
use futures_util::stream::SplitStream;
use oh_session::SessionError;
use oh_socketio::{
    AckId, Args, Config, ConnectCause, Connection as Machine, Effect, Input, Rules, encode_ack,
    encode_event,
};
use oh_wire::{error_notice, parse_client_action};
use serde_json::json;
use tokio::sync::{Notify, mpsc, oneshot};

use super::context::SocketContext;
use super::join::{Joined, join};
use super::outlet::{Following, Order, Outlet};
use super::upgrade::MAX_PAYLOAD;
use crate::auth::{Grant, random_text};

/// The one namespace we have.
const ROOT: &str = "/";
/// Frames that may wait for the outlet; more make the inlet wait.
const LANE_LENGTH: usize = 64;
/// How long what was queued may take before the next frame is read, or the socket ends.
const FLUSH_TIME: Duration = Duration::from_secs(2);
/// How long a peer without authority may stay without asking for anything.
const STRANGER_TIME: Duration = Duration::from_secs(10);
/// How long a peer may take to answer a close frame.
const CLOSE_TIME: Duration = Duration::from_secs(1);
/// How long a peer that was sent away may take to go.
const LEAVE_TIME: Duration = Duration::from_secs(5);
/// Actions per second of one socket, and how many at once.
const ACTION_RATE: f64 = 20.0;
const ACTION_BURST: f64 = 100.0;

/// Runs a socket until it ends.
pub(crate) async fn serve(socket: WebSocket, context: SocketContext) {
    let (sink, stream) = socket.split();
    let (lane, orders) = mpsc::channel(LANE_LENGTH);
    let log_over = Arc::new(Notify::new());
    let outlet = Outlet::new(sink, orders, context.connection.clone(), log_over.clone());
    let Ok(sid) = random_text(10) else { return };
    let inlet = Inlet::new(context, sid, lane, log_over);
    let (mut reading, mut writing) =
        (std::pin::pin!(inlet.run(stream)), std::pin::pin!(outlet.run()));
    tokio::select! {
        () = &mut reading => drop(tokio::time::timeout(FLUSH_TIME, writing).await),
        // Every frame that came in before the end is still handled.
        () = &mut writing => drop(tokio::time::timeout(FLUSH_TIME, reading).await),
    }
}

struct Inlet {
    context: SocketContext,
    sid: String,
    machine: Machine,
    opened: Instant,
    lane: mpsc::Sender<Order>,
    log_over: Arc<Notify>,
    joined: Option<Joined>,
    /// The close frame is ordered.
    is_closing: bool,
    /// When the socket is closed whatever comes.
    deadline: Option<Instant>,
    tokens: f64,
    tokens_at: Instant,
}

/// Nothing more is to be read.
struct Done;

/// What the inlet turns to next.
enum Next {
    Message(Option<Result<Message, axum::Error>>),
    Tick,
    LogOver,
    KeyChanged,
    ShutDown,
}

impl Inlet {
    fn new(
        context: SocketContext,
        sid: String,
        lane: mpsc::Sender<Order>,
        log_over: Arc<Notify>,
    ) -> Self {
        let is_named = context.query.conversation_id.is_some();
        let config = Config {
            max_payload: MAX_PAYLOAD,
            connect_timeout: context.state.server().implicit_join.filter(|_| is_named),
            ..Config::new(Rules::Tolerant)
        };
        let now = Instant::now();
        let deadline = context.admission.is_err().then(|| now + STRANGER_TIME);
        let machine = Machine::new(config, Duration::ZERO);
        Self {
            context,
            sid,
            machine,
            opened: now,
            lane,
            log_over,
            joined: None,
            is_closing: false,
            deadline,
            tokens: ACTION_BURST,
            tokens_at: now,
        }
    }

    async fn run(mut self, mut stream: SplitStream<WebSocket>) {
        let config = Config { max_payload: MAX_PAYLOAD, ..Config::new(Rules::Tolerant) };
        self.order(Order::Frame(config.open_frame(&self.sid))).await;
        while self.step(&mut stream).await.is_ok() {}
        if self.is_closing {
            // A peer that is still writing would not read why it was closed.
            let rest = async { while let Some(Ok(_)) = stream.next().await {} };
            drop(tokio::time::timeout(CLOSE_TIME, rest).await);
        }
    }

    async fn step(&mut self, stream: &mut SplitStream<WebSocket>) -> Result<(), Done> {
        let now = self.opened.elapsed();
        let effects = match self.next(stream).await {
            Next::Message(None | Some(Ok(Message::Close(_)))) => return Err(Done),
            Next::Message(Some(Err(error))) => return self.unreadable(&error).await,
            Next::Message(Some(Ok(message))) => {
                let input = match &message {
                    Message::Text(text) => Input::Text(text),
                    Message::Binary(data) => Input::Binary(data),
                    Message::Pong(_) => Input::TransportPong,
                    Message::Ping(_) | Message::Close(_) => Input::Tick,
                };
                self.machine.handle(self.opened.elapsed().max(now), input)
            }
            Next::Tick => {
                if self.deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                    return self.close(1008, "time to leave").await;
                }
                self.machine.handle(self.opened.elapsed(), Input::Tick)
            }
            Next::LogOver => {
                self.end_of_log().await?;
                Vec::new()
            }
            Next::KeyChanged => return self.close(1008, "the session key was changed").await,
            Next::ShutDown => return self.close(1001, "the server is going down").await,
        };
        self.perform(effects).await
    }

    async fn next(&self, stream: &mut SplitStream<WebSocket>) -> Next {
        let beat = self.machine.next_deadline().map(|deadline| self.opened + deadline);
        let due = [beat, self.deadline].into_iter().flatten().min();
        let tick = async {
            match due {
                Some(due) => tokio::time::sleep_until(due.into()).await,
                None => std::future::pending().await,
            }
        };
        let mut key_changes = self.context.key_changes.clone();
        let needs_key = self.context.admission != Ok(Grant::Local);
        tokio::select! {
            biased;
            () = self.context.state.shutdown.cancelled() => Next::ShutDown,
            Ok(()) = key_changes.changed(), if needs_key => Next::KeyChanged,
            () = self.log_over.notified() => Next::LogOver,
            message = stream.next() => Next::Message(message),
            () = tick => Next::Tick,
        }
    }

    async fn perform(&mut self, effects: Vec<Effect>) -> Result<(), Done> {
        let mut effects = std::collections::VecDeque::from(effects);
        while let Some(effect) = effects.pop_front() {
            match effect {
                Effect::Connect { namespace, cause } if namespace == ROOT => {
                    let more = self.connect(cause).await?;
                    // What came in while the peer was joining comes before what is left.
                    for effect in more.into_iter().rev() {
                        effects.push_front(effect);
                    }
                }
                Effect::Connect { namespace, .. } => {
                    if let Some(frame) = self.machine.refuse(&namespace, "\"Unable to connect\"") {
                        self.order(Order::Frame(frame)).await;
                    }
                }
                Effect::Event { name, args, ack, .. } => self.event(&name, &args, ack).await,
                Effect::Malformed(malformed) => {
                    if self.machine.is_connected(&malformed.namespace) {
                        let message = format!("malformed packet: {}", malformed.error);
                        self.reject(&message, "malformed_packet", malformed.ack).await;
                    }
                }
                Effect::Disconnect { namespace } => {
                    if namespace == ROOT {
                        self.joined = None;
                        self.order(Order::Unfollow).await;
                    }
                }
                Effect::Ack { .. } => {}
                Effect::Send(frame) => self.order(Order::Frame(frame)).await,
                // A lane that is full belongs to a peer that is not reading: it is watched there.
                Effect::SendPing => drop(self.lane.try_send(Order::Ping)),
                Effect::Close(reason) => {
                    return self.close(reason.code(), &reason.to_string()).await;
                }
            }
        }
        Ok(())
    }

    /// Joins the conversation and follows it; returns what the peer sent meanwhile.
    async fn connect(&mut self, cause: ConnectCause) -> Result<Vec<Effect>, Done> {
        let payload = match &cause {
            ConnectCause::Packet { payload } => payload.as_deref(),
            ConnectCause::Event { .. } | ConnectCause::Silence => None,
        };
        let joined = match join(&self.context, payload).await {
            Ok(joined) => joined,
            Err(refusal) => {
                if let Some(frame) = self.machine.refuse(ROOT, &refusal.payload()) {
                    self.order(Order::Frame(frame)).await;
                }
                self.close(1000, "refused").await?;
                return Ok(Vec::new());
            }
        };
        let Ok(sid) = random_text(10) else { return Err(Done) };
        let Some(accepted) = self.machine.accept(ROOT, &sid) else { return Ok(Vec::new()) };
        self.order(Order::Frame(accepted.frame)).await;
        let (session, reader) = (joined.session.clone(), joined.session.reader().clone());
        self.order(Order::Follow(Box::new(Following {
            conversation: joined.conversation.clone(),
            events: reader.stream_from(self.context.query.next_event_id),
            notices: session.notices(),
            wants_deltas: self.context.query.wants_deltas,
        })))
        .await;
        if let Some(notice) = session.runtime_notice() {
            self.order(Order::Show(notice)).await;
        }
        self.joined = Some(joined);
        self.deadline = None;
        self.context.stranger = None;
        drop(tokio::time::timeout(FLUSH_TIME, session.started()).await);
        let until = reader.next_event_id();
        // A tool that closes at once still gets the history before its close is read.
        self.sync(until).await;
        Ok(accepted.effects)
    }

    async fn event(&mut self, name: &str, args: &Args, ack: Option<AckId>) {
        if !matches!(name, "oh_user_action" | "oh_action") {
            return;
        }
        let Some(joined) = &self.joined else { return };
        let (conversation, session) = (joined.conversation.clone(), joined.session.clone());
        self.wait_for_token().await;
        let action = match parse_client_action(args.first().unwrap_or("null")) {
            Ok(action) => action,
            Err(rejection) => {
                return self.reject(&rejection.message, rejection.code.as_str(), ack).await;
            }
        };
        let (draft, client_id) = (action.draft, action.client_id);
        let result = match session.act(draft.clone(), client_id.clone()).await {
            Err(SessionError::Ended) => self.act_again(&conversation, draft, client_id).await,
            result => result,
        };
        match result {
            Ok(id) => {
                if let Some(ack) = ack {
                    let answer = match id {
                        Some(id) => json!({"ok": true, "id": id.0}),
                        None => json!({"ok": true}),
                    };
                    let frame = encode_ack(ROOT, ack, &[&answer.to_string()], 0);
                    self.order(Order::Frame(frame)).await;
                }
                if let Some(id) = id {
                    self.sync(id.0 + 1).await;
                }
            }
            Err(error) => {
                let code = match &error {
                    SessionError::NoVision { .. } => "no_vision",
                    SessionError::Ended
                    | SessionError::Log(_)
                    | SessionError::Runtime { .. }
                    | SessionError::Checkout(_) => "unavailable",
                };
                tracing::warn!(%error, "an action was not taken");
                self.reject(&error.to_string(), code, ack).await;
            }
        }
    }

    /// The session ended meanwhile; unless the conversation was deleted, it starts again.
    async fn act_again(
        &self,
        conversation: &oh_event::ConversationId,
        draft: oh_event::EventDraft,
        client_id: Option<String>,
    ) -> Result<Option<oh_event::EventId>, SessionError> {
        let state = &self.context.state;
        match state.store.conversation(conversation).await {
            Ok(Some(_)) => state.act(conversation, draft, client_id).await,
            Ok(None) | Err(_) => Err(SessionError::Ended),
        }
    }

    /// Tells this peer, and nobody else, that something was not taken.
    async fn reject(&self, message: &str, code: &str, ack: Option<AckId>) {
        if let Some(ack) = ack {
            let answer = json!({"error": true, "message": message, "code": code}).to_string();
            self.order(Order::Frame(encode_ack(ROOT, ack, &[&answer], 0))).await;
        }
        let notice = error_notice(message);
        self.order(Order::Frame(encode_event(ROOT, "oh_event", &[&notice], 0))).await;
    }

    /// The session is over and its last event was sent: the peer leaves, or comes back.
    async fn end_of_log(&mut self) -> Result<(), Done> {
        let ending = self.joined.take().and_then(|joined| joined.session.ending());
        if ending == Some(oh_session::Ending::Interrupted) {
            return self.close(1001, "the session was interrupted; come back").await;
        }
        if let Some(frame) = self.machine.disconnect(ROOT) {
            self.order(Order::Frame(frame)).await;
        }
        self.deadline = Some(Instant::now() + LEAVE_TIME);
        Ok(())
    }

    /// A frame larger than the transport takes, or a peer that is gone.
    async fn unreadable(&mut self, error: &axum::Error) -> Result<(), Done> {
        tracing::debug!(%error, "a socket could not be read");
        let is_too_long = error.to_string().to_ascii_lowercase().contains("too long");
        let (code, reason) =
            if is_too_long { (1009, "the frame is too large") } else { (1002, "unreadable frame") };
        self.close(code, reason).await
    }

    async fn close(&mut self, code: u16, reason: &str) -> Result<(), Done> {
        self.is_closing = true;
        self.order(Order::Close { code, reason: reason.to_owned() }).await;
        Err(Done)
    }

    /// Waits until everything up to event `until` is sent, but not for ever.
    async fn sync(&self, until: u64) {
        let (done, is_done) = oneshot::channel();
        self.order(Order::Sync { until, done }).await;
        drop(tokio::time::timeout(FLUSH_TIME, is_done).await);
    }

    /// Orders are dropped when the outlet is gone; what was read is handled all the same.
    async fn order(&self, order: Order) {
        drop(self.lane.send(order).await);
    }

    /// Delays actions that come too fast; none is dropped.
    async fn wait_for_token(&mut self) {
        let now = Instant::now();
        let refill = now.duration_since(self.tokens_at).as_secs_f64() * ACTION_RATE;
        self.tokens = (self.tokens + refill).min(ACTION_BURST);
        self.tokens_at = now;
        if self.tokens < 1.0 {
            let wait = (1.0 - self.tokens) / ACTION_RATE;
            tokio::time::sleep(Duration::from_secs_f64(wait)).await;
        }
        self.tokens -= 1.0;
    }
}
