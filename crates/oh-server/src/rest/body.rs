//! JSON bodies read field by field, with errors in OpenHands' form.

use axum::body::Bytes;
use serde_json::{Map, Value};

use super::error::{ApiError, Problem};

/// A JSON object and what was wrong with it so far.
#[derive(Debug)]
pub(crate) struct Fields {
    map: Map<String, Value>,
    problems: Vec<Problem>,
    /// The field that these are fields of.
    within: Option<&'static str>,
}

impl Fields {
    pub(crate) fn parse(body: &Bytes) -> Result<Self, ApiError> {
        let problem = |kind, message: String| {
            let (place, field) = ("body", String::new());
            ApiError::validation(vec![Problem { kind, place, field, message, input: Value::Null }])
        };
        if body.is_empty() {
            return Err(problem("missing", "Field required".to_owned()));
        }
        match serde_json::from_slice(body) {
            Ok(Value::Object(map)) => Ok(Self { map, problems: Vec::new(), within: None }),
            Ok(_) => Err(problem("model_attributes_type", "The body must be an object".to_owned())),
            Err(error) => Err(problem("json_invalid", format!("JSON decode error: {error}"))),
        }
    }

    /// Returns the value of a field; null counts as absent.
    pub(crate) fn take(&mut self, name: &str) -> Option<Value> {
        self.map.remove(name).filter(|value| !value.is_null())
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.map.get(name).is_some_and(|value| !value.is_null())
    }

    /// Complains if a field is absent.
    pub(crate) fn require(&mut self, name: &str) {
        if !self.has(name) {
            self.problem("missing", name, "Field required", Value::Null);
        }
    }

    pub(crate) fn text(&mut self, name: &str) -> Option<String> {
        match self.take(name)? {
            Value::String(text) => Some(text),
            other => {
                self.problem("string_type", name, "Input should be a valid string", other);
                None
            }
        }
    }

    /// Reads a text that is not said again if it is none: it may be a secret.
    pub(crate) fn secret_text(&mut self, name: &str) -> Option<String> {
        match self.take(name)? {
            Value::String(text) => Some(text),
            _ => {
                self.problem("string_type", name, "Input should be a valid string", Value::Null);
                None
            }
        }
    }

    /// Returns the fields of a field; [`Self::take_problems`] takes what was wrong with them.
    pub(crate) fn object(&mut self, name: &'static str) -> Option<Self> {
        match self.take(name)? {
            Value::Object(map) => Some(Self { map, problems: Vec::new(), within: Some(name) }),
            other => {
                self.problem("model_type", name, "Input should be an object", other);
                None
            }
        }
    }

    /// Adds what was wrong with the fields of a field; ones that were not taken are wrong, too.
    pub(crate) fn take_problems(&mut self, mut inner: Self) {
        inner.complain_of_the_rest();
        self.problems.append(&mut inner.problems);
    }

    pub(crate) fn texts(&mut self, name: &str) -> Option<Vec<String>> {
        let value = self.take(name)?;
        let list: Option<Vec<String>> = value
            .as_array()
            .and_then(|items| items.iter().map(|item| item.as_str().map(str::to_owned)).collect());
        if list.is_none() {
            self.problem("list_type", name, "Input should be a list of strings", value);
        }
        list
    }

    pub(crate) fn flag(&mut self, name: &str) -> Option<bool> {
        match self.take(name)? {
            Value::Bool(flag) => Some(flag),
            other => {
                self.problem("bool_parsing", name, "Input should be true or false", other);
                None
            }
        }
    }

    pub(crate) fn integer(&mut self, name: &str) -> Option<i64> {
        let value = self.take(name)?;
        let integer = value.as_i64().or_else(|| value.as_str().and_then(|t| t.trim().parse().ok()));
        if integer.is_none() {
            self.problem("int_parsing", name, "Input should be a valid integer", value);
        }
        integer
    }

    pub(crate) fn number(&mut self, name: &str) -> Option<f64> {
        let value = self.take(name)?;
        let number = value.as_f64();
        if number.is_none() {
            self.problem("float_type", name, "Input should be a valid number", value);
        }
        number
    }

    pub(crate) fn choice(&mut self, name: &str, allowed: &[&str]) -> Option<String> {
        let text = self.text(name)?;
        if !allowed.contains(&text.as_str()) {
            let message = format!("Input should be one of: {}", allowed.join(", "));
            self.problem("enum", name, &message, Value::String(text));
            return None;
        }
        Some(text)
    }

    pub(crate) fn problem(&mut self, kind: &'static str, field: &str, message: &str, input: Value) {
        self.problems.push(Problem {
            kind,
            place: "body",
            field: self.within.map_or_else(|| field.to_owned(), |outer| format!("{outer}.{field}")),
            message: message.to_owned(),
            input,
        });
    }

    /// Complains about every field that was not taken, and fails if anything was wrong.
    pub(crate) fn finish_strictly(mut self) -> Result<(), ApiError> {
        self.complain_of_the_rest();
        self.finish()
    }

    fn complain_of_the_rest(&mut self) {
        let rest: Vec<(String, Value)> = std::mem::take(&mut self.map).into_iter().collect();
        for (name, value) in rest.into_iter().filter(|(_, value)| !value.is_null()) {
            self.problem("extra_forbidden", &name, "Extra inputs are not permitted", value);
        }
    }

    /// Fails if anything was wrong; fields that were not taken are ignored.
    pub(crate) fn finish(self) -> Result<(), ApiError> {
        if self.problems.is_empty() { Ok(()) } else { Err(ApiError::validation(self.problems)) }
    }
}
