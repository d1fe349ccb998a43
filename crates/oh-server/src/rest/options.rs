use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use crate::llm_choice::DEMO;
use crate::state::AppState;

/// Models to choose from in the settings; any other name may be typed.
const MODELS: [&str; 21] = [
    "anthropic/claude-haiku-4-5",
    "anthropic/claude-opus-4-1",
    "anthropic/claude-opus-4-5",
    "anthropic/claude-sonnet-4-5",
    "deepseek/deepseek-chat",
    "deepseek/deepseek-reasoner",
    DEMO,
    "gemini/gemini-2.5-flash",
    "gemini/gemini-2.5-pro",
    "gemini/gemini-3-pro-preview",
    "groq/openai/gpt-oss-120b",
    "mistral/devstral-medium-latest",
    "ollama/qwen3-coder",
    "openai/gpt-4.1",
    "openai/gpt-4o",
    "openai/gpt-5",
    "openai/gpt-5-mini",
    "openai/gpt-5.1",
    "openrouter/anthropic/claude-sonnet-4.5",
    "xai/grok-4",
    "xai/grok-code-fast-1",
];

pub(crate) async fn config(State(state): State<AppState>) -> Json<Value> {
    Json(json!({
        "APP_MODE": "oss",
        "GITHUB_CLIENT_ID": "",
        "POSTHOG_CLIENT_KEY": "",
        "FEATURE_FLAGS": {
            "ENABLE_BILLING": false,
            "HIDE_LLM_SETTINGS": state.server().hides_llm_settings,
        },
        "SANDBOX_NOTICE": state.sandboxes.status().await.notice(),
        "LLM_MODEL": state.llm.config().model,
    }))
}

pub(crate) async fn models(State(state): State<AppState>) -> Json<Vec<String>> {
    let mut models: Vec<String> = MODELS.iter().map(|model| (*model).to_owned()).collect();
    models.push(state.llm.config().model);
    models.sort();
    models.dedup();
    Json(models)
}

pub(crate) async fn agents() -> Json<[&'static str; 1]> {
    Json(["CodeActAgent"])
}

pub(crate) async fn security_analyzers() -> Json<[&'static str; 0]> {
    Json([])
}
