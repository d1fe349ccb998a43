//! Models that call tools in words.

use oh_chat::ToolCall;
use oh_llm::{CompletionContext, LlmConfig, LlmNotice, connect};
use tokio::sync::mpsc;

use crate::providers::{config, request};
use crate::server::{Answer, Server};

fn expected() -> [ToolCall; 1] {
    let text = str::to_owned;
    let arguments = r#"{"command":"ls -la"}"#;
    [ToolCall { id: text("toolu_01"), name: text("execute_bash"), arguments: text(arguments) }]
}

#[tokio::test]
async fn a_model_without_tools_is_asked_in_words_from_then_on() {
    let mut server = Server::start(vec![
        Answer::Status(400, "", "ollama/error_400_tools.json"),
        Answer::Stream("ollama/in_words.ndjson"),
        Answer::Stream("ollama/in_words.ndjson"),
    ])
    .await;
    let client = connect(config(&server, "ollama"));
    let (sender, mut notices) = mpsc::channel(100);
    let context = CompletionContext { notices: Some(sender) };
    let completion = client.complete(request(), context).await.unwrap();
    assert_eq!(completion.tool_calls, expected());
    assert_eq!(
        (completion.text.as_str(), completion.finish_reason.as_str()),
        ("I look.", "tool_calls")
    );
    // What viewers see ends before the call.
    assert_eq!(notices.recv().await, Some(LlmNotice::Text("I look.\n\n".to_owned())));
    assert_eq!(notices.recv().await, None);

    assert!(server.request().await.body["tools"].is_array());
    let body = server.request().await.body;
    assert_eq!(body.get("tools"), None);
    assert!(body["messages"][0]["content"].as_str().unwrap().contains("<function=NAME>"));
    client.complete(request(), CompletionContext::default()).await.unwrap();
    assert_eq!(server.request().await.body.get("tools"), None);
}

#[tokio::test]
async fn a_call_that_cannot_be_read_is_asked_for_again() {
    let mut server = Server::start(vec![
        Answer::Stream("ollama/in_words_wrong.ndjson"),
        Answer::Stream("ollama/in_words.ndjson"),
    ])
    .await;
    let config = LlmConfig { native_tool_calling: Some(false), ..config(&server, "ollama") };
    let result = connect(config).complete(request(), CompletionContext::default()).await;
    let completion = result.unwrap();
    assert_eq!(completion.tool_calls, expected());
    // Both answers are paid for.
    assert_eq!(completion.usage.prompt_tokens, 52);
    server.request().await;
    let messages = server.request().await.body["messages"].clone();
    let last = messages.as_array().unwrap().last().unwrap()["content"].as_str().unwrap().to_owned();
    assert!(last.starts_with("Your call could not be read: "), "{last}");
}

#[tokio::test]
async fn the_model_is_told_where_to_stop_unless_it_refuses() {
    async fn check(model: &str, is_disabled: bool, expected: Option<&str>) {
        let mut server = Server::start(vec![Answer::Stream("text.sse")]).await;
        let config = LlmConfig {
            model: model.to_owned(),
            native_tool_calling: Some(false),
            disable_stop_word: is_disabled,
            ..config(&server, "openai")
        };
        connect(config).complete(request(), CompletionContext::default()).await.unwrap();
        let body = server.request().await.body;
        assert_eq!(body["stop"][0].as_str(), expected, "{model}");
    }
    check("openai/local", false, Some("</function")).await;
    check("openai/local", true, None).await;
    check("openai/o1", false, None).await;
}

#[tokio::test]
async fn a_model_that_must_use_its_own_protocol_is_not_asked_in_words() {
    let server = Server::start(vec![Answer::Status(400, "", "ollama/error_400_tools.json")]).await;
    let config = LlmConfig { native_tool_calling: Some(true), ..config(&server, "ollama") };
    let result = connect(config).complete(request(), CompletionContext::default()).await;
    assert!(result.unwrap_err().message().contains("does not support tools"));
}
