//! What happened → state.

use std::sync::Arc;

use oh_event::{
    Action, AgentState, ConfirmationState, Event, EventBody, EventId, EventSource, Observation,
};

use crate::condense::{self, Reason};
use crate::conversation::{Conversation, is_same_response};
use crate::due::{STUCK_ID, scope_after};
use crate::stuck::is_same_action;

/// Tokens of the system prompt and the tools, about.
const FIXED_TOKENS: u64 = 6000;
/// After so many requests in a row that were too long, everything but the first message goes.
const OVERFLOWS_BEFORE_RESET: u32 = 2;

impl Conversation {
    /// Takes in what happened. Events must come in the order of their ids.
    pub fn apply(&mut self, event: &Event) {
        debug_assert!(event.id >= self.next_id, "events come in order");
        self.next_id = event.id.next();
        self.now = event.timestamp;
        if let Some(metrics) = &event.draft.llm_metrics {
            if **metrics != self.metrics {
                self.llm_calls += 1;
            }
            self.metrics = (**metrics).clone();
            self.context_tokens = metrics.accumulated_token_usage.per_turn_token;
        }
        let event = Arc::new(event.clone());
        match &event.draft.body {
            EventBody::Action(action) => self.apply_action(&event, action),
            EventBody::Observation(observation) => self.apply_observation(&event, observation),
        }
        if event.draft.source == EventSource::Agent {
            // Whatever the model said is taken in; a further answer is a new one.
            self.thinking_since = None;
        }
        if !self.needs_completion() {
            self.thinking_since = None;
            self.condensation = None;
        } else if self.thinking_since.is_none() {
            self.thinking_since = Some(event.id);
            let has_just_shrunk = matches!(event.action(), Some(Action::Condensation(_)));
            self.condensation = if has_just_shrunk { None } else { self.plan_condensation() };
        }
    }

    fn apply_action(&mut self, event: &Arc<Event>, action: &Action) {
        let source = event.draft.source;
        if self.replay.front().is_some_and(|next| is_same_draft(next, event)) {
            self.replay.pop_front();
        }
        self.apply_proposal(event, action);
        self.apply_tool_call(event);
        if source == EventSource::Agent && !matches!(action, Action::System(_)) {
            self.apply_progress(event, action);
        }
        match action {
            Action::System(_) => {
                self.system = Some(event.clone());
                return;
            }
            Action::Run(run) if !run.is_static => self.has_shell = true,
            Action::Message(_) if source == EventSource::User => {
                self.last_user_message = Some(event.id);
                self.overflows = 0;
                self.empty_answers = 0;
                self.stuck = None;
            }
            Action::Finish(_) => self.open_calls.clear(),
            Action::TaskTracking(tracking) if tracking.command == "plan" => {
                self.tasks.clone_from(&tracking.task_list);
            }
            Action::Condensation(condensation) => {
                condense::forget(&mut self.history, event, condensation);
                self.condensation_wanted = None;
                let events = self.history.iter();
                let tokens: u64 = events.map(|event| condense::estimate_tokens(event)).sum();
                self.context_tokens = FIXED_TOKENS + tokens;
            }
            Action::CondensationRequest(_) => self.condensation_wanted = Some(event.id),
            Action::LoopRecovery(recovery) if matches!(recovery.option, 1 | 2) => {
                self.forget_loop();
            }
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
            | Action::Reject(_)
            | Action::Delegate(_)
            | Action::TaskTracking(_)
            | Action::Recall(_)
            | Action::ChangeAgentState(_)
            | Action::LoopRecovery(_)
            | Action::Null(_) => {}
        }
        let may_run = action.confirmation_state() == ConfirmationState::Confirmed;
        if is_work(action) && may_run && source != EventSource::Environment {
            self.pending.push_back(event.clone());
        }
        if is_seen(event, action) {
            self.see(event);
        }
    }

    /// An action costs an iteration, unless it is the same one once more.
    fn apply_progress(&mut self, event: &Arc<Event>, action: &Action) {
        let is_again = event.draft.tool_call.as_ref().is_some_and(|call| {
            self.history.iter().rev().take(64).any(|known| {
                known.draft.tool_call.as_ref().is_some_and(|other| {
                    other.tool_call_id == call.tool_call_id && is_same_response(other, call)
                })
            })
        });
        if !is_again {
            self.iterations += 1;
        }
        let is_overflow =
            matches!(action, Action::CondensationRequest(_)) && event.draft.tool_call.is_none();
        if is_overflow {
            self.overflows += 1;
        } else if !matches!(action, Action::Condensation(_)) {
            self.overflows = 0;
            self.empty_answers = 0;
        }
    }

