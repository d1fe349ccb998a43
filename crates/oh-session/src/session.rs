//! The loop of one conversation.

use std::collections::VecDeque;
use std::sync::{Arc, OnceLock};

use oh_agent::{Conversation, Input};
use oh_event::{
    Action, AgentState, AgentStateChangedObservation, EventBody, EventDraft, EventId, EventSource,
    Observation,
};
use oh_event_log::LogWriter;
use oh_llm::LlmClient;
use oh_runtime::BoxFuture;
use tokio::sync::{broadcast, mpsc, watch};
use tokio::time::Instant;

use crate::delegation::Delegate;
use crate::handle::{Ending, Letter, SentAction, SessionError, SessionStatus};
use crate::manager::{AgentSource, CheckoutLook, LlmSource, Preparation};
use crate::notice::Notice;
use crate::notice::runtime_status::{ERROR, NO_ACCESS, STOPPED};
use crate::prepared::PreparedRuntime;
use crate::running::{Notices, Running, Tools};

/// Everything that belongs to one live conversation.
pub(crate) struct Session {
    pub(crate) conversation: Conversation,
    pub(crate) writer: LogWriter,
    pub(crate) secrets: watch::Receiver<Arc<[String]>>,
    pub(crate) llm: LlmSource,
    pub(crate) agent: AgentSource,
    pub(crate) delegate: Delegate,
    pub(crate) checkout: Box<dyn Fn() -> CheckoutLook + Send + Sync>,
    pub(crate) prepare: Box<dyn Fn() -> Preparation + Send + Sync>,
    pub(crate) has_viewers: Box<dyn Fn() -> bool + Send + Sync>,
    pub(crate) mailbox: mpsc::Receiver<Letter>,
    pub(crate) status: watch::Sender<SessionStatus>,
    pub(crate) notices: broadcast::Sender<Notice>,
    pub(crate) ending: Arc<OnceLock<Ending>>,
    pub(crate) on_first_message: Box<dyn Fn(&str) + Send + Sync>,
    pub(crate) on_end: Box<dyn Fn() -> BoxFuture<'static, ()> + Send + Sync>,
}

/// Why a session ends, and what its viewers are told.
#[derive(Debug)]
pub(crate) struct Goodbye {
    pub(crate) ending: Ending,
    /// Text for people, possibly empty.
    pub(crate) reason: String,
}

impl Goodbye {
    pub(crate) fn silent(ending: Ending) -> Self {
        Self { ending, reason: String::new() }
    }
}

impl Session {
    /// Runs until the session is closed or the log fails; a new conversation may begin with
    /// a message.
    pub(crate) async fn run(mut self, first: Option<EventDraft>) {
        let (goodbye, prepared) = match self.open(first).await {
            Ok((prepared, waiting)) => (self.work(&prepared, waiting).await, Some(prepared)),
            Err(goodbye) => (goodbye, None),
        };
        self.mailbox.close();
        let drafts = self.conversation.closing(&goodbye.reason);
        if let Err(error) = self.record(drafts, None).await {
            tracing::warn!(%error, "the end of the session could not be recorded");
        }
        if let Some(prepared) = prepared {
            prepared.runtime.close().await;
        }
        (self.on_end)().await;
        self.show_runtime(STOPPED, &goodbye.reason);
        // Readers learn why the log ends before they learn that it does.
        let _ = self.ending.set(goodbye.ending);
    }

    async fn work(
        &mut self,
        prepared: &PreparedRuntime,
        mut waiting: VecDeque<SentAction>,
    ) -> Goodbye {
        let runtime = &prepared.runtime;
        let mut running = Running::waiting();
        loop {
            self.conversation.configure_model((self.llm)(None).max_input_tokens());
            if let Err(error) = self.settle().await {
                tracing::error!(%error, "the session ends because its log failed");
                return Goodbye::silent(Ending::Interrupted);
            }
            let step = self.conversation.next_step();
            if step != running.step {
                // The old step is dropped first: its process must be gone before the next.
                drop(std::mem::replace(&mut running, Running::waiting()));
                self.learn_secrets();
                let tools = Tools {
                    llm: &self.llm,
                    delegate: &self.delegate,
                    runtime,
                    notices: Notices::new(
                        self.notices.clone(),
                        self.writer.masker(),
                        self.secrets.clone(),
                    ),
                };
                running = Running::start(step, &self.conversation, tools);
                self.show_busy(running.is_work());
                tracing::debug!(?step, "step");
            }
            let letter = waiting.pop_front().map(Letter::Act);
            let result = tokio::select! {
                biased;
                letter = next_letter(letter, &mut self.mailbox) => match letter {
                    None => return Goodbye::silent(Ending::Closed),
                    Some(Letter::Close(goodbye)) => return goodbye,
                    Some(Letter::CloseIfIdle { delay }) => {
                        match self.idle_goodbye(prepared, delay).await {
                            Some(goodbye) => return goodbye,
                            None => Ok(()),
                        }
                    }
                    Some(Letter::Act(action)) => {
                        self.conversation.learn(prepared.knowledge.borrow().clone());
                        match self.answer(action).await {
                            Ok(()) => Ok(()),
                            Err(goodbye) => return goodbye,
                        }
                    }
                },
                input = running.next() => self.take_in(input).await,
            };
            if let Err(error) = result {
                tracing::error!(%error, "the session ends because its log failed");
                return Goodbye::silent(Ending::Interrupted);
            }
            if self.conversation.agent_state() == AgentState::Stopped
                && self.status.borrow().agent_state != AgentState::Stopped
            {
                // A stop ends what runs and everything that was started before.
                drop(std::mem::replace(&mut running, Running::waiting()));
                runtime.stop_processes().await;
            }
            self.show_state();
        }
    }

