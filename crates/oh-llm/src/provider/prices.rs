//! What models cost and how much they read and write, as far as it is known.

use oh_chat::Usage;

use super::abilities::base_name;
use crate::config::LlmConfig;

/// US dollars per million tokens, and tokens.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Model {
    /// Beginning of the name; the longest one that fits counts.
    name: &'static str,
    input: f64,
    output: f64,
    cache_read: f64,
    cache_write: f64,
    /// Longest request.
    window: u64,
}

const fn model(
    name: &'static str,
    [input, output, cache_read, cache_write]: [f64; 4],
    window: u64,
) -> Model {
    Model { name, input, output, cache_read, cache_write, window }
}

const MILLION: f64 = 1_000_000.0;

/// Prices of the providers' own services for requests of ordinary length.
const MODELS: [Model; 47] = [
    // Anthropic, https://www.anthropic.com/pricing, November 2025; caches of five minutes.
    model("claude-opus-4-5", [5.0, 25.0, 0.5, 6.25], 200_000),
    model("claude-opus-4-1", [15.0, 75.0, 1.5, 18.75], 200_000),
    model("claude-opus-4-20250514", [15.0, 75.0, 1.5, 18.75], 200_000),
    model("claude-opus-4-0", [15.0, 75.0, 1.5, 18.75], 200_000),
    model("claude-sonnet-4", [3.0, 15.0, 0.3, 3.75], 200_000),
    model("claude-haiku-4-5", [1.0, 5.0, 0.1, 1.25], 200_000),
    model("claude-3-7-sonnet", [3.0, 15.0, 0.3, 3.75], 200_000),
    model("claude-3.7-sonnet", [3.0, 15.0, 0.3, 3.75], 200_000),
    model("claude-3-5-sonnet", [3.0, 15.0, 0.3, 3.75], 200_000),
    model("claude-3.5-sonnet", [3.0, 15.0, 0.3, 3.75], 200_000),
    model("claude-3-5-haiku", [0.8, 4.0, 0.08, 1.0], 200_000),
    model("claude-3.5-haiku", [0.8, 4.0, 0.08, 1.0], 200_000),
    model("claude-3-opus", [15.0, 75.0, 1.5, 18.75], 200_000),
    model("claude-3-haiku", [0.25, 1.25, 0.03, 0.3], 200_000),
    // OpenAI, https://platform.openai.com/docs/pricing, November 2025; writing a cache is free.
    model("gpt-5", [1.25, 10.0, 0.125, 1.25], 272_000),
    model("gpt-5-pro", [15.0, 120.0, 15.0, 15.0], 272_000),
    model("gpt-5-mini", [0.25, 2.0, 0.025, 0.25], 272_000),
    model("gpt-5-nano", [0.05, 0.4, 0.005, 0.05], 272_000),
    model("gpt-5.1", [1.25, 10.0, 0.125, 1.25], 272_000),
    model("gpt-5.1-codex-mini", [0.25, 2.0, 0.025, 0.25], 272_000),
    model("gpt-4.1", [2.0, 8.0, 0.5, 2.0], 1_047_576),
    model("gpt-4.1-mini", [0.4, 1.6, 0.1, 0.4], 1_047_576),
    model("gpt-4.1-nano", [0.1, 0.4, 0.025, 0.1], 1_047_576),
    model("gpt-4o", [2.5, 10.0, 1.25, 2.5], 128_000),
    model("gpt-4o-2024-05-13", [5.0, 15.0, 5.0, 5.0], 128_000),
    model("gpt-4o-mini", [0.15, 0.6, 0.075, 0.15], 128_000),
    model("gpt-4-turbo", [10.0, 30.0, 10.0, 10.0], 128_000),
    model("o1", [15.0, 60.0, 7.5, 15.0], 200_000),
    model("o3", [2.0, 8.0, 0.5, 2.0], 200_000),
    model("o3-pro", [20.0, 80.0, 20.0, 20.0], 200_000),
    model("o3-mini", [1.1, 4.4, 0.55, 1.1], 200_000),
    model("o4-mini", [1.1, 4.4, 0.275, 1.1], 200_000),
    // Google, https://ai.google.dev/pricing, November 2025; requests of up to 200 000 tokens.
    model("gemini-3-pro", [2.0, 12.0, 0.2, 2.0], 1_048_576),
    model("gemini-2.5-pro", [1.25, 10.0, 0.125, 1.25], 1_048_576),
    model("gemini-2.5-flash", [0.3, 2.5, 0.03, 0.3], 1_048_576),
    model("gemini-2.5-flash-lite", [0.1, 0.4, 0.01, 0.1], 1_048_576),
    model("gemini-2.0-flash", [0.1, 0.4, 0.025, 0.1], 1_048_576),
    model("gemini-2.0-flash-lite", [0.075, 0.3, 0.075, 0.075], 1_048_576),
    // DeepSeek, https://api-docs.deepseek.com/quick_start/pricing, November 2025.
    model("deepseek-chat", [0.28, 0.42, 0.028, 0.28], 128_000),
    model("deepseek-reasoner", [0.28, 0.42, 0.028, 0.28], 128_000),
    // xAI, https://docs.x.ai/docs/models, November 2025.
    model("grok-4", [3.0, 15.0, 0.75, 3.0], 256_000),
    model("grok-4-fast", [0.2, 0.5, 0.05, 0.2], 2_000_000),
    model("grok-code-fast-1", [0.2, 1.5, 0.02, 0.2], 256_000),
    // Moonshot, https://platform.moonshot.ai/docs/pricing, November 2025.
    model("kimi-k2-0905-preview", [0.6, 2.5, 0.15, 0.6], 262_144),
    model("kimi-k2-thinking", [0.6, 2.5, 0.15, 0.6], 262_144),
    // Mistral, https://mistral.ai/pricing, November 2025; there is no cache.
    model("devstral-medium", [0.4, 2.0, 0.4, 0.4], 128_000),
    model("mistral-medium-2508", [0.4, 2.0, 0.4, 0.4], 128_000),
];

