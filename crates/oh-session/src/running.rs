//! The step that is running: a future whose drop ends the work.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use oh_agent::{Conversation, Input, Step};
use oh_event::EventId;
use oh_llm::{CompletionContext, LlmClient, LlmNotice};
use oh_runtime::{ActionRequest, Runtime};
use tokio::sync::{broadcast, mpsc};

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

    pub(crate) fn start(
        step: Step,
        conversation: &Conversation,
        llm: impl FnOnce() -> Arc<dyn LlmClient>,
        runtime: &Arc<dyn Runtime>,
        notices: &broadcast::Sender<Notice>,
    ) -> Self {
        match step {
            Step::Wait => Self::waiting(),
            Step::CallLlm { .. } => {
                let request = conversation.completion_request();
                let after = EventId(conversation.next_event_id().0.saturating_sub(1));
                let (llm, notices) = (llm(), notices.clone());
                let outcome = Box::pin(async move {
                    let (sender, receiver) = mpsc::channel(NOTICE_BUFFER);
                    let context = CompletionContext { notices: Some(sender) };
                    let completion = llm.complete(request, context);
                    let show = |notice| show_llm_notice(&notices, after, notice);
                    Input::Completion(with_notices(completion, receiver, show).await)
                });
                Self { step, outcome }
            }
            Step::RunAction { action } => {
                let Some(event) = conversation.pending_action(action) else {
                    return Self::waiting();
                };
                let Some(runnable) = event.action().cloned() else { return Self::waiting() };
                let timeout = event.draft.timeout.and_then(|s| Duration::try_from_secs_f64(s).ok());
                let (runtime, notices) = (runtime.clone(), notices.clone());
                let outcome = Box::pin(async move {
                    let (sender, receiver) = mpsc::channel(NOTICE_BUFFER);
                    let request = ActionRequest { action: runnable, timeout, output: Some(sender) };
                    let show = |text: String| {
                        let _ = notices.send(Notice::Output { action, text: text.into() });
                    };
                    let observation = with_notices(runtime.execute(request), receiver, show).await;
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
    show: impl Fn(N),
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

fn show_llm_notice(notices: &broadcast::Sender<Notice>, after: EventId, notice: LlmNotice) {
    let notice = match notice {
        LlmNotice::Text(text) => Notice::Text { after, text: text.into() },
        LlmNotice::Reasoning(_) => return,
        LlmNotice::Retry { attempt, attempts, wait } => {
            let message = format!("{attempt} / {attempts}, next in {} s", wait.as_secs());
            Notice::Status { is_error: false, id: "STATUS$LLM_RETRY", message: message.into() }
        }
    };
    let _ = notices.send(notice);
}
