//! What goes wrong at each provider, and what comes of it.

use std::time::Duration;

use oh_chat::CompletionFailure;
use oh_llm::{CompletionContext, LlmConfig, LlmNotice, connect};
use tokio::sync::mpsc;

use crate::providers::{ask, ask_with, config, request};
use crate::server::{Answer, Server};

fn kind(failure: &CompletionFailure) -> &'static str {
    match failure {
        CompletionFailure::Authentication { .. } => "authentication",
        CompletionFailure::RateLimited { .. } => "rate limit",
        CompletionFailure::Unavailable { .. } => "unavailable",
        CompletionFailure::Server { .. } => "server",
        CompletionFailure::OutOfCredits { .. } => "credits",
        CompletionFailure::ContentPolicy { .. } => "policy",
        CompletionFailure::ContextWindow { .. } => "window",
        CompletionFailure::BadRequest { .. } => "bad request",
    }
}

async fn check(answer: Answer, expected: &str, words: &str) {
    let name = match answer {
        Answer::Stream(name) | Answer::BreakOff(name) | Answer::Status(_, _, name) => name,
        Answer::Silence => "",
    };
    let folder = name.split('/').next().unwrap();
    let failure = ask_with(folder, answer, request(), |config| {
        // What this setting is for is tried elsewhere.
        config.native_tool_calling = Some(true);
    })
    .await
    .0
    .unwrap_err();
    assert_eq!(kind(&failure), expected, "{name} {failure}");
    assert!(failure.message().contains(words), "{name} {failure}");
}

