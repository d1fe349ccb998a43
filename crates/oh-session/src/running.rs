//! The step that is running: a future whose drop ends the work.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use oh_agent::{Conversation, Input, Step};
use oh_event::{Action, EventId};
use oh_event_log::Masker;
use oh_llm::{CompletionContext, LlmNotice};
use oh_runtime::{ActionRequest, Runtime};
use tokio::sync::{broadcast, mpsc, watch};

use crate::delegation::{Delegate, Delegation};
use crate::draft_edit;
use crate::manager::LlmSource;
use crate::meter::Meter;
use crate::notice::Notice;
use crate::prepared::PlaceTools;

/// Notices of a step that may wait for the session.
const NOTICE_BUFFER: usize = 64;
const ASIDE_BUFFER: usize = 4;

pub(crate) struct Running {
    pub(crate) step: Step,
    outcome: Pin<Box<dyn Future<Output = Input> + Send>>,
    /// What is to be recorded while it runs.
    asides: mpsc::Receiver<Input>,
    /// Counts it as long as it runs.
    meter: Meter,
}

/// What a step is made with.
pub(crate) struct Tools<'a> {
    pub(crate) llm: &'a LlmSource,
    pub(crate) delegate: &'a Delegate,
    pub(crate) runtime: &'a Arc<dyn Runtime>,
    pub(crate) notices: Notices,
}

impl Running {
    /// Returns a step that never ends.
    pub(crate) fn waiting() -> Self {
        Self::new(Step::Wait, std::future::pending(), mpsc::channel(1).1)
    }

    fn new(
        step: Step,
        outcome: impl Future<Output = Input> + Send + 'static,
        asides: mpsc::Receiver<Input>,
    ) -> Self {
        let meter = Meter::start(&step);
        Self { step, outcome: Box::pin(outcome), asides, meter }
    }

    /// Says whether something runs.
    pub(crate) fn is_work(&self) -> bool {
        self.step != Step::Wait
    }

    pub(crate) fn start(step: Step, conversation: &Conversation, tools: Tools<'_>) -> Self {
        let started = match step {
            Step::Wait => None,
            Step::CallLlm { .. } => Some(Self::call_llm(step, conversation, tools)),
            Step::Condense { .. } => Self::condense(step, conversation, tools),
            Step::RunAction { action } => Self::run_action(step, action, conversation, tools),
        };
        started.unwrap_or_else(Self::waiting)
    }

    fn call_llm(step: Step, conversation: &Conversation, tools: Tools<'_>) -> Self {
        let request = conversation.completion_request();
        let after = EventId(conversation.next_event_id().0.saturating_sub(1));
        let llm = (tools.llm)(None);
        let notices = tools.notices;
        let (aside, asides) = mpsc::channel(ASIDE_BUFFER);
        let outcome = async move {
            let (sender, receiver) = mpsc::channel(NOTICE_BUFFER);
            let context = CompletionContext { notices: Some(sender) };
            let completion = llm.complete(request, context);
            let mut notices = LlmNotices { after, aside, thoughts: notices.clone(), text: notices };
            let show = |notice| notices.show(notice);
            let completion = with_notices(completion, receiver, show).await;
            notices.finish();
            Input::Completion(completion)
        };
        Self::new(step, outcome, asides)
    }

    fn condense(step: Step, conversation: &Conversation, tools: Tools<'_>) -> Option<Self> {
        let work = conversation.condensation_work()?;
        let llm = (tools.llm)(work.llm_config.as_deref());
        let outcome = async move {
            let result = llm.complete(work.request, CompletionContext::default()).await;
            Input::Condensed { plan: work.plan, result }
        };
        Some(Self::new(step, outcome, mpsc::channel(1).1))
    }