    fn apply_observation(&mut self, event: &Arc<Event>, observation: &Observation) {
        if let Some(cause) = event.draft.cause {
            self.pending.retain(|action| action.id != cause);
            self.proposals.retain(|action| action.id != cause);
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
                    self.see(event);
                }
                self.apply_state(event.id, change.agent_state);
            }
            Observation::Null(_) => {}
            Observation::Run(run) if run.hidden => {}
            Observation::LoopDetection(_) => {
                self.nudged = Some(event.id);
                self.see(event);
            }
            Observation::Error(error) => {
                if error.error_id == STUCK_ID {
                    self.stuck = self.current_loop();
                } else if is_empty_answer(event) {
                    self.empty_answers += 1;
                    self.iterations += 1;
                }
                self.see(event);
            }
            Observation::Recall(_) => {
                self.is_briefed = true;
                self.see(event);
            }
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
            | Observation::UserRejected(_)
            | Observation::Success(_)
            | Observation::Condense(_)
            | Observation::Download(_) => self.see(event),
        }
    }

    fn see(&mut self, event: &Arc<Event>) {
        self.context_tokens += condense::estimate_tokens(event);
        self.history.push(event.clone());
    }

    fn apply_state(&mut self, id: EventId, state: AgentState) {
        self.keep_time(state);
        if self.agent_state == AgentState::Error && state == AgentState::Running {
            self.extend_limits();
        }
        let was_stuck = self.stuck.is_some() && state == AgentState::Running;
        if was_stuck {
            self.stuck = None;
            self.loop_scope = scope_after(id);
        }
        let goes_on = match state {
            AgentState::Running | AgentState::RateLimited | AgentState::UserConfirmed => true,
            AgentState::Loading
            | AgentState::AwaitingUserInput
            | AgentState::Paused
            | AgentState::Stopped
            | AgentState::Finished
            | AgentState::Rejected
            | AgentState::Error
            | AgentState::AwaitingUserConfirmation
            | AgentState::UserRejected => false,
        };
        if !goes_on && self.proposals.is_empty() {
            // Calls that have not begun are given up; the model learns that from the prompt.
            self.open_calls.clear();
        }
        self.agent_state = state;
    }

    /// Keeps the list of actions that wait for the user, or for their turn after that.
    fn apply_proposal(&mut self, event: &Arc<Event>, action: &Action) {
        if event.draft.source == EventSource::Environment || !action.is_runnable() {
            return;
        }
        if action.confirmation_state() == ConfirmationState::AwaitingConfirmation {
            self.proposals.push_back(event.clone());
            return;
        }
        let is_it =
            |proposal: &Arc<Event>| match (&proposal.draft.tool_call, &event.draft.tool_call) {
                (Some(known), Some(call)) => {
                    known.tool_call_id == call.tool_call_id && is_same_response(known, call)
                }
                (None, None) => {
                    proposal.action().is_some_and(|known| is_same_action(known, action))
                }
                (Some(_), None) | (None, Some(_)) => false,
            };
        if let Some(index) = self.proposals.iter().position(is_it) {
            self.proposals.remove(index);
        }
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
        if !self.replay.is_empty() {
            // The recording says which of them come.
            self.open_calls.clear();
        }
        self.open_calls.retain(|call| call.id != metadata.tool_call_id);
        self.batch = Some(event.clone());
    }

    /// Takes the repetition out of what the model sees.
    fn forget_loop(&mut self) {
        let Some(found) = self.stuck.take() else { return };
        let Some(start) = self.history.iter().position(|event| event.id == found.start) else {
            return;
        };
        let safe = (0..=start).rev().find(|place| condense::is_safe(&self.history, *place));
        self.history.truncate(safe.unwrap_or(start));
        self.loop_scope = self.next_id;
    }

    /// Says whether the agent can only go on with an answer of the model.
    fn needs_completion(&self) -> bool {
        let is_busy = self.pending.iter().any(|event| event.draft.source == EventSource::Agent);
        matches!(self.agent_state, AgentState::Running | AgentState::RateLimited)
            && self.last_user_message.is_some()
            && !is_busy
            && self.open_calls.is_empty()
            && self.proposals.is_empty()
    }

    /// Says whether something has to be forgotten before the model is asked.
    pub(crate) fn is_condensation_due(&self) -> bool {
        match (self.condensation_wanted, self.thinking_since) {
            (Some(wanted), Some(since)) => wanted <= since,
            (Some(_) | None, Some(_) | None) => false,
        }
    }

    fn plan_condensation(&self) -> Option<condense::CondensationPlan> {
        let reason = if self.is_condensation_due() {
            Reason::Request
        } else {
            Reason::Size { tokens: self.context_tokens, limit: self.config.max_input_tokens }
        };
        let mut plan = if reason == Reason::Request && self.overflows >= OVERFLOWS_BEFORE_RESET {
            condense::reset_plan(&self.history)?
        } else {
            condense::plan(&self.history, &self.config.condensers, reason)?
        };
        let is_forgotten =
            |event: &&Arc<Event>| plan.covers(event.id) || condense::is_summary(event);
        let forgotten: Vec<Arc<Event>> =
            self.history.iter().filter(is_forgotten).cloned().collect();
        plan.fallback = Some(condense::digest(&forgotten));
        Some(plan)
    }
}

/// Something runs for the action, here or elsewhere, and answers it.
fn is_work(action: &Action) -> bool {
    action.is_runnable() || matches!(action, Action::Delegate(_))
}

/// Says whether the model sees the action.
fn is_seen(event: &Event, action: &Action) -> bool {
    match action {
        Action::CondensationRequest(_) => event.draft.tool_call.is_some(),
        Action::Run(run) => !run.hidden,
        Action::System(_)
        | Action::ChangeAgentState(_)
        | Action::Recall(_)
        | Action::Condensation(_)
        | Action::LoopRecovery(_)
        | Action::Null(_) => false,
        Action::Message(_)
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
        | Action::Delegate(_)
        | Action::TaskTracking(_) => true,
    }
}

/// The remark on an answer that said nothing.
fn is_empty_answer(event: &Event) -> bool {
    event.draft.source == EventSource::Agent
        && event.draft.cause.is_none()
        && event.draft.tool_call.is_none()
}

fn is_same_draft(recorded: &oh_event::EventDraft, event: &Event) -> bool {
    let (Some(recorded_action), Some(action)) = (recorded.action(), event.action()) else {
        return false;
    };
    let is_again = match (recorded_action, action) {
        (Action::Message(a), Action::Message(b)) => a.content == b.content,
        (_, _) => is_same_action(recorded_action, action),
    };
    recorded.source == event.draft.source && is_again
}
