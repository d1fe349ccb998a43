use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use oh_agent::{AgentConfig, Conversation};
use oh_event::{AgentState, ConversationId, EventDraft};
use oh_event_log::{EventLog, LogReader, LogWriter};
use oh_llm::LlmClient;
use oh_runtime::BoxFuture;
use tokio::sync::{OnceCell, broadcast, mpsc, watch};
use tokio::time::Instant;
use tokio_util::task::TaskTracker;
use tracing::Instrument;

use crate::handle::{Ending, Letter, SessionError, SessionHandle, SessionStatus};
use crate::notice::runtime_status::STARTING;
use crate::prepared::{Checkout, PreparedRuntime};
use crate::session::{Goodbye, Session};

/// Actions that may wait for a session; a sender of more waits itself.
const MAILBOX_LENGTH: usize = 64;
/// Notices kept for a viewer that is slow to take them.
const NOTICE_BUFFER: usize = 64;
/// Events read at once when a conversation is opened.
const OPEN_PAGE: u64 = 1000;

/// Returns the model to ask now: the agent's, or that of a named group of settings.
pub(crate) type LlmSource = Arc<dyn Fn(Option<&str>) -> Arc<dyn LlmClient> + Send + Sync>;
/// A runtime that is being made.
pub(crate) type Preparation = BoxFuture<'static, std::io::Result<PreparedRuntime>>;
/// A look for a repository that is not in the workspace yet.
pub(crate) type CheckoutLook = BoxFuture<'static, Option<Checkout>>;
type CheckoutSource = Arc<dyn Fn(&ConversationId) -> CheckoutLook + Send + Sync>;
type RuntimeSource = Arc<dyn Fn(&ConversationId) -> Preparation + Send + Sync>;
type DelegationHook =
    Arc<dyn Fn(&ConversationId, &ConversationId, &str) -> BoxFuture<'static, ()> + Send + Sync>;
type MessageHook = Arc<dyn Fn(&ConversationId, &str) + Send + Sync>;
type EndHook = Arc<dyn Fn(&ConversationId) -> BoxFuture<'static, ()> + Send + Sync>;
/// Returns the agent's settings.
pub(crate) type AgentSource = Arc<dyn Fn() -> AgentConfig + Send + Sync>;

/// Where sessions get what they work with.
#[derive(Clone)]
pub struct ManagerConfig {
    /// The log of all conversations.
    pub log: EventLog,
    /// Returns the model to ask now, the agent's or that of a named group of settings;
    /// called for each request.
    pub llm: LlmSource,
    /// Finds what is to be brought into the workspace of a conversation before its runtime is
    /// made; called again if that fails.
    pub checkout: CheckoutSource,
    /// Makes the runtime of a conversation; called again if it fails.
    pub runtime: RuntimeSource,
    /// Returns the agent's settings for a session that starts now; what is known of the
    /// runtime is filled in.
    pub agent: AgentSource,
    /// Hears of a conversation that another one starts for a piece of its work, before it
    /// begins: the other one, the new one, and the work.
    pub on_delegation: DelegationHook,
    /// Hears the first message of a user, after it is durable.
    pub on_first_message: MessageHook,
    /// Hears that a session has recorded its end; who closes it waits for that.
    pub on_end: EndHook,
    /// Values that are masked in every event, also of sessions that run when one is added.
    pub secrets: watch::Receiver<Arc<[String]>>,
    /// Says whether somebody looks at a conversation.
    pub has_viewers: Arc<dyn Fn(&ConversationId) -> bool + Send + Sync>,
    /// Time after which a session that nobody needs is closed.
    pub close_delay: Option<Duration>,
    /// Most sessions at a time.
    pub max_live: Option<usize>,
}

/// What a conversation starts with.
#[derive(Debug, Clone, Default)]
pub struct NewConversation {
    /// The first message; the agent begins by itself.
    pub first_message: Option<EventDraft>,
    /// What was recorded elsewhere after its first message, and is done again before the model
    /// is asked.
    pub replay: Vec<EventDraft>,
}

/// Finds and starts live conversations. Clones share them.
#[derive(Debug, Clone)]
pub struct ConversationManager(Arc<Shared>);

struct Shared {
    config: ManagerConfig,
    sessions: Mutex<HashMap<ConversationId, Arc<OnceCell<SessionHandle>>>>,
    /// Held by who closes sessions to make room.
    room: tokio::sync::Mutex<()>,
    tasks: TaskTracker,
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("tasks", &self.tasks.len()).finish_non_exhaustive()
    }
}

