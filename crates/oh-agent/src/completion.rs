//! What to record for the model's answer and for what came of an action.

use oh_chat::{Completion, CompletionFailure, Spent, ToolCall};
use oh_event::{
    Action, AgentState, CondensationRequestAction, ErrorObservation, EventBody, EventDraft,
    EventId, EventSource, LlmMetrics, MessageAction, ModelResponse, Observation, OpaqueJson,
    PlainObservation, TokenUsage, ToolCallId, ToolCallMetadata, ToolCallRecord,
};

use crate::condense::CondensationPlan;
use crate::confirmation::with_risk;
use crate::conversation::Conversation;
use crate::fault;
use crate::lifecycle::state_changed;
use crate::tools::{ParsedCall, parse_call, set_thought, track};

const THOUGHT_LOGGED: &str = "Your thought has been logged.";
const EMPTY: &str = "Your answer was empty. Call a tool, or write what the user should read.";
/// After so many empty answers in a row the user is asked.
const EMPTY_ANSWERS: u32 = 3;
/// After so many requests in a row that were too long the agent gives up.
const OVERFLOWS: u32 = 2;

/// Says whether the model's answer has just come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Freshness {
    /// Nothing of it has been recorded, and the user has not been asked.
    New,
    /// Its first calls have run.
    Known,
}

impl Conversation {
    pub(crate) fn decide_completion(&self, completion: Completion) -> Vec<EventDraft> {
        if self.thinking_since.is_none() {
            return Vec::new();
        }
        let mut drafts = self.resumed();
        let metrics = self.metrics_with(&completion);
        if completion.tool_calls.is_empty() {
            drafts.extend(self.decide_text(completion.text, metrics));
            return drafts;
        }
        let response = response_of(&completion);
        let calls: Vec<ToolCallRecord> = response.tool_calls.clone();
        self.issue(&mut drafts, &response, &calls, &completion.text, Freshness::New);
        for draft in &mut drafts {
            if draft.action().is_some() {
                draft.llm_metrics = Some(Box::new(metrics.clone()));
            }
        }
        drafts
    }

    /// Text without a tool call is for the user, who has the next word.
    fn decide_text(&self, text: String, metrics: LlmMetrics) -> Vec<EventDraft> {
        if text.trim().is_empty() && self.empty_answers < EMPTY_ANSWERS {
            let observation = Observation::Error(ErrorObservation {
                content: EMPTY.to_owned(),
                error_id: String::new(),
            });
            let mut draft = EventDraft::of_observation(EventSource::Agent, observation);
            draft.llm_metrics = Some(Box::new(metrics));
            return vec![draft];
        }
        let has_unseen = self.has_unseen_message();
        let action = Action::Message(MessageAction {
            content: text,
            wait_for_response: !has_unseen,
            ..MessageAction::default()
        });
        let mut draft = EventDraft::of_action(EventSource::Agent, action);
        draft.llm_metrics = Some(Box::new(metrics));
        if has_unseen {
            vec![draft]
        } else {
            vec![draft, state_changed(AgentState::AwaitingUserInput, "")]
        }
    }

    pub(crate) fn decide_failure(&self, failure: &CompletionFailure) -> Vec<EventDraft> {
        if self.thinking_since.is_none() {
            return Vec::new();
        }
        let is_too_long = matches!(failure, CompletionFailure::ContextWindow { .. });
        if is_too_long && self.config.truncates_history && self.overflows < OVERFLOWS {
            let action = Action::CondensationRequest(CondensationRequestAction {});
            let mut drafts = self.resumed();
            drafts.push(EventDraft::of_action(EventSource::Agent, action));
            return drafts;
        }
        vec![fault::of_failure(failure)]
    }

    pub(crate) fn decide_condensed(
        &self,
        plan: &CondensationPlan,
        result: &Result<Completion, CompletionFailure>,
    ) -> Vec<EventDraft> {
        if self.thinking_since.is_none() {
            return Vec::new();
        }
        let mut drafts = self.resumed();
        let action = Action::Condensation(plan.action(Some(result)));
        let mut draft = EventDraft::of_action(EventSource::Agent, action);
        if let Ok(completion) = result {
            let mut metrics = self.metrics_with(completion);
            // What the condenser read says nothing of what the agent's model reads.
            metrics.accumulated_token_usage.per_turn_token =
                self.metrics.accumulated_token_usage.per_turn_token;
            draft.llm_metrics = Some(Box::new(metrics));
        }
        drafts.push(draft);
        drafts
    }

