//! A provider with OpenAI's protocol, answering from fixtures.

use std::time::Duration;

use oh_chat::{
    ChatMessage, Completion, CompletionFailure, CompletionRequest, ToolCall, ToolSpec, Usage,
};
use oh_llm::{CompletionContext, LlmConfig, LlmNotice, connect};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::server::{Answer, Seen, Server, header};

fn config(server: &Server) -> LlmConfig {
    LlmConfig {
        model: "openai/gpt-4o".to_owned(),
        api_key: Some("sk-test-key".to_owned()),
        base_url: Some(server.base_url.clone()),
        attempts: 1,
        timeout: Duration::from_secs(10),
        ..LlmConfig::default()
    }
}

fn request() -> CompletionRequest {
    let text = |text: &str| text.to_owned();
    CompletionRequest {
        messages: vec![
            ChatMessage::System { text: text("Be good.") },
            ChatMessage::User { text: text("List the files"), image_urls: Vec::new() },
        ],
        tools: vec![ToolSpec {
            name: text("execute_bash"),
            description: text("Runs a command."),
            parameters: text(
                r#"{"type":"object","properties":{"command":{"type":"string"}},"required":["command"]}"#,
            ),
        }],
        is_cached: false,
    }
}

fn call(id: &str, name: &str, arguments: &str) -> ToolCall {
    ToolCall { id: id.to_owned(), name: name.to_owned(), arguments: arguments.to_owned() }
}

async fn ask(answer: Answer) -> (Result<Completion, CompletionFailure>, Seen) {
    ask_with(answer, |_| {}).await
}

async fn ask_with(
    answer: Answer,
    change: impl FnOnce(&mut LlmConfig),
) -> (Result<Completion, CompletionFailure>, Seen) {
    let mut server = Server::start(vec![answer]).await;
    let mut config = config(&server);
    change(&mut config);
    let result = connect(config).complete(request(), CompletionContext::default()).await;
    (result, server.request().await)
}

#[tokio::test]
async fn streamed_text_becomes_a_completion() {
    let mut server = Server::start(vec![Answer::Stream("text.sse")]).await;
    let config = LlmConfig {
        temperature: Some(0.5),
        top_p: Some(0.9),
        max_output_tokens: Some(4000),
        input_cost_per_token: Some(0.001),
        output_cost_per_token: Some(0.01),
        ..config(&server)
    };
    let (sender, mut notices) = mpsc::channel(100);
    let context = CompletionContext { notices: Some(sender) };
    let completion = connect(config).complete(request(), context).await.unwrap();

    let cost = completion.cost.unwrap();
    assert!((cost - (1.117 + 0.46)).abs() < 1e-9, "{cost}");
    let expected = Completion {
        response_id: "chatcmpl-CeKqT1xVn0aB4gZ7sYw2RkLmPdQ9h".to_owned(),
        created: 1_763_770_000,
        model: "gpt-4o-2024-08-06".to_owned(),
        text: "Hello, wörld 🎉!".to_owned(),
        tool_calls: Vec::new(),
        reasoning: None,
        finish_reason: "stop".to_owned(),
        usage: Usage {
            prompt_tokens: 1117,
            completion_tokens: 46,
            cache_read_tokens: 1024,
            cache_write_tokens: 0,
            reasoning_tokens: 0,
        },
        cost: Some(cost),
    };
    assert_eq!(completion, expected);
    let mut pieces = Vec::new();
    while let Some(notice) = notices.recv().await {
        pieces.push(notice);
    }
    let text = |text: &str| LlmNotice::Text(text.to_owned());
    assert_eq!(pieces, [text("Hello"), text(", "), text("wörld"), text(" 🎉"), text("!")]);

    let seen = server.request().await;
    assert!(seen.head.starts_with("POST /v1/chat/completions HTTP/1.1"), "{}", seen.head);
    assert_eq!(header(&seen.head, "authorization"), Some("Bearer sk-test-key"));
    let expected = json!({
        "model": "gpt-4o",
        "stream": true,
        "stream_options": {"include_usage": true},
        "temperature": 0.5,
        "top_p": 0.9,
        "max_tokens": 4000,
        "messages": [
            {"role": "system", "content": "Be good."},
            {"role": "user", "content": "List the files"},
        ],
        "tools": [{
            "type": "function",
            "function": {
                "name": "execute_bash",
                "description": "Runs a command.",
                "parameters": {
                    "type": "object",
                    "properties": {"command": {"type": "string"}},
                    "required": ["command"],
                },
                "strict": false,
            },
        }],
    });
    assert_eq!(seen.body, expected);
}

