//! The reading half of a socket: packets in, orders for the outlet out.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::ws::Message;
use oh_session::SessionError;
use oh_socketio::{
    AckId, Args, Config, ConnectCause, Connection as Machine, Effect, Input, Rules, encode_ack,
    encode_event,
};
use oh_wire::{error_notice, parse_client_action};
use serde_json::json;
use tokio::sync::{Notify, mpsc, oneshot};

use super::context::SocketContext;
use super::join::{Joined, act_again, join};
use super::outlet::{Following, Order, Outlet};
use super::pace::{Pace, Waiting, is_action, is_free};
use super::request::MAX_PAYLOAD;
use crate::auth::{Grant, random_text};
use crate::transport::{Incoming, Outgoing};

/// The one namespace we have.
const ROOT: &str = "/";
/// Frames that may wait for the outlet; more make the inlet wait.
const LANE_LENGTH: usize = 64;
/// How long what was queued may take before the next frame is read, or the socket ends.
const FLUSH_TIME: Duration = Duration::from_secs(2);
/// How long what was read may take to be handled when the peer is gone.
const DRAIN_TIME: Duration = Duration::from_secs(30);
/// How long a peer without authority may stay without asking for anything.
const STRANGER_TIME: Duration = Duration::from_secs(10);
/// How long a peer may take to answer a close frame.
const CLOSE_TIME: Duration = Duration::from_secs(1);
/// How long a peer that was sent away may take to go.
const LEAVE_TIME: Duration = Duration::from_secs(5);

/// Runs a socket until it ends.
pub(crate) async fn serve(incoming: Incoming, outgoing: Outgoing, context: SocketContext) {
    let (lane, orders) = mpsc::channel(LANE_LENGTH);
    let log_over = Arc::new(Notify::new());
    let outlet = Outlet::new(outgoing, orders, context.connection.peer, log_over.clone());
    let inlet = Inlet::new(context, lane, log_over);
    let (mut reading, mut writing) =
        (std::pin::pin!(inlet.run(incoming)), std::pin::pin!(outlet.run()));
    tokio::select! {
        () = &mut reading => drop(tokio::time::timeout(FLUSH_TIME, writing).await),
        // Every frame that came in before the end is still handled.
        () = &mut writing => drop(tokio::time::timeout(DRAIN_TIME, reading).await),
    }
}

struct Inlet {
    context: SocketContext,
    machine: Machine,
    opened: Instant,
    lane: mpsc::Sender<Order>,
    log_over: Arc<Notify>,
    joined: Option<Joined>,
    /// The close frame is ordered.
    is_closing: bool,
    /// When the socket is closed whatever comes.
    deadline: Option<Instant>,
    waiting: Waiting,
    pace: Pace,
    /// When the first of what waits may be handled, if it may not yet.
    resume_at: Option<Instant>,
    /// Nothing more will come: what waits is handled without delay.
    is_draining: bool,
}

/// Nothing more is to be read.
struct Done;

/// What the inlet turns to next.
enum Next {
    Handle,
    Message(Option<Result<Message, axum::Error>>),
    Tick,
    Resume,
    LogOver,
    OutletGone,
    KeyChanged,
    ShutDown,
}

impl Inlet {
    fn new(context: SocketContext, lane: mpsc::Sender<Order>, log_over: Arc<Notify>) -> Self {
        let is_named = context.query.conversation_id.is_some();
        let settings = &context.state.server().sockets;
        let config = Config {
            max_payload: MAX_PAYLOAD,
            connect_timeout: settings.implicit_join.filter(|_| is_named),
            ..Config::new(Rules::Tolerant)
        };
        let now = Instant::now();
        let pace = Pace::new(settings.actions, now);
        let deadline = context.admission.is_err().then(|| now + STRANGER_TIME);
        let machine = Machine::new(config, Duration::ZERO);
        Self {
            context,
            machine,
            opened: now,
            lane,
            log_over,
            joined: None,
            is_closing: false,
            deadline,
            waiting: Waiting::default(),
            pace,
            resume_at: None,
            is_draining: false,
        }
    }

