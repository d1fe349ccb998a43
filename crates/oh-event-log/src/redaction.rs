//! Secrets are masked before an event is stored, so nobody ever sees them.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
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
#[derive(Default)]
pub(crate) struct Redactor {
    /// Every form of every value, the longest first: one that contains another is masked before.
    forms: Vec<String>,
}

impl std::fmt::Debug for Redactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Redactor").field("forms", &self.forms.len()).finish()
    }
}

/// Returns how a value may look in a text: plain, inside a JSON string, encoded for an address, in
/// base64 without what fills it up. None if it is too short to be told from an ordinary word.
pub(crate) fn forms_of(plain: &str) -> Vec<String> {
    if plain.chars().count() < MIN_SECRET_CHARS {
        return Vec::new();
    }
    let quoted = Value::from(plain).to_string();
    let address: String = form_urlencoded::byte_serialize(plain.as_bytes()).collect();
    let mut forms = vec![
        plain.to_owned(),
        quoted[1..quoted.len() - 1].to_owned(),
        address.replace('+', "%20"),
        address,
        STANDARD_NO_PAD.encode(plain),
        URL_SAFE_NO_PAD.encode(plain),
    ];
    forms.sort_unstable();
    forms.dedup();
    forms
}

impl Redactor {
    /// Adds values to mask; known ones stay masked for the life of the conversation.
    pub(crate) fn add(&mut self, values: impl IntoIterator<Item = String>) {
        self.forms.extend(values.into_iter().flat_map(|plain| forms_of(&plain)));
        self.forms.sort_unstable_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        self.forms.dedup();
    }

    /// Returns what masks the same values in a stream of text.
    pub(crate) fn masker(&self) -> Masker {
        Masker::new(self.forms.iter().cloned())
    }

    /// Encodes an event; if a secret is in it, the event itself is changed too.
    pub(crate) fn encode(&self, event: &mut Event) -> serde_json::Result<Encoding> {
        let encoding = encode_event(event)?;
        // A value with quotes is in the payload in the form that it has inside of JSON.
        if !self.forms.iter().any(|form| encoding.payload.contains(form)) {
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
        for form in &self.forms {
            if text.contains(form.as_str()) {
                *text = text.replace(form.as_str(), SECRET_MASK);
            }
        }
    }
}
