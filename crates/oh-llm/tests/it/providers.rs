//! Every provider's answers, played from what they send.

use std::time::Duration;

use oh_chat::{
    ChatMessage, Completion, CompletionFailure, CompletionRequest, ToolCall, ToolSpec, Usage,
};
use oh_llm::{CompletionContext, LlmConfig, LlmNotice, connect};
use tokio::sync::mpsc;

use crate::server::{Answer, Seen, Server};

/// The model that is asked for, by the folder of its provider's answers.
pub(crate) fn config(server: &Server, folder: &str) -> LlmConfig {
    let (model, path) = match folder {
        "anthropic" => ("anthropic/claude-sonnet-4-5", ""),
        "responses" => ("openai/responses/gpt-5-codex", "/v1"),
        "gemini" => ("gemini/gemini-2.5-pro", ""),
        "ollama" => ("ollama/qwen3:8b", ""),
        "openrouter" => ("openrouter/anthropic/claude-sonnet-4.5", "/v1"),
        "deepseek" => ("deepseek/deepseek-reasoner", "/v1"),
        "litellm" => ("litellm_proxy/claude-sonnet-4-5", ""),
        "azure" => ("azure/my-deployment", ""),
        "bedrock" => ("bedrock/us.anthropic.claude-sonnet-4-20250514-v1:0", ""),
        _ => ("openai/gpt-4o", "/v1"),
    };
    LlmConfig {
        model: model.to_owned(),
        api_key: Some("sk-test-key".to_owned()),
        base_url: Some(format!("{}{path}", server.base_url.trim_end_matches("/v1"))),
        attempts: 1,
        timeout: Duration::from_secs(10),
        ..LlmConfig::default()
    }
}

