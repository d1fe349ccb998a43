//! What is recorded when a conversation begins, comes back, or ends.

use oh_event::{
    Action, AgentState, AgentStateChangedObservation, ChangeAgentStateAction, ErrorObservation,
    EventDraft, EventSource, Observation, OpaqueJson, SystemAction,
};

use crate::conversation::Conversation;
use crate::fault;
use crate::prompt::system_prompt;
use crate::tools::tool_specs;

const STOPPED_ID: &str = "AGENT_ERROR$ERROR_ACTION_NOT_EXECUTED_STOPPED";
const FAILED_ID: &str = "AGENT_ERROR$ERROR_ACTION_NOT_EXECUTED_ERROR";
const STOPPED: &str =
    "Stop button pressed. The action was interrupted; it may have had part of its effect.";
const RESTARTED: &str = "The server was restarted while this action was running. Its outcome is not known: look before you repeat it.";

/// Why an action is left without an outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Interruption {
    /// The user stopped the work.
    Stopped,
    /// The session ends.
    Closed,
    /// The server died under it.
    Restarted,
}

impl Conversation {
    /// Returns what to record first when a session starts.
    #[must_use]
    pub fn loading(&self) -> Vec<EventDraft> {
        vec![state_changed(AgentState::Loading, "")]
    }

    /// Returns what to record once a session can work on this conversation.
    ///
    /// A conversation that had events before gets an answer for every action that was
    /// left without one, and waits for its user; nothing runs by itself.
    #[must_use]
    pub fn opening(&self) -> Vec<EventDraft> {
        let mut drafts = Vec::new();
        if self.system.is_none() {
            drafts.push(self.system_draft());
        }
        drafts.extend(self.interrupted(Interruption::Restarted));
        // Whoever was asked before may still answer.
        let state = if self.proposals.is_empty() {
            AgentState::AwaitingUserInput
        } else {
            AgentState::AwaitingUserConfirmation
        };
        drafts.push(requested(state));
        drafts.push(state_changed(state, ""));
        drafts
    }

    /// Returns what to record once a session can work on a new conversation with its first
    /// message: the agent begins by itself.
    #[must_use]
    pub fn opening_with(&self, message: EventDraft) -> Vec<EventDraft> {
        let mut drafts = vec![self.system_draft(), message];
        drafts.push(requested(AgentState::Running));
        let recall = self.workspace_recall(&drafts);
        let (recall, answer) = self.at(&drafts, recall);
        drafts.push(recall);
        drafts.push(state_changed(AgentState::Running, ""));
        drafts.push(answer);
        drafts
    }

    /// Returns what to record when there is nothing to work with; a first message is kept.
    #[must_use]
    pub fn failed_opening(&self, message: Option<EventDraft>, reason: &str) -> Vec<EventDraft> {
        message.into_iter().chain([fault::failed(reason, fault::no_runtime())]).collect()
    }

    /// Returns what to record when the session ends, for `reason` if it is worth telling.
    #[must_use]
    pub fn closing(&self, reason: &str) -> Vec<EventDraft> {
        let mut drafts = self.interrupted(Interruption::Closed);
        if self.agent_state != AgentState::Stopped {
            drafts.push(state_changed(AgentState::Stopped, reason));
        }
        drafts
    }

    /// Answers every action that has no answer yet.
    pub(crate) fn interrupted(&self, interruption: Interruption) -> Vec<EventDraft> {
        let (error_id, content) = match interruption {
            Interruption::Stopped | Interruption::Closed => (STOPPED_ID, STOPPED),
            Interruption::Restarted => (FAILED_ID, RESTARTED),
        };
        let answer = |action: &std::sync::Arc<oh_event::Event>| {
            let observation = Observation::Error(ErrorObservation {
                content: content.to_owned(),
                error_id: error_id.to_owned(),
            });
            let mut draft = EventDraft::of_observation(EventSource::Agent, observation);
            draft.cause = Some(action.id);
            draft.tool_call.clone_from(&action.draft.tool_call);
            draft
        };
        // Nobody has to answer for actions that the user has not allowed, unless they say
        // that there is to be an end.
        let refused = self.proposals.iter().filter(|_| interruption == Interruption::Stopped);
        self.pending.iter().chain(refused).map(answer).collect()
    }

    fn system_draft(&self) -> EventDraft {
        let tools = tool_specs(&self.config)
            .into_iter()
            .map(|tool| {
                let function = serde_json::json!({
                    "type": "function",
                    "function": {
                        "name": tool.name,
                        "description": tool.description,
                        "parameters": serde_json::from_str::<serde_json::Value>(&tool.parameters)
                            .unwrap_or_default(),
                    },
                });
                OpaqueJson::from_json_text(function.to_string())
            })
            .collect();
        EventDraft::of_action(
            EventSource::Agent,
            Action::System(SystemAction {
                content: system_prompt(&self.config),
                tools: Some(tools),
                openhands_version: Some(self.config.version.clone()),
                agent_class: Some(self.config.agent_class.clone()),
            }),
        )
    }
}

/// The agent's state is now `state`.
pub(crate) fn state_changed(state: AgentState, reason: &str) -> EventDraft {
    let observation = Observation::AgentStateChanged(AgentStateChangedObservation {
        content: String::new(),
        agent_state: state,
        reason: reason.to_owned(),
        fault: None,
    });
    EventDraft::of_observation(EventSource::Environment, observation)
}

/// The server asks for a state, as a session starts.
fn requested(state: AgentState) -> EventDraft {
    EventDraft::of_action(
        EventSource::Environment,
        Action::ChangeAgentState(ChangeAgentStateAction {
            agent_state: state,
            thought: String::new(),
        }),
    )
}
