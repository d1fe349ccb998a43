//! What a provider says of its answer and the client library does not tell.

use std::sync::{Mutex, PoisonError};

use genai::chat::{ChatFrameSink, FrameCtx, RawFrameRef};
use oh_chat::Usage;
use serde_json::Value;

use super::reasoning::add_detail;

/// The head of an answer is looked for in this many of its first frames.
const HEAD_FRAMES: u32 = 64;

/// Listens to an answer as it comes.
#[derive(Debug, Default)]
pub(super) struct Frames(Mutex<Told>);

/// What was heard.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) id: Option<String>,
    pub(super) model: Option<String>,
    pub(super) created: Option<i64>,
    /// Tokens, from where the client library does not look for them.
    pub(super) usage: Option<Usage>,
    /// US dollars.
    pub(super) cost: Option<f64>,
    /// What the provider reports in place of an answer.
    pub(super) error: Option<Value>,
    /// Why the provider gives no answer.
    pub(super) refusal: Option<String>,
    /// OpenRouter's account of thoughts.
    pub(super) details: Vec<Value>,
}

impl Frames {
    /// Returns what was heard so far and forgets it.
    pub(super) fn take(&self) -> Told {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl ChatFrameSink for Frames {
    fn on_frame(&self, _: &FrameCtx, frame: RawFrameRef<'_>) {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let has_head = told.id.is_some() && told.model.is_some() && told.created.is_some();
        let reads_head = !has_head && frame.index < HEAD_FRAMES;
        let says = |part: &str| frame.data.contains(part);
        // Most frames are pieces of text, which need not be read twice.
        let is_told = says("\"cost\"")
            || says("\"prompt_tokens\"")
            || says("\"error\"")
            || says("blockReason")
            || says("reasoning_details");
        if !reads_head && !is_told {
            return;
        }
        let Some(json) = frame.json() else { return };
        if reads_head {
            told.read_head(&json);
        }
        told.read(&json);
    }
}

impl Told {
    fn read_head(&mut self, json: &Value) {
        let text = |places: &[&str]| {
            let found = places.iter().find_map(|place| json.pointer(place)?.as_str());
            found.filter(|text| !text.is_empty()).map(str::to_owned)
        };
        if self.id.is_none() {
            self.id = text(&["/id", "/message/id", "/response/id", "/responseId"]);
        }
        if self.model.is_none() {
            self.model = text(&["/model", "/message/model", "/response/model", "/modelVersion"]);
        }
        if self.created.is_none() {
            let time = json.get("created").or_else(|| json.pointer("/response/created_at"));
            self.created = time.and_then(Value::as_i64).filter(|time| *time > 0);
        }
    }

    fn read(&mut self, json: &Value) {
        let cost = json.pointer("/usage/cost").and_then(Value::as_f64);
        if let Some(cost) = cost.filter(|cost| cost.is_finite() && *cost >= 0.0) {
            self.cost = Some(cost);
        }
        if let Some(usage) = json.get("usage").filter(|usage| usage.is_object()) {
            self.usage = Some(usage_of(usage));
        }
        let error = json.pointer("/response/error").or_else(|| json.get("error"));
        if let Some(error) = error.filter(|error| !error.is_null()) {
            self.error = Some(error.clone());
        }
        if let Some(reason) = json.pointer("/promptFeedback/blockReason").and_then(Value::as_str) {
            self.refusal = Some(reason.to_owned());
        }
        let details = json.pointer("/choices/0/delta/reasoning_details");
        for piece in details.and_then(Value::as_array).into_iter().flatten() {
            add_detail(&mut self.details, piece);
        }
    }
}

/// Reads the usage of OpenAI's protocol, with the fields that proxies add for caches.
fn usage_of(usage: &Value) -> Usage {
    let count = |places: &[&str]| {
        places.iter().find_map(|place| usage.pointer(place)?.as_u64()).unwrap_or_default()
    };
    Usage {
        prompt_tokens: count(&["/prompt_tokens"]),
        completion_tokens: count(&["/completion_tokens"]),
        cache_read_tokens: count(&[
            "/prompt_tokens_details/cached_tokens",
            "/cache_read_input_tokens",
            "/prompt_cache_hit_tokens",
        ]),
        cache_write_tokens: count(&[
            "/cache_creation_input_tokens",
            "/prompt_tokens_details/cache_write_tokens",
        ]),
        reasoning_tokens: count(&["/completion_tokens_details/reasoning_tokens"]),
    }
}
