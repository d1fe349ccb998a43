//! The loop of one conversation.

use std::sync::{Arc, OnceLock};

use oh_agent::{Conversation, Input};
use oh_event::{
    Action, AgentState, AgentStateChangedObservation, EventBody, EventDraft, EventId, EventSource,
    Observation,
};
use oh_event_log::LogWriter;
use oh_llm::LlmClient;
use oh_runtime::Runtime;
use tokio::sync::{broadcast, mpsc, watch};

use crate::handle::{Ending, Letter, SessionError, SessionStatus};
use crate::manager::LlmSource;
use crate::notice::Notice;
use crate::running::{Notices, Running};

/// Everything that belongs to one live conversation.
pub(crate) struct Session {
    pub(crate) conversation: Conversation,
    pub(crate) writer: LogWriter,
    pub(crate) llm: LlmSource,
    pub(crate) runtime: Arc<dyn Runtime>,
    pub(crate) mailbox: mpsc::Receiver<Letter>,
    pub(crate) status: watch::Sender<SessionStatus>,
    pub(crate) notices: broadcast::Sender<Notice>,
    pub(crate) ending: Arc<OnceLock<Ending>>,
    pub(crate) on_first_message: Box<dyn Fn(&str) + Send + Sync>,
}

impl Session {
    /// Runs until the session is closed or the log fails.
    pub(crate) async fn run(mut self) {
        let ending = self.work().await;
        self.mailbox.close();
        let drafts = self.conversation.closing();
        if let Err(error) = self.record(drafts, None).await {
            tracing::warn!(%error, "the end of the session could not be recorded");
        }
        self.runtime.close().await;
        // Readers learn why the log ends before they learn that it does.
        let _ = self.ending.set(ending);
    }

    async fn work(&mut self) -> Ending {
        let mut running = Running::waiting();
        loop {
            let step = self.conversation.next_step();
            if step != running.step {
                // The old step is dropped first: its process must be gone before the next.
                drop(std::mem::replace(&mut running, Running::waiting()));
                let llm = || (self.llm)();
                let notices = Notices::new(self.notices.clone(), self.writer.masker());
                running = Running::start(step, &self.conversation, llm, &self.runtime, notices);
                tracing::debug!(?step, "step");
            }
            let result = tokio::select! {
                biased;
                letter = self.mailbox.recv() => match letter {
                    None => return Ending::Closed,
                    Some(Letter::Close { ending }) => return ending,
                    Some(Letter::Act { draft, client_id, reply }) => {
                        let result = self.act(*draft, client_id).await;
                        let failed = matches!(result, Err(SessionError::Log(_)));
                        // Whoever sent it may be gone; the action stands all the same.
                        let _ = reply.send(result);
                        if failed { return Ending::Interrupted }
                        Ok(())
                    }
                },
                input = running.outcome() => self.take_in(input).await,
            };
            if let Err(error) = result {
                tracing::error!(%error, "the session ends because its log failed");
                return Ending::Interrupted;
            }
            if self.conversation.agent_state() == AgentState::Stopped
                && self.status.borrow().agent_state != AgentState::Stopped
            {
                // A stop ends what runs and everything that was started before.
                drop(std::mem::replace(&mut running, Running::waiting()));
                self.runtime.stop_processes().await;
            }
            self.show_state();
        }
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
            let llm: Arc<dyn LlmClient> = (self.llm)();
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
        for event in self.writer.append(drafts, client_id).await? {
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
        Ok(())
    }

    /// OpenHands' interface shows the status of an error beside the state.
    fn show_error(&self, change: &AgentStateChangedObservation) {
        if change.agent_state != AgentState::Error {
            return;
        }
        let id = ERROR_IDS.into_iter().find(|id| change.reason == *id).unwrap_or("STATUS$ERROR");
        let message = change.reason.as_str().into();
        let _ = self.notices.send(Notice::Status { is_error: true, id, message });
    }

    pub(crate) fn show_state(&self) {
        let agent_state = self.conversation.agent_state();
        self.status.send_if_modified(|status| {
            let is_new = status.agent_state != agent_state;
            status.agent_state = agent_state;
            is_new
        });
    }
}

const ERROR_IDS: [&str; 6] = [
    "STATUS$ERROR_LLM_AUTHENTICATION",
    "STATUS$ERROR_LLM_SERVICE_UNAVAILABLE",
    "STATUS$ERROR_LLM_INTERNAL_SERVER_ERROR",
    "STATUS$ERROR_LLM_OUT_OF_CREDITS",
    "STATUS$ERROR_LLM_CONTENT_POLICY_VIOLATION",
    "CHAT_INTERFACE$AGENT_RATE_LIMITED_STOPPED_MESSAGE",
];
