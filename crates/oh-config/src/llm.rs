//! `[llm]` and the named groups `[llm.NAME]`, which take from it what they do not say.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use oh_llm::LlmConfig;

use crate::source::Source;

/// The section, and the beginning of the names of groups.
const SECTION: &str = "llm";
/// Settings that are accepted and mean nothing here.
const WITHOUT_MEANING: [&str; 2] = ["aws_access_key_id", "aws_secret_access_key"];
const EFFORTS: [&str; 7] = ["none", "minimal", "low", "medium", "high", "xhigh", "max"];

/// The model and how it is asked.
#[derive(Debug, Clone, PartialEq)]
pub struct LlmSettings {
    /// The model, such as `openai/gpt-4o` or `demo`, if one is named.
    pub model: Option<String>,
    /// Everything else; its model is the one named above or the demonstration.
    pub config: LlmConfig,
    /// Longest text of one observation in a prompt, in characters.
    pub max_message_chars: usize,
    /// The named groups, complete with what they take from the section.
    pub groups: BTreeMap<String, LlmConfig>,
}

impl LlmSettings {
    /// Returns the settings with a named group in place of the section itself.
    #[must_use]
    pub fn with_group(mut self, name: Option<&str>) -> Self {
        if let Some(group) = name.and_then(|name| self.groups.get(name)) {
            self.model = Some(group.model.clone());
            self.config = group.clone();
        }
        self
    }
}

pub(crate) fn read(s: &mut Source<'_>) -> LlmSettings {
    let defaults = LlmConfig {
        force_vision: s.variable("OPENHANDS_FORCE_VISION").is_some_and(crate::values::parse_flag),
        ..LlmConfig::default()
    };
    let model = s.text(SECTION, "model");
    let config = group(s, SECTION, defaults);
    let names = s.groups(SECTION);
    let groups = names
        .into_iter()
        .map(|name| {
            let read = group(s, &format!("{SECTION}.{name}"), config.clone());
            (name, read)
        })
        .collect();
    let max_message_chars = s.integer(SECTION, "max_message_chars");
    LlmSettings {
        model,
        config,
        max_message_chars: max_message_chars
            .and_then(|n| usize::try_from(n).ok())
            .unwrap_or(30_000),
        groups,
    }
}

/// Reads one group; what it does not say is as in `base`.
fn group(s: &mut Source<'_>, at: &str, base: LlmConfig) -> LlmConfig {
    let model = s.text(at, "model");
    let own_url = s.text(at, "base_url");
    // A key belongs to its provider: another one must not get it.
    let has_own_url = own_url.is_some() && own_url != base.base_url;
    let is_elsewhere = at != SECTION
        && (has_own_url || model.as_deref().is_some_and(|m| provider(m) != provider(&base.model)));
    let inherited = |value: Option<String>| value.filter(|_| !is_elsewhere);
    let api_key = s.text(at, "api_key").or_else(|| inherited(base.api_key.clone()));
    let base_url = own_url.or_else(|| inherited(base.base_url.clone()));
    let seconds = |s: &mut Source<'_>, key: &str, default: Duration| {
        s.integer(at, key).map_or(default, Duration::from_secs)
    };
    let attempts = s.integer(at, "num_retries").and_then(|n| u32::try_from(n).ok());
    let log_folder = log_folder(s, at, base.log_folder);
    for key in WITHOUT_MEANING {
        if s.is_set(at, key) {
            s.warnings.push(format!(
                "[{at}] {key} is not used: Bedrock is asked with an API key of its own, set as api_key"
            ));
        }
    }
    LlmConfig {
        model: model.unwrap_or(base.model),
        api_key,
        base_url,
        ollama_base_url: s.text(at, "ollama_base_url").or(base.ollama_base_url),
        custom_llm_provider: s.text(at, "custom_llm_provider").or(base.custom_llm_provider),
        api_version: s.text(at, "api_version").or(base.api_version),
        aws_region: s.text(at, "aws_region_name").or(base.aws_region),
        openrouter_site_url: s.text(at, "openrouter_site_url").unwrap_or(base.openrouter_site_url),
        openrouter_app_name: s.text(at, "openrouter_app_name").unwrap_or(base.openrouter_app_name),
        attempts: attempts.unwrap_or(base.attempts).max(1),
        retry_multiplier: s.number(at, "retry_multiplier").unwrap_or(base.retry_multiplier),
        retry_min_wait: seconds(s, "retry_min_wait", base.retry_min_wait),
        retry_max_wait: seconds(s, "retry_max_wait", base.retry_max_wait),
        timeout: seconds(s, "timeout", base.timeout),
        temperature: s.number(at, "temperature").or(base.temperature),
        top_p: s.number(at, "top_p").or(base.top_p),
        top_k: s.number(at, "top_k").or(base.top_k),
        seed: s.integer(at, "seed").or(base.seed),
        reasoning_effort: effort(s, at).or(base.reasoning_effort),
        max_input_tokens: s.integer(at, "max_input_tokens").or(base.max_input_tokens),
        max_output_tokens: s
            .integer(at, "max_output_tokens")
            .and_then(|n| n.try_into().ok())
            .or(base.max_output_tokens),
        drop_params: s.flag(at, "drop_params").unwrap_or(base.drop_params),
        disable_vision: s.flag(at, "disable_vision").unwrap_or(base.disable_vision),
        force_vision: base.force_vision,
        caching_prompt: s.flag(at, "caching_prompt").unwrap_or(base.caching_prompt),
        native_tool_calling: s.flag(at, "native_tool_calling").or(base.native_tool_calling),
        disable_stop_word: s.flag(at, "disable_stop_word").unwrap_or(base.disable_stop_word),
        safety_settings: s
            .json(at, "safety_settings", "a list of tables", |json| json.is_array())
            .or(base.safety_settings),
        completion_kwargs: s
            .json(at, "completion_kwargs", "a table", |json| json.is_object())
            .or(base.completion_kwargs),
        log_folder,
        input_cost_per_token: s.number(at, "input_cost_per_token").or(base.input_cost_per_token),
        output_cost_per_token: s.number(at, "output_cost_per_token").or(base.output_cost_per_token),
    }
}

/// Returns the provider in a model's name, or the family of a name without one.
fn provider(model: &str) -> &str {
    let family = || model.split_once('-').map_or(model, |(family, _)| family);
    model.split_once('/').map_or_else(family, |(provider, _)| provider)
}

fn log_folder(s: &mut Source<'_>, at: &str, base: Option<PathBuf>) -> Option<PathBuf> {
    let folder = s.text(at, "log_completions_folder").map(PathBuf::from);
    let is_on = s.flag(at, "log_completions").unwrap_or(base.is_some());
    is_on.then(|| folder.or(base).unwrap_or_else(|| PathBuf::from("logs/completions")))
}

fn effort(s: &mut Source<'_>, at: &str) -> Option<String> {
    let word = s.text(at, "reasoning_effort")?.trim().to_lowercase();
    if EFFORTS.contains(&word.as_str()) {
        return Some(word);
    }
    let known = EFFORTS.join("\", \"");
    s.warnings.push(format!(
        "[{at}] reasoning_effort must be one of \"{known}\", not \"{word}\"; it is ignored"
    ));
    None
}
