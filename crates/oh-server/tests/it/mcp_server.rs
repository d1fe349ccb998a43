//! Our own MCP server: what it says over HTTP, and that its tools open pull requests.

use std::sync::Arc;

use oh_mcp::{McpClients, McpConfig, McpContext};
use oh_testkit::{Answer, ScriptedLlm, call, text, tool_calls};
use serde_json::{Value, json};

use crate::git_service::{GitService, TOKEN};
use crate::support::{TestServer, state_is};

const BOTH: &str = "application/json, text/event-stream";

async fn ask(server: &TestServer, accept: &str, body: &str) -> (u16, String, String) {
    let request = server.http.post(server.url("/mcp/mcp")).header("accept", accept);
    let response = request.body(body.to_owned()).send().await.unwrap();
    let kind = response.headers().get("content-type").map(|kind| kind.to_str().unwrap().to_owned());
    (response.status().as_u16(), kind.unwrap_or_default(), response.text().await.unwrap())
}

async fn result(server: &TestServer, method: &str, params: Value) -> Value {
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
    let (status, kind, text) = ask(server, BOTH, &body.to_string()).await;
    assert_eq!((status, kind.as_str()), (200, "text/event-stream"), "{text}");
    let data = text.strip_prefix("event: message\r\ndata: ").unwrap().trim_end();
    serde_json::from_str(data).unwrap()
}

fn request() -> Value {
    json!({"repo_name": "acme/tool", "source_branch": "work", "target_branch": "main", "title": "Mend it"})
}

async fn with_token(server: &TestServer, service: &GitService) {
    let tokens = json!({"provider_tokens": {"github": {"token": TOKEN, "host": service.address}}});
    assert_eq!(server.post("/api/add-git-providers", tokens).await.0, 200);
}

#[tokio::test]
async fn requests_are_answered_as_one_event_of_a_stream() {
    let server = TestServer::start().await;
    let initialize = json!({"protocolVersion": "2025-03-26", "capabilities": {}, "clientInfo": {}});
    let answer = result(&server, "initialize", initialize).await;
    assert_eq!(answer["result"]["protocolVersion"], "2025-03-26");
    assert_eq!(answer["result"]["serverInfo"]["name"], "openhands");
    assert_eq!(result(&server, "ping", json!({})).await["result"], json!({}));
    let tools = result(&server, "tools/list", json!({})).await;
    let names: Vec<_> =
        tools["result"]["tools"].as_array().unwrap().iter().map(|t| &t["name"]).collect();
    assert_eq!(names, ["create_pr", "create_mr", "create_bitbucket_pr", "create_forgejo_pr"]);
    assert_eq!(result(&server, "what", json!({})).await["error"]["code"], -32601);
    let unknown =
        result(&server, "tools/call", json!({"name": "create_pr", "arguments": request()})).await;
    assert_eq!(unknown["result"]["isError"], true);
    assert!(unknown.to_string().contains("no token for GitHub"), "{unknown}");

    let ping = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
    assert_eq!(ask(&server, "application/json", ping).await.0, 406);
    assert_eq!(ask(&server, BOTH, "nonsense").await.0, 400);
    assert_eq!(ask(&server, BOTH, "[]").await.0, 400);
    let notification = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;
    assert_eq!(ask(&server, BOTH, notification).await, (202, String::new(), String::new()));
    assert_eq!(server.http.get(server.url("/mcp/mcp")).send().await.unwrap().status(), 405);
}

#[tokio::test]
async fn nobody_without_the_key_gets_in() {
    let components = oh_server::Components::default();
    let server = TestServer::start_with(components, &[("SESSION_API_KEY", "secret-key")]).await;
    let ping = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
    assert_eq!(ask(&server, BOTH, ping).await.0, 401);
    let request = server.http.post(server.url("/mcp/mcp")).header("accept", BOTH);
    let request = request.header("x-session-api-key", "secret-key").body(ping);
    assert_eq!(request.send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_client_opens_a_pull_request_that_is_noted_with_the_conversation() {
    let service = GitService::start().await;
    let server = TestServer::start().await;
    with_token(&server, &service).await;
    let id = server.create().await;
    let body = json!({
        "jsonrpc": "2.0", "id": "x", "method": "tools/call",
        "params": {"name": "create_pr", "arguments": request()},
    });
    let request = server.http.post(server.url("/mcp/mcp")).header("accept", BOTH);
    let request = request.header("X-OpenHands-ServerConversation-ID", &id).body(body.to_string());
    let answer = request.send().await.unwrap().text().await.unwrap();
    assert!(answer.contains("/acme/tool/pull/17"), "{answer}");
    let (_, info) = server.get(&format!("/api/conversations/{id}")).await;
    assert_eq!(info["pr_number"], json!([17]));

    // The official client understands it.
    let url = server.url("/mcp/mcp");
    let config = McpConfig::parse(&json!({"shttp_servers": [{"url": url}]})).unwrap();
    let launcher = Arc::new(|_| -> oh_runtime::BoxFuture<'static, _> {
        Box::pin(async { Err(std::io::Error::other("no programs here")) })
    });
    let context = McpContext { conversation: id, reserved: Vec::new(), launcher };
    let clients = McpClients::connect(config.servers, context).await;
    let tool = clients.tools().iter().find(|tool| tool.name.contains("create_pr")).unwrap();
    let made = clients.call(&tool.name, &self::request().to_string()).await;
    assert!(made.content.contains("/acme/tool/pull/17"), "{}", made.content);
}

#[tokio::test]
async fn the_agent_opens_a_pull_request_without_our_api() {
    let service = GitService::start().await;
    let mut arguments = request();
    arguments["security_risk"] = json!("LOW");
    let calls = vec![call("1", "create_pr", &arguments.to_string())];
    let script: [Answer; 2] = [tool_calls("", calls), text("Done.")];
    let server = TestServer::with(ScriptedLlm::new(script), &[]).await;
    with_token(&server, &service).await;
    let id = server.create().await;
    let mut socket = server.joined(&id, -1).await;
    server.say(&id, "open it").await;
    socket.events_until(state_is("running")).await;
    let events = socket.events_until(state_is("awaiting_user_input")).await;
    let made = events.iter().find(|event| event["observation"] == "mcp").unwrap();
    assert!(made["content"].as_str().unwrap().contains("/acme/tool/pull/17"), "{made}");
    let (_, info) = server.get(&format!("/api/conversations/{id}")).await;
    assert_eq!(info["pr_number"], json!([17]));
}
