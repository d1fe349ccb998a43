//! Models before they are chosen: what is on this machine, and whether one answers.

use std::time::{Duration, Instant};

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use oh_llm::LlmConfig;
use serde_json::{Value, json};

use super::body::Fields;
use super::error::ApiError;
use crate::llm_choice::Wanted;
use crate::state::AppState;

/// A model that is loaded first takes its time.
const PATIENCE: Duration = Duration::from_secs(60);
/// Enough for a word after some thoughts.
const LONGEST_ANSWER: u32 = 512;
/// Longest field of a request, in bytes.
const LONGEST: usize = 4_000;

/// Looks for servers of models on this machine.
pub(crate) async fn local_models() -> Json<Value> {
    let servers = oh_llm::find_local_servers().await;
    let shown = servers.iter().map(
        |server| json!({"name": server.name, "base_url": server.base_url, "models": server.models}),
    );
    Json(json!({"servers": shown.collect::<Vec<_>>()}))
}

/// Asks a model for a word, as it would be asked if it were chosen. One test runs at a time.
pub(crate) async fn test_model(
    State(state): State<AppState>,
    body: Bytes,
) -> Result<Json<Value>, ApiError> {
    let mut fields = Fields::parse(&body)?;
    let is_named = fields.has("llm_model");
    fields.require("llm_model");
    let wanted = Wanted {
        model: short(&mut fields, "llm_model").unwrap_or_default().trim().to_owned(),
        base_url: short(&mut fields, "llm_base_url").map(|url| url.trim().to_owned()),
        key: short(&mut fields, "llm_api_key").map(|key| key.trim().to_owned()),
    };
    if wanted.model.is_empty() && is_named {
        fields.problem("value_error", "llm_model", "Name a model", Value::Null);
    }
    fields.finish()?;
    let Ok(_place) = state.model_tests.try_acquire() else {
        let message = "Another model is being tested; wait until that is done";
        return Err(ApiError::with_body(StatusCode::TOO_MANY_REQUESTS, json!({"error": message})));
    };
    let config = LlmConfig {
        attempts: 1,
        timeout: PATIENCE,
        max_output_tokens: Some(LONGEST_ANSWER),
        log_folder: None,
        ..state.llm.candidate(wanted, state.settings().as_ref())
    };
    let model = config.model.clone();
    let client = oh_llm::connect(config);
    let begin = Instant::now();
    let question = "This is a test of the connection. Answer with the word OK.";
    let answer =
        tokio::time::timeout(PATIENCE, oh_llm::ask(client.as_ref(), "Be brief.", question)).await;
    Ok(Json(match answer {
        Ok(Ok(_)) => {
            json!({"ok": true, "model": model, "milliseconds": millis(begin.elapsed())})
        }
        Ok(Err(failure)) => {
            json!({"ok": false, "kind": failure.status_id(), "message": failure.message()})
        }
        Err(_) => json!({
            "ok": false,
            "kind": "STATUS$ERROR_LLM_SERVICE_UNAVAILABLE",
            "message": format!("there was no answer within {} s", PATIENCE.as_secs()),
        }),
    }))
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

fn short(fields: &mut Fields, name: &'static str) -> Option<String> {
    let text = fields.secret_text(name)?;
    if text.len() > LONGEST {
        // It may be a secret and is not said again.
        let message = format!("String should have at most {LONGEST} characters");
        fields.problem("string_too_long", name, &message, Value::Null);
    }
    Some(text)
}
