//! What came back, in our terms.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use genai::chat::{ChatFrameSink, FrameCtx, RawFrameRef, StopReason, StreamEnd};
use oh_chat::{Completion, CompletionFailure, ToolCall, Usage};
use serde_json::Value;

use super::failure;
use crate::config::LlmConfig;

/// The head of an answer is looked for in this many of its first frames.
const HEAD_FRAMES: u32 = 64;

/// What a provider says of its answer and the client library does not tell.
#[derive(Debug, Default)]
pub(crate) struct Head(Mutex<HeadFields>);

#[derive(Debug, Default)]
struct HeadFields {
    id: Option<String>,
    model: Option<String>,
    created: Option<i64>,
}

impl ChatFrameSink for Head {
    fn on_frame(&self, _: &FrameCtx, frame: RawFrameRef<'_>) {
        let mut fields = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_complete = fields.id.is_some() && fields.model.is_some() && fields.created.is_some();
        if is_complete || frame.index >= HEAD_FRAMES {
            return;
        }
        let Some(json) = frame.json() else { return };
        let text = |places: &[&str]| {
            let found = places.iter().find_map(|place| json.pointer(place)?.as_str());
            found.filter(|text| !text.is_empty()).map(str::to_owned)
        };
        if fields.id.is_none() {
            fields.id = text(&["/id", "/message/id", "/response/id", "/responseId"]);
        }
        if fields.model.is_none() {
            fields.model = text(&["/model", "/message/model", "/response/model", "/modelVersion"]);
        }
        if fields.created.is_none() {
            fields.created = json.get("created").and_then(Value::as_i64).filter(|time| *time > 0);
        }
    }
}

/// Puts the answer together.
pub(crate) fn completion(
    config: &LlmConfig,
    head: &Head,
    text: String,
    end: StreamEnd,
) -> Result<Completion, CompletionFailure> {
    let usage = end.captured_usage.as_ref().map(usage).unwrap_or_default();
    let stop = end.captured_stop_reason.clone();
    let tool_calls = tool_calls(end);
    if text.is_empty() && tool_calls.is_empty() {
        return Err(match stop {
            Some(StopReason::ContentFilter(_)) => CompletionFailure::ContentPolicy {
                message: "the provider filtered the answer out".to_owned(),
            },
            Some(StopReason::MaxTokens(_)) => {
                failure::server("the answer was cut off before its first word".to_owned())
            }
            _ => failure::server("the model gave no response".to_owned()),
        });
    }
    let fields = std::mem::take(&mut *head.0.lock().unwrap_or_else(PoisonError::into_inner));
    Ok(Completion {
        response_id: fields.id.unwrap_or_else(|| format!("response-{}", unique())),
        created: fields.created.unwrap_or_else(seconds_now),
        model: fields.model.unwrap_or_else(|| config.model.clone()),
        reasoning: None,
        finish_reason: finish_reason(stop, &tool_calls),
        text,
        tool_calls,
        usage,
        cost: cost(config, usage),
    })
}

/// The library gives the arguments as JSON: spaces outside of texts are lost.
fn tool_calls(end: StreamEnd) -> Vec<ToolCall> {
    let mut known = HashSet::new();
    let calls = end.captured_into_tool_calls().unwrap_or_default();
    calls
        .into_iter()
        .map(|call| {
            // Some servers give every call the same id, or none.
            let is_new = !call.call_id.is_empty() && known.insert(call.call_id.clone());
            let id = if is_new { call.call_id } else { format!("call_{}", unique()) };
            let arguments = match call.fn_arguments {
                Value::String(text) => text,
                json => json.to_string(),
            };
            ToolCall { id, name: call.fn_name, arguments }
        })
        .collect()
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
    let details = usage.prompt_tokens_details.as_ref();
    Usage {
        prompt_tokens: count(usage.prompt_tokens),
        completion_tokens: count(usage.completion_tokens),
        cache_read_tokens: count(details.and_then(|details| details.cached_tokens)),
        cache_write_tokens: count(details.and_then(|details| details.cache_creation_tokens)),
        reasoning_tokens: 0,
    }
}

#[allow(clippy::cast_precision_loss, reason = "token counts are far below 2^52")]
fn cost(config: &LlmConfig, usage: Usage) -> Option<f64> {
    if config.input_cost_per_token.is_none() && config.output_cost_per_token.is_none() {
        return None;
    }
    let input = config.input_cost_per_token.unwrap_or_default() * usage.prompt_tokens as f64;
    let output = config.output_cost_per_token.unwrap_or_default() * usage.completion_tokens as f64;
    Some(input + output)
}

fn unique() -> String {
    uuid::Uuid::new_v4().simple().to_string()
}

fn seconds_now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}
