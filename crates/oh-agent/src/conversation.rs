use std::collections::VecDeque;
use std::sync::Arc;

use oh_chat::{Completion, CompletionFailure, CompletionRequest};
use oh_event::{
    Action, AgentState, Event, EventBody, EventDraft, EventId, EventSource, LlmMetrics,
    Observation, ToolCallMetadata, ToolCallRecord,
};

use crate::config::AgentConfig;
use crate::prompt;
use crate::tools::tool_specs;

/// What can come in.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    /// A client's action.
    UserAction(EventDraft),
    /// The model's answer to the request of [`Step::CallLlm`].
    Completion(Result<Completion, CompletionFailure>),
    /// What came of the action of [`Step::RunAction`].
    Observation {
        /// The action.
        action: EventId,
        /// What came of it.
        observation: Observation,
    },
}

/// What should be running now. Two equal steps are the same work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Nothing.
    Wait,
    /// The model's answer to [`Conversation::completion_request`].
    CallLlm {
        /// The event that made the answer necessary.
        since: EventId,
    },
    /// An action in the runtime: see [`Conversation::pending_action`].
    RunAction {
        /// The action.
        action: EventId,
    },
}

/// One conversation's state: the fold of its events.
#[derive(Debug, Clone)]
pub struct Conversation {
    pub(crate) config: AgentConfig,
    /// The id that the next event will get.
    pub(crate) next_id: EventId,
    pub(crate) agent_state: AgentState,
    /// Why the agent is in [`AgentState::Error`].
    pub(crate) reason: String,
    pub(crate) system: Option<Arc<Event>>,
    /// The events that the model sees, in order.
    pub(crate) history: Vec<Arc<Event>>,
    /// Runnable actions without an answer, in order.
    pub(crate) pending: VecDeque<Arc<Event>>,
    /// Tool calls of the model's last response that have not been turned into events.
    pub(crate) open_calls: VecDeque<ToolCallRecord>,
    /// The tool call that the last event of the agent stems from.
    pub(crate) batch: Option<Arc<Event>>,
    /// The event since which the model's answer is wanted.
    pub(crate) thinking_since: Option<EventId>,
    pub(crate) last_user_message: Option<EventId>,
    pub(crate) iterations: u64,
    pub(crate) max_iterations: u64,
    pub(crate) metrics: LlmMetrics,
    /// A shell may hold something that the agent relies on.
    has_shell: bool,
}

impl Conversation {
    /// Returns a conversation in which nothing has happened.
    #[must_use]
    pub fn new(config: AgentConfig) -> Self {
        Self {
            next_id: EventId(0),
            agent_state: AgentState::Loading,
            reason: String::new(),
            system: None,
            history: Vec::new(),
            pending: VecDeque::new(),
            open_calls: VecDeque::new(),
            batch: None,
            thinking_since: None,
            last_user_message: None,
            iterations: 0,
            max_iterations: config.max_iterations,
            metrics: LlmMetrics::default(),
            has_shell: false,
            config,
        }
    }

    /// Takes another configuration; what happened before stands.
    pub fn configure(&mut self, config: AgentConfig) {
        self.config = config;
    }

    /// Takes in what happened. Events must come in the order of their ids.
    pub fn apply(&mut self, event: &Event) {
        debug_assert_eq!(event.id, self.next_id, "events come in order");
        self.next_id = event.id.next();
        let event = Arc::new(event.clone());
        match &event.draft.body {
            EventBody::Action(action) => self.apply_action(&event, action),
            EventBody::Observation(observation) => self.apply_observation(&event, observation),
        }
        if event.draft.source == EventSource::Agent {
            // Whatever the model said is taken in; a further answer is a new one.
            self.thinking_since = None;
        }
        self.thinking_since = match (self.needs_completion(), self.thinking_since) {
            (false, _) => None,
            (true, Some(since)) => Some(since),
            (true, None) => Some(event.id),
        };
    }

    /// Returns what to record for what came in. An empty list means: nothing happened.
    #[must_use]
    pub fn decide(&self, input: Input) -> Vec<EventDraft> {
        match input {
            Input::UserAction(draft) => self.decide_user_action(draft),
            Input::Completion(Ok(completion)) => self.decide_completion(completion),
            Input::Completion(Err(failure)) => self.decide_failure(&failure),
            Input::Observation { action, observation } => {
                self.decide_observation(action, observation)
            }
        }
    }

    /// Returns what should be running now.
    #[must_use]
    pub fn next_step(&self) -> Step {
        if let Some(since) = self.thinking_since {
            Step::CallLlm { since }
        } else if let Some(action) = self.pending.front() {
            Step::RunAction { action: action.id }
        } else {
            Step::Wait
        }
    }

    /// Returns what to ask the model for [`Step::CallLlm`].
    #[must_use]
    pub fn completion_request(&self) -> CompletionRequest {
        CompletionRequest {
            messages: prompt::messages(self),
            tools: tool_specs(&self.config),
            is_cached: true,
        }
    }