    /// The provider asks for patience; the work goes on by itself.
    pub(crate) fn decide_rate_limited(&self, reason: &str) -> Vec<EventDraft> {
        if self.thinking_since.is_none() {
            return Vec::new();
        }
        vec![state_changed(AgentState::RateLimited, reason)]
    }

    /// The wait that the provider asked for is over.
    fn resumed(&self) -> Vec<EventDraft> {
        let is_over = self.agent_state == AgentState::RateLimited;
        is_over.then(|| state_changed(AgentState::Running, "")).into_iter().collect()
    }

    pub(crate) fn decide_observation(
        &self,
        action: EventId,
        observation: Observation,
        spent: Option<Spent>,
    ) -> Vec<EventDraft> {
        // An action that was answered already (by a stop) gets no second answer.
        let Some(event) = self.pending_action(action) else { return Vec::new() };
        let mut draft = EventDraft::of_observation(event.draft.source, observation);
        draft.cause = Some(action);
        draft.tool_call.clone_from(&event.draft.tool_call);
        draft.llm_metrics = spent.map(|spent| Box::new(self.metrics_after(spent)));
        let mut drafts = vec![draft];
        if event.draft.source != EventSource::Agent {
            return drafts;
        }
        match self.agent_state {
            AgentState::UserConfirmed => drafts.push(state_changed(AgentState::Running, "")),
            AgentState::Running => {}
            AgentState::Loading
            | AgentState::AwaitingUserInput
            | AgentState::Paused
            | AgentState::Stopped
            | AgentState::Finished
            | AgentState::Rejected
            | AgentState::Error
            | AgentState::AwaitingUserConfirmation
            | AgentState::UserRejected
            | AgentState::RateLimited => return drafts,
        }
        if let Some(next) = self.next_confirmed() {
            drafts.push(next);
        } else if let Some(metadata) = &event.draft.tool_call
            && !self.open_calls.is_empty()
        {
            if let Some(reached) = self.limit_reached() {
                drafts.push(reached);
                return drafts;
            }
            let calls: Vec<_> = self.open_calls.iter().cloned().collect();
            self.issue(&mut drafts, &metadata.model_response, &calls, "", Freshness::Known);
        }
        drafts
    }

    /// Turns tool calls into events until one has to run, one waits for the user, or the
    /// task is finished. `drafts` are what is recorded before.
    fn issue(
        &self,
        drafts: &mut Vec<EventDraft>,
        response: &ModelResponse,
        calls: &[ToolCallRecord],
        text: &str,
        freshness: Freshness,
    ) {
        let mut thought = text;
        let parsed: Vec<_> = calls.iter().map(|call| (call, self.parsed(call, response))).collect();
        let is_asked = freshness == Freshness::New
            && parsed.iter().any(|(_, draft)| {
                draft.as_ref().is_ok_and(|draft| draft.action().is_some_and(|a| self.asks_for(a)))
            });
        for (index, (call, draft)) in parsed.iter().enumerate() {
            let mut draft = match draft {
                Ok(draft) => draft.clone(),
                Err(message) => {
                    drafts.push(bad_call(message, metadata(call, response)));
                    continue;
                }
            };
            if let EventBody::Action(action) = &mut draft.body {
                set_thought(action, thought);
            }
            thought = "";
            let Some(action) = draft.action().cloned() else { continue };
            let runs = action.is_runnable() || matches!(action, Action::Delegate(_));
            if action.is_runnable() && is_asked {
                drafts.push(state_changed(AgentState::AwaitingUserConfirmation, ""));
                drafts.push(self.proposed(draft));
                let rest = parsed[index + 1..].iter().filter_map(|(_, draft)| draft.as_ref().ok());
                let is_runnable =
                    |draft: &&EventDraft| draft.action().is_some_and(Action::is_runnable);
                let rest =
                    rest.take_while(|draft| !matches!(draft.action(), Some(Action::Finish(_))));
                drafts.extend(rest.filter(is_runnable).map(|draft| self.proposed(draft.clone())));
                return;
            }
            let first = self.next_id;
            self.push_issued(drafts, draft, first);
            if matches!(action, Action::Finish(_)) {
                if !self.has_unseen_message() {
                    drafts.push(state_changed(AgentState::Finished, ""));
                }
                return;
            }
            if runs {
                return;
            }
        }
    }