#[tokio::test]
async fn a_tool_call_in_pieces_is_put_together() {
    let (result, _) = ask(Answer::Stream("tool_call.sse")).await;
    let completion = result.unwrap();
    assert_eq!(completion.text, "I look.");
    assert_eq!(completion.finish_reason, "tool_calls");
    let cost = completion.cost.unwrap();
    assert!((cost - 0.001_04).abs() < 1e-9, "{cost}");
    let arguments = r#"{"command":"ls -la","security_risk":"LOW"}"#;
    let expected = [call("call_V3pQmX8sT1aZ", "execute_bash", arguments)];
    assert_eq!(completion.tool_calls, expected);
}

#[tokio::test]
async fn parallel_calls_stay_apart() {
    let (result, _) = ask(Answer::Stream("parallel_calls.sse")).await;
    let completion = result.unwrap();
    let expected = [
        call("call_A1", "execute_bash", r#"{"command":"ls"}"#),
        call("call_B2", "think", r#"{"thought":"hm"}"#),
        // What the model did not finish is handed on as it is.
        call("call_C3", "finish", r#"{"message":"done"#),
    ];
    assert_eq!(completion.tool_calls, expected);
}

#[tokio::test]
async fn reasoning_is_told_but_is_no_text() {
    let server = Server::start(vec![Answer::Stream("reasoning.sse")]).await;
    let (sender, mut notices) = mpsc::channel(100);
    let context = CompletionContext { notices: Some(sender) };
    let completion = connect(config(&server)).complete(request(), context).await.unwrap();
    assert_eq!(completion.text, "42");
    let first = notices.recv().await;
    assert_eq!(first, Some(LlmNotice::Reasoning("Let me ".to_owned())));
}

#[tokio::test]
async fn an_answer_without_an_id_gets_one() {
    let (first, _) = ask(Answer::Stream("no_id.sse")).await;
    let (second, _) = ask(Answer::Stream("no_id.sse")).await;
    let (first, second) = (first.unwrap(), second.unwrap());
    assert!(!first.response_id.is_empty());
    assert_ne!(first.response_id, second.response_id);
    assert_eq!((first.text.as_str(), first.model.as_str()), ("Hi", "openai/gpt-4o"));
    assert!(first.created > 1_700_000_000);
}

#[tokio::test]
async fn the_history_is_sent_in_the_providers_words() {
    let mut server = Server::start(vec![Answer::Stream("text.sse")]).await;
    let text = |text: &str| text.to_owned();
    let result = |id: &str, name: &str, text: &str| ChatMessage::ToolResult {
        call_id: id.to_owned(),
        name: name.to_owned(),
        text: text.to_owned(),
    };
    let mut request = request();
    request.messages.extend([
        ChatMessage::Assistant {
            text: text("I look."),
            tool_calls: vec![
                call("a", "execute_bash", r#"{"command": "ls"}"#),
                call("b", "think", "{broken"),
            ],
            reasoning: None,
        },
        result("a", "execute_bash", "file"),
        result("b", "think", "no"),
        ChatMessage::User {
            text: text("And this?"),
            image_urls: vec![
                text("data:image/png;base64,iVBORw0KGgo="),
                text("https://example.org/a.jpg?x=1"),
            ],
        },
    ]);
    let client = connect(config(&server));
    assert!(client.has_vision());
    client.complete(request, CompletionContext::default()).await.unwrap();
    let body = server.request().await.body;
    let expected = json!([
        {
            "role": "assistant",
            "content": "I look.",
            "tool_calls": [
                {"type": "function", "id": "a", "function": {
                    "name": "execute_bash", "arguments": "{\"command\":\"ls\"}"}},
                {"type": "function", "id": "b", "function": {
                    "name": "think", "arguments": "{\"invalid_json\":\"{broken\"}"}},
            ],
        },
        {"role": "tool", "tool_call_id": "a", "content": "file"},
        {"role": "tool", "tool_call_id": "b", "content": "no"},
        {"role": "user", "content": [
            {"type": "text", "text": "And this?"},
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}},
            {"type": "image_url", "image_url": {"url": "https://example.org/a.jpg?x=1"}},
        ]},
    ]);
    assert_eq!(Value::Array(body["messages"].as_array().unwrap()[2..].to_vec()), expected);
}

#[tokio::test]
async fn pictures_are_left_out_where_they_cannot_be_seen() {
    let mut server = Server::start(vec![Answer::Stream("text.sse")]).await;
    let client = connect(LlmConfig { disable_vision: true, ..config(&server) });
    assert!(!client.has_vision());
    let mut request = request();
    request.messages.push(ChatMessage::User {
        text: "Look".to_owned(),
        image_urls: vec!["data:image/png;base64,AAAA".to_owned()],
    });
    client.complete(request, CompletionContext::default()).await.unwrap();
    let body = server.request().await.body;
    assert_eq!(
        body["messages"][2]["content"],
        "Look\n\n[A picture belongs here, which you cannot see.]"
    );
}

#[tokio::test]
async fn a_picture_that_no_provider_takes_is_named_instead() {
    let mut server = Server::start(vec![Answer::Stream("text.sse")]).await;
    let client = connect(config(&server));
    let mut request = request();
    request.messages.push(ChatMessage::User {
        text: "Look".to_owned(),
        image_urls: vec!["data:image/bmp;base64,Qk0=".to_owned()],
    });
    client.complete(request, CompletionContext::default()).await.unwrap();
    let body = server.request().await.body.to_string();
    assert!(!body.contains("image_url"), "{body}");
    assert!(body.contains("Convert it to PNG to see it."), "{body}");
}

#[tokio::test]
async fn odd_models_are_asked_in_their_way() {
    let (_, seen) = ask_with(Answer::Stream("text.sse"), |config| {
        config.model = "litellm_proxy/qwen3-max".to_owned();
        config.api_key = None;
    })
    .await;
    assert_eq!(seen.body["model"], "qwen3-max");
    assert_eq!(seen.body.get("reasoning_effort"), None);
    assert_eq!(header(&seen.head, "authorization"), None);

    let (_, seen) = ask_with(Answer::Stream("text.sse"), |config| {
        config.model = "openai/gpt-5-mini".to_owned();
        config.temperature = Some(0.0);
        config.max_output_tokens = Some(7);
        config.base_url = config.base_url.take().map(|url| format!("{url}/"));
    })
    .await;
    assert!(seen.head.starts_with("POST /v1/chat/completions "));
    assert_eq!(seen.body.get("temperature"), None);
    assert_eq!(seen.body["max_completion_tokens"], 7);
}

#[tokio::test]
async fn a_failure_says_what_can_be_done() {
    type Make = fn(String) -> CompletionFailure;
    async fn check(answer: Answer, expected: Make, words: &str) {
        let failure = ask(answer).await.0.unwrap_err();
        let message = failure.message().to_owned();
        assert!(message.contains(words), "{message}");
        assert!(!message.contains("sk-test-key"), "{message}");
        assert_eq!(failure, expected(message));
    }
    let bad: Make = |message| CompletionFailure::BadRequest { message };
    let window: Make = |message| CompletionFailure::ContextWindow { message };
    let refused: Make = |message| CompletionFailure::Authentication { message };
    let credits: Make = |message| CompletionFailure::OutOfCredits { message };
    let policy: Make = |message| CompletionFailure::ContentPolicy { message };
    let server: Make = |message| CompletionFailure::Server { message };
    let limited: Make = |message| CompletionFailure::RateLimited {
        retry_after: Some(Duration::from_secs(3)),
        message,
    };
    let unavailable: Make = |message| CompletionFailure::Unavailable { retry_after: None, message };

    let status = Answer::Status;
    check(status(400, "", "error_400.json"), bad, "Unsupported parameter").await;
    check(status(400, "", "error_400_context.json"), window, "maximum context length").await;
    check(status(401, "", "error_401.json"), refused, "Incorrect API key provided: ***.").await;
    check(status(402, "", "error_402.json"), credits, "more credits").await;
    check(status(429, "retry-after: 3\r\n", "error_429.json"), limited, "Rate limit").await;
    check(status(429, "", "error_429_quota.json"), credits, "current quota").await;
    check(status(500, "", "error_500.json"), server, "had an error").await;
    check(status(529, "", "error_529.json"), unavailable, "Overloaded").await;
    check(status(503, "", ""), unavailable, "status 503").await;
    check(status(302, "location: http://elsewhere/\r\n", ""), bad, "has moved").await;
    check(Answer::BreakOff("broken.sse"), unavailable, "broke off").await;
    check(Answer::Stream("broken.sse"), unavailable, "before it was complete").await;
    check(Answer::Stream("garbage.sse"), server, "not JSON").await;
    check(Answer::Stream("error_in_stream.sse"), server, "had an error").await;
    check(Answer::Stream("empty.sse"), server, "no response").await;
    check(Answer::Stream("filtered.sse"), policy, "filtered").await;
}

#[tokio::test]
async fn silence_is_not_waited_out() {
    let (result, _) =
        ask_with(Answer::Silence, |config| config.timeout = Duration::from_millis(200)).await;
    let failure = result.unwrap_err();
    assert!(matches!(failure, CompletionFailure::Unavailable { .. }), "{failure:?}");
    assert!(failure.message().contains("timed out"), "{failure}");
}

#[tokio::test]
async fn dropping_a_request_ends_it() {
    let mut server = Server::start(vec![Answer::Silence]).await;
    let client = connect(config(&server));
    let mut completion = client.complete(request(), CompletionContext::default());
    tokio::select! {
        _ = &mut completion => panic!("silence was answered"),
        _ = server.request() => {}
    }
    drop(completion);
    server.answered().await;
}

#[tokio::test]
async fn a_server_that_is_not_there_is_unavailable() {
    let config = LlmConfig {
        model: "openai/gpt-4o".to_owned(),
        base_url: Some("http://127.0.0.1:1/v1".to_owned()),
        attempts: 1,
        ..LlmConfig::default()
    };
    let result = connect(config).complete(request(), CompletionContext::default()).await;
    let failure = result.unwrap_err();
    assert!(matches!(failure, CompletionFailure::Unavailable { .. }), "{failure:?}");
    assert!(failure.message().starts_with("could not reach http://127.0.0.1:1:"), "{failure}");
}

#[tokio::test]
async fn an_overloaded_provider_is_asked_again() {
    let server = Server::start(vec![
        Answer::Status(529, "retry-after-ms: 1\r\n", "error_529.json"),
        Answer::Stream("text.sse"),
    ])
    .await;
    let config = LlmConfig { attempts: 2, ..config(&server) };
    let (sender, mut notices) = mpsc::channel(100);
    let context = CompletionContext { notices: Some(sender) };
    let completion = connect(config).complete(request(), context).await.unwrap();
    assert_eq!(completion.text, "Hello, wörld 🎉!");
    let wait = Duration::from_millis(1);
    assert_eq!(notices.recv().await, Some(LlmNotice::Restart));
    assert_eq!(
        notices.recv().await,
        Some(LlmNotice::Retry { attempt: 1, attempts: 2, wait, is_rate_limited: false })
    );
}

#[tokio::test]
async fn a_configuration_that_cannot_work_says_so() {
    let config = LlmConfig { model: "openai/gpt-4o".to_owned(), ..LlmConfig::default() };
    let client = connect(config);
    assert_eq!(client.model(), "openai/gpt-4o");
    let result = client.complete(request(), CompletionContext::default()).await;
    let message = "no key is set for the model `openai/gpt-4o`".to_owned();
    assert_eq!(result, Err(CompletionFailure::Authentication { message }));
}
