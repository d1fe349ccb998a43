//! `tool_call_metadata`: which tool call of which model response an event stems from.

use oh_event::{ModelResponse, OpaqueJson, ToolCallId, ToolCallMetadata, ToolCallRecord};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::json;
use serde_json::value::RawValue;

/// The JSON form of a [`ToolCallMetadata`].
pub(crate) struct ToolCallJson<'a>(pub(crate) &'a ToolCallMetadata);

impl Serialize for ToolCallJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Form<'a> {
            function_name: &'a str,
            tool_call_id: &'a str,
            model_response: &'a RawValue,
            total_calls_in_response: u32,
        }
        let metadata = self.0;
        let text = response_text(&metadata.model_response);
        let response = serde_json::from_str(&text).map_err(serde::ser::Error::custom)?;
        Form {
            function_name: &metadata.function_name,
            tool_call_id: &metadata.tool_call_id.0,
            model_response: response,
            total_calls_in_response: metadata.total_calls_in_response,
        }
        .serialize(serializer)
    }
}

/// Writes a response in the form of OpenAI's chat completions.
fn response_text(response: &ModelResponse) -> String {
    if let Some(recorded) = &response.recorded {
        return recorded.as_str().to_owned();
    }
    let calls: Vec<_> = response
        .tool_calls
        .iter()
        .map(|call| {
            json!({
                "id": call.id.0,
                "type": "function",
                "function": {"name": call.name, "arguments": call.arguments},
            })
        })
        .collect();
    let mut message = json!({
        "content": response.content,
        "role": "assistant",
        "tool_calls": calls,
        "function_call": null,
    });
    if let Some(reasoning) = &response.reasoning {
        message["reasoning_content"] = json!(reasoning);
    }
    if let Some(state) = &response.reasoning_state {
        // Kept as text: its numbers and the order of its fields must come back as they are.
        message["provider_specific_fields"] = json!({"reasoning_state": state.as_str()});
    }
    json!({
        "id": response.id,
        "created": response.created,
        "model": response.model,
        "object": "chat.completion",
        "system_fingerprint": null,
        "choices": [{
            "finish_reason": response.finish_reason,
            "index": 0,
            "message": message,
        }],
        "usage": {
            "prompt_tokens": response.prompt_tokens,
            "completion_tokens": response.completion_tokens,
            "total_tokens": response.prompt_tokens + response.completion_tokens,
        },
    })
    .to_string()
}

#[derive(Deserialize)]
#[serde(default)]
struct CompletionForm {
    id: Option<String>,
    created: f64,
    model: Option<String>,
    choices: Vec<ChoiceForm>,
    usage: Option<UsageForm>,
}

impl Default for CompletionForm {
    fn default() -> Self {
        Self { id: None, created: 0.0, model: None, choices: Vec::new(), usage: None }
    }
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct ChoiceForm {
    finish_reason: Option<String>,
    message: MessageForm,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct MessageForm {
    content: Option<String>,
    tool_calls: Option<Vec<CallForm>>,
    reasoning_content: Option<String>,
    provider_specific_fields: Option<ProviderForm>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct ProviderForm {
    reasoning_state: Option<String>,
}

#[derive(Deserialize)]
struct CallForm {
    #[serde(default)]
    id: String,
    function: FunctionForm,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct FunctionForm {
    name: Option<String>,
    arguments: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct UsageForm {
    prompt_tokens: Option<u64>,
    completion_tokens: Option<u64>,
}

/// The parts of `tool_call_metadata` as they stand in an event.
#[derive(Deserialize)]
pub(crate) struct ToolCallForm {
    function_name: String,
    tool_call_id: String,
    #[serde(default)]
    model_response: Option<Box<RawValue>>,
    #[serde(default)]
    total_calls_in_response: u32,
}

impl ToolCallForm {
    /// Returns the typed metadata; a response in an unknown form is kept as text only.
    pub(crate) fn into_metadata(self) -> ToolCallMetadata {
        let raw = self.model_response.as_deref().map_or("{}", RawValue::get);
        ToolCallMetadata {
            function_name: self.function_name,
            tool_call_id: ToolCallId(self.tool_call_id),
            model_response: parse_response(raw),
            total_calls_in_response: self.total_calls_in_response,
        }
    }
}

fn parse_response(raw: &str) -> ModelResponse {
    let form: CompletionForm = serde_json::from_str(raw).unwrap_or_default();
    let choice = form.choices.into_iter().next().unwrap_or_default();
    let usage = form.usage.unwrap_or_default();
    let calls = choice.message.tool_calls.unwrap_or_default();
    #[allow(clippy::cast_possible_truncation, reason = "whole seconds are enough")]
    let created = form.created as i64;
    let mut response = ModelResponse {
        id: form.id.unwrap_or_default(),
        created,
        model: form.model.unwrap_or_default(),
        finish_reason: choice.finish_reason.unwrap_or_default(),
        content: choice.message.content,
        tool_calls: calls
            .into_iter()
            .map(|call| ToolCallRecord {
                id: ToolCallId(call.id),
                name: call.function.name.unwrap_or_default(),
                arguments: call.function.arguments,
            })
            .collect(),
        reasoning: choice.message.reasoning_content,
        reasoning_state: choice
            .message
            .provider_specific_fields
            .and_then(|fields| fields.reasoning_state)
            .map(OpaqueJson::from_json_text),
        prompt_tokens: usage.prompt_tokens.unwrap_or(0),
        completion_tokens: usage.completion_tokens.unwrap_or(0),
        recorded: None,
    };
    // A response that we wrote ourselves comes back the same and needs no copy.
    if response_text(&response) != raw {
        response.recorded = Some(OpaqueJson::from_json_text(raw.to_owned()));
    }
    response
}