    fn run_action(
        step: Step,
        action: EventId,
        conversation: &Conversation,
        tools: Tools<'_>,
    ) -> Option<Self> {
        let event = conversation.pending_action(action)?;
        let runnable = event.action()?.clone();
        let timeout = event.draft.timeout.and_then(|s| Duration::try_from_secs_f64(s).ok());
        let runtime = tools.runtime.clone();
        let observed =
            move |(observation, spent)| Input::Observation { action, observation, spent };
        let asides = mpsc::channel(1).1;
        if let Some(edit) = draft_edit::of(&runnable).cloned() {
            let llm = (tools.llm)(Some(draft_edit::LLM_CONFIG));
            let work = async move { draft_edit::run(&edit, &runtime, llm.as_ref()).await };
            return Some(Self::new(step, async move { observed(work.await) }, asides));
        }
        if let Action::Delegate(delegate) = runnable {
            let delegation = Delegation {
                id: action,
                action: delegate,
                runtime,
                limits: conversation.limits_left(),
                knowledge: conversation.knowledge(),
                place_tools: PlaceTools::of(conversation.tools()),
            };
            let work = (tools.delegate)(delegation);
            return Some(Self::new(step, async move { observed(work.await) }, asides));
        }
        let mut notices = tools.notices;
        let outcome = async move {
            let (sender, receiver) = mpsc::channel(NOTICE_BUFFER);
            let request = ActionRequest { action: runnable, timeout, output: Some(sender) };
            let of_text = |text: String| Notice::Output { action, text: text.into() };
            let show = |text: String| notices.show(&text, of_text);
            let observation = with_notices(runtime.execute(request), receiver, show).await;
            notices.finish(of_text);
            observed((observation, None))
        };
        Some(Self::new(step, outcome, asides))
    }

    /// Returns what is to be recorded next: something on the way, or what the step came to.
    pub(crate) async fn next(&mut self) -> Input {
        tokio::select! {
            biased;
            Some(input) = self.asides.recv() => input,
            input = self.outcome.as_mut() => {
                // A future that has ended must not be asked again.
                self.outcome = Box::pin(std::future::pending());
                self.meter.end(&input);
                input
            }
        }
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

/// The notices of a model: what it thinks and what it says are two streams.
struct LlmNotices {
    /// The newest event that the model has seen.
    after: EventId,
    aside: mpsc::Sender<Input>,
    text: Notices,
    thoughts: Notices,
}

impl LlmNotices {
    fn show(&mut self, notice: LlmNotice) {
        let after = self.after;
        match notice {
            LlmNotice::Text(text) => {
                self.text.show(&text, |text| Notice::Text { after, text: text.into() });
            }
            LlmNotice::Reasoning(text) => {
                self.thoughts.show(&text, |text| Notice::Reasoning { after, text: text.into() });
            }
            LlmNotice::Restart => {
                // Also what was held back is withdrawn.
                self.finish();
                let _ = self.text.sender.send(Notice::Restart { after });
            }
            LlmNotice::Retry { attempt, attempts, wait, is_rate_limited } => {
                if is_rate_limited {
                    let seconds = wait.as_secs().max(1);
                    let reason = format!(
                        "The provider has had too many requests. The next attempt, {} of {attempts}, is in {seconds} s.",
                        attempt + 1
                    );
                    // One that finds no room says the same as one before it.
                    let _ = self.aside.try_send(Input::RateLimited { reason });
                }
                let message = format!("{attempt} / {attempts}, next in {} s", wait.as_secs());
                let id = "STATUS$LLM_RETRY".into();
                let message = message.into();
                let _ = self.text.sender.send(Notice::Status { is_error: false, id, message });
            }
        }
    }

    fn finish(&mut self) {
        let after = self.after;
        self.thoughts.finish(|text| Notice::Reasoning { after, text: text.into() });
        self.text.finish(|text| Notice::Text { after, text: text.into() });
    }
}

/// Where the notices of one step go. What the step says is one stream, in which secrets are masked.
#[derive(Clone)]
pub(crate) struct Notices {
    sender: broadcast::Sender<Notice>,
    masker: Masker,
    /// Secrets that are added while the step runs are masked from then on.
    secrets: watch::Receiver<Arc<[String]>>,
}

impl Notices {
    pub(crate) fn new(
        sender: broadcast::Sender<Notice>,
        masker: Masker,
        secrets: watch::Receiver<Arc<[String]>>,
    ) -> Self {
        Self { sender, masker, secrets }
    }

    fn show(&mut self, text: &str, notice: impl Fn(String) -> Notice) {
        if self.secrets.has_changed().unwrap_or(false) {
            self.masker.add(self.secrets.borrow_and_update().iter());
        }
        let shown = self.masker.push(text);
        self.send(shown, notice);
    }

    /// Shows what was held back because a secret might have begun there.
    fn finish(&mut self, notice: impl Fn(String) -> Notice) {
        let shown = self.masker.finish();
        self.send(shown, notice);
    }

    fn send(&self, text: String, notice: impl Fn(String) -> Notice) {
        if !text.is_empty() {
            let _ = self.sender.send(notice(text));
        }
    }
}
