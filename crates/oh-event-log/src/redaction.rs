//! Secrets are masked before an event is stored, so nobody ever sees them.

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use base64::Engine;
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
    /// Every form of every value.
    forms: Vec<String>,
    /// Finds all of them at once.
    finder: Option<AhoCorasick>,
}

impl std::fmt::Debug for Redactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Redactor").field("forms", &self.forms.len()).finish()
    }
}

/// Returns how a value may look in a text: plain, inside a JSON string, encoded for an address, in
/// hexadecimal digits, and in base64 wherever it stands in what is encoded. None if it is too
/// short to be told from an ordinary word.
pub(crate) fn forms_of(plain: &str) -> Vec<String> {
    if plain.chars().count() < MIN_SECRET_CHARS {
        return Vec::new();
    }
    let quoted = Value::from(plain).to_string();
    let address: String = form_urlencoded::byte_serialize(plain.as_bytes()).collect();
    let digits: String = plain.bytes().map(|byte| format!("{byte:02x}")).collect();
    let mut forms = vec![
        plain.to_owned(),
        quoted[1..quoted.len() - 1].to_owned(),
        address.replace('+', "%20"),
        address,
        digits.to_uppercase(),
        digits,
    ];
    for before in 0..3 {
        forms.push(in_base64(plain, before, &STANDARD_NO_PAD));
        forms.push(in_base64(plain, before, &URL_SAFE_NO_PAD));
    }
    forms.retain(|form| form.len() >= MIN_SECRET_CHARS);
    forms.sort_unstable();
    forms.dedup();
    forms
}

/// Returns what base64 always makes of a value that has so many bytes before it, modulo 3: the
/// characters at its ends that depend on its neighbors are left out.
fn in_base64(plain: &str, before: usize, engine: &impl Engine) -> String {
    let bytes = [&[0; 3][..before], plain.as_bytes()].concat();
    let (first, end) = ((before * 8).div_ceil(6), bytes.len() * 8 / 6);
    engine.encode(&bytes)[first..end].to_owned()
}

impl Redactor {
    /// Adds values to mask; known ones stay masked for the life of the conversation.
    pub(crate) fn add(&mut self, values: impl IntoIterator<Item = String>) {
        self.forms.extend(values.into_iter().flat_map(|plain| forms_of(&plain)));
        self.forms.sort_unstable();
        self.forms.dedup();
        // The smallest kind: each conversation has one. It cannot fail: there are not so many forms.
        let kind = Some(AhoCorasickKind::ContiguousNFA);
        self.finder = AhoCorasick::builder().kind(kind).build(&self.forms).ok();
    }

    /// Returns what masks the same values in a stream of text.
    pub(crate) fn masker(&self) -> Masker {
        Masker::new(self.forms.iter().cloned())
    }

    /// Encodes an event; if a secret is in it, the event itself is changed too.
    pub(crate) fn encode(&self, event: &mut Event) -> serde_json::Result<Encoding> {
        let encoding = encode_event(event)?;
        // A value with quotes is in the payload in the form that it has inside of JSON.
        if !self.finder.as_ref().is_some_and(|finder| finder.is_match(&encoding.payload)) {
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
        let Some(finder) = &self.finder else { return };
        let mut masked = String::new();
        // The end of what is shown or masked, and of the secret that is being masked.
        let (mut done, mut hidden) = (0, 0);
        let mut found: Vec<_> = finder.find_overlapping_iter(text.as_str()).collect();
        found.sort_unstable_by_key(|found| (found.start(), std::cmp::Reverse(found.end())));
        for found in found {
            if found.start() >= hidden {
                masked.push_str(&text[done.max(hidden)..found.start()]);
                masked.push_str(SECRET_MASK);
            }
            hidden = hidden.max(found.end());
            done = hidden;
        }
        if hidden > 0 {
            masked.push_str(&text[hidden..]);
            *text = masked;
        }
    }
}

#[cfg(test)]
mod tests {
    use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE};

    use super::*;

    fn masked(secrets: &[&str], text: &str) -> String {
        let mut redactor = Redactor::default();
        redactor.add(secrets.iter().map(|&secret| secret.to_owned()));
        let mut text = text.to_owned();
        redactor.mask_text(&mut text);
        text
    }

    #[test]
    fn what_overlaps_is_masked_as_a_whole() {
        let secrets = ["abcdefgh", "efghijkl", "cdefgh"];
        assert_eq!(masked(&secrets, "xabcdefghijkly"), format!("x{SECRET_MASK}y"));
        assert_eq!(masked(&secrets, "abcdefghabcdefgh"), SECRET_MASK.repeat(2));
        assert_eq!(masked(&secrets, "nothing"), "nothing");
        assert_eq!(masked(&["short"], "short"), "short");
    }

    #[test]
    fn encodings_are_masked_wherever_the_value_stands() {
        let secret = "s3cret/with+signs & more";
        for before in ["", "a", "ab", "abc", "user:"] {
            for after in ["", "\n", "!!", "abc"] {
                let whole = format!("{before}{secret}{after}");
                let digits: String = whole.bytes().map(|byte| format!("{byte:02x}")).collect();
                for text in [
                    whole.clone(),
                    BASE64_STANDARD.encode(&whole),
                    BASE64_URL_SAFE.encode(&whole),
                    digits.clone(),
                    digits.to_uppercase(),
                    form_urlencoded::byte_serialize(whole.as_bytes()).collect(),
                ] {
                    let shown = masked(&[secret], &text);
                    assert!(shown.contains(SECRET_MASK), "{text}: {shown}");
                    assert!(shown.len() < SECRET_MASK.len() + 24, "{text}: {shown}");
                }
            }
        }
    }
}
