use oh_agent::{AgentConfig, Conversation, Input, Limits, Step};
use oh_chat::{Completion, ToolCall, Usage};
use oh_event::{
    Action, AgentState, ChangeAgentStateAction, CommandMetadata, Event, EventBody, EventDraft,
    EventId, EventSource, MessageAction, Observation, RunAction, RunObservation, Timestamp,
};

/// A conversation with the log that it is the fold of.
#[derive(Debug, Clone)]
pub(crate) struct Harness {
    pub(crate) conversation: Conversation,
    pub(crate) log: Vec<Event>,
    /// Seconds since 1970 at which the next event happens.
    pub(crate) clock: i64,
}

impl Harness {
    pub(crate) fn new(max_iterations: u64) -> Self {
        let limits = Limits { max_iterations, ..Limits::default() };
        Self::of(AgentConfig { limits, ..AgentConfig::default() })
    }

    pub(crate) fn of(config: AgentConfig) -> Self {
        Self { conversation: Conversation::new(config), log: Vec::new(), clock: 0 }
    }

    /// A conversation of this agent, which works on a first message.
    pub(crate) fn started_with(config: AgentConfig) -> Self {
        let mut harness = Self::of(config);
        harness.open_with(message("go"));
        harness
    }

    /// A conversation whose agent works on a first message.
    pub(crate) fn started() -> Self {
        let mut harness = Self::new(500);
        harness.open_with(message("go"));
        harness
    }

    /// Starts a session, with a first message.
    pub(crate) fn open_with(&mut self, message: EventDraft) -> Vec<String> {
        let mut recorded = self.record(self.conversation.loading());
        recorded.extend(self.record(self.conversation.opening_with(message)));
        recorded
    }

    /// Starts a session.
    pub(crate) fn open(&mut self) -> Vec<String> {
        let mut recorded = self.record(self.conversation.loading());
        recorded.extend(self.record(self.conversation.opening()));
        recorded
    }

    /// Records, and then what is due.
    pub(crate) fn record(&mut self, mut drafts: Vec<EventDraft>) -> Vec<String> {
        let first = self.log.len();
        while !drafts.is_empty() {
            for draft in drafts {
                let id = self.conversation.next_event_id();
                let event = Event { id, timestamp: Timestamp(self.clock * 1_000_000), draft };
                self.conversation.apply(&event);
                self.log.push(event);
            }
            drafts = self.conversation.due();
            assert!(self.log.len() - first < 10_000, "it never ends");
        }
        self.log[first..].iter().map(describe).collect()
    }

    /// Lets something come in and returns what was recorded for it.
    pub(crate) fn put(&mut self, input: Input) -> Vec<String> {
        let drafts = self.conversation.decide(input);
        self.record(drafts)
    }

    pub(crate) fn say(&mut self, text: &str) -> Vec<String> {
        self.put(Input::UserAction(message(text)))
    }

    pub(crate) fn ask_state(&mut self, agent_state: AgentState) -> Vec<String> {
        let action = ChangeAgentStateAction { agent_state, thought: String::new() };
        let action = Action::ChangeAgentState(action);
        self.put(Input::UserAction(EventDraft::of_action(EventSource::User, action)))
    }

    pub(crate) fn answer(&mut self, calls: &[(&str, &str)]) -> Vec<String> {
        let response = self.log.len();
        self.put(Input::Completion(Ok(completion(response, "", calls))))
    }

    pub(crate) fn ran(&mut self, output: &str) -> Vec<String> {
        self.observed(run_observation(output))
    }

    /// What runs ends.
    pub(crate) fn observed(&mut self, observation: Observation) -> Vec<String> {
        let Step::RunAction { action } = self.conversation.next_step() else {
            panic!("nothing runs: {:?}", self.conversation.next_step());
        };
        self.put(Input::Observation { action, observation, spent: None })
    }

    /// The newest action of a kind.
    pub(crate) fn last_action(&self, name: &str) -> &Action {
        let actions = self.log.iter().rev().filter_map(Event::action);
        actions.into_iter().find(|action| action.name() == name).expect("there is one")
    }

    /// Why the agent is in its state.
    pub(crate) fn reason(&self) -> String {
        let states = self.log.iter().rev().filter_map(|event| match event.observation() {
            Some(Observation::AgentStateChanged(change)) => Some(change.reason.clone()),
            Some(_) | None => None,
        });
        states.into_iter().next().unwrap_or_default()
    }
}

pub(crate) fn message(text: &str) -> EventDraft {
    let content = text.to_owned();
    let action = Action::Message(MessageAction { content, ..MessageAction::default() });
    EventDraft::of_action(EventSource::User, action)
}

pub(crate) fn user_run(command: &str) -> EventDraft {
    let command = command.to_owned();
    let action = Action::Run(RunAction { command, ..RunAction::default() });
    EventDraft::of_action(EventSource::User, action)
}

pub(crate) fn run_observation(output: &str) -> Observation {
    let metadata = CommandMetadata { exit_code: 0, ..CommandMetadata::default() };
    let content = output.to_owned();
    Observation::Run(RunObservation { content, command: String::new(), metadata, hidden: false })
}

pub(crate) fn completion(response: usize, text: &str, calls: &[(&str, &str)]) -> Completion {
    let call = |(n, (name, arguments)): (usize, &(&str, &str))| ToolCall {
        id: format!("call_{response}_{n}"),
        name: (*name).to_owned(),
        arguments: (*arguments).to_owned(),
    };
    Completion {
        response_id: format!("response_{response}"),
        created: 0,
        model: "scripted".to_owned(),
        text: text.to_owned(),
        tool_calls: calls.iter().enumerate().map(call).collect(),
        reasoning: None,
        finish_reason: "stop".to_owned(),
        usage: Usage { prompt_tokens: 10, completion_tokens: 5, ..Usage::default() },
        cost: Some(0.5),
    }
}

pub(crate) const RUN: (&str, &str) = ("execute_bash", r#"{"command":"ls","security_risk":"LOW"}"#);
pub(crate) const FINISH: (&str, &str) = ("finish", r#"{"message":"done"}"#);

/// An event in a few words: source initial, kind, state or cause.
pub(crate) fn describe(event: &Event) -> String {
    let source = match event.draft.source {
        EventSource::User => 'U',
        EventSource::Agent => 'A',
        EventSource::Environment => 'E',
    };
    let cause = event.draft.cause.map_or(String::new(), |EventId(id)| format!(" <{id}"));
    match &event.draft.body {
        EventBody::Action(action) => format!("{source} {}", action.name()),
        EventBody::Observation(Observation::AgentStateChanged(change)) => {
            format!("{source} ={}", change.agent_state.as_str())
        }
        EventBody::Observation(observation) => format!("{source} :{}{cause}", observation.name()),
    }
}
