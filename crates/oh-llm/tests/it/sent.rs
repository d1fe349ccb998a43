//! What each provider is sent.

use oh_chat::{ChatMessage, CompletionRequest, Reasoning, ToolCall};
use oh_llm::{CompletionContext, LlmConfig, connect};
use serde_json::{Value, json};

use crate::providers::{ask_with, config, request};
use crate::server::{Answer, Seen, Server, header};

/// The answer with text that each provider gives.
fn answer(folder: &str) -> Answer {
    Answer::Stream(match folder {
        "anthropic" => "anthropic/text.sse",
        "responses" => "responses/tools.sse",
        "gemini" => "gemini/text.sse",
        "ollama" => "ollama/text.ndjson",
        "bedrock" => "bedrock/tools.events",
        _ => "text.sse",
    })
}

async fn sent(
    folder: &str,
    request: CompletionRequest,
    change: impl FnOnce(&mut LlmConfig),
) -> Seen {
    let (result, seen, _) = ask_with(folder, answer(folder), request, change).await;
    result.unwrap();
    seen
}

#[tokio::test]
async fn every_provider_is_asked_at_its_place_with_its_key() {
    async fn check(folder: &str, path: &str, key: (&str, &str), model: Option<&str>) {
        let seen = sent(folder, request(), |_| {}).await;
        assert_eq!(seen.head.lines().next().unwrap(), format!("POST {path} HTTP/1.1"));
        assert_eq!(header(&seen.head, key.0), Some(key.1), "{folder}");
        assert_eq!(seen.head.matches("sk-test-key").count(), 1, "{}", seen.head);
        assert_eq!(seen.body["model"].as_str(), model, "{folder}");
        assert!(!seen.body.to_string().contains("sk-test-key"), "{folder}");
    }
    let bearer = ("authorization", "Bearer sk-test-key");
    let anthropic = ("x-api-key", "sk-test-key");
    check("anthropic", "/v1/messages", anthropic, Some("claude-sonnet-4-5")).await;
    check("responses", "/v1/responses", bearer, Some("gpt-5-codex")).await;
    let path = "/v1beta/models/gemini-2.5-pro:streamGenerateContent?alt=sse";
    check("gemini", path, ("x-goog-api-key", "sk-test-key"), None).await;
    let model = Some("anthropic/claude-sonnet-4.5");
    check("openrouter", "/v1/chat/completions", bearer, model).await;
    check("deepseek", "/v1/chat/completions", bearer, Some("deepseek-reasoner")).await;
    check("litellm", "/chat/completions", bearer, Some("claude-sonnet-4-5")).await;
    let path = "/openai/deployments/my-deployment/chat/completions?api-version=2024-12-01-preview";
    check("azure", path, ("api-key", "sk-test-key"), Some("my-deployment")).await;
    let path = "/model/us.anthropic.claude-sonnet-4-20250514-v1%3A0/converse-stream";
    check("bedrock", path, bearer, None).await;
}

#[tokio::test]
async fn ollama_is_asked_without_a_key() {
    let seen = sent("ollama", request(), |config| {
        config.api_key = None;
        config.ollama_base_url = config.base_url.take();
    })
    .await;
    assert!(seen.head.starts_with("POST /api/chat "), "{}", seen.head);
    assert_eq!(header(&seen.head, "authorization"), None);
    assert_eq!(seen.body["tools"][0]["function"]["name"], "execute_bash");
}

/// A conversation with calls, results, a picture and thoughts.
fn long(state: &str, text: &str) -> CompletionRequest {
    let string = str::to_owned;
    let call = |id: &str, name: &str| ToolCall {
        id: string(id),
        name: string(name),
        arguments: string("{}"),
    };
    let result = |id: &str, name: &str| ChatMessage::ToolResult {
        call_id: string(id),
        name: string(name),
        text: format!("result {id}"),
    };
    let mut request = request();
    request.messages.extend([
        ChatMessage::Assistant {
            text: string("I look."),
            tool_calls: vec![call("a", "execute_bash"), call("b", "think")],
            reasoning: Some(Reasoning { text: string(text), state: Some(string(state)) }),
        },
        result("a", "execute_bash"),
        result("b", "think"),
    ]);
    request
}

