//! Payloads of `oh_event` that are not events, and of `oh_delta`: no id, never stored.

use oh_event::{ConversationId, EventId};
use serde_json::json;

/// How bad a status is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatusLevel {
    /// For information.
    Info,
    /// The agent cannot go on.
    Error,
}

/// Returns a `status_update` with a status id of OpenHands.
#[must_use]
pub fn status_update(level: StatusLevel, id: &str, message: &str) -> String {
    let level = match level {
        StatusLevel::Info => "info",
        StatusLevel::Error => "error",
    };
    json!({"status_update": true, "type": level, "id": id, "message": message}).to_string()
}

/// Returns the notice that a conversation has a new title.
#[must_use]
pub fn title_update(conversation: &ConversationId, title: &str) -> String {
    json!({
        "status_update": true,
        "type": "info",
        "message": conversation.as_str(),
        "conversation_title": title,
    })
    .to_string()
}

/// Returns the object that says that something a client asked for failed.
#[must_use]
pub fn error_notice(message: &str) -> String {
    json!({"error": true, "message": message}).to_string()
}

/// Returns a piece of a command's output as it appears, for `oh_delta`.
#[must_use]
pub fn output_delta(action: EventId, text: &str) -> String {
    json!({"type": "output", "id": action.0, "text": text}).to_string()
}

/// Returns a piece of the model's text as it appears, for `oh_delta`.
///
/// `after` is the newest event that the model has seen.
#[must_use]
pub fn message_delta(after: EventId, text: &str) -> String {
    json!({"type": "message", "id": after.0, "text": text}).to_string()
}

/// Encodes a piece of what the model is thinking, for `oh_delta`.
///
/// `after` is the newest event that the model has seen.
#[must_use]
pub fn reasoning_delta(after: EventId, text: &str) -> String {
    json!({"type": "reasoning", "id": after.0, "text": text}).to_string()
}

/// Encodes that the model begins anew what it writes after an event, for `oh_delta`.
#[must_use]
pub fn restart_delta(after: EventId) -> String {
    json!({"type": "restart", "id": after.0}).to_string()
}
