//! What is sent, in the client library's terms.

use std::sync::Arc;

use genai::adapter::AdapterKind;
use genai::chat::{
    Binary, ChatFrameSink, ChatMessage as Message, ChatOptions, ChatRequest, ContentPart,
    MessageContent, ReasoningEffort, Tool, ToolCall as Call, ToolResponse,
};
use oh_chat::{ChatMessage, CompletionRequest, ToolCall, ToolSpec};
use serde_json::{Value, json};

use super::abilities::takes_temperature;
use super::target::Target;
use crate::config::LlmConfig;

/// Says whether pictures go along.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pictures {
    Sent,
    LeftOut,
}

pub(crate) fn chat_request(request: CompletionRequest, pictures: Pictures) -> ChatRequest {
    let mut messages: Vec<Message> = Vec::with_capacity(request.messages.len());
    // The results of one answer's calls are one message: some protocols want them together.
    let mut results: Vec<ToolResponse> = Vec::new();
    for message in request.messages {
        if let ChatMessage::ToolResult { call_id, name, text } = message {
            results.push(ToolResponse::new(call_id, text).with_fn_name(name));
            continue;
        }
        if !results.is_empty() {
            messages.push(std::mem::take(&mut results).into());
        }
        messages.extend(plain_message(message, pictures));
    }
    if !results.is_empty() {
        messages.push(results.into());
    }
    let tools: Vec<Tool> = request.tools.into_iter().map(tool).collect();
    let request = ChatRequest::new(messages);
    if tools.is_empty() { request } else { request.with_tools(tools) }
}

pub(crate) fn options(
    config: &LlmConfig,
    target: &Target,
    frames: Arc<dyn ChatFrameSink>,
) -> ChatOptions {
    let mut options = ChatOptions::default()
        .with_capture_usage(true)
        .with_capture_tool_calls(true)
        .with_raw_frame_sink_arc(frames)
        .with_stream_header_timeout(config.timeout)
        .with_stream_read_timeout(config.timeout);
    if takes_temperature(&config.model) {
        options.temperature = config.temperature;
        options.top_p = config.top_p;
    }
    options.max_tokens = config.max_output_tokens;
    // The library takes endings such as `-max` for a wish of the user and cuts them off the name,
    // unless there is another wish; this one is never sent.
    let is_openai =
        matches!(target.model.adapter_kind, AdapterKind::OpenAI | AdapterKind::OpenRouter);
    if is_openai && ReasoningEffort::from_model_name(&target.model.model_name).0.is_some() {
        options = options.with_reasoning_effort(ReasoningEffort::Budget(0));
    }
    options
}

fn plain_message(message: ChatMessage, pictures: Pictures) -> Option<Message> {
    match message {
        ChatMessage::System { text } => Some(Message::system(text)),
        ChatMessage::User { text, image_urls } => Some(user(text, &image_urls, pictures)),
        ChatMessage::Assistant { text, tool_calls, .. } => {
            let mut content = MessageContent::default();
            if !text.is_empty() {
                content.push(text);
            }
            for call in tool_calls {
                content.push(ContentPart::ToolCall(self::call(call)));
            }
            (!content.is_empty()).then(|| Message::assistant(content))
        }
        ChatMessage::ToolResult { call_id, name, text } => {
            Some(ToolResponse::new(call_id, text).with_fn_name(name).into())
        }
    }
}

fn user(mut text: String, image_urls: &[String], pictures: Pictures) -> Message {
    if image_urls.is_empty() {
        return Message::user(text);
    }
    if pictures == Pictures::LeftOut {
        text.push_str("\n\n[A picture belongs here, which you cannot see.]");
        return Message::user(text);
    }
    // No provider takes BMP, and one that is sent again and again would fail every request.
    let (bitmaps, sent): (Vec<&String>, Vec<&String>) =
        image_urls.iter().partition(|url| url.starts_with("data:image/bmp"));
    if !bitmaps.is_empty() {
        text.push_str("\n\n[A picture in BMP format belongs here, which you cannot see. Convert it to PNG to see it.]");
    }
    let mut content = MessageContent::from_text(text);
    for url in sent {
        content.push(ContentPart::Binary(picture(url)));
    }
    Message::user(content)
}

fn picture(url: &str) -> Binary {
    let data = url.strip_prefix("data:").and_then(|rest| rest.split_once(";base64,"));
    if let Some((kind, data)) = data {
        return Binary::from_base64(kind, data, None);
    }
    let path = url.split(['?', '#']).next().unwrap_or(url).to_lowercase();
    let kind = match path.rsplit('.').next() {
        Some("png") => "image/png",
        Some("gif") => "image/gif",
        Some("webp") => "image/webp",
        _ => "image/jpeg",
    };
    Binary::from_url(kind, url, None)
}

fn call(call: ToolCall) -> Call {
    let arguments = if call.arguments.trim().is_empty() { "{}" } else { &call.arguments };
    // Providers want JSON back even where the model wrote none.
    let fn_arguments =
        serde_json::from_str(arguments).unwrap_or_else(|_| json!({"invalid_json": arguments}));
    Call { call_id: call.id, fn_name: call.name, fn_arguments, thought_signatures: None }
}

fn tool(tool: ToolSpec) -> Tool {
    let schema: Value =
        serde_json::from_str(&tool.parameters).unwrap_or_else(|_| json!({"type": "object"}));
    Tool::new(tool.name).with_description(tool.description).with_schema(schema)
}
