//! The step that is running: a future whose drop ends the work.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use oh_agent::{Conversation, Input, Step};
use oh_event::EventId;
use oh_event_log::Masker;
use oh_llm::{CompletionContext, LlmClient, LlmNotice};
use oh_runtime::{ActionRequest, Runtime};
use tokio::sync::{broadcast, mpsc};

use crate::draft_edit;
use crate::notice::Notice;

/// Notices of a step that may wait for the session.
const NOTICE_BUFFER: usize = 64;

pub(crate) struct Running {
    pub(crate) step: Step,
    outcome: Pin<Box<dyn Future<Output = Input> + Send>>,
}

impl Running {
    /// Returns a step that never ends.
    pub(crate) fn waiting() -> Self {
        Self { step: Step::Wait, outcome: Box::pin(std::future::pending()) }
    }

    /// Says whether something runs.
    pub(crate) fn is_work(&self) -> bool {
        self.step != Step::Wait
    }

    pub(crate) fn start(
        step: Step,
        conversation: &Conversation,
        llm: impl FnOnce() -> Arc<dyn LlmClient>,
        runtime: &Arc<dyn Runtime>,
        notices: Notices,
    ) -> Self {
        match step {
            Step::Wait => Self::waiting(),
            Step::CallLlm { .. } => {
                let request = conversation.completion_request();
                let after = EventId(conversation.next_event_id().0.saturating_sub(1));
                let llm = llm();
                let outcome = Box::pin(async move {
                    let (sender, receiver) = mpsc::channel(NOTICE_BUFFER);
                    let context = CompletionContext { notices: Some(sender) };
                    let completion = llm.complete(request, context);
                    let of_text = |text: String| Notice::Text { after, text: text.into() };
                    let mut notices = notices;
                    let show = |notice| notices.show_of_llm(notice, of_text);
                    let completion = with_notices(completion, receiver, show).await;
                    notices.finish(of_text);
                    Input::Completion(completion)
                });
                Self { step, outcome }
            }
            Step::Condense { .. } => {
                let Some(work) = conversation.condensation_work() else { return Self::waiting() };
                let llm = llm();
                let outcome = Box::pin(async move {
                    let result = llm.complete(work.request, CompletionContext::default()).await;
                    Input::Condensed { plan: work.plan, result }
                });
                Self { step, outcome }
            }
            Step::RunAction { action } => {
                let Some(event) = conversation.pending_action(action) else {
                    return Self::waiting();
                };
                let Some(runnable) = event.action().cloned() else { return Self::waiting() };
                let timeout = event.draft.timeout.and_then(|s| Duration::try_from_secs_f64(s).ok());
                let runtime = runtime.clone();
                if let Some(edit) = draft_edit::of(&runnable).cloned() {
                    let llm = llm();
                    let outcome = Box::pin(async move {
                        let observation = draft_edit::run(&edit, &runtime, llm.as_ref()).await;
                        Input::Observation { action, observation }
                    });
                    return Self { step, outcome };
                }
                let outcome = Box::pin(async move {
                    let (sender, receiver) = mpsc::channel(NOTICE_BUFFER);
                    let request = ActionRequest { action: runnable, timeout, output: Some(sender) };
                    let of_text = |text: String| Notice::Output { action, text: text.into() };
                    let mut notices = notices;
                    let show = |text: String| notices.show(&text, of_text);
                    let observation = with_notices(runtime.execute(request), receiver, show).await;
                    notices.finish(of_text);
                    Input::Observation { action, observation }
                });
                Self { step, outcome }
            }
        }
    }

    pub(crate) async fn outcome(&mut self) -> Input {
        let input = self.outcome.as_mut().await;
        // A future that has ended must not be asked again.
        self.outcome = Box::pin(std::future::pending());
        input
    }
}

/// Waits for `work` and shows what it tells on the way.
async fn with_notices<T, N>(
    work: impl Future<Output = T>,
    mut receiver: mpsc::Receiver<N>,
    mut show: impl FnMut(N),
) -> T {
    let mut work = std::pin::pin!(work);
    loop {
        tokio::select! {
            biased;
            Some(notice) = receiver.recv() => show(notice),
            result = &mut work => {
                while let Ok(notice) = receiver.try_recv() {
                    show(notice);
                }
                return result;
            }
        }
    }
}

/// Where the notices of one step go. What the step says is one stream, in which secrets are masked.
pub(crate) struct Notices {
    sender: broadcast::Sender<Notice>,
    masker: Masker,
}

impl Notices {
    pub(crate) fn new(sender: broadcast::Sender<Notice>, masker: Masker) -> Self {
        Self { sender, masker }
    }

    fn show(&mut self, text: &str, notice: impl Fn(String) -> Notice) {
        let shown = self.masker.push(text);
        self.send(shown, notice);
    }

    /// Shows what was held back because a secret might have begun there.
    fn finish(&mut self, notice: impl Fn(String) -> Notice) {
        let shown = self.masker.finish();
        self.send(shown, notice);
    }

    fn show_of_llm(&mut self, notice: LlmNotice, of_text: impl Fn(String) -> Notice) {
        match notice {
            LlmNotice::Text(text) => self.show(&text, of_text),
            LlmNotice::Reasoning(_) => {}
            LlmNotice::Retry { attempt, attempts, wait } => {
                // The model begins anew: what it had begun to say is over.
                self.finish(of_text);
                let message = format!("{attempt} / {attempts}, next in {} s", wait.as_secs());
                let id = "STATUS$LLM_RETRY".into();
                let message = message.into();
                let _ = self.sender.send(Notice::Status { is_error: false, id, message });
            }
        }
    }

    fn send(&self, text: String, notice: impl Fn(String) -> Notice) {
        if !text.is_empty() {
            let _ = self.sender.send(notice(text));
        }
    }
}
