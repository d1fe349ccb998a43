//! A model is tried before it is chosen.

use serde_json::{Value, json};

use crate::model_server::{self, Turn};
use crate::support::TestServer;

const TEST: &str = "/api/options/test-model";

/// A model that wants the key `right` and tells every other one back.
fn choosy(request: &Value) -> Turn {
    match request["test_authorization"].as_str() {
        Some("Bearer sk-right-key") => Turn::Text("OK"),
        Some(other) => Turn::Refusal(401, format!("Incorrect API key provided: {other}")),
        None => Turn::Refusal(401, "no key".to_owned()),
    }
}

async fn model(script: impl Fn(&Value) -> Turn + Send + Sync + 'static) -> String {
    format!("http://127.0.0.1:{}/v1", model_server::start(script).await)
}

fn refused(message: &str) -> Value {
    json!({"ok": false, "kind": "STATUS$ERROR_LLM_AUTHENTICATION", "message": message})
}

#[tokio::test]
async fn a_key_is_tried_and_never_said_again() {
    let (server, url) = (TestServer::start().await, model(choosy).await);
    let body =
        |key: &str| json!({"llm_model": "openai/x", "llm_base_url": url, "llm_api_key": key});
    let (status, answer) = server.post(TEST, body("sk-right-key")).await;
    assert_eq!((status, &answer["ok"], &answer["model"]), (200, &json!(true), &json!("openai/x")));
    assert!(answer["milliseconds"].is_u64(), "{answer}");
    let (status, answer) = server.post(TEST, body("sk-wrong-canary")).await;
    assert_eq!((status, &answer["ok"]), (200, &json!(false)), "{answer}");
    assert_eq!(answer["kind"], "STATUS$ERROR_LLM_AUTHENTICATION");
    assert!(!answer.to_string().contains("canary"), "{answer}");
    assert_eq!(server.get("/api/settings").await.0, 404, "a test stores nothing");
}

#[tokio::test]
async fn the_stored_key_is_tried_only_at_its_own_address() {
    let (server, url) = (TestServer::start().await, model(choosy).await);
    let settings =
        json!({"llm_model": "openai/x", "llm_base_url": url, "llm_api_key": "sk-right-key"});
    assert_eq!(server.post("/api/settings", settings).await.0, 200);
    let same = json!({"llm_model": "openai/other", "llm_base_url": url});
    assert_eq!(server.post(TEST, same).await.1["ok"], true);
    let none = json!({"llm_model": "openai/x", "llm_base_url": url, "llm_api_key": ""});
    assert_eq!(server.post(TEST, none).await.1, refused("no key"));
    // Another address gets no key, whatever it is called.
    let elsewhere = json!({"llm_model": "openai/x", "llm_base_url": model(choosy).await});
    assert_eq!(server.post(TEST, elsewhere).await.1, refused("no key"));
    let nowhere = json!({"llm_model": "anthropic/x"});
    let expected = refused("no key is set for the model `anthropic/x`");
    assert_eq!(server.post(TEST, nowhere).await.1, expected);
}

#[tokio::test]
async fn trouble_has_the_names_that_conversations_have() {
    let server = TestServer::start().await;
    let check = async |url: String, kind: &str| {
        let body = json!({"llm_model": "openai/x", "llm_base_url": url, "llm_api_key": "k"});
        let (status, answer) = server.post(TEST, body).await;
        assert_eq!((status, answer["kind"].as_str()), (200, Some(kind)), "{answer}");
    };
    let refusing = |status| model(move |_| Turn::Refusal(status, "no".to_owned()));
    check(refusing(429).await, "CHAT_INTERFACE$AGENT_RATE_LIMITED_STOPPED_MESSAGE").await;
    check(refusing(500).await, "STATUS$ERROR_LLM_INTERNAL_SERVER_ERROR").await;
    check(refusing(402).await, "STATUS$ERROR_LLM_OUT_OF_CREDITS").await;
    check(refusing(404).await, "STATUS$ERROR").await;
    check("http://127.0.0.1:1/v1".to_owned(), "STATUS$ERROR_LLM_SERVICE_UNAVAILABLE").await;
    check("ftp://here".to_owned(), "STATUS$ERROR").await;
}

#[tokio::test]
async fn bodies_that_do_not_fit_are_refused_without_saying_them() {
    let server = TestServer::start().await;
    for body in [
        json!({}),
        json!({"llm_model": " "}),
        json!({"llm_model": "openai/x", "llm_api_key": ["canary"]}),
        json!({"llm_model": "openai/x", "llm_api_key": "canary".repeat(1_000)}),
    ] {
        let (status, answer) = server.post(TEST, body).await;
        assert_eq!(status, 422, "{answer}");
        assert!(!answer.to_string().contains("canary"), "{answer}");
    }
}

#[tokio::test]
async fn one_test_runs_at_a_time() {
    let (asked, mut questions) = tokio::sync::mpsc::unbounded_channel();
    let silent = model(move |_| {
        asked.send(()).unwrap();
        Turn::Silence
    })
    .await;
    let server = TestServer::start().await;
    let body = json!({"llm_model": "openai/x", "llm_base_url": silent, "llm_api_key": "k"});
    let request = server.http.post(server.url(TEST)).body(body.to_string());
    let first = tokio::spawn(request.send());
    questions.recv().await.unwrap();
    let demo = json!({"llm_model": "demo"});
    assert_eq!(server.post(TEST, demo.clone()).await.0, 429);
    // Whoever gives up makes room.
    first.abort();
    loop {
        let (status, answer) = server.post(TEST, demo.clone()).await;
        if status == 200 {
            assert_eq!((&answer["ok"], &answer["model"]), (&json!(true), &json!("demo")));
            break;
        }
        assert_eq!(status, 429);
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn local_servers_are_listed() {
    let server = TestServer::start().await;
    let (status, answer) = server.get("/api/options/local-models").await;
    assert_eq!((status, answer["servers"].is_array()), (200, true), "{answer}");
}
