//! What the model no longer sees when the history grows: condensers and their work.
//!
//! The history is never changed in the log: a condensation is an event that names what is
//! left out of the view, and the summary that stands in its place.

mod answer;
mod digest;
mod plan;
mod request;
mod view;

use oh_chat::{Completion, CompletionFailure, CompletionRequest};
use oh_event::{CondensationAction, EventId};

pub(crate) use digest::{digest, digest_line};
pub(crate) use plan::{Reason, estimate_tokens, is_safe, plan, reset_plan};
pub(crate) use request::request as condensation_request;
pub(crate) use view::{forget, is_summary, masked};

/// Something that shortens what the model sees. The names and their settings are those of
/// OpenHands' `[condenser]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condenser {
    /// `observation_masking`: older observations are left out.
    ObservationMasking {
        /// Events at the end whose observations stay.
        attention_window: usize,
    },
    /// `browser_output_masking`: older pages are left out.
    BrowserOutputMasking {
        /// Pages that stay.
        attention_window: usize,
    },
    /// `recent`: the first and the newest events are shown.
    Recent {
        /// Events at the start that stay.
        keep_first: usize,
        /// Events in all.
        max_events: usize,
    },
    /// `conversation_window`: on request, the older half is forgotten.
    ConversationWindow,
    /// `amortized`: beyond a size, the middle is forgotten.
    Amortized(Sizes),
    /// `llm`, `structured` and `llm_attention`: beyond a size, a model shortens the middle.
    Llm(LlmCondenser),
}

/// When a condenser works, and what it leaves alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sizes {
    /// Events at the start that stay, the system prompt among them.
    pub keep_first: usize,
    /// Events beyond which something is forgotten; half as many stay.
    pub max_size: usize,
    /// Tokens beyond which something is forgotten.
    pub max_tokens: Option<u64>,
}

/// A condenser that asks a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LlmCondenser {
    /// What it asks for.
    pub form: LlmForm,
    /// When it works.
    pub sizes: Sizes,
    /// Longest text of one event in the question, in characters.
    pub max_event_length: usize,
    /// Name of the model's settings, if it is not the agent's model.
    pub llm_config: Option<String>,
}

/// What a model makes of the events that are to be forgotten.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LlmForm {
    /// A summary in its own words.
    Summary,
    /// A summary in fixed fields.
    Structured,
    /// A choice of the events that matter most.
    Attention,
}

impl Default for Sizes {
    fn default() -> Self {
        Self { keep_first: 2, max_size: 240, max_tokens: None }
    }
}

/// What is to be forgotten: whole turns in the middle of the view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CondensationPlan {
    /// The first event.
    pub(crate) start: EventId,
    /// The last event.
    pub(crate) end: EventId,
    /// Events that the model sees before the summary, the system prompt not counted.
    pub(crate) offset: usize,
    /// Who does it.
    pub(crate) condenser: Option<LlmCondenser>,
    /// What is recorded if no model helps.
    pub(crate) fallback: Option<String>,
    /// Groups of events that a model may choose from: a turn each.
    pub(crate) groups: Vec<Vec<EventId>>,
    /// How many of the events that a model chooses stay.
    pub(crate) chosen: usize,
}

/// A question to a model whose answer shortens the history.
#[derive(Debug, Clone, PartialEq)]
pub struct CondensationWork {
    /// What is asked.
    pub request: CompletionRequest,
    /// Name of the model's settings, if it is not the agent's model.
    pub llm_config: Option<String>,
    /// What the answer is for; comes back with it.
    pub plan: CondensationPlan,
}

impl CondensationPlan {
    /// Says whether an event is to be forgotten, or may be.
    pub(crate) fn covers(&self, event: EventId) -> bool {
        (self.start..=self.end).contains(&event)
    }

    /// Returns what to record for a model's answer, or without one.
    pub(crate) fn action(
        &self,
        answer: Option<&Result<Completion, CompletionFailure>>,
    ) -> CondensationAction {
        answer::action(self, answer)
    }
}
