use std::collections::VecDeque;
use std::sync::Arc;

use oh_chat::{Completion, CompletionFailure, CompletionRequest, Spent};
use oh_event::{
    AgentState, Event, EventDraft, EventId, LlmMetrics, Observation, TaskItem, Timestamp,
    ToolCallMetadata, ToolCallRecord,
};

use crate::condense::{CondensationPlan, CondensationWork, condensation_request};
use crate::config::{AgentConfig, Limits, ToolChoice};
use crate::prompt;
use crate::skills::Knowledge;
use crate::stuck::Loop;
use crate::tools::tool_specs;

/// What can come in.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    /// A client's action.
    UserAction(EventDraft),
    /// The model's answer to the request of [`Step::CallLlm`].
    Completion(Result<Completion, CompletionFailure>),
    /// The answer to the request of [`Step::Condense`].
    Condensed {
        /// What was asked for.
        plan: CondensationPlan,
        /// The answer.
        result: Result<Completion, CompletionFailure>,
    },
    /// The provider refused the request of the step that runs because there were too many,
    /// and it is made again later.
    RateLimited {
        /// When, for people.
        reason: String,
    },
    /// What came of the action of [`Step::RunAction`].
    Observation {
        /// The action.
        action: EventId,
        /// What came of it.
        observation: Observation,
        /// What models were asked for it.
        spent: Option<Spent>,
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
    /// A model's answer to [`Conversation::condensation_work`], before the agent's model is
    /// asked.
    Condense {
        /// The event that made it necessary.
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
    /// The time of the newest event.
    pub(crate) now: Timestamp,
    pub(crate) agent_state: AgentState,
    pub(crate) system: Option<Arc<Event>>,
    /// The view: the events that the model sees, in order.
    pub(crate) history: Vec<Arc<Event>>,
    /// Runnable actions without an answer, in order.
    pub(crate) pending: VecDeque<Arc<Event>>,
    /// Actions that wait for the user, or have been allowed and wait for their turn.
    pub(crate) proposals: VecDeque<Arc<Event>>,
    /// Tool calls of the model's last response that have not been turned into events.
    pub(crate) open_calls: VecDeque<ToolCallRecord>,
    /// The tool call that the last event of the agent stems from.
    pub(crate) batch: Option<Arc<Event>>,
    /// The event since which the model's answer is wanted.
    pub(crate) thinking_since: Option<EventId>,
    pub(crate) last_user_message: Option<EventId>,
    /// The facts about the workspace have been given.
    pub(crate) is_briefed: bool,
    pub(crate) iterations: u64,
    pub(crate) llm_calls: u64,
    pub(crate) busy_micros: u64,
    pub(crate) busy_since: Option<Timestamp>,
    pub(crate) limits: Limits,
    pub(crate) metrics: LlmMetrics,
    /// About how many tokens the next request has.
    pub(crate) context_tokens: u64,
    /// The newest request to forget something that has not been answered.
    pub(crate) condensation_wanted: Option<EventId>,
    /// What is to be forgotten before the model is asked.
    pub(crate) condensation: Option<CondensationPlan>,
    /// How often in a row a request was too long for the model.
    pub(crate) overflows: u32,
    /// Answers in a row that said nothing.
    pub(crate) empty_answers: u32,
    /// The newest remark on a repeated failure.
    pub(crate) nudged: Option<EventId>,
    /// The loop in which the agent was stopped.
    pub(crate) stuck: Option<Loop>,
    /// Loops are looked for from here on.
    pub(crate) loop_scope: EventId,
    pub(crate) tasks: Vec<TaskItem>,
    /// What was recorded elsewhere and is done again first.
    pub(crate) replay: VecDeque<EventDraft>,
    /// A shell may hold something that the agent relies on.
    pub(crate) has_shell: bool,
}

impl Conversation {
    /// Returns a conversation in which nothing has happened.
    #[must_use]
    pub fn new(config: AgentConfig) -> Self {
        Self {
            next_id: EventId(0),
            now: Timestamp(0),
            agent_state: AgentState::Loading,
            system: None,
            history: Vec::new(),
            pending: VecDeque::new(),
            proposals: VecDeque::new(),
            open_calls: VecDeque::new(),
            batch: None,
            thinking_since: None,
            last_user_message: None,
            is_briefed: false,
            iterations: 0,
            llm_calls: 0,
            busy_micros: 0,
            busy_since: None,
            limits: config.limits,
            metrics: LlmMetrics::default(),
            context_tokens: 0,
            condensation_wanted: None,
            condensation: None,
            overflows: 0,
            empty_answers: 0,
            nudged: None,
            stuck: None,
            loop_scope: EventId(0),
            tasks: Vec::new(),
            replay: VecDeque::new(),
            has_shell: false,
            config,
        }
    }

    /// Takes another configuration; what happened before stands.
    pub fn configure(&mut self, config: AgentConfig) {
        self.config = config;
    }

    /// Takes in what files tell the agent now; messages from now on bring it in.
    pub fn learn(&mut self, knowledge: Arc<Knowledge>) {
        self.config.knowledge = knowledge;
    }

    /// Returns what files tell the agent.
    #[must_use]
    pub fn knowledge(&self) -> Arc<Knowledge> {
        self.config.knowledge.clone()
    }

    /// Returns the tools that the model is offered.
    #[must_use]
    pub fn tools(&self) -> ToolChoice {
        self.config.tools
    }

    /// Takes in how much the model can read, in tokens.
    pub fn configure_model(&mut self, max_input_tokens: Option<u64>) {
        self.config.max_input_tokens = max_input_tokens;
    }

    /// Returns what to record for what came in. An empty list means: nothing happened.
    #[must_use]
    pub fn decide(&self, input: Input) -> Vec<EventDraft> {
        match input {
            Input::UserAction(draft) => self.decide_user_action(draft),
            Input::Completion(Ok(completion)) => self.decide_completion(completion),
            Input::Completion(Err(failure)) => self.decide_failure(&failure),
            Input::Condensed { plan, result } => self.decide_condensed(&plan, &result),
            Input::RateLimited { reason } => self.decide_rate_limited(&reason),
            Input::Observation { action, observation, spent } => {
                self.decide_observation(action, observation, spent)
            }
        }
    }

    /// Returns what should be running now, once nothing is [`Self::due`].
    #[must_use]
    pub fn next_step(&self) -> Step {
        if let Some(since) = self.thinking_since {
            match &self.condensation {
                Some(_) => Step::Condense { since },
                None => Step::CallLlm { since },
            }
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

    /// Returns what to ask a model for [`Step::Condense`].
    #[must_use]
    pub fn condensation_work(&self) -> Option<CondensationWork> {
        let plan = self.condensation.clone()?;
        let condenser = plan.condenser.clone()?;
        let request = condensation_request(&self.history, &plan, &condenser);
        Some(CondensationWork { request, llm_config: condenser.llm_config, plan })
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

    /// Says that the next event will get this id: those below it are applied, or are of a type that
    /// nobody here knows.
    pub fn go_on_at(&mut self, next: EventId) {
        debug_assert!(next >= self.next_id, "ids are not given twice");
        self.next_id = next;
    }

    /// Returns what is left until the agent stops; a part of the work may use it up.
    #[must_use]
    pub fn limits_left(&self) -> Limits {
        let used = self.consumption();
        let limits = self.limits;
        Limits {
            max_iterations: limits.max_iterations.saturating_sub(used.iterations).max(1),
            max_budget: limits.max_budget.map(|max| (max - used.cost).max(0.0)),
            max_tokens: limits.max_tokens.map(|max| max.saturating_sub(used.tokens)),
            max_seconds: limits
                .max_seconds
                .map(|max| max.saturating_sub(used.busy_micros / 1_000_000)),
        }
    }

    /// Returns the totals of the conversation's use of models.
    #[must_use]
    pub fn metrics(&self) -> &LlmMetrics {
        &self.metrics
    }
}

/// Says whether two tool calls stem from one response of the model.
pub(crate) fn is_same_response(a: &ToolCallMetadata, b: &ToolCallMetadata) -> bool {
    let (a, b) = (&a.model_response, &b.model_response);
    a.id == b.id && a.created == b.created && a.tool_calls == b.tool_calls
}
