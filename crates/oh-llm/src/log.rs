//! Requests and their answers on disk, for people who look for a mistake.

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use oh_chat::{ChatMessage, Completion, CompletionFailure, CompletionRequest, ToolCall};
use serde_json::{Value, json};

use crate::config::LlmConfig;

/// Writes one file; a failure is told, but does no harm.
pub(crate) async fn write(
    folder: &Path,
    config: &LlmConfig,
    request: &CompletionRequest,
    result: &Result<Completion, CompletionFailure>,
) {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let model: String =
        config.model.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    let unique = uuid::Uuid::new_v4().simple().to_string();
    let name = format!("{}-{model}-{}.json", since.as_millis(), &unique[..8]);
    let mut text = json!({
        "model": config.model,
        "messages": request.messages.iter().map(message).collect::<Vec<_>>(),
        "tools": request.tools.iter().map(|tool| &tool.name).collect::<Vec<_>>(),
        "response": match result {
            Ok(completion) => answer(completion),
            Err(failure) => json!({"error": failure.message()}),
        },
    })
    .to_string();
    if let Some(key) = config.api_key.as_deref().filter(|key| key.len() >= 6) {
        text = text.replace(key, "***");
    }
    let written = match tokio::fs::create_dir_all(folder).await {
        Ok(()) => tokio::fs::write(folder.join(name), text).await,
        Err(error) => Err(error),
    };
    if let Err(error) = written {
        tracing::warn!(folder = %folder.display(), %error, "could not log a completion");
    }
}

fn message(message: &ChatMessage) -> Value {
    match message {
        ChatMessage::System { text } => json!({"role": "system", "content": text}),
        ChatMessage::User { text, image_urls } => {
            json!({"role": "user", "content": text, "images": image_urls.len()})
        }
        ChatMessage::Assistant { text, tool_calls, .. } => {
            json!({"role": "assistant", "content": text, "tool_calls": calls(tool_calls)})
        }
        ChatMessage::ToolResult { call_id, name, text } => {
            json!({"role": "tool", "tool_call_id": call_id, "name": name, "content": text})
        }
    }
}

fn answer(completion: &Completion) -> Value {
    let usage = &completion.usage;
    json!({
        "id": completion.response_id,
        "model": completion.model,
        "content": completion.text,
        "reasoning": completion.reasoning.as_ref().map(|reasoning| &reasoning.text),
        "tool_calls": calls(&completion.tool_calls),
        "finish_reason": completion.finish_reason,
        "usage": {
            "prompt_tokens": usage.prompt_tokens,
            "completion_tokens": usage.completion_tokens,
            "cache_read_tokens": usage.cache_read_tokens,
            "cache_write_tokens": usage.cache_write_tokens,
            "reasoning_tokens": usage.reasoning_tokens,
        },
        "cost": completion.cost,
    })
}

fn calls(calls: &[ToolCall]) -> Vec<Value> {
    let call =
        |call: &ToolCall| json!({"id": call.id, "name": call.name, "arguments": call.arguments});
    calls.iter().map(call).collect()
}
