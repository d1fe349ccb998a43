//! Our own MCP server: JSON-RPC over POST, answered as one event of a stream, without sessions.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use oh_event::ConversationId;
use serde_json::{Value, json};

use super::error::ApiError;
use crate::pull_requests;
use crate::state::AppState;

/// Says in which conversation a tool is called.
const CONVERSATION: &str = "x-openhands-serverconversation-id";
/// Versions of the protocol that are the same as far as we use them; the newest is the first.
const VERSIONS: [&str; 3] = ["2025-06-18", "2025-03-26", "2024-11-05"];

const PARSE_ERROR: i64 = -32700;
const INVALID_REQUEST: i64 = -32600;
const UNKNOWN_METHOD: i64 = -32601;
const INVALID_PARAMS: i64 = -32602;

pub(crate) async fn post(
    State(state): State<AppState>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if !accepts_both(&headers) {
        let text = "Not Acceptable: Client must accept both application/json and text/event-stream";
        return refused(StatusCode::NOT_ACCEPTABLE, INVALID_REQUEST, text);
    }
    let Ok(message) = serde_json::from_slice::<Value>(&body) else {
        return refused(StatusCode::BAD_REQUEST, PARSE_ERROR, "Parse error: the body must be JSON");
    };
    let method = message.get("method").and_then(Value::as_str);
    let Some(method) = method.filter(|_| message["jsonrpc"] == "2.0") else {
        let text = "Invalid Request: the body must be one JSON-RPC 2.0 request";
        return refused(StatusCode::BAD_REQUEST, INVALID_REQUEST, text);
    };
    let Some(id) = message.get("id").filter(|id| id.is_string() || id.is_number()) else {
        // A notification has no answer.
        return StatusCode::ACCEPTED.into_response();
    };
    let params = message.get("params").cloned().unwrap_or_default();
    let answer = match answer(&state, &headers, method, &params).await {
        Ok(result) => json!({"jsonrpc": "2.0", "id": id, "result": result}),
        Err((code, text)) => {
            json!({"jsonrpc": "2.0", "id": id, "error": {"code": code, "message": text}})
        }
    };
    let headers =
        [(header::CONTENT_TYPE, "text/event-stream"), (header::CACHE_CONTROL, "no-cache")];
    (headers, format!("event: message\r\ndata: {answer}\r\n\r\n")).into_response()
}

/// There are no sessions that could be listened to or ended.
pub(crate) async fn other() -> ApiError {
    ApiError::new(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed")
}

fn accepts_both(headers: &HeaderMap) -> bool {
    let values = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let accepted: Vec<String> = values.map(str::to_ascii_lowercase).collect();
    let accepts = |kind: &str| accepted.iter().any(|value| value.contains(kind));
    accepts("application/json") && accepts("text/event-stream")
}

fn refused(status: StatusCode, code: i64, text: &str) -> Response {
    let error = json!({"code": code, "message": text});
    let body = json!({"jsonrpc": "2.0", "id": "server-error", "error": error});
    ApiError::with_body(status, body).into_response()
}

async fn answer(
    state: &AppState,
    headers: &HeaderMap,
    method: &str,
    params: &Value,
) -> Result<Value, (i64, String)> {
    match method {
        "initialize" => {
            let asked = params["protocolVersion"].as_str().unwrap_or_default();
            let version = VERSIONS.into_iter().find(|known| *known == asked);
            Ok(json!({
                "protocolVersion": version.unwrap_or(VERSIONS[0]),
                "capabilities": {"tools": {"listChanged": false}},
                "serverInfo": {"name": "openhands", "version": env!("CARGO_PKG_VERSION")},
            }))
        }
        "ping" => Ok(json!({})),
        "tools/list" => {
            let tools = pull_requests::all().into_iter().map(|tool| {
                json!({
                    "name": tool.name,
                    "description": tool.description,
                    "inputSchema": tool.schema,
                })
            });
            Ok(json!({"tools": tools.collect::<Vec<_>>()}))
        }
        "tools/call" => {
            let name = params["name"].as_str();
            let name = name.ok_or_else(|| (INVALID_PARAMS, "`name` is missing".to_owned()))?;
            let id = headers.get(CONVERSATION).and_then(|value| value.to_str().ok());
            let id = id.and_then(|id| ConversationId::parse(id).ok());
            let tools = state.pull_requests();
            let result = tools.call(name, &params["arguments"], id.as_ref()).await;
            let (text, is_error) = match result {
                Ok(url) => (url, false),
                Err(problem) => (format!("Error: {problem}"), true),
            };
            Ok(json!({"content": [{"type": "text", "text": text}], "isError": is_error}))
        }
        other => Err((UNKNOWN_METHOD, format!("Method not found: {other}"))),
    }
}