impl fmt::Debug for ManagerConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ManagerConfig").field("log", &self.log).finish_non_exhaustive()
    }
}

impl ConversationManager {
    /// Returns a manager without sessions.
    #[must_use]
    pub fn new(config: ManagerConfig) -> Self {
        let (sessions, room) = (Mutex::default(), tokio::sync::Mutex::default());
        Self(Arc::new(Shared { config, sessions, room, tasks: TaskTracker::new() }))
    }

    /// Returns the conversation's session, starting it if none runs; then it may still be
    /// making its runtime. Another session is closed if there are too many.
    ///
    /// # Errors
    /// Fails if the log cannot be opened; a later call tries again.
    pub async fn open(
        &self,
        conversation: &ConversationId,
        new: NewConversation,
    ) -> Result<SessionHandle, SessionError> {
        let cell = loop {
            let cell = self.cell(conversation);
            match cell.get() {
                Some(handle) if handle.has_ended() => {
                    // Its last events must be written before the next session begins.
                    handle.ended().await;
                    self.forget(conversation);
                }
                Some(_) | None => break cell,
            }
        };
        let handle = cell
            .get_or_try_init(|| self.start(conversation, new, self.place_of(conversation)))
            .await?;
        Ok(handle.clone())
    }

    /// Returns the conversation's session if one runs.
    #[must_use]
    pub fn get(&self, conversation: &ConversationId) -> Option<SessionHandle> {
        let handle = self.sessions().get(conversation)?.get()?.clone();
        (!handle.has_ended()).then_some(handle)
    }

    /// Returns all sessions that run.
    #[must_use]
    pub fn live(&self) -> Vec<(ConversationId, SessionHandle)> {
        let live = |(id, cell): (&ConversationId, &Arc<OnceCell<SessionHandle>>)| {
            let handle = cell.get()?;
            (!handle.has_ended()).then(|| (id.clone(), handle.clone()))
        };
        self.sessions().iter().filter_map(live).collect()
    }

    /// Ends the conversation's session and waits until it has; returns the status it had,
    /// `None` if none ran.
    pub async fn close(&self, conversation: &ConversationId) -> Option<SessionStatus> {
        let handle = self.get(conversation)?;
        let status = handle.status();
        let goodbye = Goodbye::silent(Ending::Closed);
        let _ = handle.mailbox.send(Letter::Close(goodbye)).await;
        handle.ended().await;
        Some(status)
    }

    /// Ends all sessions because the server goes down, and waits until they have.
    pub async fn shut_down(&self) {
        for (_, handle) in self.live() {
            let goodbye = Goodbye::silent(Ending::Interrupted);
            let _ = handle.mailbox.send(Letter::Close(goodbye)).await;
        }
        self.0.tasks.close();
        self.0.tasks.wait().await;
    }

    /// Returns where a conversation works that nobody else has begun.
    fn place_of(&self, id: &ConversationId) -> Place {
        let config = &self.0.config;
        Place {
            agent: config.agent.clone(),
            checkout: about(&config.checkout, id, |find, id| find(id)),
            prepare: about(&config.runtime, id, |make, id| make(id)),
        }
    }

    /// Starts the session of a conversation that works in the place of another one.
    pub(crate) async fn open_in(
        &self,
        conversation: &ConversationId,
        new: NewConversation,
        place: Place,
    ) -> Result<SessionHandle, SessionError> {
        let cell = self.cell(conversation);
        let handle = cell.get_or_try_init(|| self.start(conversation, new, place)).await?;
        Ok(handle.clone())
    }

    /// Returns the place of a conversation's session.
    fn cell(&self, conversation: &ConversationId) -> Arc<OnceCell<SessionHandle>> {
        self.sessions().entry(conversation.clone()).or_default().clone()
    }

    fn sessions(
        &self,
    ) -> std::sync::MutexGuard<'_, HashMap<ConversationId, Arc<OnceCell<SessionHandle>>>> {
        self.0.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn config(&self) -> &ManagerConfig {
        &self.0.config
    }

    pub(crate) fn room(&self) -> &tokio::sync::Mutex<()> {
        &self.0.room
    }

