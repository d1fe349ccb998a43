use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use oh_mcp::McpConfig;
use oh_store::Settings;
use serde::Serialize;
use serde_json::{Value, json};

use super::body::Fields;
use super::error::ApiError;
use super::providers::tokens_set;
use crate::mcp::stored_servers;
use crate::state::AppState;

/// The settings as clients see them: without secrets, in OpenHands' order.
#[derive(Debug, Serialize)]
pub(crate) struct SettingsView {
    language: Option<String>,
    agent: Option<String>,
    max_iterations: Option<u64>,
    security_analyzer: Option<String>,
    confirmation_mode: Option<bool>,
    llm_model: Option<String>,
    llm_api_key: Option<String>,
    llm_base_url: Option<String>,
    remote_runtime_resource_factor: Option<i64>,
    secrets_store: Value,
    enable_default_condenser: bool,
    enable_sound_notifications: bool,
    enable_proactive_conversation_starters: bool,
    enable_solvability_analysis: bool,
    user_consents_to_analytics: Option<bool>,
    sandbox_base_container_image: Option<String>,
    sandbox_runtime_container_image: Option<String>,
    mcp_config: Option<Value>,
    search_api_key: Option<String>,
    sandbox_api_key: Option<String>,
    max_budget_per_task: Option<f64>,
    condenser_max_size: Option<u64>,
    email: Option<String>,
    email_verified: Option<bool>,
    git_user_name: Option<String>,
    git_user_email: Option<String>,
    provider_tokens_set: Value,
    llm_api_key_set: bool,
    search_api_key_set: bool,
}

pub(crate) async fn load(State(state): State<AppState>) -> Result<Json<SettingsView>, ApiError> {
    let not_found =
        || ApiError::with_body(StatusCode::NOT_FOUND, json!({"error": "Settings not found"}));
    let s = state.settings().ok_or_else(not_found)?;
    let is_set = |secret: &Option<String>| secret.as_ref().is_some_and(|text| !text.is_empty());
    let mcp_config = shown_servers(&state, &s);
    Ok(Json(SettingsView {
        llm_api_key_set: is_set(&s.llm_api_key),
        search_api_key_set: is_set(&s.search_api_key),
        language: s.language,
        agent: s.agent,
        max_iterations: s.max_iterations,
        security_analyzer: s.security_analyzer,
        confirmation_mode: s.confirmation_mode,
        llm_model: s.llm_model,
        llm_api_key: None,
        llm_base_url: s.llm_base_url,
        remote_runtime_resource_factor: s.remote_runtime_resource_factor,
        secrets_store: json!({"provider_tokens": {}}),
        enable_default_condenser: s.enable_default_condenser,
        enable_sound_notifications: s.enable_sound_notifications,
        enable_proactive_conversation_starters: s.enable_proactive_conversation_starters,
        enable_solvability_analysis: s.enable_solvability_analysis,
        user_consents_to_analytics: s.user_consents_to_analytics,
        sandbox_base_container_image: s.sandbox_base_container_image,
        sandbox_runtime_container_image: s.sandbox_runtime_container_image,
        mcp_config,
        search_api_key: None,
        sandbox_api_key: None,
        max_budget_per_task: s.max_budget_per_task,
        condenser_max_size: s.condenser_max_size,
        email: s.email,
        email_verified: s.email_verified,
        git_user_name: s.git_user_name,
        git_user_email: s.git_user_email,
        provider_tokens_set: tokens_set(&state),
    }))
}

/// Returns the MCP servers without keys; those of the configuration are the first.
fn shown_servers(state: &AppState, settings: &Settings) -> Option<Value> {
    let configured = &state.config.mcp.servers;
    let shows_configured =
        state.config.llm.config.api_key.is_some() && !configured.servers.is_empty();
    if !shows_configured && settings.mcp_config.is_none() {
        return None;
    }
    let first = if shows_configured { configured.clone() } else { McpConfig::default() };
    Some(first.merged(stored_servers(Some(settings))).hidden().to_json())
}

/// Reads MCP servers; keys that come back masked keep their values.
fn servers(state: &AppState, fields: &mut Fields, old: &Settings) -> Option<String> {
    let value = fields.take("mcp_config")?;
    let configured = &state.config.mcp.servers;
    let known = configured.clone().merged(stored_servers(Some(old)));
    match McpConfig::parse(&value).and_then(|servers| servers.revealed(&known)) {
        Ok(servers) => Some(servers.without(configured).to_json().to_string()),
        Err(error) => {
            // What came in has keys in it and is not said again.
            fields.problem("value_error", "mcp_config", &error.to_string(), Value::Null);
            None
        }
    }
}

/// Replaces the settings; a model, address or key that is absent or null keeps its value.
pub(crate) async fn store(
    State(state): State<AppState>,
    body: Bytes,
) -> Result<Json<Value>, ApiError> {
    let mut fields = Fields::parse(&body)?;
    let old = state.settings().unwrap_or_default();
    let d = Settings::default();
    let count = |fields: &mut Fields, name: &str, least: i64| {
        let count = fields.integer(name)?;
        if count < least {
            let message = format!("Input should be greater than or equal to {least}");
            fields.problem("greater_than_equal", name, &message, json!(count));
        }
        u64::try_from(count).ok()
    };
    let mcp_config = servers(&state, &mut fields, &old);
    let f = &mut fields;
    let settings = Settings {
        language: f.text("language"),
        agent: f.text("agent"),
        max_iterations: count(f, "max_iterations", 0),
        security_analyzer: f.text("security_analyzer"),
        confirmation_mode: f.flag("confirmation_mode"),
        llm_model: f.text("llm_model").or(old.llm_model),
        llm_api_key: f.text("llm_api_key").or(old.llm_api_key),
        llm_base_url: f.text("llm_base_url").or(old.llm_base_url),
        remote_runtime_resource_factor: f.integer("remote_runtime_resource_factor"),
        enable_default_condenser: f
            .flag("enable_default_condenser")
            .unwrap_or(d.enable_default_condenser),
        enable_sound_notifications: f
            .flag("enable_sound_notifications")
            .unwrap_or(d.enable_sound_notifications),
        enable_proactive_conversation_starters: f
            .flag("enable_proactive_conversation_starters")
            .unwrap_or(d.enable_proactive_conversation_starters),
        enable_solvability_analysis: f
            .flag("enable_solvability_analysis")
            .unwrap_or(d.enable_solvability_analysis),
        user_consents_to_analytics: f
            .flag("user_consents_to_analytics")
            .or(old.user_consents_to_analytics),
        sandbox_base_container_image: f.text("sandbox_base_container_image"),
        sandbox_runtime_container_image: f.text("sandbox_runtime_container_image"),
        mcp_config,
        search_api_key: f.text("search_api_key").or(old.search_api_key),
        sandbox_api_key: f.text("sandbox_api_key").or(old.sandbox_api_key),
        max_budget_per_task: f.number("max_budget_per_task"),
        condenser_max_size: count(f, "condenser_max_size", 20),
        email: f.text("email"),
        email_verified: f.flag("email_verified"),
        git_user_name: f.text("git_user_name"),
        git_user_email: f.text("git_user_email"),
    };
    fields.finish()?;
    state.save_settings(settings).await?;
    Ok(Json(json!({"message": "Settings stored"})))
}
