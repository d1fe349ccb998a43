//! Tokens for git hosting. No route returns one.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use oh_git_host::{GitAddress, GitHost, GitHostError, Provider};
use oh_store::ProviderToken;
use serde_json::{Map, Value, json};

use super::body::Fields;
use super::error::ApiError;
use crate::git_hosts;
use crate::state::AppState;

const LONGEST: usize = 4_000;

/// Replaces the tokens; each new one is tried first.
pub(crate) async fn add(
    State(state): State<AppState>,
    body: Bytes,
) -> Result<Json<Value>, ApiError> {
    let mut fields = Fields::parse(&body)?;
    // Servers are stored with the settings.
    fields.take("mcp_config");
    fields.require("provider_tokens");
    let given = read(&mut fields);
    fields.finish()?;
    let known = state.secrets.tokens();
    let mut tokens = Vec::new();
    for mut token in given {
        if token.token.is_empty() {
            let old = known.iter().find(|old| old.provider == token.provider);
            if let Some(old) = old {
                token.token.clone_from(&old.token);
                token.user_id = token.user_id.or_else(|| old.user_id.clone());
            }
        } else {
            try_out(&token).await.map_err(|error| {
                let body = json!({"error": describe(&error, &token.provider)});
                ApiError::with_body(StatusCode::UNAUTHORIZED, body)
            })?;
        }
        if !token.token.is_empty() || token.user_id.is_some() {
            tokens.push(token);
        }
    }
    state.secrets.save_tokens(tokens).await?;
    Ok(Json(json!({"message": "Git providers stored"})))
}

pub(crate) async fn unset(State(state): State<AppState>) -> Result<Json<Value>, ApiError> {
    state.secrets.save_tokens(Vec::new()).await?;
    Ok(Json(json!({"message": "Unset Git provider tokens"})))
}

/// Returns which providers there are tokens for, each with its host, if it has one of its own.
pub(crate) fn tokens_set(state: &AppState) -> Value {
    let tokens = state.secrets.tokens();
    let set = tokens.into_iter().map(|token| (token.provider, token.host.into()));
    Value::Object(set.collect::<Map<_, _>>())
}

fn read(fields: &mut Fields) -> Vec<ProviderToken> {
    let Some(value) = fields.take("provider_tokens") else { return Vec::new() };
    let Value::Object(providers) = value else {
        let message = "Input should be an object with a provider as each key";
        fields.problem("dict_type", "provider_tokens", message, Value::Null);
        return Vec::new();
    };
    let mut tokens = Vec::new();
    for (provider, value) in providers {
        let place = format!("provider_tokens.{provider}");
        if !git_hosts::NAMES.contains(&provider.as_str()) {
            let message = format!("Input should be one of: {}", git_hosts::NAMES.join(", "));
            fields.problem("enum", &place, &message, json!(provider));
            continue;
        }
        let text = |name: &str| -> Result<Option<String>, ()> {
            match value.get(name) {
                None | Some(Value::Null) => Ok(None),
                Some(Value::String(text)) if text.len() <= LONGEST => {
                    Ok(Some(text.trim().to_owned()).filter(|text| !text.is_empty()))
                }
                Some(_) => Err(()),
            }
        };
        match (text("token"), text("host"), text("user_id")) {
            (Ok(token), Ok(host), Ok(user_id)) if value.is_object() => {
                let token = token.unwrap_or_default();
                tokens.push(ProviderToken { provider, token, host, user_id });
            }
            // What came in may be a secret and is not said again.
            _ => fields.problem(
                "string_type",
                &place,
                "Input should be an object with `token`, `host` and `user_id` as short strings",
                Value::Null,
            ),
        }
    }
    tokens
}

/// Asks the service whose token it is.
async fn try_out(token: &ProviderToken) -> Result<(), GitHostError> {
    let Some(provider) = Provider::parse(&token.provider) else {
        return Err(GitHostError::Unsupported { provider: Provider::GitHub, what: "sign-on" });
    };
    let address = GitAddress::new(provider, token.host.as_deref())?;
    GitHost::new(address, &token.token)?.user().await.map(|_| ())
}

fn describe(error: &GitHostError, provider: &str) -> String {
    match error {
        GitHostError::Unsupported { .. } => {
            format!("Tokens of {provider} cannot be used with this server")
        }
        GitHostError::Refused { provider } => {
            format!("Invalid token. Please make sure it is a valid {} token.", provider.title())
        }
        other => format!("The token could not be checked: {other}"),
    }
}
