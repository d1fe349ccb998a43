//! Messages of OpenAI's protocol with marks for the cache, as proxies take them for Claude.
//!
//! The client library knows these marks in Anthropic's own protocol only.

use genai::ModelIden;
use oh_chat::{ChatMessage, ToolCall};
use serde_json::{Value, json};

use super::reasoning::remembered;
use super::request::{Pictures, with_pictures};

/// Writes the messages; the last of the instructions and the last of our side are marked.
pub(super) fn messages(messages: &[ChatMessage], model: &ModelIden, pictures: Pictures) -> Value {
    let is_system = |message: &ChatMessage| matches!(message, ChatMessage::System { .. });
    let is_ours = |message: &ChatMessage| {
        matches!(message, ChatMessage::User { .. } | ChatMessage::ToolResult { .. })
    };
    let system = messages.iter().rposition(is_system);
    let last = messages.iter().rposition(is_ours);
    let written = messages.iter().enumerate().filter_map(|(index, message)| {
        let mut written = one(message, model, pictures)?;
        if [system, last].contains(&Some(index)) {
            mark(&mut written["content"]);
        }
        Some(written)
    });
    written.collect()
}

fn mark(content: &mut Value) {
    if let Value::String(text) = content {
        *content = json!([{"type": "text", "text": text}]);
    }
    if let Some(part) = content.as_array_mut().and_then(|parts| parts.last_mut()) {
        part["cache_control"] = json!({"type": "ephemeral"});
    }
}

fn one(message: &ChatMessage, model: &ModelIden, pictures: Pictures) -> Option<Value> {
    Some(match message {
        ChatMessage::System { text } => json!({"role": "system", "content": text}),
        ChatMessage::User { text, image_urls } => {
            let (text, sent) = with_pictures(text.clone(), image_urls, pictures);
            if sent.is_empty() {
                return Some(json!({"role": "user", "content": text}));
            }
            let mut parts = vec![json!({"type": "text", "text": text})];
            parts.extend(
                sent.into_iter().map(|url| json!({"type": "image_url", "image_url": {"url": url}})),
            );
            json!({"role": "user", "content": parts})
        }
        ChatMessage::Assistant { text, tool_calls, reasoning } => {
            if text.is_empty() && tool_calls.is_empty() {
                return None;
            }
            let mut written = json!({"role": "assistant", "content": text});
            if !tool_calls.is_empty() {
                written["tool_calls"] = tool_calls.iter().map(call).collect();
            }
            let blocks = remembered(model, reasoning.as_ref()).blocks;
            if !blocks.is_empty() {
                written["reasoning_details"] = Value::Array(blocks);
            }
            written
        }
        ChatMessage::ToolResult { call_id, text, .. } => {
            json!({"role": "tool", "tool_call_id": call_id, "content": text})
        }
    })
}

fn call(call: &ToolCall) -> Value {
    let is_object = serde_json::from_str::<Value>(&call.arguments).is_ok_and(|v| v.is_object());
    let arguments = if is_object {
        call.arguments.clone()
    } else if call.arguments.trim().is_empty() {
        "{}".to_owned()
    } else {
        json!({"invalid_json": call.arguments}).to_string()
    };
    let function = json!({"name": call.name, "arguments": arguments});
    json!({"type": "function", "id": call.id, "function": function})
}