    async fn run(mut self, mut stream: Incoming) {
        let config = Config { max_payload: MAX_PAYLOAD, ..Config::new(Rules::Tolerant) };
        let open = config.open_frame_with_upgrades(&self.context.sid, self.context.upgrades());
        self.order(Order::Frame(open)).await;
        while self.step(&mut stream).await.is_ok() {}
        if self.is_closing {
            // A peer that is still writing would not read why it was closed.
            let rest = async { while let Some(Ok(_)) = stream.next().await {} };
            drop(tokio::time::timeout(CLOSE_TIME, rest).await);
        }
    }

    async fn step(&mut self, stream: &mut Incoming) -> Result<(), Done> {
        let now = self.opened.elapsed();
        let input = match self.next(stream).await {
            Next::Handle => return self.handle_first().await,
            Next::Message(None | Some(Ok(Message::Close(_)))) => {
                self.is_draining = true;
                while self.waiting.first().is_some() {
                    self.handle_first().await?;
                }
                return Err(Done);
            }
            Next::Message(Some(Err(error))) => return self.unreadable(&error).await,
            Next::Message(Some(Ok(message))) => Some(message),
            Next::Tick if self.deadline.is_some_and(|deadline| Instant::now() >= deadline) => {
                return self.close(1008, "time to leave").await;
            }
            Next::Tick | Next::Resume => None,
            Next::LogOver => return self.end_of_log().await,
            Next::OutletGone => {
                // What is on its way may still come, and is handled, but nobody hears of it.
                self.is_draining = true;
                self.deadline = Some(Instant::now() + FLUSH_TIME);
                return Ok(());
            }
            Next::KeyChanged => return self.close(1008, "the session key was changed").await,
            Next::ShutDown => return self.close(1001, "the server is going down").await,
        };
        let input = match &input {
            Some(Message::Text(text)) => Input::Text(text),
            Some(Message::Binary(data)) => Input::Binary(data),
            Some(Message::Pong(_)) => Input::TransportPong,
            Some(Message::Ping(_) | Message::Close(_)) | None => Input::Tick,
        };
        let effects = self.machine.handle(self.opened.elapsed().max(now), input);
        self.take(effects).await
    }

    async fn next(&mut self, stream: &mut Incoming) -> Next {
        if self.waiting.first().is_some_and(|effect| is_free(effect) || self.is_draining) {
            return Next::Handle;
        }
        if self.waiting.first().is_some() && self.resume_at.is_none() {
            match self.pace.take(Instant::now()) {
                Ok(()) => return Next::Handle,
                Err(at) => self.resume_at = Some(at),
            }
        }
        let beat = self.machine.next_deadline().map(|deadline| self.opened + deadline);
        let due = [beat, self.deadline].into_iter().flatten().min();
        let mut key_changes = self.context.key_changes.clone();
        let needs_key = self.context.admission != Ok(Grant::Local);
        let next = tokio::select! {
            biased;
            () = self.context.state.shutdown.cancelled() => Next::ShutDown,
            Ok(()) = key_changes.changed(), if needs_key => Next::KeyChanged,
            () = self.log_over.notified() => Next::LogOver,
            () = self.lane.closed(), if !self.is_draining => Next::OutletGone,
            () = sleep_until(self.resume_at) => Next::Resume,
            message = stream.next(), if !self.waiting.is_full() => Next::Message(message),
            () = sleep_until(due) => Next::Tick,
        };
        if matches!(next, Next::Resume) {
            self.resume_at = None;
        }
        next
    }

