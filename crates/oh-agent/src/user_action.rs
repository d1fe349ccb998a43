//! What to record for a client's action.

use oh_event::{
    Action, AgentState, ChangeAgentStateAction, ConfirmationState, ErrorObservation, EventDraft,
    EventId, EventSource, Observation, ToolCallMetadata, ToolCallRecord,
};

use crate::confirmation::judged;
use crate::conversation::Conversation;
use crate::lifecycle::{Interruption, state_changed};

const SUPERSEDED: &str = "Not executed: the user sent a message before it was this call's turn.";

impl Conversation {
    pub(crate) fn decide_user_action(&self, draft: EventDraft) -> Vec<EventDraft> {
        match draft.action() {
            Some(Action::Message(_)) => self.decide_message(draft),
            Some(Action::ChangeAgentState(change)) => {
                let change = change.clone();
                self.decide_state(draft, &change)
            }
            Some(Action::LoopRecovery(recovery)) => {
                let option = recovery.option;
                self.decide_recovery(draft, option)
            }
            Some(
                Action::Run(_)
                | Action::CondensationRequest(_)
                | Action::Recall(_)
                | Action::Delegate(_),
            ) => {
                // What the user does needs no leave of the user.
                vec![judged(draft, ConfirmationState::Confirmed)]
            }
            // Clients cannot send the rest; the edge refuses it.
            Some(
                Action::System(_)
                | Action::RunIpython(_)
                | Action::Read(_)
                | Action::Write(_)
                | Action::Edit(_)
                | Action::Browse(_)
                | Action::BrowseInteractive(_)
                | Action::CallToolMcp(_)
                | Action::Think(_)
                | Action::Finish(_)
                | Action::Reject(_)
                | Action::Condensation(_)
                | Action::TaskTracking(_)
                | Action::Null(_),
            )
            | None => Vec::new(),
        }
    }

    /// A message sets the agent to work. While a command runs the message waits for the
    /// command's end; calls of the same response that have not begun are given up.
    fn decide_message(&self, message: EventDraft) -> Vec<EventDraft> {
        // A first message that met a failed start was not answered.
        let is_first = !self.is_briefed;
        let mut drafts = vec![message];
        drafts.extend(self.superseded_proposals());
        drafts.extend(self.open_calls.iter().filter_map(|call| self.superseded(call)));
        let recall = is_first.then(|| self.recall_draft(&drafts));
        let recall_id = EventId(self.next_id.0 + drafts.len() as u64);
        drafts.extend(recall);
        if !matches!(self.agent_state, AgentState::Running | AgentState::RateLimited) {
            drafts.push(state_changed(AgentState::Running, ""));
        }
        if is_first {
            drafts.push(self.recalled(recall_id));
        }
        drafts
    }

    /// A way out of a loop; without a loop there is nothing to do.
    fn decide_recovery(&self, draft: EventDraft, option: i64) -> Vec<EventDraft> {
        let state = match option {
            _ if self.stuck.is_none() => None,
            1 => Some(AgentState::AwaitingUserInput),
            2 => Some(AgentState::Running),
            3 => Some(AgentState::Stopped),
            _ => None,
        };
        let state = state.filter(|state| *state != self.agent_state);
        std::iter::once(draft).chain(state.map(|state| state_changed(state, ""))).collect()
    }

    fn superseded(&self, call: &ToolCallRecord) -> Option<EventDraft> {
        let metadata = self.batch.as_ref()?.draft.tool_call.as_ref()?;
        let observation = Observation::Error(ErrorObservation {
            content: SUPERSEDED.to_owned(),
            error_id: String::new(),
        });
        let mut draft = EventDraft::of_observation(EventSource::Agent, observation);
        draft.tool_call = Some(Box::new(ToolCallMetadata {
            function_name: call.name.clone(),
            tool_call_id: call.id.clone(),
            ..(**metadata).clone()
        }));
        Some(draft)
    }

    fn decide_state(
        &self,
        request: EventDraft,
        change: &ChangeAgentStateAction,
    ) -> Vec<EventDraft> {
        let wanted = change.agent_state;
        let is_possible = match wanted {
            AgentState::UserConfirmed | AgentState::UserRejected => {
                self.agent_state == AgentState::AwaitingUserConfirmation
            }
            AgentState::Running => self.last_user_message.is_some(),
            AgentState::Paused
            | AgentState::Stopped
            | AgentState::AwaitingUserInput
            | AgentState::Finished => true,
            AgentState::Loading
            | AgentState::Rejected
            | AgentState::Error
            | AgentState::AwaitingUserConfirmation
            | AgentState::RateLimited => false,
        };
        if is_possible && wanted == AgentState::UserConfirmed {
            return self.decide_confirmed(request);
        }
        if is_possible && wanted == AgentState::UserRejected {
            return self.decide_rejected(request, &change.thought);
        }
        let mut drafts = vec![request];
        // Whoever resumes has still to say whether the actions may run.
        let is_asked_still = wanted == AgentState::Running && !self.proposals.is_empty();
        let wanted = if is_asked_still { AgentState::AwaitingUserConfirmation } else { wanted };
        if !is_possible || wanted == self.agent_state {
            // A stop also ends a command that the user runs while the agent rests.
            if wanted == AgentState::Stopped {
                drafts.extend(self.interrupted(Interruption::Stopped));
            }
            return drafts;
        }
        if wanted == AgentState::Stopped {
            drafts.extend(self.interrupted(Interruption::Stopped));
        }
        drafts.push(state_changed(wanted, ""));
        drafts
    }
}