    /// Adds an action and, if it is answered at once, its answer. `first` is the id of the
    /// first of `drafts`.
    pub(crate) fn push_issued(
        &self,
        drafts: &mut Vec<EventDraft>,
        draft: EventDraft,
        first: EventId,
    ) {
        let id = EventId(first.0 + drafts.len() as u64);
        let answer = match draft.action() {
            Some(Action::Think(_)) => {
                let content = THOUGHT_LOGGED.to_owned();
                Some(Observation::Think(PlainObservation { content }))
            }
            Some(Action::TaskTracking(tracking)) => {
                Some(Observation::TaskTracking(track(tracking, &self.tasks)))
            }
            Some(_) | None => None,
        };
        let tool_call = draft.tool_call.clone();
        drafts.push(with_risk(draft));
        if let Some(observation) = answer {
            let mut answer = EventDraft::of_observation(EventSource::Agent, observation);
            answer.cause = Some(id);
            answer.tool_call = tool_call;
            drafts.push(answer);
        }
    }

    /// Returns the action that a tool call asks for, or what is wrong with the call.
    fn parsed(
        &self,
        call: &ToolCallRecord,
        response: &ModelResponse,
    ) -> Result<EventDraft, String> {
        let ParsedCall { action, timeout } = parse_call(&self.config, &call.name, &call.arguments)?;
        let mut draft = EventDraft::of_action(EventSource::Agent, action);
        draft.timeout = timeout;
        draft.tool_call = Some(metadata(call, response));
        Ok(draft)
    }

    /// A message came in while the model was thinking about what was before it.
    fn has_unseen_message(&self) -> bool {
        match (self.last_user_message, self.thinking_since) {
            (Some(message), Some(since)) => message > since,
            (Some(_) | None, Some(_) | None) => false,
        }
    }

    fn metrics_with(&self, completion: &Completion) -> LlmMetrics {
        let mut spent = Spent::default();
        spent.add(completion);
        let mut metrics = self.metrics_after(spent);
        let usage = &mut metrics.accumulated_token_usage;
        usage.model.clone_from(&completion.model);
        usage.per_turn_token = completion.usage.prompt_tokens + completion.usage.completion_tokens;
        metrics
    }

    /// Returns the totals with what was spent beside the agent's answers.
    fn metrics_after(&self, spent: Spent) -> LlmMetrics {
        let known = &self.metrics.accumulated_token_usage;
        let usage = spent.usage;
        LlmMetrics {
            accumulated_cost: self.metrics.accumulated_cost + spent.cost,
            max_budget_per_task: self.limits.max_budget,
            accumulated_token_usage: TokenUsage {
                model: known.model.clone(),
                prompt_tokens: known.prompt_tokens + usage.prompt_tokens,
                completion_tokens: known.completion_tokens + usage.completion_tokens,
                cache_read_tokens: known.cache_read_tokens + usage.cache_read_tokens,
                cache_write_tokens: known.cache_write_tokens + usage.cache_write_tokens,
                context_window: known.context_window.max(self.config.max_input_tokens.unwrap_or(0)),
                per_turn_token: known.per_turn_token,
                response_id: String::new(),
            },
            ..LlmMetrics::default()
        }
    }
}

fn metadata(call: &ToolCallRecord, response: &ModelResponse) -> Box<ToolCallMetadata> {
    Box::new(ToolCallMetadata {
        function_name: call.name.clone(),
        tool_call_id: call.id.clone(),
        model_response: response.clone(),
        total_calls_in_response: u32::try_from(response.tool_calls.len()).unwrap_or(1),
    })
}

fn bad_call(message: &str, metadata: Box<ToolCallMetadata>) -> EventDraft {
    let observation = Observation::Error(ErrorObservation {
        content: message.to_owned(),
        error_id: String::new(),
    });
    let mut draft = EventDraft::of_observation(EventSource::Agent, observation);
    draft.tool_call = Some(metadata);
    draft
}

fn response_of(completion: &Completion) -> ModelResponse {
    let record = |call: &ToolCall| ToolCallRecord {
        id: ToolCallId(call.id.clone()),
        name: call.name.clone(),
        arguments: call.arguments.clone(),
    };
    ModelResponse {
        id: completion.response_id.clone(),
        created: completion.created,
        model: completion.model.clone(),
        finish_reason: completion.finish_reason.clone(),
        content: (!completion.text.is_empty()).then(|| completion.text.clone()),
        tool_calls: completion.tool_calls.iter().map(record).collect(),
        reasoning: completion.reasoning.as_ref().map(|reasoning| reasoning.text.clone()),
        reasoning_state: completion
            .reasoning
            .as_ref()
            .and_then(|reasoning| reasoning.state.clone())
            .map(OpaqueJson::from_json_text),
        prompt_tokens: completion.usage.prompt_tokens,
        completion_tokens: completion.usage.completion_tokens,
        recorded: None,
    }
}
