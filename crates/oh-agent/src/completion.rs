//! What to record for the model's answer and for what came of an action.

use oh_chat::{Completion, CompletionFailure, ToolCall};
use oh_event::{
    Action, AgentState, ErrorObservation, EventDraft, EventId, EventSource, LlmMetrics,
    MessageAction, ModelResponse, Observation, OpaqueJson, PlainObservation, TokenUsage,
    ToolCallId, ToolCallMetadata, ToolCallRecord,
};

use crate::conversation::Conversation;
use crate::lifecycle::state_changed;
use crate::tools::{ParsedCall, parse_call, set_thought};

const THOUGHT_LOGGED: &str = "Your thought has been logged.";

impl Conversation {
    pub(crate) fn decide_completion(&self, completion: Completion) -> Vec<EventDraft> {
        if self.thinking_since.is_none() {
            return Vec::new();
        }
        let metrics = self.metrics_with(&completion);
        if completion.tool_calls.is_empty() {
            return self.decide_text(completion.text, metrics);
        }
        let response = response_of(&completion);
        let calls: Vec<ToolCallRecord> = response.tool_calls.clone();
        let mut drafts = self.issue(&response, &calls, &completion.text);
        for draft in &mut drafts {
            if draft.action().is_some() {
                draft.llm_metrics = Some(Box::new(metrics.clone()));
            }
        }
        drafts
    }

    /// Text without a tool call is for the user, who has the next word.
    fn decide_text(&self, text: String, metrics: LlmMetrics) -> Vec<EventDraft> {
        let has_unseen = self.has_unseen_message();
        let action = Action::Message(MessageAction {
            content: text,
            wait_for_response: !has_unseen,
            ..MessageAction::default()
        });
        let mut draft = EventDraft::of_action(EventSource::Agent, action);
        draft.llm_metrics = Some(Box::new(metrics));
        if has_unseen {
            let mut drafts = vec![draft];
            drafts.extend(self.limit_reached(1));
            drafts
        } else {
            vec![draft, state_changed(AgentState::AwaitingUserInput, "")]
        }
    }

    pub(crate) fn decide_failure(&self, failure: &CompletionFailure) -> Vec<EventDraft> {
        if self.thinking_since.is_none() {
            return Vec::new();
        }
        let reason = match failure {
            CompletionFailure::Authentication { .. } => "STATUS$ERROR_LLM_AUTHENTICATION".into(),
            CompletionFailure::Unavailable { .. } => "STATUS$ERROR_LLM_SERVICE_UNAVAILABLE".into(),
            CompletionFailure::Server { .. } => "STATUS$ERROR_LLM_INTERNAL_SERVER_ERROR".into(),
            CompletionFailure::OutOfCredits { .. } => "STATUS$ERROR_LLM_OUT_OF_CREDITS".into(),
            CompletionFailure::ContentPolicy { .. } => {
                "STATUS$ERROR_LLM_CONTENT_POLICY_VIOLATION".into()
            }
            CompletionFailure::RateLimited { .. } => {
                "CHAT_INTERFACE$AGENT_RATE_LIMITED_STOPPED_MESSAGE".into()
            }
            CompletionFailure::ContextWindow { message } => {
                format!("LLMContextWindowExceedError: {message}")
            }
            CompletionFailure::BadRequest { message } => format!("BadRequestError: {message}"),
        };
        vec![state_changed(AgentState::Error, &reason)]
    }

    pub(crate) fn decide_observation(
        &self,
        action: EventId,
        observation: Observation,
    ) -> Vec<EventDraft> {
        // An action that was answered already (by a stop) gets no second answer.
        let Some(event) = self.pending_action(action) else { return Vec::new() };
        let mut draft = EventDraft::of_observation(event.draft.source, observation);
        draft.cause = Some(action);
        draft.tool_call.clone_from(&event.draft.tool_call);
        let mut drafts = vec![draft];
        let was_agent = event.draft.source == EventSource::Agent;
        if !was_agent || self.agent_state != AgentState::Running {
            return drafts;
        }
        if let Some(reached) = self.limit_reached(0) {
            drafts.push(reached);
        } else if let Some(metadata) = &event.draft.tool_call {
            let calls: Vec<_> = self.open_calls.iter().cloned().collect();
            drafts.extend(self.issue_at(
                EventId(self.next_id.0 + 1),
                &metadata.model_response,
                &calls,
                "",
            ));
        }
        drafts
    }

