use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use oh_agent::{AgentConfig, Conversation};
use oh_event::{AgentState, ConversationId, EventDraft};
use oh_event_log::{EventLog, LogReader, LogWriter};
use oh_llm::LlmClient;
use oh_runtime::{BoxFuture, Runtime};
use tokio::sync::{OnceCell, broadcast, mpsc, watch};
use tokio_util::task::TaskTracker;
use tracing::Instrument;

use crate::handle::{Ending, Letter, SessionError, SessionHandle, SessionStatus};
use crate::session::Session;

/// Actions that may wait for a session; a sender of more waits itself.
const MAILBOX_LENGTH: usize = 64;
/// Notices kept for a viewer that is slow to take them.
const NOTICE_BUFFER: usize = 64;
/// Events read at once when a conversation is opened.
const OPEN_PAGE: u64 = 1000;

/// Returns the model to ask now.
pub(crate) type LlmSource = Arc<dyn Fn() -> Arc<dyn LlmClient> + Send + Sync>;
type RuntimeSource = Arc<
    dyn Fn(&ConversationId) -> BoxFuture<'static, std::io::Result<Arc<dyn Runtime>>> + Send + Sync,
>;
type MessageHook = Arc<dyn Fn(&ConversationId, &str) + Send + Sync>;
type AgentSource = Arc<dyn Fn() -> AgentConfig + Send + Sync>;

/// Where sessions get what they work with.
#[derive(Clone)]
pub struct ManagerConfig {
    /// The log of all conversations.
    pub log: EventLog,
    /// Returns the model to ask now; called for each request.
    pub llm: LlmSource,
    /// Makes the runtime of a conversation.
    pub runtime: RuntimeSource,
    /// Returns the agent's settings for a session that starts now; the workspace is
    /// filled in from the runtime.
    pub agent: AgentSource,
    /// Hears the first message of a user, after it is durable.
    pub on_first_message: MessageHook,
    /// Values that are masked in every event.
    pub secrets: Arc<dyn Fn() -> Vec<String> + Send + Sync>,
}

/// What a conversation starts with.
#[derive(Debug, Clone, Default)]
pub struct NewConversation {
    /// The first message; the agent begins by itself.
    pub first_message: Option<EventDraft>,
}

/// Finds and starts live conversations. Clones share them.
#[derive(Debug, Clone)]
pub struct ConversationManager(Arc<Shared>);

struct Shared {
    config: ManagerConfig,
    sessions: Mutex<HashMap<ConversationId, Arc<OnceCell<SessionHandle>>>>,
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
        let sessions = Mutex::default();
        Self(Arc::new(Shared { config, sessions, tasks: TaskTracker::new() }))
    }

    /// Returns the conversation's session, starting it if none runs.
    ///
    /// # Errors
    /// Fails if the log or the workspace cannot be opened; a later call tries again.
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
        let handle = cell.get_or_try_init(|| self.start(conversation, new)).await?;
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
        let _ = handle.mailbox.send(Letter::Close { ending: Ending::Closed }).await;
        handle.ended().await;
        Some(status)
    }

    /// Ends all sessions because the server goes down, and waits until they have.
    pub async fn shut_down(&self) {
        for (_, handle) in self.live() {
            let _ = handle.mailbox.send(Letter::Close { ending: Ending::Interrupted }).await;
        }
        self.0.tasks.close();
        self.0.tasks.wait().await;
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

    async fn start(
        &self,
        id: &ConversationId,
        new: NewConversation,
    ) -> Result<SessionHandle, SessionError> {
        let config = &self.0.config;
        let (mut writer, reader) = config.log.open_conversation(id).await?;
        writer.add_secrets((config.secrets)());
        let runtime = (config.runtime)(id).await.map_err(SessionError::Workspace)?;
        let workspace = runtime.workspace().to_string_lossy().into_owned();
        let agent = AgentConfig { workspace, ..(config.agent)() };
        let conversation = restore(Conversation::new(agent), &writer, &reader).await?;

        let (mailbox, letters) = mpsc::channel(MAILBOX_LENGTH);
        let (notices, _) = broadcast::channel(NOTICE_BUFFER);
        let (status, status_receiver) = watch::channel(SessionStatus {
            runtime_status: "STATUS$READY",
            agent_state: AgentState::Loading,
        });
        let ending = Arc::new(OnceLock::new());
        let (hook, hook_id) = (config.on_first_message.clone(), id.clone());
        let mut session = Session {
            conversation,
            writer,
            llm: config.llm.clone(),
            runtime,
            mailbox: letters,
            status,
            notices: notices.clone(),
            ending: ending.clone(),
            on_first_message: Box::new(move |text| hook(&hook_id, text)),
        };
        let is_new = session.conversation.next_event_id().0 == 0;
        let opening = match new.first_message {
            Some(message) if is_new => session.conversation.opening_with(message),
            Some(_) | None => session.conversation.opening(),
        };
        session.record(opening, None).await?;
        session.show_state();
        let manager = self.clone();
        let span = tracing::info_span!("conversation", %id);
        let ended = id.clone();
        self.0.tasks.spawn(
            async move {
                tracing::info!("session started");
                session.run().await;
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
    Ok(conversation)
}
