//! Routes, their parameters, and the objects that go through them.

use std::collections::{BTreeMap, BTreeSet};

use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{names, rows};
use crate::support::TestServer;

const FORM: &str = "--frontier\r\nContent-Disposition: form-data; name=\"files\"; filename=\"README.md\"\r\n\r\nhello\r\n--frontier--\r\n";
const FORM_TYPE: &str = "multipart/form-data; boundary=frontier";

fn document() -> Value {
    serde_json::from_str(include_str!("../../../src/rest/openapi.json")).unwrap()
}

/// Returns the query that a route needs.
fn query(path: &str) -> &'static str {
    match path {
        "/api/user/installations" => "provider=github",
        "/api/user/search/repositories" => "query=tool",
        "/api/user/search/branches" => "repository=acme/tool&query=main",
        "/api/user/repository/branches" => "repository=acme/tool",
        "/api/user/repository/{owner}/{repo}/microagents/content" => "file_path=a.md",
        "/api/microagent-management/conversations" => "selected_repository=acme/tool",
        "/api/conversations/{id}/select-file" | "/api/conversations/{id}/raw-file" => {
            "file=README.md"
        }
        "/api/conversations/{id}/git/diff" => "path=README.md",
        "/api/conversations/{id}/remember-prompt" => "event_id=99",
        _ => "",
    }
}

/// Returns a body that a route takes.
fn body(server: &TestServer, route: &str) -> Value {
    match route {
        "POST /api/login" => {
            let key = std::fs::read_to_string(server.folder.path().join("session_key")).unwrap();
            json!({"key": key.trim()})
        }
        "POST /api/secrets" => json!({"name": "TOKEN", "value": "secret"}),
        "PUT /api/secrets/{name}" => json!({"name": "TOKEN", "description": "for a test"}),
        "POST /api/options/test-model" => json!({"llm_model": "demo"}),
        "POST /api/add-git-providers" => json!({"provider_tokens": {}}),
        "PATCH /api/conversations/{id}" => json!({"title": "New"}),
        "POST /api/conversations/{id}/exp-config" => json!({"config": {"a": "b"}}),
        "POST /api/conversations/{id}/events" => {
            json!({"action": "message", "args": {"content": "hello"}})
        }
        "POST /api/conversations/{id}/message" => json!({"message": "hello"}),
        "POST /api/conversations/{id}/submit-feedback" => json!({
            "version": "1.0",
            "email": "me@example.org",
            "polarity": "positive",
            "permissions": "private",
        }),
        "POST /mcp/mcp" => json!({"jsonrpc": "2.0", "id": 1, "method": "ping"}),
        _ => json!({}),
    }
}

/// Makes a proper request to a route, with one more parameter, and returns the status.
async fn ask(server: &TestServer, route: &str, parameter: &str) -> u16 {
    let (method, path) = route.split_once(' ').unwrap();
    let id = if path.contains("{id}") { server.create().await } else { String::new() };
    let conversation = format!("/api/conversations/{id}");
    if path.ends_with("/select-file") || path.ends_with("/raw-file") {
        let upload = server.http.post(server.url(&format!("{conversation}/upload-files")));
        let upload = upload.header("content-type", FORM_TYPE).body(FORM);
        assert_eq!(upload.send().await.unwrap().status(), 200);
    }
    let full = path
        .replace("{id}", &id)
        .replace("{name}", "TOKEN")
        .replace("{owner}/{repo}", "acme/tool")
        .replace("{port}", "3000")
        .replace("{path}", "x");
    let url = server.url(&format!("{full}?{}&{parameter}", query(path)));
    let request = server.http.request(method.parse::<Method>().unwrap(), url);
    let request = match route {
        "POST /api/conversations/{id}/upload-files" => {
            request.header("content-type", FORM_TYPE).body(FORM)
        }
        "POST /mcp/mcp" => request
            .header("accept", "application/json, text/event-stream")
            .body(body(server, route).to_string()),
        _ if method == "GET" => request,
        _ => request.body(body(server, route).to_string()),
    };
    request.send().await.unwrap().status().as_u16()
}

async fn server() -> (TestServer, TempDir) {
    let site = TempDir::new().unwrap();
    std::fs::write(site.path().join("index.html"), "<p>the interface</p>").unwrap();
    (TestServer::scripted_with_frontend(site.path().to_owned()).await, site)
}

#[tokio::test]
async fn every_route_answers_as_its_row_says() {
    let (server, _site) = server().await;
    for row in rows("route") {
        let status = ask(&server, row.name(), "").await;
        assert_eq!(status.to_string(), row.cell("answer"), "{row:?}");
        let is_named = row.cell("here").contains(&status.to_string());
        let is_good = (200..300).contains(&status) || matches!(status, 401 | 410);
        assert!(is_good || row.state() == "no" || is_named, "{row:?} has to name {status}");
    }
}

#[tokio::test]
async fn every_parameter_is_taken_by_its_route() {
    let (server, _site) = server().await;
    let answers: BTreeMap<_, _> =
        rows("route").iter().map(|row| (row.name(), row.cell("answer"))).collect();
    for row in rows("query") {
        let route = super::code_spans(row.cell("route"))[0];
        let status = ask(&server, route, row.name()).await;
        assert_eq!(status.to_string(), answers[route], "{row:?}");
    }
}

