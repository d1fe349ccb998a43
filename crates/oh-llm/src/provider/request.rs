//! What is sent, in the client library's terms.

use genai::ModelIden;
use genai::adapter::AdapterKind;
use genai::chat::{
    Binary, CacheControl, ChatMessage as Message, ChatRequest, ContentPart, CustomPart,
    MessageContent, Tool, ToolCall as Call, ToolResponse,
};
use oh_chat::{ChatMessage, CompletionRequest, Reasoning, ToolCall, ToolSpec};
use serde_json::{Value, json};

use super::reasoning::remembered;

/// Says whether pictures go along.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pictures {
    Sent,
    LeftOut,
}

/// Says whether the provider is told what to keep in its cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CacheMarks {
    Set,
    LeftOut,
}

pub(crate) fn chat_request(
    request: CompletionRequest,
    model: &ModelIden,
    pictures: Pictures,
    marks: CacheMarks,
) -> ChatRequest {
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
        messages.extend(plain_message(message, model, pictures));
    }
    if !results.is_empty() {
        messages.push(results.into());
    }
    if marks == CacheMarks::Set {
        mark(&mut messages);
    }
    let tools: Vec<Tool> = request.tools.into_iter().map(tool).collect();
    let request = ChatRequest::new(messages);
    if tools.is_empty() { request } else { request.with_tools(tools) }
}

/// Marks the end of the instructions and the end of what has been said on our side.
fn mark(messages: &mut [Message]) {
    use genai::chat::ChatRole::{Assistant, System, Tool, User};
    let is_ours = |message: &Message| match message.role {
        User | Tool => true,
        System | Assistant => false,
    };
    let system = messages.iter().rposition(|message| message.role == System);
    let last = messages.iter().rposition(is_ours);
    for place in [system, last].into_iter().flatten() {
        if let Some(message) = messages.get_mut(place) {
            message.options = Some(CacheControl::Ephemeral.into());
        }
    }
}

fn plain_message(message: ChatMessage, model: &ModelIden, pictures: Pictures) -> Option<Message> {
    match message {
        ChatMessage::System { text } => Some(Message::system(text)),
        ChatMessage::User { text, image_urls } => Some(user(text, &image_urls, model, pictures)),
        ChatMessage::Assistant { text, tool_calls, reasoning } => {
            assistant(text, tool_calls, reasoning.as_ref(), model)
        }
        ChatMessage::ToolResult { call_id, name, text } => {
            Some(ToolResponse::new(call_id, text).with_fn_name(name).into())
        }
    }
}

fn assistant(
    text: String,
    tool_calls: Vec<ToolCall>,
    reasoning: Option<&Reasoning>,
    model: &ModelIden,
) -> Option<Message> {
    if text.is_empty() && tool_calls.is_empty() {
        return None;
    }
    let remembered = remembered(model, reasoning);
    let mut content = MessageContent::from_parts(remembered.parts);
    if !text.is_empty() {
        content.push(text);
    }
    let mut signatures = remembered.calls.into_iter();
    for call in tool_calls {
        let signatures = signatures.next().flatten();
        content.push(ContentPart::ToolCall(self::call(call, signatures)));
    }
    Some(Message::assistant(content))
}

fn user(text: String, image_urls: &[String], model: &ModelIden, pictures: Pictures) -> Message {
    let (text, sent) = with_pictures(text, image_urls, pictures);
    if sent.is_empty() {
        return Message::user(text);
    }
    let mut content = MessageContent::from_text(text);
    for url in sent {
        content.push(picture(url, model));
    }
    Message::user(content)
}

/// Returns the text, which names the pictures that do not go along, and those that do.
pub(super) fn with_pictures(
    mut text: String,
    image_urls: &[String],
    pictures: Pictures,
) -> (String, Vec<&String>) {
    if !image_urls.is_empty() && pictures == Pictures::LeftOut {
        text.push_str("\n\n[A picture belongs here, which you cannot see.]");
        return (text, Vec::new());
    }
    // No provider takes BMP, and one that is sent again and again would fail every request.
    let (bitmaps, sent): (Vec<&String>, Vec<&String>) =
        image_urls.iter().partition(|url| url.starts_with("data:image/bmp"));
    if !bitmaps.is_empty() {
        text.push_str("\n\n[A picture in BMP format belongs here, which you cannot see. Convert it to PNG to see it.]");
    }
    (text, sent)
}

fn picture(url: &str, model: &ModelIden) -> ContentPart {
    let data = url.strip_prefix("data:").and_then(|rest| rest.split_once(";base64,"));
    if let Some((kind, data)) = data {
        return ContentPart::Binary(Binary::from_base64(kind, data, None));
    }
    // The library leaves addresses out here, which the provider understands by now.
    if model.adapter_kind == AdapterKind::Anthropic {
        let data = json!({"type": "image", "source": {"type": "url", "url": url}});
        return ContentPart::Custom(CustomPart { model_iden: Some(model.clone()), data });
    }
    let path = url.split(['?', '#']).next().unwrap_or(url).to_lowercase();
    let kind = match path.rsplit('.').next() {
        Some("png") => "image/png",
        Some("gif") => "image/gif",
        Some("webp") => "image/webp",
        _ => "image/jpeg",
    };
    ContentPart::Binary(Binary::from_url(kind, url, None))
}

fn call(call: ToolCall, thought_signatures: Option<Vec<String>>) -> Call {
    let arguments = if call.arguments.trim().is_empty() { "{}" } else { &call.arguments };
    // Providers want an object back even where the model wrote none.
    let fn_arguments = serde_json::from_str(arguments)
        .ok()
        .filter(Value::is_object)
        .unwrap_or_else(|| json!({"invalid_json": arguments}));
    Call { call_id: call.id, fn_name: call.name, fn_arguments, thought_signatures }
}

fn tool(tool: ToolSpec) -> Tool {
    let schema: Value =
        serde_json::from_str(&tool.parameters).unwrap_or_else(|_| json!({"type": "object"}));
    Tool::new(tool.name).with_description(tool.description).with_schema(schema)
}
