//! What the state itself asks to be recorded, before the model is asked.

use oh_event::{
    Action, AgentState, CondensationAction, ErrorObservation, Event, EventDraft, EventId,
    EventSource, FinishAction, Observation, OpaqueJson, PlainObservation,
};

use crate::conversation::Conversation;
use crate::fault;
use crate::lifecycle::state_changed;
use crate::stuck::{self, Loop, LoopKind};

/// The error observation that says that the agent is in a loop.
pub(crate) const STUCK_ID: &str = "AGENT_ERROR$STUCK_IN_LOOP";

impl Conversation {
    /// Returns what the state asks to be recorded now, before anything runs. Record it, apply
    /// it, and ask again until nothing is due.
    #[must_use]
    pub fn due(&self) -> Vec<EventDraft> {
        if self.thinking_since.is_none() {
            return Vec::new();
        }
        if let Some(reached) = self.limit_reached() {
            return vec![reached];
        }
        if let Some(replayed) = self.replay.front() {
            return self.replayed(replayed);
        }
        if let Some(drafts) = self.loop_found() {
            return drafts;
        }
        if self.is_exit() {
            return self.exit();
        }
        match &self.condensation {
            Some(plan) if plan.condenser.is_none() => {
                vec![condensed(plan.action(None))]
            }
            None if self.is_condensation_due() => {
                // There is nothing to forget, which answers the request too.
                let forgotten_event_ids = Some(Vec::new());
                vec![condensed(CondensationAction {
                    forgotten_event_ids,
                    ..CondensationAction::default()
                })]
            }
            Some(_) | None => Vec::new(),
        }
    }

    /// A loop ends the work, and the first failures of one kind are told to the model.
    fn loop_found(&self) -> Option<Vec<EventDraft>> {
        let Loop { kind, count, start } = self.current_loop()?;
        let is_told = self.nudged.is_some_and(|nudged| nudged > start);
        if kind == LoopKind::ActionError && count <= self.config.stuck.action_error {
            if is_told {
                return None;
            }
            let content = format!(
                "[The same call has failed {count} times in the same way. Do not send it again. Read the error, look at what is really there, and do something else.]"
            );
            let observation = Observation::LoopDetection(PlainObservation { content });
            return Some(vec![EventDraft::of_observation(EventSource::Environment, observation)]);
        }
        let what = format!("The agent repeats itself: {} {count} times.", kind.description());
        let content = if self.config.is_headless {
            what
        } else {
            format!(
                "{what} It is paused. Send a message that helps it on, resume it to let it try further, or recover: 1 = forget the repetition and wait, 2 = forget it and try the last message again, 3 = stop."
            )
        };
        let error = ErrorObservation { content, error_id: STUCK_ID.to_owned() };
        let error = EventDraft::of_observation(EventSource::Agent, Observation::Error(error));
        let state = if self.config.is_headless {
            fault::failed(fault::STUCK, fault::stuck())
        } else {
            state_changed(AgentState::Paused, fault::STUCK)
        };
        Some(vec![error, state])
    }

    /// Returns the loop that the agent is in.
    pub(crate) fn current_loop(&self) -> Option<Loop> {
        if self.config.is_headless {
            let own: Vec<_> =
                self.history.iter().filter(|event| !is_user_message(event)).cloned().collect();
            stuck::find(&own, &self.config.stuck)
        } else {
            let first = self.history.iter().rposition(|event| {
                is_user_message(event)
                    || (event.id < self.loop_scope && !crate::condense::is_summary(event))
            });
            let first = first.map_or(0, |index| index + 1);
            stuck::find(&self.history[first..], &self.config.stuck)
        }
    }

    fn is_exit(&self) -> bool {
        let last = self.history.iter().rev().find(|event| is_user_message(event));
        last.is_some_and(|event| match event.action() {
            Some(Action::Message(message)) => message.content.trim() == "/exit",
            Some(_) | None => false,
        })
    }

    fn exit(&self) -> Vec<EventDraft> {
        let action = Action::Finish(FinishAction {
            final_thought: String::new(),
            outputs: OpaqueJson::empty_object(),
            thought: String::new(),
        });
        vec![
            EventDraft::of_action(EventSource::Agent, action),
            state_changed(AgentState::Finished, ""),
        ]
    }

    /// Returns the next part of a recording, with what follows from it at once.
    fn replayed(&self, recorded: &EventDraft) -> Vec<EventDraft> {
        let is_last = self.replay.len() == 1;
        let Some(action) = recorded.action() else { return Vec::new() };
        let mut draft = recorded.clone();
        if let Action::Message(message) = action
            && recorded.source == EventSource::Agent
        {
            let mut message = message.clone();
            message.wait_for_response &= is_last;
            let waits = message.wait_for_response;
            draft.body = oh_event::EventBody::Action(Action::Message(message));
            let state = waits.then(|| state_changed(AgentState::AwaitingUserInput, ""));
            return std::iter::once(draft).chain(state).collect();
        }
        if recorded.source == EventSource::User {
            return vec![draft];
        }
        let action = action.clone();
        if self.asks_for(&action) {
            let mut drafts = vec![state_changed(AgentState::AwaitingUserConfirmation, "")];
            drafts.push(self.proposed(draft));
            return drafts;
        }
        let mut drafts = Vec::new();
        self.push_issued(&mut drafts, draft, self.next_id);
        if matches!(action, Action::Finish(_)) && is_last {
            drafts.push(state_changed(AgentState::Finished, ""));
        }
        drafts
    }

    /// Lets the agent first do again what was recorded elsewhere: the actions of a
    /// trajectory, without those that arise by themselves. Nothing of it is in the log until
    /// it is done.
    pub fn replay(&mut self, recorded: impl IntoIterator<Item = EventDraft>) {
        let arises_by_itself = |action: &Action| match action {
            Action::System(_)
            | Action::Recall(_)
            | Action::ChangeAgentState(_)
            | Action::Condensation(_)
            | Action::CondensationRequest(_)
            | Action::LoopRecovery(_)
            | Action::Reject(_)
            | Action::Null(_) => true,
            Action::Run(_)
            | Action::Message(_)
            | Action::RunIpython(_)
            | Action::Read(_)
            | Action::Write(_)
            | Action::Edit(_)
            | Action::Browse(_)
            | Action::BrowseInteractive(_)
            | Action::CallToolMcp(_)
            | Action::Think(_)
            | Action::Finish(_)
            | Action::Delegate(_)
            | Action::TaskTracking(_) => false,
        };
        let is_wanted = |draft: &EventDraft| {
            draft.source != EventSource::Environment
                && draft.action().is_some_and(|action| {
                    // A proposal that was confirmed was recorded a second time.
                    let runs =
                        action.confirmation_state() == oh_event::ConfirmationState::Confirmed;
                    runs && !arises_by_itself(action)
                })
        };
        // What the recording has cost was paid by others.
        let again = |draft| EventDraft { cause: None, llm_metrics: None, ..draft };
        self.replay = recorded.into_iter().filter(is_wanted).map(again).collect();
    }

    /// Returns how many recorded actions are still to be done.
    #[must_use]
    pub fn left_to_replay(&self) -> usize {
        self.replay.len()
    }
}

fn condensed(action: CondensationAction) -> EventDraft {
    EventDraft::of_action(EventSource::Agent, Action::Condensation(action))
}

pub(crate) fn is_user_message(event: &Event) -> bool {
    event.draft.source == EventSource::User && matches!(event.action(), Some(Action::Message(_)))
}

/// The first event that a loop may begin with after the user said to go on.
pub(crate) fn scope_after(id: EventId) -> EventId {
    id.next()
}
