//! The accessibility tree, as the browser gives it.

use serde::Deserialize;
use serde_json::Value;

#[derive(Debug, Deserialize)]
pub(super) struct AxTree {
    pub(super) nodes: Vec<AxNode>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AxNode {
    pub(super) node_id: String,
    #[serde(default)]
    ignored: bool,
    role: Option<AxValue>,
    name: Option<AxValue>,
    value: Option<AxValue>,
    #[serde(default)]
    properties: Vec<AxProperty>,
    pub(super) parent_id: Option<String>,
    #[serde(default)]
    pub(super) child_ids: Vec<String>,
    #[serde(rename = "backendDOMNodeId")]
    pub(super) backend: Option<i64>,
}

#[derive(Debug, Deserialize)]
struct AxProperty {
    name: String,
    value: AxValue,
}

#[derive(Debug, Deserialize)]
struct AxValue {
    #[serde(default)]
    value: Value,
}

impl AxNode {
    /// Returns what kind of element it is; empty if it is none that people perceive.
    pub(super) fn role(&self) -> &str {
        match self.role.as_ref().and_then(|role| role.value.as_str()) {
            Some("none" | "presentation" | "InlineTextBox" | "LineBreak") | None => "",
            Some(_) if self.ignored => "",
            Some(role) => role,
        }
    }

    pub(super) fn name(&self) -> String {
        self.name.as_ref().map(|name| one_line(&name.value)).unwrap_or_default()
    }

    pub(super) fn value(&self) -> String {
        self.value.as_ref().map(|value| one_line(&value.value)).unwrap_or_default()
    }

    fn property(&self, name: &str) -> Option<&Value> {
        let property = self.properties.iter().find(|property| property.name == name)?;
        Some(&property.value.value)
    }

    /// Says whether a property is there and true.
    pub(super) fn is(&self, name: &str) -> bool {
        self.property(name).is_some_and(|value| match value {
            Value::Bool(value) => *value,
            Value::Number(number) => number.as_f64() != Some(0.0),
            Value::String(text) => !matches!(text.as_str(), "" | "false"),
            Value::Null | Value::Array(_) | Value::Object(_) => false,
        })
    }

    pub(super) fn text_of(&self, name: &str) -> Option<String> {
        self.property(name).map(one_line).filter(|text| !text.is_empty())
    }
}

fn one_line(value: &Value) -> String {
    match value {
        Value::String(text) => text.split_whitespace().collect::<Vec<_>>().join(" "),
        Value::Null | Value::Array(_) | Value::Object(_) => String::new(),
        Value::Bool(value) => value.to_string(),
        Value::Number(number) => number.to_string(),
    }
}
