//! `settings.json` and `secrets.json`.

use std::path::Path;

use anyhow::Result;
use oh_mcp::McpConfig;
use oh_store::{CustomSecret, ProviderToken, Settings, Store};
use serde_json::{Map, Value};

use super::ImportReport;
use super::events::read_file;
use crate::git_hosts;

/// Takes over settings, tokens and secrets where there are none here.
pub(super) async fn take_over(
    directory: &Path,
    store: &Store,
    report: &mut ImportReport,
) -> Result<()> {
    let settings = object(&directory.join("settings.json"), report);
    let secrets = object(&directory.join("secrets.json"), report).unwrap_or_default();
    let mut tokens = Map::new();
    if let Some(mut settings) = settings {
        // Old files have the tokens among the settings.
        if let Some(Value::Object(old)) =
            settings.get_mut("secrets_store").and_then(|store| store.get_mut("provider_tokens"))
        {
            tokens.append(old);
        }
        let note = if store.settings().await?.is_some() {
            "Settings       there are some here already, which stay"
        } else {
            let settings = read_settings(&settings, &mut report.problems);
            store.save_settings(settings).await?;
            "Settings       taken over"
        };
        report.notes.push(note.to_owned());
    }
    if let Some(Value::Object(newer)) = secrets.get("provider_tokens") {
        tokens.extend(newer.clone());
    }
    take_over_tokens(&tokens, store, report).await?;
    if let Some(Value::Object(custom)) = secrets.get("custom_secrets") {
        take_over_secrets(custom, store, report).await?;
    }
    Ok(())
}

/// Reads a file with an object in it; the values may be secrets and are never told.
fn object(path: &Path, report: &mut ImportReport) -> Option<Map<String, Value>> {
    if !path.exists() {
        return None;
    }
    match read_file(path).map(|text| serde_json::from_str(&text)) {
        Ok(Ok(Value::Object(object))) => Some(object),
        Ok(Ok(_) | Err(_)) => {
            report.problems.push(format!("{}: it is not a JSON object", path.display()));
            None
        }
        Err(error) => {
            report.problems.push(format!("{}: {error}", path.display()));
            None
        }
    }
}

fn read_settings(form: &Map<String, Value>, problems: &mut Vec<String>) -> Settings {
    let plain = serde_json::to_value(Settings::default()).unwrap_or_default();
    let mut kept = Map::new();
    for (name, default) in plain.as_object().into_iter().flatten() {
        let Some(value) = form.get(name).filter(|value| !value.is_null()) else { continue };
        // A value of the wrong type costs itself only.
        let mut alone = Map::new();
        alone.insert(name.clone(), value.clone());
        if serde_json::from_value::<Settings>(Value::Object(alone)).is_ok() {
            kept.insert(name.clone(), value.clone());
        } else {
            let problem =
                format!("settings.json: `{name}` is not as it should be; {default} is used");
            problems.push(problem);
        }
    }
    let mut settings: Settings = serde_json::from_value(Value::Object(kept)).unwrap_or_default();
    settings.llm_api_key = secret(form.get("llm_api_key"));
    settings.search_api_key = secret(form.get("search_api_key"));
    settings.sandbox_api_key = secret(form.get("sandbox_api_key"));
    if let Some(servers) = form.get("mcp_config").filter(|servers| !servers.is_null()) {
        match McpConfig::parse(servers) {
            Ok(servers) => settings.mcp_config = Some(servers.to_json().to_string()),
            Err(error) => problems.push(format!("settings.json: mcp_config: {error}")),
        }
    }
    settings
}

/// A value of asterisks is what OpenHands leaves of a secret that it has lost.
fn secret(value: Option<&Value>) -> Option<String> {
    let text = value?.as_str()?.trim();
    (!text.is_empty() && !text.chars().all(|c| c == '*')).then(|| text.to_owned())
}

async fn take_over_tokens(
    form: &Map<String, Value>,
    store: &Store,
    report: &mut ImportReport,
) -> Result<()> {
    let mut tokens = store.provider_tokens().await?;
    let before = tokens.len();
    for (provider, value) in form {
        let is_known = git_hosts::NAMES.contains(&provider.as_str());
        let Some(token) = secret(value.get("token")).filter(|_| is_known) else { continue };
        if tokens.iter().any(|known| known.provider == *provider) {
            continue;
        }
        let text = |name: &str| value.get(name)?.as_str().map(str::to_owned);
        let (host, user_id) = (text("host"), text("user_id"));
        tokens.push(ProviderToken { provider: provider.clone(), token, host, user_id });
    }
    let new = tokens.len() - before;
    if new > 0 {
        store.save_provider_tokens(tokens).await?;
        report.notes.push(format!("Git providers  {new} taken over"));
    }
    Ok(())
}

async fn take_over_secrets(
    form: &Map<String, Value>,
    store: &Store,
    report: &mut ImportReport,
) -> Result<()> {
    let mut new = 0;
    for (name, value) in form {
        // The oldest files have the value alone.
        let inner = value.get("secret").unwrap_or(value);
        let Some(value_text) = secret(Some(inner)) else { continue };
        let description = value.get("description").and_then(Value::as_str).unwrap_or_default();
        let secret = CustomSecret {
            name: name.clone(),
            description: description.to_owned(),
            value: value_text,
        };
        new += usize::from(store.add_custom_secret(secret).await?);
    }
    if new > 0 {
        report.notes.push(format!("Secrets        {new} taken over"));
    }
    Ok(())
}