    fn issue(
        &self,
        response: &ModelResponse,
        calls: &[ToolCallRecord],
        text: &str,
    ) -> Vec<EventDraft> {
        self.issue_at(self.next_id, response, calls, text)
    }

    /// Turns tool calls into events until one has to run or the task is finished.
    /// `first` is the id that the first of them will get.
    fn issue_at(
        &self,
        first: EventId,
        response: &ModelResponse,
        calls: &[ToolCallRecord],
        text: &str,
    ) -> Vec<EventDraft> {
        let mut drafts: Vec<EventDraft> = Vec::new();
        let mut thought = text;
        let mut issued = 0;
        for call in calls {
            let metadata = Box::new(ToolCallMetadata {
                function_name: call.name.clone(),
                tool_call_id: call.id.clone(),
                model_response: response.clone(),
                total_calls_in_response: u32::try_from(response.tool_calls.len()).unwrap_or(1),
            });
            let id = EventId(first.0 + drafts.len() as u64);
            let parsed = parse_call(&self.config, &call.name, &call.arguments);
            let ParsedCall { mut action, timeout } = match parsed {
                Ok(parsed) => parsed,
                Err(message) => {
                    drafts.push(bad_call(message, metadata));
                    issued += 1;
                    continue;
                }
            };
            set_thought(&mut action, thought);
            thought = "";
            issued += 1;
            let is_runnable = action.is_runnable();
            let is_think = matches!(action, Action::Think(_));
            let is_finish = matches!(action, Action::Finish(_));
            let mut draft = EventDraft::of_action(EventSource::Agent, action);
            draft.timeout = timeout;
            draft.tool_call = Some(metadata.clone());
            drafts.push(draft);
            if is_think {
                let content = THOUGHT_LOGGED.to_owned();
                let observation = Observation::Think(PlainObservation { content });
                let mut answer = EventDraft::of_observation(EventSource::Agent, observation);
                answer.cause = Some(id);
                answer.tool_call = Some(metadata);
                drafts.push(answer);
            }
            if is_runnable {
                return drafts;
            }
            if is_finish {
                if !self.has_unseen_message() {
                    drafts.push(state_changed(AgentState::Finished, ""));
                }
                return drafts;
            }
        }
        // Nothing runs, so the model is asked again, if it may be.
        drafts.extend(self.limit_reached(issued));
        drafts
    }

    /// Returns the error state if the limit is reached after `more` further actions.
    pub(crate) fn limit_reached(&self, more: u64) -> Option<EventDraft> {
        let current = self.iterations + more;
        let max = self.max_iterations;
        (current >= max).then(|| {
            let reason = format!(
                "RuntimeError: Agent reached maximum iteration. Current iteration: {current}, max iteration: {max}. Send a message to go on for as many again."
            );
            state_changed(AgentState::Error, &reason)
        })
    }

    /// A message came in while the model was thinking about what was before it.
    fn has_unseen_message(&self) -> bool {
        match (self.last_user_message, self.thinking_since) {
            (Some(message), Some(since)) => message > since,
            (Some(_) | None, Some(_) | None) => false,
        }
    }

    fn metrics_with(&self, completion: &Completion) -> LlmMetrics {
        let known = &self.metrics.accumulated_token_usage;
        let usage = completion.usage;
        LlmMetrics {
            accumulated_cost: self.metrics.accumulated_cost + completion.cost.unwrap_or(0.0),
            max_budget_per_task: self.metrics.max_budget_per_task,
            accumulated_token_usage: TokenUsage {
                model: completion.model.clone(),
                prompt_tokens: known.prompt_tokens + usage.prompt_tokens,
                completion_tokens: known.completion_tokens + usage.completion_tokens,
                cache_read_tokens: known.cache_read_tokens + usage.cache_read_tokens,
                cache_write_tokens: known.cache_write_tokens + usage.cache_write_tokens,
                context_window: known.context_window,
                per_turn_token: usage.prompt_tokens + usage.completion_tokens,
                response_id: String::new(),
            },
            ..LlmMetrics::default()
        }
    }
}

fn bad_call(message: String, metadata: Box<ToolCallMetadata>) -> EventDraft {
    let observation =
        Observation::Error(ErrorObservation { content: message, error_id: String::new() });
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
