//! How the model is asked: the settings as far as it takes them.

use std::sync::Arc;

use genai::Headers;
use genai::adapter::AdapterKind;
use genai::chat::{ChatFrameSink, ChatOptions, ReasoningEffort};
use serde_json::{Map, Value, json};

use super::abilities;
use super::target::Target;
use crate::config::LlmConfig;

/// What is asked for once, beside the settings.
#[derive(Debug, Clone, Default)]
pub(super) struct Wishes {
    /// In place of the temperature of the settings.
    pub(super) temperature: Option<f64>,
    /// In place of the longest answer of the settings.
    pub(super) max_output_tokens: Option<u32>,
    /// Words at which the model stops.
    pub(super) stop: Vec<String>,
    /// In place of the messages as the library writes them.
    pub(super) messages: Option<Value>,
}

pub(super) fn options(
    config: &LlmConfig,
    target: &Target,
    wishes: Wishes,
    frames: Arc<dyn ChatFrameSink>,
) -> ChatOptions {
    let kind = target.model.adapter_kind;
    let thoughts =
        kind != AdapterKind::Gemini || abilities::tells_thoughts(&target.model.model_name);
    let mut options = ChatOptions::default()
        .with_capture_usage(true)
        .with_capture_tool_calls(true)
        .with_capture_reasoning_content(thoughts)
        .with_raw_frame_sink_arc(frames)
        .with_stream_header_timeout(config.timeout)
        .with_stream_read_timeout(config.timeout);
    let effort = effort(config, target);
    let thinks = kind == AdapterKind::Anthropic && effort.as_ref().is_some_and(|e| !is_none(e));
    let refuses = |takes: bool| config.drop_params && (!takes || thinks);
    if !refuses(abilities::takes_temperature(&config.model)) {
        options.temperature = wishes.temperature.or(config.temperature);
    }
    if !refuses(abilities::takes_top_p(&config.model)) {
        options.top_p = config.top_p;
    }
    options.max_tokens = wishes.max_output_tokens.or(config.max_output_tokens);
    options.seed = config.seed.filter(|_| takes_seed(kind));
    options.reasoning_effort = effort.or_else(|| no_wish(target));
    if !config.disable_stop_word && abilities::takes_stop_words(&config.model) {
        options.stop_sequences = wishes.stop;
    }
    let extra = extra_body(config, target, &options, thinks, wishes.messages);
    if !extra.is_empty() {
        options.extra_body = Some(Value::Object(extra));
    }
    if kind == AdapterKind::OpenRouter {
        options.extra_headers = Some(application(config));
    }
    options
}

fn effort(config: &LlmConfig, target: &Target) -> Option<ReasoningEffort> {
    let word = config.reasoning_effort.as_deref()?.trim().to_lowercase();
    if config.drop_params && !abilities::takes_effort(&config.model) {
        return None;
    }
    let effort = ReasoningEffort::from_keyword(&word)?;
    // This model thinks at least a little.
    let is_least = matches!(effort, ReasoningEffort::Zero | ReasoningEffort::Low);
    if is_least && target.model.model_name.starts_with("gemini-2.5-pro") {
        return Some(ReasoningEffort::Budget(128));
    }
    Some(effort)
}

fn is_none(effort: &ReasoningEffort) -> bool {
    matches!(effort, ReasoningEffort::Zero)
}

/// The library takes endings such as `-max` for a wish of the user and cuts them off the name,
/// unless there is another wish; this one is never sent.
fn no_wish(target: &Target) -> Option<ReasoningEffort> {
    let sends_nothing = !matches!(
        target.model.adapter_kind,
        AdapterKind::Anthropic
            | AdapterKind::Gemini
            | AdapterKind::Ollama
            | AdapterKind::DeepSeek
            | AdapterKind::BedrockApi
    );
    let is_misread = ReasoningEffort::from_model_name(&target.model.model_name).0.is_some();
    (sends_nothing && is_misread).then_some(ReasoningEffort::Budget(0))
}

fn takes_seed(kind: AdapterKind) -> bool {
    !matches!(kind, AdapterKind::Anthropic | AdapterKind::OpenAIResp | AdapterKind::BedrockApi)
}

/// What the library has no option for.
fn extra_body(
    config: &LlmConfig,
    target: &Target,
    options: &ChatOptions,
    thinks: bool,
    messages: Option<Value>,
) -> Map<String, Value> {
    let mut body = Map::new();
    let kind = target.model.adapter_kind;
    if let Some(top_k) = config.top_k.filter(|_| !thinks) {
        match kind {
            // OpenAI's own models know no such thing.
            AdapterKind::OpenAIResp | AdapterKind::BedrockApi | AdapterKind::Ollama => {}
            AdapterKind::OpenAI if target.provider.endpoint.is_none() => {}
            AdapterKind::Gemini => {
                body.insert("generationConfig".to_owned(), generation(options, target, top_k));
            }
            _ => {
                body.insert("top_k".to_owned(), whole(top_k));
            }
        }
    }
    let settings = config.safety_settings.as_deref().map(serde_json::from_str::<Value>);
    if let (AdapterKind::Gemini, Some(Ok(settings))) = (kind, settings) {
        body.insert("safetySettings".to_owned(), settings);
    }
    if let Some(messages) = messages {
        body.insert("messages".to_owned(), messages);
    }
    if kind == AdapterKind::OpenRouter {
        body.insert("usage".to_owned(), json!({"include": true}));
    }
    let further = config.completion_kwargs.as_deref().map(serde_json::from_str::<Value>);
    if let Some(Ok(Value::Object(further))) = further {
        for (name, value) in further {
            // Clients of OpenAI's protocol put what is not in it there.
            match (name.as_str(), value) {
                ("extra_body", Value::Object(fields)) => body.extend(fields),
                (_, value) => {
                    body.insert(name, value);
                }
            }
        }
    }
    body
}

/// Further fields take the place of those of the same name, so all of these are written again.
fn generation(options: &ChatOptions, target: &Target, top_k: f64) -> Value {
    let mut fields = Map::new();
    let mut add = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            fields.insert(name.to_owned(), value);
        }
    };
    add("temperature", options.temperature.map(Value::from));
    add("topP", options.top_p.map(Value::from));
    add("topK", Some(whole(top_k)));
    add("maxOutputTokens", options.max_tokens.map(Value::from));
    add("seed", options.seed.map(Value::from));
    if !options.stop_sequences.is_empty() {
        add("stopSequences", Some(json!(options.stop_sequences)));
    }
    if abilities::tells_thoughts(&target.model.model_name) {
        let mut thinking = json!({"includeThoughts": true});
        if let Some(ReasoningEffort::Budget(tokens)) = options.reasoning_effort {
            thinking["thinkingBudget"] = json!(tokens);
        }
        add("thinkingConfig", Some(thinking));
    }
    Value::Object(fields)
}

/// Writes a whole number as one.
#[allow(clippy::cast_possible_truncation, reason = "checked to be whole and small")]
fn whole(number: f64) -> Value {
    if number.fract() == 0.0 && number.abs() < 1e9 { json!(number as i64) } else { json!(number) }
}

fn application(config: &LlmConfig) -> Headers {
    Headers::from(vec![
        ("HTTP-Referer".to_owned(), config.openrouter_site_url.clone()),
        ("X-Title".to_owned(), config.openrouter_app_name.clone()),
    ])
}