    /// Keeps what is to be done, in order; a ping goes out at once.
    async fn take(&mut self, effects: Vec<Effect>) -> Result<(), Done> {
        for effect in effects {
            match effect {
                // A lane that is full belongs to a peer that is not reading: it is watched there.
                Effect::SendPing => drop(self.lane.try_send(Order::Ping)),
                // We ask for none.
                Effect::Ack { .. } => {}
                effect => {
                    self.is_draining |= matches!(effect, Effect::Close(_));
                    self.waiting.push(effect);
                }
            }
        }
        if self.pace.is_exceeded_by(&self.waiting) && !self.is_draining {
            return self.close(1008, "too many actions wait; send more slowly").await;
        }
        Ok(())
    }

    async fn handle_first(&mut self) -> Result<(), Done> {
        match self.waiting.pop() {
            Some(Effect::Connect { namespace, cause }) if namespace == ROOT => {
                let more = self.connect(cause).await?;
                // What came in while the peer was joining comes before what is left.
                self.waiting.push_first(more);
            }
            Some(Effect::Connect { namespace, .. }) => {
                if let Some(frame) = self.machine.refuse(&namespace, "\"Unable to connect\"") {
                    self.order(Order::Frame(frame)).await;
                }
            }
            Some(Effect::Event { name, args, ack, .. }) => self.event(&name, &args, ack).await,
            Some(Effect::Malformed(malformed)) => {
                if self.machine.is_connected(&malformed.namespace) {
                    let message = format!("malformed packet: {}", malformed.error);
                    self.reject(&message, "malformed_packet", malformed.ack).await;
                }
            }
            Some(Effect::Disconnect { namespace }) => {
                if namespace == ROOT {
                    self.joined = None;
                    self.order(Order::Unfollow).await;
                }
            }
            Some(Effect::Send(frame)) => self.order(Order::Frame(frame)).await,
            Some(Effect::Close(reason)) => {
                return self.close(reason.code(), &reason.to_string()).await;
            }
            Some(Effect::Ack { .. } | Effect::SendPing) | None => {}
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
            pictures: (!self.context.query.wants_picture_urls)
                .then(|| self.context.state.pictures.clone()),
        })))
        .await;
        if let Some(notice) = session.runtime_notice() {
            self.order(Order::Show(notice)).await;
        }
        self.joined = Some(joined);
        self.deadline = None;
        self.context.connection.unlimit_reading();
        self.context.stranger = None;
        drop(tokio::time::timeout(FLUSH_TIME, session.started()).await);
        let until = reader.next_event_id();
        // A tool that closes at once still gets the history before its close is read.
        self.sync(until).await;
        Ok(accepted.effects)
    }

    async fn event(&mut self, name: &str, args: &Args, ack: Option<AckId>) {
        if !is_action(name) {
            return;
        }
        let Some(joined) = &self.joined else { return };
        let (conversation, session) = (joined.conversation.clone(), joined.session.clone());
        let action = match parse_client_action(args.first().unwrap_or("null")) {
            Ok(action) => action,
            Err(rejection) => {
                return self.reject(&rejection.message, rejection.code.as_str(), ack).await;
            }
        };
        let (draft, client_id) = (action.draft, action.client_id);
        let result = match session.act(draft.clone(), client_id.clone()).await {
            Err(SessionError::Ended) => {
                act_again(&self.context.state, &conversation, draft, client_id).await
            }
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
        if self.joined.is_none() && self.context.connection.is_exhausted() {
            return self.close(1008, "too much was sent without the session key").await;
        }
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
        if self.is_draining {
            return;
        }
        let (done, is_done) = oneshot::channel();
        self.order(Order::Sync { until, done }).await;
        drop(tokio::time::timeout(FLUSH_TIME, is_done).await);
    }

    /// Orders are dropped when the outlet is gone; what was read is handled all the same.
    async fn order(&self, order: Order) {
        drop(self.lane.send(order).await);
    }
}

async fn sleep_until(due: Option<Instant>) {
    match due {
        Some(due) => tokio::time::sleep_until(due.into()).await,
        None => std::future::pending().await,
    }
}
