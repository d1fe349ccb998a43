//! Bodies of every kind at every route: an answer that says what is wrong, and a server that lives.

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

use crate::support::TestServer;

/// Bodies for each route.
const BODIES: usize = 40;

/// Names of fields of all routes, so that some bodies are nearly right.
const FIELDS: [&str; 24] = [
    "name",
    "value",
    "description",
    "title",
    "message",
    "action",
    "args",
    "observation",
    "content",
    "agent_state",
    "initial_user_msg",
    "replay_json",
    "image_urls",
    "mcp_config",
    "suggested_task",
    "create_microagent",
    "provider_tokens",
    "key",
    "config",
    "polarity",
    "version",
    "llm_model",
    "condenser_max_size",
    "providers_set",
];

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(|n| json!(n)),
        "(?s).{0,12}".prop_map(Value::from),
        Just(json!("message")),
        Just(json!("\u{0}\u{ffff}\u{1f600}")),
    ];
    leaf.prop_recursive(4, 24, 6, |inner| {
        let name = prop_oneof![
            4 => prop::sample::select(&FIELDS[..]).prop_map(str::to_owned),
            1 => "(?s).{0,6}",
        ];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::hash_map(name, inner, 0..6)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// A body: mostly JSON, sometimes cut, sometimes anything.
fn body() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        6 => json_value().prop_map(|value| value.to_string().into_bytes()),
        1 => (json_value(), 0usize..40).prop_map(|(value, cut)| {
            let mut bytes = value.to_string().into_bytes();
            bytes.truncate(cut);
            bytes
        }),
        1 => prop::collection::vec(any::<u8>(), 0..60),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_body_breaks_a_route() {
    let server = TestServer::start().await;
    let conversation = server.create().await;
    let document: Value =
        serde_json::from_str(include_str!("../../src/rest/openapi.json")).unwrap();
    let mut runner = TestRunner::deterministic();
    let mut asked = 0;
    for (path, operations) in document["paths"].as_object().unwrap() {
        let methods = operations.as_object().unwrap().keys();
        for method in methods.filter(|method| ["post", "put", "patch"].contains(&method.as_str())) {
            // Stopping is tried elsewhere; it would make each later request start it again.
            if path.ends_with("/stop") {
                continue;
            }
            let url = path
                .replace("{id}", &conversation)
                .replace("{name}", "NAME")
                .replace("{path}", "x");
            for _ in 0..BODIES {
                let body = body().new_tree(&mut runner).unwrap().current();
                let method = reqwest::Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
                let request = server.http.request(method, server.url(&url)).body(body.clone());
                let request = request
                    .header("content-type", "application/json")
                    .header("accept", "application/json, text/event-stream");
                let answer = request.send().await.unwrap();
                let status = answer.status().as_u16();
                let text = answer.text().await.unwrap();
                let shown = String::from_utf8_lossy(&body);
                assert!(status < 500, "{path} {shown}: {status} {text}");
                if status >= 400 {
                    assert!(text.len() > 2, "{path} {shown}: {status} without a word");
                }
                asked += 1;
            }
        }
    }
    assert!(asked > 10 * BODIES, "{asked}");
    assert_eq!(server.get("/api/health").await.0, 200);
}
