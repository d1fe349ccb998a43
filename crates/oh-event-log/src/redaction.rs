//! Secrets are masked before an event is stored, so nobody ever sees them.

use oh_event::Event;
use oh_wire::{EncodedEvent, Encoding, encode_event, parse_event};
use serde_json::Value;

use crate::masker::Masker;

/// What stands in the place of a secret.
pub const SECRET_MASK: &str = "<secret_hidden>";

/// Shorter values are too likely to be ordinary words.
const MIN_SECRET_CHARS: usize = 6;

/// Top-level keys whose values are never touched.
const PROTECTED_KEYS: [&str; 6] = ["timestamp", "id", "source", "cause", "action", "observation"];

/// The values to mask in one conversation.
#[derive(Debug, Default)]
pub(crate) struct Redactor {
    secrets: Vec<Secret>,
}

struct Secret {
    plain: String,
    /// As it looks inside a JSON string.
    escaped: String,
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(SECRET_MASK)
    }
}

impl Redactor {
    /// Adds values to mask; known ones stay masked for the life of the conversation.
    pub(crate) fn add(&mut self, values: impl IntoIterator<Item = String>) {
        for plain in values {
            let is_known = self.secrets.iter().any(|secret| secret.plain == plain);
            if is_known || plain.chars().count() < MIN_SECRET_CHARS {
                continue;
            }
            let quoted = Value::String(plain.clone()).to_string();
            let escaped = quoted[1..quoted.len() - 1].to_owned();
            self.secrets.push(Secret { plain, escaped });
        }
        // A secret that contains another one must be masked first.
        self.secrets.sort_by_key(|secret| std::cmp::Reverse(secret.plain.len()));
    }

    /// Returns what masks the same values, also as they look inside JSON, in a stream of text.
    pub(crate) fn masker(&self) -> Masker {
        let forms = |secret: &Secret| [secret.plain.clone(), secret.escaped.clone()];
        let mut forms: Vec<String> = self.secrets.iter().flat_map(forms).collect();
        forms.sort_unstable();
        forms.dedup();
        Masker::new(forms)
    }

    /// Encodes an event; if a secret is in it, the event itself is changed too.
    pub(crate) fn encode(&self, event: &mut Event) -> serde_json::Result<Encoding> {
        let encoding = encode_event(event)?;
        if !self.secrets.iter().any(|secret| encoding.payload.contains(&secret.escaped)) {
            return Ok(encoding);
        }
        let view = EncodedEvent {
            payload: &encoding.payload,
            source: event.draft.source,
            is_deliverable: encoding.is_deliverable,
            result_at: encoding.result_at,
        };
        let mut json: Value = serde_json::from_str(&view.stored_form())?;
        if let Value::Object(fields) = &mut json {
            for (key, value) in fields.iter_mut() {
                if !PROTECTED_KEYS.contains(&key.as_str()) {
                    self.mask(value);
                }
            }
        }
        *event = parse_event(&json.to_string())
            .map_err(<serde_json::Error as serde::ser::Error>::custom)?;
        encode_event(event)
    }

    fn mask(&self, value: &mut Value) {
        match value {
            Value::String(text) => self.mask_text(text),
            Value::Array(items) => items.iter_mut().for_each(|item| self.mask(item)),
            Value::Object(fields) => {
                let masked = std::mem::take(fields).into_iter().map(|(mut key, mut value)| {
                    self.mask_text(&mut key);
                    self.mask(&mut value);
                    (key, value)
                });
                *fields = masked.collect();
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn mask_text(&self, text: &mut String) {
        for Secret { plain, escaped } in &self.secrets {
            // Strings that hold JSON themselves carry the escaped form.
            for form in [plain, escaped] {
                if text.contains(form.as_str()) {
                    *text = text.replace(form.as_str(), SECRET_MASK);
                }
            }
        }
    }
}
