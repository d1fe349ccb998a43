//! The arguments of a tool call, read with errors that a model can act on.

use oh_event::SecurityRisk;
use serde_json::{Map, Value};

pub(crate) struct Arguments<'a> {
    tool: &'a str,
    fields: Map<String, Value>,
}

impl<'a> Arguments<'a> {
    pub(crate) fn parse(tool: &'a str, text: &str) -> Result<Self, String> {
        let text = if text.trim().is_empty() { "{}" } else { text };
        match serde_json::from_str(text) {
            Ok(Value::Object(fields)) => Ok(Self { tool, fields }),
            Ok(_) => Err(format!("The arguments of `{tool}` must be a JSON object.")),
            Err(error) => Err(format!("The arguments of `{tool}` are not valid JSON: {error}.")),
        }
    }

    pub(crate) fn into_fields(self) -> Map<String, Value> {
        self.fields
    }

    pub(crate) fn required_text(&self, name: &str) -> Result<String, String> {
        self.text(name)?.ok_or_else(|| {
            format!("Missing required argument `{name}` in the call of `{}`.", self.tool)
        })
    }

    pub(crate) fn text(&self, name: &str) -> Result<Option<String>, String> {
        match self.fields.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(self.wrong(name, "a string")),
        }
    }

    /// Models write numbers as text at times.
    pub(crate) fn number(&self, name: &str) -> Result<Option<f64>, String> {
        let number = match self.fields.get(name) {
            None | Some(Value::Null) => return Ok(None),
            Some(Value::Number(number)) => number.as_f64(),
            Some(Value::String(text)) => text.trim().parse().ok(),
            Some(_) => None,
        };
        number.map(Some).ok_or_else(|| self.wrong(name, "a number"))
    }

    pub(crate) fn integer(&self, name: &str) -> Result<Option<i64>, String> {
        let integer = match self.fields.get(name) {
            None | Some(Value::Null) => return Ok(None),
            Some(Value::Number(number)) => number.as_i64(),
            Some(Value::String(text)) => text.trim().parse().ok(),
            Some(_) => None,
        };
        integer.map(Some).ok_or_else(|| self.wrong(name, "an integer"))
    }

    pub(crate) fn integers(&self, name: &str) -> Result<Option<Vec<i64>>, String> {
        let list = match self.fields.get(name) {
            None | Some(Value::Null) => return Ok(None),
            Some(Value::Array(list)) => list.iter().map(Value::as_i64).collect(),
            Some(_) => None,
        };
        list.map(Some).ok_or_else(|| self.wrong(name, "a list of integers"))
    }

    /// A list; models write one as JSON text at times.
    pub(crate) fn list(&self, name: &str) -> Result<Option<Vec<Value>>, String> {
        match self.fields.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Array(list)) => Ok(Some(list.clone())),
            Some(Value::String(text)) => {
                serde_json::from_str(text).map(Some).map_err(|_| self.wrong(name, "a list"))
            }
            Some(_) => Err(self.wrong(name, "a list")),
        }
    }

    /// `true`, `"true"` and their opposites.
    pub(crate) fn flag(&self, name: &str) -> Result<bool, String> {
        match self.fields.get(name) {
            None | Some(Value::Null) => Ok(false),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(Value::String(text)) if text.eq_ignore_ascii_case("true") => Ok(true),
            Some(Value::String(text)) if text.eq_ignore_ascii_case("false") => Ok(false),
            Some(_) => Err(self.wrong(name, "true or false")),
        }
    }

    /// An absent or odd risk is no error: nobody knows the risk then.
    pub(crate) fn risk(&self) -> SecurityRisk {
        match self.fields.get("security_risk").and_then(Value::as_str) {
            Some("LOW") => SecurityRisk::Low,
            Some("MEDIUM") => SecurityRisk::Medium,
            Some("HIGH") => SecurityRisk::High,
            Some(_) | None => SecurityRisk::Unknown,
        }
    }

    pub(crate) fn check_names(&self, allowed: &[&str]) -> Result<(), String> {
        match self.fields.keys().find(|name| !allowed.contains(&name.as_str())) {
            None => Ok(()),
            Some(name) => Err(format!(
                "Unexpected argument `{name}` in the call of `{}`. Allowed are: {}.",
                self.tool,
                allowed.join(", ")
            )),
        }
    }

    fn wrong(&self, name: &str, expected: &str) -> String {
        format!("The argument `{name}` of `{}` must be {expected}.", self.tool)
    }
}

/// The `security_risk` property of a tool's schema.
pub(crate) fn risk_schema() -> Value {
    serde_json::json!({
        "type": "string",
        "enum": ["LOW", "MEDIUM", "HIGH"],
        "description": "Your estimate of the risk of this call, by the rules of the system prompt.",
    })
}