/// Providers at which these models cost what their makers ask.
const PRICED: [&str; 14] = [
    "anthropic",
    "openai",
    "azure",
    "gemini",
    "deepseek",
    "xai",
    "moonshot",
    "kimi",
    "mistral",
    "openrouter",
    "litellm_proxy",
    "openhands",
    "bedrock",
    "custom_openai",
];

/// Returns the cost in US dollars: by the settings, by the provider's word, or by the table.
pub(super) fn cost(config: &LlmConfig, usage: Usage, told: Option<f64>) -> Option<f64> {
    if config.input_cost_per_token.is_some() || config.output_cost_per_token.is_some() {
        let input = config.input_cost_per_token.unwrap_or_default();
        let output = config.output_cost_per_token.unwrap_or_default();
        let cost = input * number(usage.prompt_tokens) + output * number(usage.completion_tokens);
        return Some(cost);
    }
    told.or_else(|| {
        let prices = known(&config.model).filter(|_| is_priced(&config.model))?;
        let cached = usage.cache_read_tokens.saturating_add(usage.cache_write_tokens);
        let sum = prices.input * number(usage.prompt_tokens.saturating_sub(cached))
            + prices.cache_read * number(usage.cache_read_tokens)
            + prices.cache_write * number(usage.cache_write_tokens)
            + prices.output * number(usage.completion_tokens);
        Some(sum / MILLION)
    })
}

/// Returns the longest request that the model takes, in tokens.
pub(super) fn window(config: &LlmConfig) -> Option<u64> {
    config.max_input_tokens.or_else(|| known(&config.model).map(|model| model.window))
}

fn is_priced(model: &str) -> bool {
    model.split_once('/').is_none_or(|(provider, _)| PRICED.contains(&provider))
}

/// Finds the longest name that the model's name begins with, up to a word's end.
fn known(model: &str) -> Option<Model> {
    let name = base_name(model);
    let fits = |known: &&Model| {
        name.strip_prefix(known.name)
            .is_some_and(|rest| !rest.starts_with(|c: char| c == '.' || c.is_ascii_alphanumeric()))
    };
    MODELS.iter().filter(fits).max_by_key(|known| known.name.len()).copied()
}

#[allow(clippy::cast_precision_loss, reason = "token counts are far below 2^52")]
fn number(tokens: u64) -> f64 {
    tokens as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    const USAGE: Usage = Usage {
        prompt_tokens: 1_000_000,
        completion_tokens: 100_000,
        cache_read_tokens: 600_000,
        cache_write_tokens: 200_000,
        reasoning_tokens: 0,
    };

    fn config(model: &str) -> LlmConfig {
        LlmConfig { model: model.to_owned(), ..LlmConfig::default() }
    }

    #[test]
    fn a_known_model_has_a_price_and_a_window() {
        let check = |model, cost: f64, expected_window| {
            let found = super::cost(&config(model), USAGE, None).unwrap();
            assert!((found - cost).abs() < 1e-9, "{model} {found}");
            assert_eq!(window(&config(model)), Some(expected_window), "{model}");
        };
        // 200 000 x 3 + 600 000 x 0.3 + 200 000 x 3.75 + 100 000 x 15
        check("anthropic/claude-sonnet-4-5-20250929", 3.03, 200_000);
        check("claude-opus-4-20250514", 3.0 + 0.9 + 3.75 + 7.5, 200_000);
        check("claude-opus-4-5", 1.0 + 0.3 + 1.25 + 2.5, 200_000);
        check("bedrock/us.anthropic.claude-sonnet-4-5-20250929-v1:0", 3.03, 200_000);
        check("openai/gpt-4o-2024-08-06", 0.5 + 0.75 + 0.5 + 1.0, 128_000);
        check("gpt-5-mini", 0.05 + 0.015 + 0.05 + 0.2, 272_000);
        check("gemini/gemini-2.5-flash-lite", 0.02 + 0.006 + 0.02 + 0.04, 1_048_576);
        check("o3-mini", 0.22 + 0.33 + 0.22 + 0.44, 200_000);
    }

    #[test]
    fn what_is_not_known_has_no_price() {
        let check = |model, expected_window| {
            assert_eq!(cost(&config(model), USAGE, None), None, "{model}");
            assert_eq!(window(&config(model)), expected_window, "{model}");
        };
        check("openai/something-new", None);
        check("openai/gpt-5.9", None);
        check("openai/o33", None);
        check("hosted_vllm/deepseek-chat", Some(128_000));
        check("ollama/qwen3:8b", None);
    }

    #[test]
    fn the_settings_count_more_than_the_providers_word() {
        let mut config = config("anthropic/claude-sonnet-4-5");
        assert_eq!(cost(&config, USAGE, Some(0.25)), Some(0.25));
        config.output_cost_per_token = Some(0.001);
        assert_eq!(cost(&config, USAGE, Some(0.25)), Some(100.0));
        config.max_input_tokens = Some(1000);
        assert_eq!(window(&config), Some(1000));
    }
}
