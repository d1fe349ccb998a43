use std::sync::{Arc, OnceLock};
use std::time::Duration;

use oh_agent::{Consumption, Limits};
use oh_event::{AgentState, EventDraft, EventId};
use oh_event_log::{LogError, LogReader};
use tokio::sync::{broadcast, mpsc, oneshot, watch};
use tokio::time::Instant;

use crate::notice::Notice;
use crate::notice::runtime_status::{ERROR, NO_ACCESS, READY, STARTING};
use crate::prepared::CheckoutError;
use crate::session::Goodbye;

/// The way to one live conversation. Clones lead to the same session.
#[derive(Debug, Clone)]
pub struct SessionHandle {
    pub(crate) mailbox: mpsc::Sender<Letter>,
    pub(crate) reader: LogReader,
    pub(crate) status: watch::Receiver<SessionStatus>,
    pub(crate) notices: broadcast::Sender<Notice>,
    pub(crate) ending: Arc<OnceLock<Ending>>,
}

/// What a session is doing, for lists and health pages.
#[derive(Debug, Clone, PartialEq)]
pub struct SessionStatus {
    /// State of the runtime, by OpenHands' status id.
    pub runtime_status: &'static str,
    /// What there is to say about it, possibly nothing.
    pub message: Arc<str>,
    /// State of the agent.
    pub agent_state: AgentState,
    /// The model is asked or an action runs.
    pub is_busy: bool,
    /// When the last event was recorded.
    pub last_activity: Instant,
    /// What the conversation has used so far.
    pub consumption: Consumption,
    /// Where the agent stops.
    pub limits: Limits,
}

impl SessionStatus {
    /// Says whether the runtime is still being made.
    #[must_use]
    pub fn is_starting(&self) -> bool {
        self.runtime_status == STARTING
    }

    /// Says whether there is no runtime, or nothing to work on in it.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        matches!(self.runtime_status, ERROR | NO_ACCESS)
    }
}

/// Why a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Somebody closed the conversation; viewers are sent away.
    Closed,
    /// The server is going down or the log failed; viewers should come back.
    Interrupted,
}

/// Says why a session did not take an action.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// The session has ended; opening the conversation again helps.
    #[error("the session has ended")]
    Ended,
    /// The model does not understand pictures.
    #[error(
        "the model `{model}` does not understand images; send the message without them or choose another model"
    )]
    NoVision {
        /// The model.
        model: String,
    },
    /// The log refused.
    #[error(transparent)]
    Log(#[from] LogError),
    /// There is nothing to run actions in; a later action tries again.
    #[error("the sandbox of this conversation could not be started: {reason}")]
    Runtime {
        /// Why.
        reason: String,
    },
    /// What the conversation is to work on is not there; a later action tries again.
    #[error("the repository of this conversation could not be fetched: {0}")]
    Checkout(CheckoutError),
}

/// What can be sent to a session.
#[derive(Debug)]
pub(crate) enum Letter {
    Act(SentAction),
    Close(Goodbye),
    /// Ends the session if it has been idle for so long.
    CloseIfIdle {
        delay: Duration,
    },
}

/// A client's action; its sender waits for the answer.
#[derive(Debug)]
pub(crate) struct SentAction {
    pub(crate) draft: Box<EventDraft>,
    pub(crate) client_id: Option<String>,
    pub(crate) reply: oneshot::Sender<Result<Option<EventId>, SessionError>>,
}

impl SessionHandle {
    /// Records a client's action and returns its id once it is durable; `None` if there
    /// was nothing to record.
    ///
    /// With a `client_id` the same action sent again returns the first id.
    ///
    /// # Errors
    /// Fails if the session has ended or the log refuses; then nothing was recorded.
    pub async fn act(
        &self,
        draft: EventDraft,
        client_id: Option<String>,
    ) -> Result<Option<EventId>, SessionError> {
        let (reply, answer) = oneshot::channel();
        let letter = Letter::Act(SentAction { draft: Box::new(draft), client_id, reply });
        self.mailbox.send(letter).await.map_err(|_| SessionError::Ended)?;
        answer.await.map_err(|_| SessionError::Ended)?
    }

    /// Returns the reader of the conversation's log.
    #[must_use]
    pub fn reader(&self) -> &LogReader {
        &self.reader
    }

    /// Returns what the session is doing.
    #[must_use]
    pub fn status(&self) -> SessionStatus {
        self.status.borrow().clone()
    }

    /// Waits until the session can work, or cannot and has recorded why.
    pub async fn settled(&self) {
        let mut status = self.status.clone();
        let is_settled = |status: &SessionStatus| status.agent_state != AgentState::Loading;
        // A session that ended is settled too.
        let _ = status.wait_for(is_settled).await;
    }

    /// Waits until the runtime is there, or cannot be.
    pub async fn started(&self) {
        let mut status = self.status.clone();
        let _ = status.wait_for(|status| !status.is_starting()).await;
    }

    /// Returns the state of the runtime as a notice for who comes late; `None` if there is
    /// nothing to say.
    #[must_use]
    pub fn runtime_notice(&self) -> Option<Notice> {
        let status = self.status();
        let is_error = status.has_failed();
        let SessionStatus { runtime_status: id, message, .. } = status;
        let is_plain = id == READY && message.is_empty();
        (!is_plain).then_some(Notice::Status { is_error, id: id.into(), message })
    }

    /// Returns the notices from now on.
    #[must_use]
    pub fn notices(&self) -> broadcast::Receiver<Notice> {
        self.notices.subscribe()
    }

    /// Shows a notice to all viewers.
    pub fn notify(&self, notice: Notice) {
        // Nobody may be looking.
        let _ = self.notices.send(notice);
    }

    /// Returns why the session ended, if it has.
    #[must_use]
    pub fn ending(&self) -> Option<Ending> {
        self.ending.get().copied()
    }

    /// Waits until the session has recorded its end.
    pub(crate) async fn ended(&self) {
        // The status's sender lives as long as the session.
        let mut status = self.status.clone();
        while status.changed().await.is_ok() {}
    }

    /// Says whether the session takes no more actions.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.mailbox.is_closed()
    }
}
