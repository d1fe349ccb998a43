//! What people think of a conversation, and what an experiment says of it. It stays here.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use oh_store::Feedback;
use serde_json::{Value, json};

use super::body::Fields;
use super::conversations::{check_known, parse_id};
use super::error::ApiError;
use crate::clock;
use crate::state::AppState;

const LONGEST: usize = 1_000;
/// Largest configuration of an experiment, in bytes.
const MAX_CONFIG: usize = 64 * 1024;

/// Keeps a feedback in the database and sends it to nobody.
pub(crate) async fn submit(
    State(state): State<AppState>,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<Json<Value>, ApiError> {
    let id = parse_id(&id)?;
    check_known(&state, &id).await?;
    let mut fields = Fields::parse(&body)?;
    for name in ["version", "email", "polarity", "permissions"] {
        fields.require(name);
    }
    let kept = json!({
        "version": short(&mut fields, "version"),
        "email": short(&mut fields, "email"),
        "polarity": fields.choice("polarity", &["positive", "negative"]),
        "permissions": fields.choice("permissions", &["public", "private"]),
        "token": short(&mut fields, "token"),
    });
    // The events are here already.
    fields.take("trajectory");
    fields.finish()?;
    let feedback = Feedback { conversation: id, created_at: clock::now(), json: kept.to_string() };
    let number = state.store.save_feedback(feedback).await?;
    let body = json!({
        "message": "The feedback is kept on this server",
        "feedback_id": number.to_string(),
        "password": "",
    });
    Ok(Json(json!({"statusCode": 200, "body": body})))
}

fn short(fields: &mut Fields, name: &str) -> Option<String> {
    let text = fields.text(name)?;
    if text.chars().count() > LONGEST {
        let message = format!("String should have at most {LONGEST} characters");
        fields.problem("string_too_long", name, &message, Value::Null);
    }
    Some(text)
}

/// Keeps the configuration of an experiment; OpenHands answers false whatever happens.
pub(crate) async fn experiment(
    State(state): State<AppState>,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<Json<bool>, ApiError> {
    let id = parse_id(&id)?;
    check_known(&state, &id).await?;
    let mut fields = Fields::parse(&body)?;
    let config = fields.take("config");
    let is_right = config.as_ref().is_none_or(|config| {
        let values = config.as_object().map(|map| map.values().all(Value::is_string));
        values == Some(true) && config.to_string().len() <= MAX_CONFIG
    });
    if !is_right {
        let message = "Input should be an object of strings, of at most 64 KiB";
        fields.problem("dict_type", "config", message, Value::Null);
    }
    fields.finish()?;
    state.store.keep_experiment(&id, &json!({"config": config}).to_string()).await?;
    Ok(Json(false))
}