    /// Returns how many other sessions there are, and those of them that have begun.
    pub(crate) fn others(
        &self,
        conversation: &ConversationId,
    ) -> (usize, Vec<(ConversationId, SessionHandle)>) {
        let sessions = self.sessions();
        let others = sessions.iter().filter(|(id, _)| *id != conversation);
        let (mut count, mut begun) = (0, Vec::new());
        for (id, cell) in others {
            match cell.get() {
                Some(handle) if handle.has_ended() => {}
                Some(handle) => {
                    count += 1;
                    begun.push((id.clone(), handle.clone()));
                }
                None => count += 1,
            }
        }
        (count, begun)
    }

    async fn start(
        &self,
        id: &ConversationId,
        new: NewConversation,
        place: Place,
    ) -> Result<SessionHandle, SessionError> {
        self.make_room(id).await;
        let config = &self.0.config;
        let (mut writer, reader) = config.log.open_conversation(id).await?;
        let mut secrets = config.secrets.clone();
        writer.add_secrets(secrets.borrow_and_update().iter().cloned());
        let conversation = Conversation::new((place.agent)());
        let mut conversation = restore(conversation, &writer, &reader).await?;
        let has_begun = conversation.has_user_message();
        if !has_begun {
            // An action is known again by what is recorded of it.
            let masked = new.replay.into_iter().map(|draft| writer.masked(draft));
            conversation.replay(masked.collect::<Result<Vec<_>, _>>()?);
        }

        let (mailbox, letters) = mpsc::channel(MAILBOX_LENGTH);
        let (notices, _) = broadcast::channel(NOTICE_BUFFER);
        let (status, status_receiver) = watch::channel(SessionStatus {
            runtime_status: STARTING,
            message: Arc::default(),
            agent_state: AgentState::Loading,
            is_busy: false,
            last_activity: Instant::now(),
            consumption: conversation.consumption(),
            limits: conversation.limits(),
        });
        let ending = Arc::new(OnceLock::new());
        let mut session = Session {
            conversation,
            writer,
            secrets,
            llm: config.llm.clone(),
            agent: place.agent,
            checkout: place.checkout,
            prepare: place.prepare,
            delegate: self.delegations_of(id),
            has_viewers: about(&config.has_viewers, id, |ask, id| ask(id)),
            mailbox: letters,
            status,
            notices: notices.clone(),
            ending: ending.clone(),
            on_first_message: {
                let (hook, id) = (config.on_first_message.clone(), id.clone());
                Box::new(move |text| hook(&id, text))
            },
            on_end: about(&config.on_end, id, |end, id| end(id)),
        };
        session.record(session.conversation.loading(), None).await?;
        let first = new.first_message.filter(|_| !has_begun);
        let manager = self.clone();
        let span = tracing::info_span!("conversation", %id);
        let ended = id.clone();
        self.0.tasks.spawn(
            async move {
                tracing::info!("session started");
                session.run(first).await;
                tracing::info!("session ended");
                manager.forget(&ended);
            }
            .instrument(span),
        );
        Ok(SessionHandle { mailbox, reader, status: status_receiver, notices, ending })
    }

    /// Removes a session that has ended, unless a new one has taken its place.
    fn forget(&self, conversation: &ConversationId) {
        let mut sessions = self.sessions();
        let has_ended =
            |cell: &Arc<OnceCell<SessionHandle>>| cell.get().is_some_and(SessionHandle::has_ended);
        if sessions.get(conversation).is_some_and(has_ended) {
            sessions.remove(conversation);
        }
    }
}

/// Where a conversation works, and by which rules.
pub(crate) struct Place {
    pub(crate) agent: AgentSource,
    pub(crate) checkout: Box<dyn Fn() -> CheckoutLook + Send + Sync>,
    pub(crate) prepare: Box<dyn Fn() -> Preparation + Send + Sync>,
}

/// Returns what calls `source` for one conversation.
fn about<F: ?Sized + Send + Sync + 'static, T: 'static>(
    source: &Arc<F>,
    id: &ConversationId,
    call: fn(&F, &ConversationId) -> T,
) -> Box<dyn Fn() -> T + Send + Sync> {
    let (source, id) = (source.clone(), id.clone());
    Box::new(move || call(&source, &id))
}

/// Folds the log into the conversation's state.
async fn restore(
    mut conversation: Conversation,
    writer: &LogWriter,
    reader: &LogReader,
) -> Result<Conversation, SessionError> {
    let end = writer.next_event_id().0;
    let mut next = 0;
    while next < end {
        let until = (next + OPEN_PAGE).min(end);
        for event in reader.events((next, until)).await? {
            conversation.apply(&event);
        }
        next = until;
    }
    conversation.go_on_at(writer.next_event_id());
    Ok(conversation)
}
