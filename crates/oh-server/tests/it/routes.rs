//! Every route there is: described, and open to nobody without authority but for a short list.

use std::collections::BTreeSet;

use oh_testkit::ScriptedLlm;
use reqwest::Method;
use serde_json::Value;

use crate::support::TestServer;

/// What anybody may ask.
const OPEN: [&str; 7] =
    ["/alive", "/api/health", "/api/login", "/api/logout", "/health", "/ready", "/server_info"];
const METHODS: [&str; 8] =
    ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"];

fn document() -> Value {
    serde_json::from_str(include_str!("../../src/rest/openapi.json")).unwrap()
}

/// Returns the paths of the document, and their operations.
fn described() -> Vec<(String, BTreeSet<String>)> {
    let document = document();
    let paths = document["paths"].as_object().unwrap();
    let methods = |operations: &Value| -> BTreeSet<String> {
        operations.as_object().unwrap().keys().map(|method| method.to_uppercase()).collect()
    };
    paths.iter().map(|(path, operations)| (path.clone(), methods(operations))).collect()
}

/// A path that could be meant.
fn example(path: &str) -> String {
    path.replace("{id}", "some-conversation")
        .replace("{name}", "NAME")
        .replace("{rest}", "owner/name/microagents")
        .replace("{port}", "3000")
        .replace("{path}", "x")
}

#[tokio::test]
async fn nothing_is_open_but_a_short_list() {
    let server = TestServer::with(ScriptedLlm::default(), &[("SESSION_API_KEY", "right")]).await;
    let mut open = BTreeSet::new();
    for (path, methods) in described() {
        for method in METHODS {
            let url = server.url(&example(&path));
            let wrong = format!("{url}?session_api_key=wrong");
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            // An answer to a page that only asks whether it may ask says nothing else.
            let is_asking = method == Method::OPTIONS;
            for url in [url, wrong] {
                let answer =
                    server.http.request(method.clone(), &url).body("{}").send().await.unwrap();
                let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
                let body = answer.text().await.unwrap();
                let is_refused = status == 401 && body == r#"{"detail":"Unauthorized"}"#;
                let says_nothing = status == 405 || (is_asking && body.is_empty());
                if !(is_refused || says_nothing) {
                    assert!(OPEN.contains(&path.as_str()), "{method} {url}: {status} {body}");
                    open.insert(path.clone());
                }
                assert_eq!(headers["x-content-type-options"], "nosniff", "{url}");
            }
            let _ = &methods;
        }
    }
    assert_eq!(open.iter().map(String::as_str).collect::<Vec<_>>(), OPEN);
    assert_eq!(server.get("/api/no-such-route").await.0, 404);
    assert_eq!(server.get("/mcp/no-such-route").await.0, 404);
}

#[tokio::test]
async fn the_document_has_every_operation_and_no_other() {
    let server = TestServer::start().await;
    let (status, served) = server.get("/openapi.json").await;
    assert_eq!((status, &served), (200, &document()));
    for (path, methods) in described() {
        let request = server
            .http
            .request(Method::from_bytes(b"PROPFIND").unwrap(), server.url(&example(&path)));
        let answer = request.send().await.unwrap();
        if answer.status() == 404 && path.ends_with("/security/{path}") {
            continue;
        }
        assert_eq!(answer.status(), 405, "{path}");
        let allowed = answer.headers().get("allow").map_or("", |value| value.to_str().unwrap());
        let allowed: BTreeSet<String> =
            allowed.split(',').filter(|m| *m != "HEAD").map(str::to_owned).collect();
        assert_eq!(allowed, methods, "{path}");
    }
}

#[test]
fn the_document_refers_to_nothing_that_is_not_there() {
    fn references(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Object(map) => {
                found.extend(map.get("$ref").and_then(Value::as_str).map(str::to_owned));
                map.values().for_each(|value| references(value, found));
            }
            Value::Array(items) => items.iter().for_each(|item| references(item, found)),
            _ => {}
        }
    }
    let document = document();
    let mut found = Vec::new();
    references(&document, &mut found);
    assert!(!found.is_empty());
    for reference in found {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
    let mut ids = BTreeSet::new();
    for operations in document["paths"].as_object().unwrap().values() {
        for operation in operations.as_object().unwrap().values() {
            let id = operation["operationId"].as_str().unwrap();
            assert!(ids.insert(id), "{id} is there twice");
        }
    }
}