#[tokio::test]
async fn a_status_says_what_can_be_done() {
    let status = |status, name| Answer::Status(status, "", name);
    check(status(400, "anthropic/error_400.json"), "bad request", "`tool_result` blocks").await;
    check(status(400, "anthropic/error_400_context.json"), "window", "prompt is too long").await;
    check(status(400, "anthropic/error_400_credits.json"), "credits", "credit balance").await;
    check(status(401, "anthropic/error_401.json"), "authentication", "invalid x-api-key").await;
    check(status(429, "anthropic/error_429.json"), "rate limit", "rate limit of 30,000").await;
    check(status(500, "anthropic/error_500.json"), "server", "Internal server error").await;
    check(status(529, "anthropic/error_529.json"), "unavailable", "Overloaded").await;
    check(status(400, "gemini/error_400.json"), "bad request", "Unknown name").await;
    check(status(400, "gemini/error_400_key.json"), "authentication", "API key not valid").await;
    check(status(400, "gemini/error_400_context.json"), "window", "maximum number of tokens").await;
    check(status(403, "gemini/error_403.json"), "authentication", "unregistered callers").await;
    check(status(429, "gemini/error_429.json"), "rate limit", "requests per minute").await;
    check(status(500, "gemini/error_500.json"), "server", "internal error").await;
    check(status(503, "gemini/error_503.json"), "unavailable", "overloaded").await;
    check(status(400, "ollama/error_400_tools.json"), "bad request", "does not support").await;
    check(status(404, "ollama/error_404.json"), "bad request", "not found").await;
    check(status(500, "ollama/error_500.json"), "server", "exit status 2").await;
    check(status(402, "openrouter/error_402.json"), "credits", "more credits").await;
    check(status(403, "openrouter/error_403.json"), "policy", "moderation").await;
    check(status(404, "openrouter/error_404_tools.json"), "bad request", "tool use").await;
    check(status(429, "openrouter/error_429.json"), "rate limit", "free-models-per-min").await;
    check(status(400, "litellm/error_400_budget.json"), "credits", "Budget has been").await;
    check(status(400, "litellm/error_400_context.json"), "window", "ContextWindowExceeded").await;
    check(status(401, "litellm/error_401.json"), "authentication", "Invalid proxy").await;
    check(status(404, "azure/error_404.json"), "bad request", "deployment").await;
    check(status(400, "azure/error_400_filter.json"), "policy", "content management").await;
    check(status(401, "azure/error_401.json"), "authentication", "Access denied").await;
    check(status(400, "bedrock/error_400_context.json"), "window", "Input is too long").await;
    check(status(400, "bedrock/error_400_tools.json"), "bad request", "tool use").await;
    check(status(403, "bedrock/error_403.json"), "authentication", "API Key is valid").await;
    check(status(429, "bedrock/error_429.json"), "rate limit", "Too many requests").await;
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_no_answer() {
    for name in [
        "anthropic/broken.sse",
        "responses/broken.sse",
        "gemini/broken.sse",
        "ollama/broken.ndjson",
        "bedrock/broken.events",
    ] {
        check(Answer::Stream(name), "unavailable", "before it was complete").await;
        check(Answer::BreakOff(name), "unavailable", "broke off").await;
    }
}

#[tokio::test]
async fn an_error_inside_an_answer_is_told() {
    let stream = Answer::Stream;
    check(stream("anthropic/overloaded.sse"), "unavailable", "Overloaded").await;
    check(stream("responses/failed.sse"), "rate limit", "Rate limit reached").await;
    check(stream("responses/error.sse"), "server", "had an error").await;
    check(stream("gemini/blocked.sse"), "policy", "PROHIBITED_CONTENT").await;
    check(stream("gemini/safety.sse"), "policy", "filtered").await;
    check(stream("gemini/malformed.sse"), "server", "no response").await;
    check(stream("gemini/unavailable.sse"), "unavailable", "overloaded").await;
    check(stream("ollama/error.ndjson"), "server", "CUDA error").await;
    check(stream("openrouter/unavailable.sse"), "unavailable", "Provider returned error").await;
    check(stream("bedrock/throttled.events"), "rate limit", "Too many tokens").await;
}

#[tokio::test]
async fn a_silent_provider_is_given_up() {
    for folder in ["anthropic", "responses", "gemini", "ollama", "bedrock"] {
        let change = |config: &mut LlmConfig| config.timeout = Duration::from_millis(100);
        let (result, _, _) = ask_with(folder, Answer::Silence, request(), change).await;
        let failure = result.unwrap_err();
        assert_eq!(kind(&failure), "unavailable", "{folder} {failure}");
    }
}

#[tokio::test]
async fn a_shorter_answer_is_asked_for_at_once() {
    let mut server = Server::start(vec![
        Answer::Status(400, "", "anthropic/error_400_room.json"),
        Answer::Stream("anthropic/text.sse"),
    ])
    .await;
    let client = connect(config(&server, "anthropic"));
    let completion = client.complete(request(), CompletionContext::default()).await.unwrap();
    assert_eq!(completion.text, "Hello, wörld!");
    assert_eq!(server.request().await.body["max_tokens"], 64_000);
    assert_eq!(server.request().await.body["max_tokens"], 11_744);

    let server = Server::start(vec![
        Answer::Status(400, "", "anthropic/error_400_room.json"),
        Answer::Status(400, "", "anthropic/error_400_room.json"),
    ])
    .await;
    let client = connect(config(&server, "anthropic"));
    let failure = client.complete(request(), CompletionContext::default()).await.unwrap_err();
    assert_eq!(kind(&failure), "window");
}

#[tokio::test]
async fn a_model_with_nothing_to_say_is_asked_more_freely() {
    for (temperature, expected) in [(None, 1.0), (Some(0.0), 1.0), (Some(0.3), 0.3)] {
        let mut server =
            Server::start(vec![Answer::Stream("empty.sse"), Answer::Stream("text.sse")]).await;
        let config = LlmConfig {
            attempts: 2,
            retry_multiplier: 0.001,
            retry_min_wait: Duration::ZERO,
            temperature,
            ..config(&server, "openai")
        };
        let (sender, mut notices) = mpsc::channel(100);
        let context = CompletionContext { notices: Some(sender) };
        connect(config).complete(request(), context).await.unwrap();
        let first = server.request().await.body.get("temperature").and_then(|t| t.as_f64());
        assert_eq!(first, temperature);
        assert_eq!(server.request().await.body["temperature"], expected);
        assert_eq!(notices.recv().await, Some(LlmNotice::Restart));
    }
}

#[tokio::test]
async fn the_wait_is_read_at_every_provider() {
    for name in ["anthropic/error_429.json", "gemini/error_429.json", "bedrock/error_429.json"] {
        let folder = name.split('/').next().unwrap();
        let (result, _, _) = ask(folder, Answer::Status(429, "retry-after: 7\r\n", name)).await;
        assert_eq!(result.unwrap_err().retry_after(), Some(Duration::from_secs(7)), "{folder}");
    }
}
