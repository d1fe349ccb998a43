//! Routes of OpenHands that are known and have nothing behind them here.

use axum::Json;
use axum::http::StatusCode;
use serde_json::{Value, json};

use super::error::ApiError;

pub(crate) async fn reset_settings() -> ApiError {
    let error = "Reset settings functionality has been removed.";
    ApiError::with_body(StatusCode::GONE, json!({"error": error}))
}

/// No analyzer has an interface of its own.
pub(crate) async fn security() -> ApiError {
    ApiError::not_found("Security analyzer not initialized")
}

/// There are no conversations of the other version.
pub(crate) async fn nothing_found() -> Json<Value> {
    Json(json!({"items": [], "next_page_id": null}))
}
