use crate::{Action, EventId, LlmMetrics, Observation, ToolCallMetadata};

/// A recorded fact of one conversation.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Place in the log, given at append.
    pub id: EventId,
    /// Time of the append.
    pub timestamp: Timestamp,
    /// Everything that was known before the append.
    pub draft: EventDraft,
}

/// A fact that has no id and no time yet.
#[derive(Debug, Clone, PartialEq)]
pub struct EventDraft {
    /// Who caused it.
    pub source: EventSource,
    /// The action that this observation answers.
    pub cause: Option<EventId>,
    /// Hard time limit of an action in seconds, if one was asked for.
    pub timeout: Option<f64>,
    /// The model's tool call that this event stems from.
    pub tool_call: Option<Box<ToolCallMetadata>>,
    /// The conversation's model use so far, on actions of the agent.
    pub llm_metrics: Option<Box<LlmMetrics>>,
    /// What happened.
    pub body: EventBody,
}

/// One of OpenHands' two kinds of event.
#[derive(Debug, Clone, PartialEq)]
pub enum EventBody {
    /// Something decided or asked.
    Action(Action),
    /// What came of it.
    Observation(Observation),
}

/// Who caused an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EventSource {
    /// A client.
    User,
    /// The agent.
    Agent,
    /// The server itself.
    Environment,
}

/// A moment in UTC, in microseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Timestamp(pub i64);

impl Event {
    /// Returns the action, if the event is one.
    #[must_use]
    pub fn action(&self) -> Option<&Action> {
        self.draft.action()
    }

    /// Returns the observation, if the event is one.
    #[must_use]
    pub fn observation(&self) -> Option<&Observation> {
        match &self.draft.body {
            EventBody::Action(_) => None,
            EventBody::Observation(observation) => Some(observation),
        }
    }
}

impl EventDraft {
    /// Returns a draft of an action, without timeout and metadata.
    #[must_use]
    pub fn of_action(source: EventSource, action: Action) -> Self {
        Self::new(source, EventBody::Action(action))
    }

    /// Returns a draft of an observation that answers no action.
    #[must_use]
    pub fn of_observation(source: EventSource, observation: Observation) -> Self {
        Self::new(source, EventBody::Observation(observation))
    }

    /// Names the action that this event answers.
    #[must_use]
    pub fn caused_by(mut self, cause: EventId) -> Self {
        self.cause = Some(cause);
        self
    }

    /// Returns the action, if the draft is one.
    #[must_use]
    pub fn action(&self) -> Option<&Action> {
        match &self.body {
            EventBody::Action(action) => Some(action),
            EventBody::Observation(_) => None,
        }
    }

    fn new(source: EventSource, body: EventBody) -> Self {
        Self { source, cause: None, timeout: None, tool_call: None, llm_metrics: None, body }
    }
}

impl EventSource {
    /// Returns OpenHands' spelling of the source.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Agent => "agent",
            Self::Environment => "environment",
        }
    }
}