    /// Records what is due before anything runs.
    async fn settle(&mut self) -> Result<(), SessionError> {
        loop {
            let due = self.conversation.due();
            if due.is_empty() {
                return Ok(());
            }
            self.record(due, None).await?;
            self.show_state();
        }
    }

    async fn answer(&mut self, action: SentAction) -> Result<(), Goodbye> {
        let SentAction { draft, client_id, reply } = action;
        let result = self.act(*draft, client_id).await;
        let failed = matches!(result, Err(SessionError::Log(_)));
        // Whoever sent it may be gone; the action stands all the same.
        let _ = reply.send(result);
        if failed { Err(Goodbye::silent(Ending::Interrupted)) } else { Ok(()) }
    }

    /// Records a client's action.
    async fn act(
        &mut self,
        draft: EventDraft,
        client_id: Option<String>,
    ) -> Result<Option<EventId>, SessionError> {
        if let Some(client_id) = &client_id
            && let Some(known) = self.writer.receipt(client_id).await?
        {
            return Ok(Some(known));
        }
        if let Some(Action::Message(message)) = draft.action() {
            let has_images = message.image_urls.as_ref().is_some_and(|urls| !urls.is_empty());
            let llm: Arc<dyn LlmClient> = (self.llm)(None);
            if has_images && !llm.has_vision() {
                return Err(SessionError::NoVision { model: llm.model().to_owned() });
            }
        }
        let drafts = self.conversation.decide(Input::UserAction(draft));
        let id = (!drafts.is_empty()).then(|| self.conversation.next_event_id());
        self.record(drafts, client_id).await?;
        Ok(id)
    }

    async fn take_in(&mut self, input: Input) -> Result<(), SessionError> {
        if let Input::Completion(Err(failure)) = &input {
            tracing::warn!(%failure, "the model did not answer");
        }
        let drafts = self.conversation.decide(input);
        self.record(drafts, None).await
    }

    /// Appends and applies.
    pub(crate) async fn record(
        &mut self,
        drafts: Vec<EventDraft>,
        client_id: Option<String>,
    ) -> Result<(), SessionError> {
        self.learn_secrets();
        let events = self.writer.append(drafts, client_id).await?;
        if events.is_empty() {
            return Ok(());
        }
        for event in events {
            let is_first = !self.conversation.has_user_message();
            self.conversation.apply(&event);
            match &event.draft.body {
                EventBody::Action(Action::Message(message))
                    if is_first && event.draft.source == EventSource::User =>
                {
                    (self.on_first_message)(&message.content);
                }
                EventBody::Observation(Observation::AgentStateChanged(change)) => {
                    self.show_error(change);
                }
                EventBody::Action(_) | EventBody::Observation(_) => {}
            }
        }
        let (consumption, limits) = (self.conversation.consumption(), self.conversation.limits());
        self.status.send_modify(|status| {
            status.last_activity = Instant::now();
            status.consumption = consumption;
            status.limits = limits;
        });
        Ok(())
    }

    /// Takes in secrets that were added since the last look.
    fn learn_secrets(&mut self) {
        if self.secrets.has_changed().unwrap_or(false) {
            self.writer.add_secrets(self.secrets.borrow_and_update().iter().cloned());
        }
    }

    /// OpenHands' interface shows the status of an error beside the state.
    fn show_error(&self, change: &AgentStateChangedObservation) {
        if change.agent_state != AgentState::Error {
            return;
        }
        let id = change.fault.as_ref().map_or(ERROR, |fault| &fault.id);
        let id: Arc<str> = id.into();
        let _ = self.notices.send(Notice::Status {
            is_error: true,
            id,
            message: change.reason.as_str().into(),
        });
    }

    pub(crate) fn show_state(&self) {
        let agent_state = self.conversation.agent_state();
        self.status.send_if_modified(|status| {
            let is_new = status.agent_state != agent_state;
            status.agent_state = agent_state;
            is_new
        });
    }

    fn show_busy(&self, is_busy: bool) {
        self.status.send_modify(|status| status.is_busy = is_busy);
    }

    /// Shows the state of the runtime, to those who come late too.
    pub(crate) fn show_runtime(&self, id: &'static str, message: &str) {
        self.keep_runtime(id, message);
        self.show(id, message);
    }

    /// Keeps the state of the runtime for those who come late.
    pub(crate) fn keep_runtime(&self, id: &'static str, message: &str) {
        self.status.send_modify(|status| {
            status.runtime_status = id;
            status.message = message.into();
        });
    }

    /// Shows something to those who are there.
    pub(crate) fn show(&self, id: &'static str, message: &str) {
        let is_error = matches!(id, ERROR | NO_ACCESS);
        let _ =
            self.notices.send(Notice::Status { is_error, id: id.into(), message: message.into() });
    }
}

/// Returns the letter that is there, or the next one.
async fn next_letter(
    letter: Option<Letter>,
    mailbox: &mut mpsc::Receiver<Letter>,
) -> Option<Letter> {
    match letter {
        Some(letter) => Some(letter),
        None => mailbox.recv().await,
    }
}