/// The routes of repositories are one in the document of the API.
fn described(route: &str) -> String {
    let beginning = "GET /api/user/repository/{";
    if route.starts_with(beginning) { format!("{beginning}rest}}") } else { route.to_owned() }
}

#[test]
fn every_route_and_parameter_has_a_row() {
    let document = document();
    let rows_of_queries: BTreeSet<(String, &str)> = rows("query")
        .iter()
        .map(|row| {
            let route = super::code_spans(row.cell("route"))[0];
            (described(route), row.name().split('=').next().unwrap())
        })
        .collect();
    let (mut routes, mut queries) = (BTreeSet::new(), BTreeSet::new());
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            let route = format!("{} {path}", method.to_uppercase());
            let parameters = operation["parameters"].as_array();
            for parameter in parameters.into_iter().flatten().filter(|p| p["in"] == "query") {
                queries.insert((route.clone(), parameter["name"].as_str().unwrap()));
            }
            routes.insert(route);
        }
    }
    assert_eq!(rows_of_queries, queries);
    let rows = rows("route");
    let named: BTreeSet<String> = rows.iter().map(|row| described(row.name())).collect();
    assert_eq!(routes.difference(&named).collect::<Vec<_>>(), Vec::<&String>::new());
    for row in rows.iter().filter(|row| row.is_here()) {
        assert!(routes.contains(&described(row.name())), "{row:?}");
    }
}

#[tokio::test]
async fn every_field_of_a_new_conversation_is_taken() {
    let server = TestServer::with(
        oh_testkit::ScriptedLlm::default(),
        &[("ALLOW_SET_CONVERSATION_ID", "1"), ("OPENHANDS_FORCE_VISION", "1")],
    )
    .await;
    let rows = rows("field");
    for row in &rows {
        let value = match row.name() {
            "repository" => json!("acme/tool"),
            "git_provider" => json!("github"),
            "selected_branch" => json!("main"),
            "initial_user_msg" | "conversation_instructions" => json!("hello"),
            "image_urls" => json!([]),
            "replay_json" => {
                json!(r#"[{"source":"user","action":"message","args":{"content":"hello"}}]"#)
            }
            "suggested_task" => json!({
                "git_provider": "github",
                "task_type": "OPEN_ISSUE",
                "repo": "acme/tool",
                "issue_number": 7,
                "title": "Mend it",
            }),
            "create_microagent" => json!({"repo": "acme/tool"}),
            "mcp_config" => json!({"sse_servers": []}),
            "conversation_id" => json!("chosen"),
            other => panic!("there is no example of `{other}`"),
        };
        let (status, answer) = server.post("/api/conversations", json!({row.name(): value})).await;
        assert_eq!(status, 200, "{row:?}: {answer}");
    }
    let (status, _) = server.post("/api/conversations", json!({"no_such_field": 1})).await;
    assert_eq!(status, 422);
    assert_eq!(
        names(&rows),
        keys(&document()["components"]["schemas"]["NewConversation"]["properties"])
    );
}

fn keys(object: &Value) -> BTreeSet<&str> {
    object.as_object().unwrap().keys().map(String::as_str).collect()
}

#[tokio::test]
async fn conversations_and_settings_have_the_members_of_their_rows() {
    let server = TestServer::start().await;
    let (_, conversation) =
        server.get(&format!("/api/conversations/{}", server.create().await)).await;
    assert_eq!(keys(&conversation), names(&rows("member")));

    let mut chosen = json!({
        "language": "en",
        "agent": "CodeActAgent",
        "max_iterations": 77,
        "security_analyzer": "llm",
        "confirmation_mode": true,
        "llm_model": "openai/gpt-4o",
        "llm_base_url": "http://localhost:1/v1",
        "remote_runtime_resource_factor": 2,
        "enable_default_condenser": false,
        "enable_sound_notifications": true,
        "enable_proactive_conversation_starters": false,
        "enable_solvability_analysis": false,
        "user_consents_to_analytics": false,
        "sandbox_base_container_image": "a",
        "sandbox_runtime_container_image": "b",
        "mcp_config": {"sse_servers": [], "shttp_servers": [], "stdio_servers": []},
        "max_budget_per_task": 2.5,
        "condenser_max_size": 77,
        "email": "me@example.org",
        "email_verified": true,
        "git_user_name": "me",
        "git_user_email": "me@example.org",
    });
    for secret in ["llm_api_key", "search_api_key", "sandbox_api_key"] {
        chosen[secret] = json!("secret");
    }
    assert_eq!(server.post("/api/settings", chosen.clone()).await.0, 200);
    let (_, settings) = server.get("/api/settings").await;
    assert_eq!(keys(&settings), names(&rows("setting")));
    for secret in ["llm_api_key", "search_api_key", "sandbox_api_key"] {
        chosen[secret] = Value::Null;
    }
    for (name, value) in chosen.as_object().unwrap() {
        assert_eq!(&settings[name], value, "{name}");
    }
    assert_eq!(
        (&settings["llm_api_key_set"], &settings["search_api_key_set"]),
        (&json!(true), &json!(true))
    );
}
