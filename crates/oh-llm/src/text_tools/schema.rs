//! The parameters of a tool, from its JSON Schema.

use oh_chat::ToolSpec;
use serde_json::Value;

/// One parameter as far as it is told and checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Parameter {
    pub(super) name: String,
    pub(super) kind: String,
    pub(super) is_required: bool,
    pub(super) description: String,
    /// The only values allowed, if they are listed.
    pub(super) values: Vec<String>,
}

pub(super) fn parameters(tool: &ToolSpec) -> Vec<Parameter> {
    let schema: Value = serde_json::from_str(&tool.parameters).unwrap_or_default();
    let required: Vec<&str> = list(&schema, "required").filter_map(Value::as_str).collect();
    let properties = schema.get("properties").and_then(Value::as_object);
    let parameter = |(name, property): (&String, &Value)| Parameter {
        name: name.clone(),
        kind: kind(property),
        is_required: required.contains(&name.as_str()),
        description: property
            .get("description")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned(),
        values: list(property, "enum").map(text).collect(),
    };
    properties.into_iter().flatten().map(parameter).collect()
}

/// Reads a value of the kind that the parameter wants; what is no such value stays a text, and
/// whoever checks the arguments says what was wrong.
pub(super) fn value(kind: Option<&str>, text: &str) -> Value {
    let trimmed = text.trim();
    let read = match kind {
        Some("integer") => trimmed.parse::<i64>().ok().map(Value::from),
        Some("number") => serde_json::from_str(trimmed).ok().filter(Value::is_number),
        Some("boolean") => {
            serde_json::from_str(&trimmed.to_ascii_lowercase()).ok().filter(Value::is_boolean)
        }
        Some("array") => serde_json::from_str(trimmed).ok().filter(Value::is_array),
        Some("object") => serde_json::from_str(trimmed).ok().filter(Value::is_object),
        _ => None,
    };
    read.unwrap_or_else(|| Value::String(text.to_owned()))
}

fn kind(property: &Value) -> String {
    let named = match property.get("type") {
        Some(Value::Array(kinds)) => {
            kinds.iter().filter_map(Value::as_str).find(|kind| *kind != "null")
        }
        other => other.and_then(Value::as_str),
    };
    named.unwrap_or("string").to_owned()
}

fn list<'a>(value: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    value.get(name).and_then(Value::as_array).into_iter().flatten()
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
