//! Actions that wait for the user.

use std::sync::Arc;

use oh_event::{
    Action, AgentState, ConfirmationState, Event, EventBody, EventDraft, EventId, EventSource,
    Observation, PlainObservation, SecurityRisk,
};

use crate::conversation::Conversation;
use crate::lifecycle::state_changed;
use crate::policy::risk_of;

const REJECTED: &str = "The user did not allow this action. It was not executed.";
const SUPERSEDED: &str =
    "The user did not allow this action and sent a message instead. It was not executed.";

impl Conversation {
    /// Says whether an action of the agent waits for the user.
    pub(crate) fn asks_for(&self, action: &Action) -> bool {
        action.is_runnable() && self.config.confirmation.asks(risk_of(action))
    }

    /// Returns the action as one that waits.
    pub(crate) fn proposed(&self, draft: EventDraft) -> EventDraft {
        judged(draft, ConfirmationState::AwaitingConfirmation)
    }

    /// The user lets the waiting actions run: the first of them does now.
    pub(crate) fn decide_confirmed(&self, request: EventDraft) -> Vec<EventDraft> {
        let mut drafts = vec![request];
        drafts.extend(self.next_confirmed());
        drafts.push(state_changed(AgentState::UserConfirmed, ""));
        drafts
    }

    /// Returns the next action that the user let run.
    pub(crate) fn next_confirmed(&self) -> Option<EventDraft> {
        let proposal = self.proposals.front()?;
        Some(again(proposal, ConfirmationState::Confirmed))
    }

    /// The user refuses the waiting actions; `reason` is told to the model.
    pub(crate) fn decide_rejected(&self, request: EventDraft, reason: &str) -> Vec<EventDraft> {
        let mut drafts = vec![request];
        let first = self.next_id.0 + drafts.len() as u64;
        let again = |proposal| again(proposal, ConfirmationState::Rejected);
        drafts.extend(self.proposals.iter().map(again));
        drafts.push(state_changed(AgentState::UserRejected, ""));
        let reason = reason.trim();
        let content = if reason.is_empty() {
            REJECTED.to_owned()
        } else {
            format!("{REJECTED} They said: {reason}")
        };
        drafts.extend(
            self.proposals.iter().enumerate().map(|(index, proposal)| {
                rejection(proposal, EventId(first + index as u64), &content)
            }),
        );
        drafts.push(state_changed(AgentState::AwaitingUserInput, ""));
        drafts
    }

    /// A message takes the place of an answer.
    pub(crate) fn superseded_proposals(&self) -> impl Iterator<Item = EventDraft> {
        self.proposals.iter().map(|proposal| rejection(proposal, proposal.id, SUPERSEDED))
    }
}

/// Returns the action with its risk, and allowed or not.
pub(crate) fn judged(mut draft: EventDraft, state: ConfirmationState) -> EventDraft {
    if let EventBody::Action(action) = draft.body {
        let risk = risk_of(&action);
        draft.body = EventBody::Action(action.judged(risk, state));
    }
    draft
}

/// Returns the risk that a policy judges by, for the record.
pub(crate) fn with_risk(draft: EventDraft) -> EventDraft {
    match draft.action().map(Action::security_risk) {
        None | Some(SecurityRisk::High) => draft,
        Some(_) => judged(draft, ConfirmationState::Confirmed),
    }
}

/// The same action again, answered by the user.
fn again(proposal: &Arc<Event>, state: ConfirmationState) -> EventDraft {
    let mut draft = judged(proposal.draft.clone(), state);
    draft.llm_metrics = None;
    if let EventBody::Action(action) = &mut draft.body
        && let Some(thought) = action.thought_mut()
    {
        thought.clear();
    }
    draft
}

fn rejection(proposal: &Arc<Event>, cause: EventId, content: &str) -> EventDraft {
    let observation = Observation::UserRejected(PlainObservation { content: content.to_owned() });
    let mut draft = EventDraft::of_observation(EventSource::Agent, observation);
    draft.cause = Some(cause);
    draft.tool_call.clone_from(&proposal.draft.tool_call);
    draft
}
