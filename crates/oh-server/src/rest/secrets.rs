//! Secrets that commands find in their environment. No route returns a value.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use oh_store::{CustomSecret, SecretChange};
use serde_json::{Value, json};

use super::body::Fields;
use super::error::ApiError;
use crate::state::AppState;

const LONGEST_NAME: usize = 200;
const LONGEST_DESCRIPTION: usize = 1_000;
/// Linux does not pass on longer variables.
const LONGEST_VALUE: usize = 100 * 1024;
const MOST: usize = 200;

pub(crate) async fn list(State(state): State<AppState>) -> Json<Value> {
    let secrets = state.secrets.custom();
    let shown = secrets
        .iter()
        .map(|secret| json!({"name": secret.name, "description": secret.description}));
    Json(json!({"custom_secrets": shown.collect::<Vec<_>>()}))
}

pub(crate) async fn add(
    State(state): State<AppState>,
    body: Bytes,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let mut fields = Fields::parse(&body)?;
    let name = name(&mut fields);
    fields.require("value");
    let value = fields.text("value").unwrap_or_default();
    let problem = if value.contains('\0') {
        Some("The value must not contain NUL: no variable can hold it")
    } else if value.len() > LONGEST_VALUE {
        Some("The value must have at most 100 KiB")
    } else {
        None
    };
    if let Some(problem) = problem {
        // What came in is a secret and is not said again.
        fields.problem("value_error", "value", problem, Value::Null);
    }
    let description = description(&mut fields).unwrap_or_default();
    fields.finish()?;
    if state.secrets.custom().len() >= MOST {
        let message = format!("There are {MOST} secrets already; delete one first");
        return Err(refused(&message));
    }
    if !state.secrets.add(CustomSecret { name: name.clone(), description, value }).await? {
        return Err(refused(&format!("Secret {name} already exists")));
    }
    Ok((StatusCode::CREATED, Json(json!({"message": "Secret created successfully"}))))
}

pub(crate) async fn change(
    State(state): State<AppState>,
    Path(old): Path<String>,
    body: Bytes,
) -> Result<Json<Value>, ApiError> {
    let mut fields = Fields::parse(&body)?;
    let name = name(&mut fields);
    let description = description(&mut fields);
    fields.finish()?;
    match state.secrets.change(old.clone(), name.clone(), description).await? {
        SecretChange::Done => Ok(Json(json!({"message": "Secret updated successfully"}))),
        SecretChange::Unknown => Err(unknown(&old)),
        SecretChange::NameTaken => Err(refused(&format!("Secret {name} already exists"))),
    }
}

pub(crate) async fn delete(
    State(state): State<AppState>,
    Path(name): Path<String>,
) -> Result<Json<Value>, ApiError> {
    if !state.secrets.delete(&name).await? {
        return Err(unknown(&name));
    }
    Ok(Json(json!({"message": "Secret deleted successfully"})))
}

/// A name is one that a shell can use.
fn name(fields: &mut Fields) -> String {
    fields.require("name");
    let name = fields.text("name").unwrap_or_default();
    let is_name = !name.starts_with(|c: char| c.is_ascii_digit())
        && name.chars().all(|c| c == '_' || c.is_ascii_alphanumeric());
    if !is_name || name.is_empty() || name.len() > LONGEST_NAME {
        let message = "The name must consist of letters, digits and _, not begin with a digit, and have at most 200 characters: commands find the secret in a variable of that name";
        fields.problem("string_pattern_mismatch", "name", message, json!(name));
    }
    name
}

fn description(fields: &mut Fields) -> Option<String> {
    let text = fields.text("description")?;
    if text.chars().count() > LONGEST_DESCRIPTION {
        let message = "String should have at most 1000 characters";
        fields.problem("string_too_long", "description", message, Value::Null);
    }
    Some(text)
}

fn refused(message: &str) -> ApiError {
    ApiError::with_body(StatusCode::BAD_REQUEST, json!({"message": message}))
}

fn unknown(name: &str) -> ApiError {
    let error = format!("Secret with ID {name} not found");
    ApiError::with_body(StatusCode::NOT_FOUND, json!({"error": error}))
}