    /// Returns the action for [`Step::RunAction`].
    #[must_use]
    pub fn pending_action(&self, id: EventId) -> Option<&Event> {
        self.pending.iter().find(|event| event.id == id).map(Arc::as_ref)
    }

    /// Returns the agent's public state.
    #[must_use]
    pub fn agent_state(&self) -> AgentState {
        self.agent_state
    }

    /// Says whether the user has said anything.
    #[must_use]
    pub fn has_user_message(&self) -> bool {
        self.last_user_message.is_some()
    }

    /// Returns the id that the next event will get.
    #[must_use]
    pub fn next_event_id(&self) -> EventId {
        self.next_id
    }

    /// Returns the totals of the conversation's use of models.
    #[must_use]
    pub fn metrics(&self) -> &LlmMetrics {
        &self.metrics
    }

    fn apply_action(&mut self, event: &Arc<Event>, action: &Action) {
        let source = event.draft.source;
        if let Some(metrics) = &event.draft.llm_metrics {
            self.metrics = (**metrics).clone();
        }
        self.apply_tool_call(event);
        if let Action::System(_) = action {
            self.system = Some(event.clone());
            return;
        }
        if source == EventSource::Agent {
            self.iterations += 1;
        }
        if let Action::Run(run) = action
            && !run.is_static
        {
            self.has_shell = true;
        }
        if action.is_runnable() && source != EventSource::Environment {
            self.pending.push_back(event.clone());
        }
        if let Action::Message(_) = action
            && source == EventSource::User
        {
            self.last_user_message = Some(event.id);
        }
        if let Action::Finish(_) = action {
            self.open_calls.clear();
        }
        let is_hidden = matches!(action, Action::Run(run) if run.hidden);
        let is_request =
            matches!(action, Action::ChangeAgentState(_) | Action::Recall(_) | Action::Null(_));
        if !is_hidden && !is_request {
            self.history.push(event.clone());
        }
    }

    fn apply_observation(&mut self, event: &Arc<Event>, observation: &Observation) {
        if let Some(cause) = event.draft.cause {
            self.pending.retain(|action| action.id != cause);
        } else if event.draft.tool_call.is_some() {
            // A call that could not be turned into an action costs an iteration too, or a
            // confused model would never stop.
            self.iterations += 1;
            self.apply_tool_call(event);
        }
        match observation {
            Observation::AgentStateChanged(change) => {
                let ends_shell =
                    matches!(change.agent_state, AgentState::Stopped | AgentState::Loading);
                if ends_shell && std::mem::take(&mut self.has_shell) {
                    // The model is told: see the prompt.
                    self.history.push(event.clone());
                }
                self.apply_state(change.agent_state, &change.reason);
            }
            Observation::Null(_) | Observation::LoopDetection(_) => {}
            Observation::Run(run) if run.hidden => {}
            Observation::Run(_)
            | Observation::RunIpython(_)
            | Observation::Read(_)
            | Observation::Write(_)
            | Observation::Edit(_)
            | Observation::Browse(_)
            | Observation::Mcp(_)
            | Observation::Think(_)
            | Observation::TaskTracking(_)
            | Observation::Delegate(_)
            | Observation::Recall(_)
            | Observation::Error(_)
            | Observation::UserRejected(_)
            | Observation::Success(_)
            | Observation::Condense(_)
            | Observation::Download(_) => self.history.push(event.clone()),
        }
    }

    fn apply_state(&mut self, state: AgentState, reason: &str) {
        let was_at_limit = self.iterations >= self.max_iterations;
        if self.agent_state == AgentState::Error && state == AgentState::Running && was_at_limit {
            self.max_iterations += self.config.max_iterations;
        }
        if state != AgentState::Running {
            // Calls that have not begun are given up; the model learns that from the prompt.
            self.open_calls.clear();
        }
        self.agent_state = state;
        reason.clone_into(&mut self.reason);
    }

    /// Keeps the list of tool calls that still have to be turned into events.
    fn apply_tool_call(&mut self, event: &Arc<Event>) {
        let Some(metadata) = &event.draft.tool_call else { return };
        let is_same = self.batch.as_ref().is_some_and(|batch| {
            batch.draft.tool_call.as_ref().is_some_and(|known| is_same_response(known, metadata))
        });
        if !is_same {
            self.open_calls = metadata.model_response.tool_calls.iter().cloned().collect();
        }
        self.open_calls.retain(|call| call.id != metadata.tool_call_id);
        self.batch = Some(event.clone());
    }

    /// Says whether the agent can only go on with an answer of the model.
    fn needs_completion(&self) -> bool {
        let is_busy = self.pending.iter().any(|event| event.draft.source == EventSource::Agent);
        self.agent_state == AgentState::Running
            && self.last_user_message.is_some()
            && !is_busy
            && self.open_calls.is_empty()
    }
}

/// Says whether two tool calls stem from one response of the model.
pub(crate) fn is_same_response(a: &ToolCallMetadata, b: &ToolCallMetadata) -> bool {
    let (a, b) = (&a.model_response, &b.model_response);
    a.id == b.id && a.created == b.created && a.tool_calls == b.tool_calls
}
