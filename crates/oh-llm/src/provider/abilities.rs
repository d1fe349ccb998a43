//! What models can do, by their names.

/// Parts of the names of models that understand pictures.
const VISION: [&str; 22] = [
    "gpt-4o",
    "gpt-4.1",
    "gpt-4-turbo",
    "gpt-5",
    "o3",
    "o4-mini",
    "claude-3",
    "claude-sonnet",
    "claude-opus",
    "claude-haiku",
    "gemini",
    "gemma-3",
    "gemma3",
    "llama-4",
    "llama4",
    "pixtral",
    "llava",
    "vision",
    "-vl",
    "2.5vl",
    "mistral-small",
    "kimi-k2.5",
];

/// Beginnings of the names of models that refuse a temperature.
const FIXED_SAMPLING: [&str; 18] = [
    "o1",
    "o3",
    "o4-mini",
    "gpt-5",
    "gemini-2.5-flash",
    "gemini-2.5-pro",
    "gemini-3",
    "deepseek-r1-0528",
    "claude-sonnet-4-5",
    "claude-sonnet-4-6",
    "claude-sonnet-5",
    "claude-haiku-4-5",
    "claude-haiku-5",
    "claude-opus-4-5",
    "claude-opus-4-6",
    "claude-opus-4-7",
    "claude-opus-5",
    "codex",
];

/// Beginnings of the names of models that cannot be told how much to think.
const NO_EFFORT: [&str; 16] = [
    "o1-mini",
    "o1-preview",
    "gpt-3.5",
    "gpt-4",
    "chatgpt-4o",
    "gemini-1.5",
    "gemini-2.0",
    "deepseek-chat",
    "claude-3-5",
    "claude-3.5",
    "claude-3-opus",
    "claude-3-haiku",
    "claude-sonnet-4-5",
    "claude-haiku-4-5",
    "claude-opus-4-5",
    "claude-opus-4-1",
];

/// Beginnings of the names of models that refuse words at which to stop.
const NO_STOP_WORDS: [&str; 7] =
    ["o1", "o3", "o4-mini", "gpt-5", "grok-4-0709", "grok-code-fast-1", "deepseek-r1-0528"];

pub(crate) fn understands_pictures(model: &str) -> bool {
    let name = base_name(model);
    VISION.iter().any(|part| name.contains(part)) && !name.starts_with("o3-mini")
}

pub(crate) fn takes_temperature(model: &str) -> bool {
    !begins_with(model, &FIXED_SAMPLING)
}

pub(crate) fn takes_top_p(model: &str) -> bool {
    takes_temperature(model) && !begins_with(model, &["claude-opus-4-1"])
}

pub(crate) fn takes_effort(model: &str) -> bool {
    !begins_with(model, &NO_EFFORT)
}

pub(crate) fn takes_stop_words(model: &str) -> bool {
    !begins_with(model, &NO_STOP_WORDS)
}

/// Says whether the model's cache needs marks.
pub(crate) fn takes_cache_marks(model: &str) -> bool {
    base_name(model).contains("claude")
}

/// Says whether Gemini's model can be asked for its thoughts.
pub(crate) fn tells_thoughts(model: &str) -> bool {
    !begins_with(model, &["gemini-1.", "gemini-2.0", "gemma"])
}

fn begins_with(model: &str, starts: &[&str]) -> bool {
    let name = base_name(model);
    starts.iter().any(|start| name.starts_with(start))
}

/// Returns the name without providers, without the tag after a colon and without Bedrock's prefix.
pub(crate) fn base_name(model: &str) -> String {
    let name = model.rsplit('/').next().unwrap_or(model);
    let name = name.split(':').next().unwrap_or(name).to_lowercase();
    let name = name.strip_suffix("-gguf").unwrap_or(&name);
    match name.split_once("anthropic.") {
        Some((_, rest)) => rest.to_owned(),
        None => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_what_models_can_do() {
        let check = |model, pictures, temperature| {
            assert_eq!(understands_pictures(model), pictures, "{model}");
            assert_eq!(takes_temperature(model), temperature, "{model}");
        };
        check("openai/gpt-4o-mini", true, true);
        check("openrouter/anthropic/claude-sonnet-4-5", true, false);
        check("litellm_proxy/claude-3-7-sonnet", true, true);
        check("bedrock/us.anthropic.claude-sonnet-4-5-20250929-v1:0", true, false);
        check("o3-mini", false, false);
        check("gpt-5.1", true, false);
        check("ollama/llava:13b", true, true);
        check("ollama/qwen3-coder:30b", false, true);
        check("deepseek/deepseek-chat", false, true);
        check("Qwen/Qwen2.5-VL-7B", true, true);
    }

    #[test]
    fn what_a_model_refuses_is_known() {
        let check = |model, top_p, effort, stop| {
            let found = (takes_top_p(model), takes_effort(model), takes_stop_words(model));
            assert_eq!(found, (top_p, effort, stop), "{model}");
        };
        check("anthropic/claude-opus-4-1", false, false, true);
        check("anthropic/claude-sonnet-4-20250514", true, true, true);
        check("anthropic/claude-haiku-4-5", false, false, true);
        check("openai/o1-2024-12-17", false, true, false);
        check("xai/grok-4-0709", true, true, false);
        check("ollama/gpt-oss:20b", true, true, true);
        check("openai/gpt-4o", true, false, true);
    }
}
