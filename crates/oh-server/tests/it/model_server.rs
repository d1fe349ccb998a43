//! A server of OpenAI's protocol that follows a script.

use std::sync::Arc;

use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde_json::{Value, json};

/// One answer of the model.
pub(crate) enum Turn {
    /// Text for the user.
    Text(&'static str),
    /// A call of a tool.
    Call(&'static str, Value),
    /// None: the request is never answered.
    Silence,
    /// A status, and the provider's words.
    Refusal(u16, String),
}

/// Starts a server and returns its port. The script sees every request, also those that ask for
/// a title or a summary: they offer no tools. `test_authorization` is the header of that name.
pub(crate) async fn start(script: impl Fn(&Value) -> Turn + Send + Sync + 'static) -> u16 {
    let script = Arc::new(script);
    let answer = move |headers: HeaderMap, body: String| {
        let script = script.clone();
        async move {
            let mut request: Value = serde_json::from_str(&body).unwrap();
            let key = headers.get(header::AUTHORIZATION).map(|key| key.to_str().unwrap());
            request["test_authorization"] = json!(key);
            match script(&request) {
                Turn::Silence => std::future::pending().await,
                Turn::Refusal(status, message) => {
                    let body = json!({"error": {"message": message}}).to_string();
                    let kind = [(header::CONTENT_TYPE, "application/json")];
                    (StatusCode::from_u16(status).unwrap(), kind, body).into_response()
                }
                Turn::Text(text) => answer(&request, json!({"content": text}), "stop"),
                Turn::Call(name, arguments) => {
                    let function = json!({"name": name, "arguments": arguments.to_string()});
                    let id = format!("call_{}", uuid::Uuid::new_v4().simple());
                    let call =
                        json!({"index": 0, "id": id, "type": "function", "function": function});
                    answer(&request, json!({"content": null, "tool_calls": [call]}), "tool_calls")
                }
            }
        }
    };
    let app = axum::Router::new().route("/v1/chat/completions", post(answer));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    port
}

/// Says whether the request is the agent's own.
pub(crate) fn is_agent(request: &Value) -> bool {
    request["tools"].as_array().is_some_and(|tools| !tools.is_empty())
}

/// Returns how often the agent has seen what came of a call.
pub(crate) fn results(request: &Value) -> usize {
    let messages = request["messages"].as_array().unwrap();
    messages.iter().filter(|message| message["role"] == "tool").count()
}

fn answer(request: &Value, mut message: Value, reason: &str) -> Response {
    message["role"] = json!("assistant");
    let usage = json!({"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110});
    let whole = |object: &str, choices: Value, usage: Value| {
        json!({
            "id": format!("answer-{}", uuid::Uuid::new_v4().simple()),
            "object": object,
            "created": 0,
            "model": "scripted",
            "choices": choices,
            "usage": usage,
        })
    };
    if request["stream"] != true {
        let choices = json!([{"index": 0, "message": message, "finish_reason": reason}]);
        let body = whole("chat.completion", choices, usage).to_string();
        return ([(header::CONTENT_TYPE, "application/json")], body).into_response();
    }
    let chunk = |choices, usage| whole("chat.completion.chunk", choices, usage);
    let chunks = [
        chunk(json!([{"index": 0, "delta": message, "finish_reason": null}]), Value::Null),
        chunk(json!([{"index": 0, "delta": {}, "finish_reason": reason}]), Value::Null),
        chunk(json!([]), usage),
    ];
    let lines: String = chunks.iter().map(|chunk| format!("data: {chunk}\n\n")).collect();
    let body = format!("{lines}data: [DONE]\n\n");
    ([(header::CONTENT_TYPE, "text/event-stream")], body).into_response()
}