#[tokio::test]
async fn anthropic_gets_its_thoughts_back_and_results_together() {
    let state = r#"{"protocol":"Anthropic","parts":[{"signature":"Sig"},{"text":"Hm."},{"block":{"type":"redacted_thinking","data":"Xx"}}]}"#;
    let body = sent("anthropic", long(state, "Hm."), |_| {}).await.body;
    let expected = json!([
        {"role": "user", "content": "List the files"},
        {"role": "assistant", "content": [
            {"type": "thinking", "thinking": "Hm.", "signature": "Sig"},
            {"type": "redacted_thinking", "data": "Xx"},
            {"type": "text", "text": "I look."},
            {"type": "tool_use", "id": "a", "name": "execute_bash", "input": {}},
            {"type": "tool_use", "id": "b", "name": "think", "input": {}},
        ]},
        {"role": "user", "content": [
            {"type": "tool_result", "content": "result a", "tool_use_id": "a"},
            {"type": "tool_result", "content": "result b", "tool_use_id": "b"},
        ]},
    ]);
    assert_eq!(body["messages"], expected);
    assert_eq!(body["system"], "Be good.");
    assert!(!body.to_string().contains("cache_control"), "{body}");
}

#[tokio::test]
async fn thoughts_go_back_as_each_provider_wants_them() {
    let state = r#"{"protocol":"OpenAIResp","parts":[{"signature":"Enc"}]}"#;
    let body = sent("responses", long(state, "Hm."), |_| {}).await.body;
    assert_eq!(
        body["input"][2],
        json!({"type": "reasoning", "encrypted_content": "Enc", "summary": []})
    );
    assert_eq!(body["include"], json!(["reasoning.encrypted_content"]));
    assert_eq!(body["store"], false);

    let state = r#"{"protocol":"Gemini","parts":[{"signature":"G"}],"calls":[["G"],null]}"#;
    let body = sent("gemini", long(state, ""), |_| {}).await.body;
    let parts = &body["contents"][1]["parts"];
    assert_eq!(parts[0], json!({"text": "I look."}));
    assert_eq!(parts[1]["thoughtSignature"], "G");
    assert_eq!(parts[2].get("thoughtSignature"), None);
    let results = body["contents"][2]["parts"].as_array().unwrap();
    assert_eq!(results.len(), 2);

    let body = sent("deepseek", long("", "Two files."), |_| {}).await.body;
    assert_eq!(body["messages"][2]["reasoning_content"], "Two files.");

    let detail = r#"{"type":"reasoning.text","text":"Hm.","signature":"S","index":0}"#;
    let state = format!(r#"{{"protocol":"OpenRouter","parts":[{{"block":{detail}}}]}}"#);
    let body = sent("openrouter", long(&state, "Hm."), |_| {}).await.body;
    let expected: Value = serde_json::from_str(detail).unwrap();
    assert_eq!(body["messages"][2]["reasoning_details"], json!([expected]));

    let state = r#"{"protocol":"BedrockApi","parts":[{"signature":"B"},{"text":"Hm."}]}"#;
    let body = sent("bedrock", long(state, "Hm."), |_| {}).await.body;
    let expected =
        json!({"reasoningContent": {"reasoningText": {"text": "Hm.", "signature": "B"}}});
    assert_eq!(body["messages"][1]["content"][0], expected);

    // Nobody gets the thoughts of another.
    for folder in ["anthropic", "gemini", "responses", "openai", "litellm"] {
        let body = sent(folder, long(state, "Hm."), |_| {}).await.body.to_string();
        assert!(!body.contains("Hm.") && !body.contains("\"B\""), "{folder} {body}");
    }
}

#[tokio::test]
async fn the_cache_is_marked_only_where_that_is_understood() {
    let mark = json!({"type": "ephemeral"});
    let cached = || CompletionRequest { is_cached: true, ..long("", "") };
    let body = sent("anthropic", cached(), |_| {}).await.body;
    assert_eq!(body["system"][0]["cache_control"], mark);
    assert_eq!(body["messages"][2]["content"][1]["cache_control"], mark);
    assert_eq!(body.to_string().matches("cache_control").count(), 2);

    for folder in ["litellm", "openrouter"] {
        let body = sent(folder, cached(), |_| {}).await.body;
        assert_eq!(
            body["messages"][0]["content"],
            json!([{"type": "text", "text": "Be good.", "cache_control": mark}])
        );
        assert_eq!(
            body["messages"][4],
            json!({"role": "tool", "tool_call_id": "b", "content":
                [{"type": "text", "text": "result b", "cache_control": mark}]})
        );
        assert_eq!(body["messages"][2]["tool_calls"][0]["function"]["arguments"], "{}");
        assert_eq!(body.to_string().matches("cache_control").count(), 2, "{folder}");
    }
    let switched_off = |config: &mut LlmConfig| config.caching_prompt = false;
    let body = sent("anthropic", cached(), switched_off).await.body.to_string();
    assert!(!body.contains("cache_control"), "{body}");
    for folder in ["openai", "gemini", "responses", "ollama", "bedrock", "deepseek"] {
        let body = sent(folder, cached(), |_| {}).await.body.to_string();
        assert!(!body.contains("cache"), "{folder} {body}");
    }
}

#[tokio::test]
async fn pictures_go_along_in_each_form() {
    let with_pictures = || {
        let mut request = request();
        request.messages.push(ChatMessage::User {
            text: "Look".to_owned(),
            image_urls: vec![
                "data:image/png;base64,iVBORw0KGgo=".to_owned(),
                "https://example.org/a.jpg".to_owned(),
            ],
        });
        request
    };
    let body = sent("anthropic", with_pictures(), |_| {}).await.body;
    let expected = json!([
        {"type": "text", "text": "Look"},
        {"type": "image", "source":
            {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}},
        {"type": "image", "source": {"type": "url", "url": "https://example.org/a.jpg"}},
    ]);
    assert_eq!(body["messages"][1]["content"], expected);
    let body = sent("gemini", with_pictures(), |_| {}).await.body;
    let data = &body["contents"][1]["parts"][1]["inline_data"];
    assert_eq!(*data, json!({"mime_type": "image/png", "data": "iVBORw0KGgo="}));
    let body = sent("responses", with_pictures(), |_| {}).await.body;
    assert_eq!(body["input"][2]["content"][1]["type"], "input_image");
    let body = sent("ollama", with_pictures(), |config| config.force_vision = true).await.body;
    assert_eq!(body["messages"][2]["images"], json!(["iVBORw0KGgo="]));
    let body = sent("ollama", with_pictures(), |_| {}).await.body.to_string();
    assert!(body.contains("which you cannot see") && !body.contains("iVBOR"), "{body}");
}

#[tokio::test]
async fn settings_are_sent_as_far_as_the_model_takes_them() {
    async fn check(folder: &str, model: &str, change: fn(&mut LlmConfig), expected: Value) {
        let seen = sent(folder, request(), |config| {
            config.model = model.to_owned();
            config.temperature = Some(0.5);
            config.top_p = Some(0.9);
            change(config);
        })
        .await;
        let names = expected.as_object().unwrap().keys();
        let found: Value = names.map(|name| (name.clone(), seen.body[name].clone())).collect();
        assert_eq!(found, expected, "{model}");
    }
    let high = |config: &mut LlmConfig| config.reasoning_effort = Some("high".to_owned());
    let low = |config: &mut LlmConfig| config.reasoning_effort = Some("low".to_owned());
    let sampling = |temperature: Value, top_p: Value, effort: Value| json!({"temperature": temperature, "top_p": top_p, "reasoning_effort": effort});
    let none = Value::Null;
    let kept = sampling(json!(0.5), json!(0.9), none.clone());
    check("openai", "openai/gpt-4o", high, kept).await;
    check("openai", "openai/gpt-5", high, sampling(none.clone(), none.clone(), json!("high")))
        .await;
    let kept = sampling(json!(0.5), json!(0.9), json!("low"));
    check("openai", "hosted_vllm/gpt-oss-120b", low, kept).await;
    let all = |config: &mut LlmConfig| {
        config.drop_params = false;
        config.reasoning_effort = Some("minimal".to_owned());
    };
    check("openai", "openai/gpt-5", all, sampling(json!(0.5), json!(0.9), json!("minimal"))).await;

    let anthropic = |temperature: Value, top_p: Value, thinking: Value, most: u32| json!({"temperature": temperature, "top_p": top_p, "thinking": thinking, "max_tokens": most});
    let (half, most) = (json!(0.5), json!(0.9));
    let sonnet = anthropic(none.clone(), none.clone(), none.clone(), 64_000);
    check("anthropic", "anthropic/claude-sonnet-4-5", high, sonnet).await;
    let opus = anthropic(half, none.clone(), none.clone(), 32_000);
    check("anthropic", "anthropic/claude-opus-4-1", high, opus).await;
    let thinking = json!({"type": "enabled", "budget_tokens": 24_000});
    let older = anthropic(none.clone(), none.clone(), thinking, 64_000);
    check("anthropic", "anthropic/claude-3-7-sonnet", high, older).await;
    let plain = anthropic(json!(0.5), most, none, 7);
    let short = |config: &mut LlmConfig| config.max_output_tokens = Some(7);
    check("anthropic", "anthropic/claude-3-5-haiku", short, plain).await;

    let config = json!({"generationConfig": {
        "thinkingConfig": {"thinkingBudget": 128, "includeThoughts": true}}});
    check("gemini", "gemini/gemini-2.5-pro", low, config).await;
    let top_k = |config: &mut LlmConfig| {
        config.top_k = Some(40.0);
        config.seed = Some(7);
        config.safety_settings = Some(r#"[{"category":"C","threshold":"T"}]"#.to_owned());
    };
    let expected = json!({
        "generationConfig": {"temperature": 0.5, "topP": 0.9, "topK": 40, "seed": 7},
        "safetySettings": [{"category": "C", "threshold": "T"}],
    });
    check("gemini", "gemini/gemini-2.0-flash", top_k, expected).await;
    let expected = json!({"top_k": 40, "seed": 7, "safetySettings": null});
    check("openai", "hosted_vllm/qwen", top_k, expected).await;
}

#[tokio::test]
async fn further_fields_are_passed_through() {
    let further = r#"{"metadata":{"tags":["a"]},"extra_body":{"guided_json":{}},"seed":3}"#;
    let change = |config: &mut LlmConfig| config.completion_kwargs = Some(further.to_owned());
    let body = sent("litellm", request(), change).await.body;
    assert_eq!(body["metadata"], json!({"tags": ["a"]}));
    assert_eq!((&body["guided_json"], &body["seed"]), (&json!({}), &json!(3)));
    assert_eq!(body["messages"][0]["content"], "Be good.");
}

#[tokio::test]
async fn openrouter_learns_who_asks() {
    let seen = sent("openrouter", request(), |config| {
        config.openrouter_app_name = "Mine".to_owned();
    })
    .await;
    assert_eq!(header(&seen.head, "x-title"), Some("Mine"));
    assert_eq!(header(&seen.head, "http-referer"), Some("https://docs.all-hands.dev/"));
}

#[tokio::test]
async fn a_completion_is_logged_without_the_key() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(vec![Answer::Status(401, "", "error_401.json")]).await;
    let config =
        LlmConfig { log_folder: Some(folder.path().join("logs")), ..config(&server, "openai") };
    let mut request = request();
    request.messages.push(ChatMessage::User {
        text: "my key is sk-test-key".to_owned(),
        image_urls: Vec::new(),
    });
    let result = connect(config).complete(request, CompletionContext::default()).await;
    assert!(result.is_err());
    let files: Vec<_> = std::fs::read_dir(folder.path().join("logs")).unwrap().collect();
    assert_eq!(files.len(), 1);
    let text = std::fs::read_to_string(files[0].as_ref().unwrap().path()).unwrap();
    let log: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(log["messages"][2]["content"], "my key is ***");
    assert!(log["response"]["error"].as_str().unwrap().starts_with("Incorrect API key"));
}
