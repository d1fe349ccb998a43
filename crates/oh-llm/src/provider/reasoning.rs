//! What a model thought, in the form in which its provider wants it back.
//!
//! The state is a JSON object: the protocol, the signed parts in their order and the signatures
//! of single calls. It is made and read here only.

use genai::ModelIden;
use genai::adapter::AdapterKind;
use genai::chat::{ContentPart, CustomPart, StreamEnd};
use oh_chat::Reasoning;
use serde_json::{Value, json};

/// Returns what was thought, if there is anything to tell or to remember.
pub(super) fn reasoning(
    kind: AdapterKind,
    text: String,
    end: &StreamEnd,
    details: Vec<Value>,
) -> Option<Reasoning> {
    let content = end.captured_content.as_ref();
    let mut parts: Vec<Value> = content
        .map(|content| content.parts().iter())
        .map_or_else(Vec::new, |parts| parts.filter_map(part_json).collect());
    parts.extend(details.into_iter().map(|detail| json!({"block": detail})));
    let calls: Vec<Value> = content.map_or_else(Vec::new, |content| {
        let signatures = content.tool_calls().into_iter().map(|call| &call.thought_signatures);
        signatures.map(|signatures| json!(signatures)).collect()
    });
    // Only Gemini signs calls; elsewhere the library repeats the parts there.
    let is_signed = kind == AdapterKind::Gemini && calls.iter().any(|call| !call.is_null());
    let state = (!parts.is_empty() || is_signed).then(|| {
        let mut state = json!({"protocol": kind.as_str(), "parts": parts});
        if is_signed {
            state["calls"] = Value::Array(calls);
        }
        state.to_string()
    });
    (!text.is_empty() || state.is_some()).then_some(Reasoning { text, state })
}

/// What goes back to the provider with an answer of its own.
#[derive(Debug, Default)]
pub(super) struct Remembered {
    /// The parts that come before the answer's text.
    pub(super) parts: Vec<ContentPart>,
    /// The signatures of the calls, in their order.
    pub(super) calls: Vec<Option<Vec<String>>>,
    /// Parts as the provider wrote them.
    pub(super) blocks: Vec<Value>,
}

/// Reads what was remembered; what another protocol signed is left out.
pub(super) fn remembered(model: &ModelIden, reasoning: Option<&Reasoning>) -> Remembered {
    let mut found = Remembered::default();
    let Some(reasoning) = reasoning else { return found };
    let kind = model.adapter_kind;
    let state: Option<Value> =
        reasoning.state.as_deref().and_then(|state| serde_json::from_str(state).ok());
    if let Some(state) = state.filter(|state| state["protocol"] == kind.as_str()) {
        for part in state["parts"].as_array().into_iter().flatten() {
            if let Some(signature) = part["signature"].as_str() {
                found.parts.push(ContentPart::ThoughtSignature(signature.to_owned()));
            } else if let Some(text) = part["text"].as_str() {
                found.parts.push(ContentPart::ReasoningContent(text.to_owned()));
            } else if let Some(block) = part.get("block") {
                found.blocks.push(block.clone());
                found.parts.push(ContentPart::Custom(CustomPart {
                    model_iden: Some(model.clone()),
                    data: block.clone(),
                }));
            }
        }
        for call in state["calls"].as_array().into_iter().flatten() {
            found.calls.push(serde_json::from_value(call.clone()).ok().flatten());
        }
    }
    if wants_thoughts_back(kind) && !reasoning.text.is_empty() {
        found.parts.push(ContentPart::ReasoningContent(reasoning.text.clone()));
    }
    found
}

/// These providers refuse a call of a tool without the thoughts that led to it.
fn wants_thoughts_back(kind: AdapterKind) -> bool {
    matches!(kind, AdapterKind::DeepSeek | AdapterKind::Moonshot | AdapterKind::Kimi)
}

fn part_json(part: &ContentPart) -> Option<Value> {
    match part {
        ContentPart::ThoughtSignature(signature) => Some(json!({"signature": signature})),
        ContentPart::ReasoningContent(text) => Some(json!({"text": text})),
        ContentPart::Custom(custom) => Some(json!({"block": custom.data})),
        ContentPart::Text(_)
        | ContentPart::Binary(_)
        | ContentPart::ToolCall(_)
        | ContentPart::ToolResponse(_) => None,
    }
}

/// Adds a piece of OpenRouter's account of thoughts; pieces of one thought are put together.
pub(super) fn add_detail(details: &mut Vec<Value>, piece: &Value) {
    let same = |known: &&mut Value| {
        known["type"] == piece["type"] && known.get("index") == piece.get("index")
    };
    let is_numbered = piece.get("index").is_some();
    let Some(known) = details.last_mut().filter(|known| is_numbered && same(known)) else {
        details.push(piece.clone());
        return;
    };
    let (Some(known), Some(piece)) = (known.as_object_mut(), piece.as_object()) else { return };
    for (name, value) in piece {
        let is_text = matches!(name.as_str(), "text" | "summary" | "data");
        match (known.get_mut(name), value) {
            (Some(Value::String(known)), Value::String(more)) if is_text => known.push_str(more),
            (None | Some(Value::Null), value) => {
                known.insert(name.clone(), value.clone());
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_of_one_thought_are_put_together() {
        let mut details = Vec::new();
        for piece in [
            json!({"type": "reasoning.text", "index": 0, "text": "Let ", "signature": null}),
            json!({"type": "reasoning.text", "index": 0, "text": "me see."}),
            json!({"type": "reasoning.text", "index": 0, "signature": "sig"}),
            json!({"type": "reasoning.encrypted", "index": 1, "data": "xyz"}),
        ] {
            add_detail(&mut details, &piece);
        }
        let expected = [
            json!({"type": "reasoning.text", "index": 0, "text": "Let me see.", "signature": "sig"}),
            json!({"type": "reasoning.encrypted", "index": 1, "data": "xyz"}),
        ];
        assert_eq!(details, expected);
    }

    #[test]
    fn signatures_go_back_to_their_own_protocol_only() {
        let state = r#"{"protocol":"Anthropic","parts":[{"signature":"s"},{"text":"t"}]}"#;
        let thought = Reasoning { text: "t".to_owned(), state: Some(state.to_owned()) };
        let count = |kind| remembered(&ModelIden::new(kind, "model"), Some(&thought)).parts.len();
        assert_eq!(count(AdapterKind::Anthropic), 2);
        assert_eq!(count(AdapterKind::Gemini), 0);
        assert_eq!(count(AdapterKind::OpenAI), 0);
        assert_eq!(count(AdapterKind::DeepSeek), 1);
        let broken = Reasoning { text: String::new(), state: Some("{".to_owned()) };
        let model = ModelIden::new(AdapterKind::Anthropic, "model");
        assert!(remembered(&model, Some(&broken)).parts.is_empty());
    }
}
