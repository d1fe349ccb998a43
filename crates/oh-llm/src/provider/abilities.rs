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
const FIXED_SAMPLING: [&str; 11] = [
    "o1",
    "o3",
    "o4-mini",
    "gpt-5",
    "gemini-2.5-flash",
    "gemini-2.5-pro",
    "deepseek-r1-0528",
    "claude-sonnet-4-5",
    "claude-haiku-4-5",
    "claude-opus-4-5",
    "codex",
];

pub(crate) fn understands_pictures(model: &str) -> bool {
    let name = base_name(model);
    VISION.iter().any(|part| name.contains(part)) && !name.starts_with("o3-mini")
}

pub(crate) fn takes_temperature(model: &str) -> bool {
    let name = base_name(model);
    !FIXED_SAMPLING.iter().any(|start| name.starts_with(start))
}

/// Returns the name without providers and without the tag after a colon.
fn base_name(model: &str) -> String {
    let name = model.rsplit('/').next().unwrap_or(model);
    let name = name.split(':').next().unwrap_or(name);
    name.to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::{takes_temperature, understands_pictures};

    #[test]
    fn names_say_what_models_can_do() {
        let check = |model, pictures, temperature| {
            assert_eq!(understands_pictures(model), pictures, "{model}");
            assert_eq!(takes_temperature(model), temperature, "{model}");
        };
        check("openai/gpt-4o-mini", true, true);
        check("openrouter/anthropic/claude-sonnet-4-5", true, false);
        check("litellm_proxy/claude-3-7-sonnet", true, true);
        check("o3-mini", false, false);
        check("gpt-5.1", true, false);
        check("ollama/llava:13b", true, true);
        check("ollama/qwen3-coder:30b", false, true);
        check("deepseek/deepseek-chat", false, true);
        check("Qwen/Qwen2.5-VL-7B", true, true);
    }
}