pub(crate) fn request() -> CompletionRequest {
    let tool = |name: &str, parameters: &str| ToolSpec {
        name: name.to_owned(),
        description: "Does it.".to_owned(),
        parameters: parameters.to_owned(),
    };
    CompletionRequest {
        messages: vec![
            ChatMessage::System { text: "Be good.".to_owned() },
            ChatMessage::User { text: "List the files".to_owned(), image_urls: Vec::new() },
        ],
        tools: vec![
            tool(
                "execute_bash",
                r#"{"type":"object","properties":{"command":{"type":"string"}},"required":["command"]}"#,
            ),
            tool("think", r#"{"type":"object","properties":{}}"#),
        ],
        is_cached: false,
    }
}

/// Asks the provider of a folder for the answer of that name in it.
pub(crate) async fn ask(
    folder: &str,
    answer: Answer,
) -> (Result<Completion, CompletionFailure>, Seen, Vec<LlmNotice>) {
    ask_with(folder, answer, request(), |_| {}).await
}

pub(crate) async fn ask_with(
    folder: &str,
    answer: Answer,
    request: CompletionRequest,
    change: impl FnOnce(&mut LlmConfig),
) -> (Result<Completion, CompletionFailure>, Seen, Vec<LlmNotice>) {
    let mut server = Server::start(vec![answer]).await;
    let mut config = config(&server, folder);
    change(&mut config);
    let (sender, mut receiver) = mpsc::channel(100);
    let context = CompletionContext { notices: Some(sender) };
    let result = connect(config).complete(request, context).await;
    let mut notices = Vec::new();
    while let Ok(notice) = receiver.try_recv() {
        notices.push(notice);
    }
    (result, server.request().await, notices)
}

fn usage(prompt: u64, completion: u64, read: u64, write: u64, reasoning: u64) -> Usage {
    Usage {
        prompt_tokens: prompt,
        completion_tokens: completion,
        cache_read_tokens: read,
        cache_write_tokens: write,
        reasoning_tokens: reasoning,
    }
}

#[tokio::test]
async fn calls_of_tools_come_with_thoughts_usage_and_cost() {
    struct Expected {
        name: &'static str,
        thoughts: &'static str,
        state: Option<&'static str>,
        usage: Usage,
        cost: Option<f64>,
        ids: [&'static str; 2],
    }
    async fn check(folder: &str, expected: Expected) {
        let (result, _, notices) = ask(folder, Answer::Stream(expected.name)).await;
        let completion = result.unwrap();
        assert_eq!(completion.text, "I look.", "{folder}");
        assert_eq!(completion.finish_reason, "tool_calls", "{folder}");
        let calls: Vec<(&str, &str)> = completion
            .tool_calls
            .iter()
            .map(|call| (call.name.as_str(), call.arguments.as_str()))
            .collect();
        assert_eq!(
            calls,
            [("execute_bash", r#"{"command":"ls -la"}"#), ("think", "{}")],
            "{folder}"
        );
        for (call, start) in completion.tool_calls.iter().zip(expected.ids) {
            assert!(call.id.starts_with(start), "{folder} {}", call.id);
        }
        assert_eq!(completion.usage, expected.usage, "{folder}");
        match (completion.cost, expected.cost) {
            (Some(found), Some(cost)) => assert!((found - cost).abs() < 1e-9, "{folder} {found}"),
            (found, cost) => assert_eq!(found, cost, "{folder}"),
        }
        let reasoning = completion.reasoning.unwrap_or_default();
        assert_eq!(reasoning.text, expected.thoughts, "{folder}");
        let json = |state: &str| serde_json::from_str::<serde_json::Value>(state).unwrap();
        assert_eq!(reasoning.state.as_deref().map(json), expected.state.map(json), "{folder}");
        let told: String = notices
            .iter()
            .filter_map(|notice| match notice {
                LlmNotice::Reasoning(text) => Some(text.as_str()),
                LlmNotice::Text(_) | LlmNotice::Restart | LlmNotice::Retry { .. } => None,
            })
            .collect();
        assert_eq!(told, expected.thoughts, "{folder}");
    }
    check(
        "anthropic",
        Expected {
            name: "anthropic/tools.sse",
            thoughts: "Two files, both at once.",
            state: Some(
                r#"{"parts":[{"signature":"EqQBCgIYAhIM1gbcDa9GJwZA2b3h"},{"text":"Two files, both at once."},{"block":{"data":"EmwKAhgBEgy3va3pzix/LafPsn4aDFIT","type":"redacted_thinking"}}],"protocol":"Anthropic"}"#,
            ),
            usage: usage(472, 89, 0, 0, 0),
            cost: Some(0.002_751),
            ids: ["toolu_01T1x1fJ34qAmk2tNTrN7Up6", "toolu_02B2"],
        },
    )
    .await;
    check(
        "responses",
        Expected {
            name: "responses/tools.sse",
            thoughts: "Looking.",
            state: Some(r#"{"parts":[{"signature":"gAAAAABo3kF"}],"protocol":"OpenAIResp"}"#),
            usage: usage(1500, 210, 1024, 0, 128),
            cost: Some(0.002_823),
            ids: ["call_DdmO9pD3xa9X", "call_Second"],
        },
    )
    .await;
    check(
        "gemini",
        Expected {
            name: "gemini/tools.sse",
            thoughts: "",
            state: Some(
                r#"{"calls":[["CpYDAVSoXO4Q"],null],"parts":[{"signature":"CpYDAVSoXO4Q"}],"protocol":"Gemini"}"#,
            ),
            usage: usage(1200, 140, 1000, 0, 100),
            cost: Some(0.001_775),
            ids: ["call#execute_bash#", "call#think#"],
        },
    )
    .await;
    check(
        "ollama",
        Expected {
            name: "ollama/tools.ndjson",
            thoughts: "",
            state: None,
            usage: usage(26, 30, 0, 0, 0),
            cost: None,
            ids: ["call_", "call_"],
        },
    )
    .await;
    check(
        "openrouter",
        Expected {
            name: "openrouter/tools.sse",
            thoughts: "Two files.",
            state: Some(
                r#"{"parts":[{"block":{"format":"anthropic-claude-v1","index":0,"signature":"ErUBCkYI","text":"Two files.","type":"reasoning.text"}}],"protocol":"OpenRouter"}"#,
            ),
            usage: usage(500, 60, 400, 50, 20),
            cost: Some(0.0123),
            ids: ["toolu_vrtx_01", "toolu_vrtx_02"],
        },
    )
    .await;
    check(
        "deepseek",
        Expected {
            name: "deepseek/tools.sse",
            thoughts: "Two files.",
            state: None,
            usage: usage(1000, 50, 960, 0, 30),
            cost: Some(0.000_059_08),
            ids: ["call_00_Lk", "call_01_Mk"],
        },
    )
    .await;
    check(
        "bedrock",
        Expected {
            name: "bedrock/tools.events",
            thoughts: "Two files.",
            state: Some(
                r#"{"parts":[{"signature":"EoMBCkgI"},{"text":"Two files."}],"protocol":"BedrockApi"}"#,
            ),
            usage: usage(300, 70, 0, 0, 0),
            cost: Some(0.001_95),
            ids: ["tooluse_kZJMlvQmRJ6e", "tooluse_second"],
        },
    )
    .await;
}

#[tokio::test]
async fn plain_text_comes_from_every_provider() {
    async fn check(folder: &str, name: &'static str, id: Option<&str>, model: &str, spent: Usage) {
        let (result, _, notices) = ask(folder, Answer::Stream(name)).await;
        let completion = result.unwrap();
        assert_eq!(completion.text, "Hello, wörld!", "{folder}");
        assert_eq!(completion.tool_calls, [], "{folder}");
        assert_eq!(completion.finish_reason, "stop", "{folder}");
        assert!(id.is_none_or(|id| id == completion.response_id), "{}", completion.response_id);
        assert_eq!(completion.model, model, "{folder}");
        assert_eq!(completion.usage, spent, "{folder}");
        let pieces = ["Hello", ", wörld!"].map(|piece| LlmNotice::Text(piece.to_owned()));
        assert!(notices.ends_with(&pieces), "{folder} {notices:?}");
    }
    check(
        "anthropic",
        "anthropic/text.sse",
        Some("msg_01XFDUDYJgAACzvnptvVoYEL"),
        "claude-sonnet-4-5-20250929",
        usage(2025, 12, 1800, 200, 0),
    )
    .await;
    check(
        "gemini",
        "gemini/text.sse",
        Some("mAitaLmkHPPlz7IPvtfUqQ4"),
        "gemini-2.5-pro",
        usage(1200, 140, 1000, 0, 100),
    )
    .await;
    check("ollama", "ollama/text.ndjson", None, "qwen3:8b", usage(26, 30, 0, 0, 0)).await;
    let spent = usage(2025, 12, 1800, 200, 0);
    check("litellm", "litellm/text.sse", Some("chatcmpl-7f1a"), "claude-sonnet-4-5", spent).await;
}

#[tokio::test]
async fn made_up_ids_never_come_twice() {
    let ids = |calls: &[ToolCall]| calls.iter().map(|call| call.id.clone()).collect::<Vec<_>>();
    let mut seen = Vec::new();
    for (folder, name) in [("gemini", "gemini/tools.sse"), ("ollama", "ollama/tools.ndjson")] {
        for _ in 0..2 {
            seen.extend(ids(&ask(folder, Answer::Stream(name)).await.0.unwrap().tool_calls));
        }
    }
    let count = seen.len();
    seen.sort();
    seen.dedup();
    assert_eq!((count, seen.len()), (8, 8));
}

#[tokio::test]
async fn an_answer_that_is_too_long_ends_with_its_length() {
    let (result, _, _) = ask("responses", Answer::Stream("responses/incomplete.sse")).await;
    let completion = result.unwrap();
    assert_eq!(
        (completion.text.as_str(), completion.finish_reason.as_str()),
        ("I look.", "length")
    );
}
