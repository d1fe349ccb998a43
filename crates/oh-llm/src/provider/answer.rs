//! What came back, in our terms.

use std::collections::HashSet;
use std::time::{SystemTime, UNIX_EPOCH};

use genai::ModelIden;
use genai::adapter::AdapterKind;
use genai::chat::{StopReason, StreamEnd};
use oh_chat::{Completion, CompletionFailure, ToolCall, Usage};
use serde_json::Value;

use super::frames::Told;
use super::{failure, prices, reasoning};
use crate::config::LlmConfig;

/// The texts of an answer as they came.
#[derive(Debug, Default)]
pub(super) struct Texts {
    pub(super) answer: String,
    pub(super) thoughts: String,
}

/// Puts the answer together.
pub(super) fn completion(
    config: &LlmConfig,
    model: &ModelIden,
    told: Told,
    texts: Texts,
    end: StreamEnd,
) -> Result<Completion, CompletionFailure> {
    let counted = end.captured_usage.as_ref().map(usage).filter(|usage| usage.prompt_tokens > 0);
    let usage = counted.or(told.usage).unwrap_or_default();
    let stop = end.captured_stop_reason.clone();
    if stop.is_none() && ends_with_a_reason(model.adapter_kind) {
        return Err(failure::cut_off());
    }
    let thoughts = reasoning::reasoning(model.adapter_kind, texts.thoughts, &end, told.details);
    let tool_calls = tool_calls(end);
    if texts.answer.is_empty() && tool_calls.is_empty() {
        return Err(match stop {
            Some(StopReason::ContentFilter(_)) => CompletionFailure::ContentPolicy {
                message: "the provider filtered the answer out".to_owned(),
            },
            Some(StopReason::MaxTokens(_)) => {
                failure::server("the answer was cut off before its first word".to_owned())
            }
            _ => failure::no_response(),
        });
    }
    Ok(Completion {
        response_id: told.id.unwrap_or_else(|| format!("response-{}", unique())),
        created: told.created.unwrap_or_else(seconds_now),
        model: told.model.unwrap_or_else(|| config.model.clone()),
        reasoning: thoughts,
        finish_reason: finish_reason(stop, &tool_calls),
        text: texts.answer,
        tool_calls,
        usage,
        cost: prices::cost(config, usage, told.cost),
    })
}

/// The library does not tell where these break off, but then there is no reason.
fn ends_with_a_reason(kind: AdapterKind) -> bool {
    matches!(
        kind,
        AdapterKind::Gemini
            | AdapterKind::Ollama
            | AdapterKind::OpenAIResp
            | AdapterKind::BedrockApi
    )
}

/// The library gives the arguments as JSON: spaces outside of texts are lost.
fn tool_calls(end: StreamEnd) -> Vec<ToolCall> {
    let mut known = HashSet::new();
    let calls = end.captured_into_tool_calls().unwrap_or_default();
    calls
        .into_iter()
        .map(|call| {
            let id = if is_stand_in(&call.call_id) || !known.insert(call.call_id.clone()) {
                unique_id(&call.call_id, &call.fn_name)
            } else {
                call.call_id
            };
            let arguments = match call.fn_arguments {
                Value::String(text) => text,
                Value::Null => "{}".to_owned(),
                json => json.to_string(),
            };
            ToolCall { id, name: call.fn_name, arguments }
        })
        .collect()
}

/// Some servers give every call the same id, or none, and the library makes one up: these come
/// again in the next answer.
fn is_stand_in(id: &str) -> bool {
    let number = id.strip_prefix("call_").filter(|number| number.len() < 4);
    let is_index = number.is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit()));
    id.is_empty() || is_index || id.starts_with("call#")
}

/// The library recognizes ids of Gemini's form as made up and does not send them.
fn unique_id(id: &str, name: &str) -> String {
    if id.starts_with("call#") {
        let (number, _) = uuid::Uuid::new_v4().as_u64_pair();
        return format!("call#{name}#{}", number >> 1);
    }
    format!("call_{}", unique())
}

/// Names why the model stopped in the words of OpenAI's protocol.
fn finish_reason(stop: Option<StopReason>, tool_calls: &[ToolCall]) -> String {
    match stop {
        Some(StopReason::MaxTokens(_)) => "length".to_owned(),
        Some(StopReason::ContentFilter(_)) => "content_filter".to_owned(),
        Some(StopReason::Other(reason)) => reason,
        Some(StopReason::ToolCall(_)) => "tool_calls".to_owned(),
        Some(StopReason::Completed(_) | StopReason::StopSequence(_)) | None => {
            if tool_calls.is_empty() { "stop" } else { "tool_calls" }.to_owned()
        }
    }
}

fn usage(usage: &genai::chat::Usage) -> Usage {
    let count = |number: Option<i32>| u64::try_from(number.unwrap_or_default()).unwrap_or_default();
    let sent = usage.prompt_tokens_details.as_ref();
    let received = usage.completion_tokens_details.as_ref();
    let reasoning_tokens = count(received.and_then(|details| details.reasoning_tokens));
    Usage {
        prompt_tokens: count(usage.prompt_tokens),
        completion_tokens: count(usage.completion_tokens).max(reasoning_tokens),
        cache_read_tokens: count(sent.and_then(|details| details.cached_tokens)),
        cache_write_tokens: count(sent.and_then(|details| details.cache_creation_tokens)),
        reasoning_tokens,
    }
}

fn unique() -> String {
    uuid::Uuid::new_v4().simple().to_string()
}

fn seconds_now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}
