//! Conversations whose agents use the tools of MCP servers, which run in their sandboxes.

use std::sync::Arc;

use oh_chat::CompletionRequest;
use oh_llm::{BoxFuture, CompletionContext, LlmClient};
use oh_server::Components;
use oh_testkit::{Answer, ScriptedLlm, call, text, tool_calls};
use serde_json::{Value, json};

use crate::support::{TestServer, WHOLE_MACHINE, state_is};

const STUB: &str = include_str!("../../../../fixtures/mcp/server.sh");
const SECRET: &str = "canary-of-the-stub";

/// A model that can be looked at while the server asks it.
#[derive(Debug, Clone)]
struct Model(Arc<ScriptedLlm>);

impl LlmClient for Model {
    fn complete(
        &self,
        request: CompletionRequest,
        context: CompletionContext,
    ) -> BoxFuture<'_, Result<oh_chat::Completion, oh_chat::CompletionFailure>> {
        self.0.complete(request, context)
    }

    fn model(&self) -> &str {
        self.0.model()
    }
}

impl Model {
    fn new(answers: impl IntoIterator<Item = Answer>) -> Self {
        Self(Arc::new(ScriptedLlm::new(answers)))
    }

    /// The tools of each request beside our own.
    fn offered(&self) -> Vec<Vec<String>> {
        let own = [
            "execute_bash",
            "think",
            "finish",
            "execute_ipython_cell",
            "task_tracker",
            "str_replace_editor",
        ];
        let others = |request: &CompletionRequest| {
            let names = request.tools.iter().map(|tool| tool.name.clone());
            names.filter(|name| !own.contains(&name.as_str())).collect()
        };
        self.0.requests().iter().map(others).collect()
    }
}

fn stub(name: &str, tools: &[&str]) -> Value {
    let args: Vec<&str> = ["-c", STUB, "stub"].iter().chain(tools).copied().collect();
    json!({"name": name, "command": "bash", "args": args, "env": {"STUB_SECRET": SECRET}})
}

/// A server whose commands run in a sandbox of this machine, or where there is none, without.
async fn start(model: &Model, servers: &Value) -> TestServer {
    let components = Components { llm: Some(Arc::new(model.clone())), ..Components::default() };
    let servers = servers.to_string();
    let variables = [("MCP_STDIO_SERVERS", servers.as_str())];
    TestServer::start_with(components, &variables).await
}

fn use_tool(id: &str, name: &str) -> Answer {
    tool_calls("", vec![call(id, name, r#"{"text":"hi","security_risk":"LOW"}"#)])
}

/// Runs a conversation until the agent has nothing more to do; returns its results.
async fn results(server: &TestServer, conversation: &str) -> Vec<(String, Value)> {
    let mut socket = server.joined(conversation, -1).await;
    server.say(conversation, "Use the tools").await;
    let events = socket.events_until(state_is("awaiting_user_input")).await;
    let events = if events.iter().any(|event| event["observation"] == "mcp") {
        events
    } else {
        // That was the state before the message.
        socket.events_until(state_is("awaiting_user_input")).await
    };
    let results = events.iter().filter(|event| event["observation"] == "mcp");
    results
        .map(|event| {
            let name = event["extras"]["name"].as_str().unwrap().to_owned();
            (name, serde_json::from_str(event["content"].as_str().unwrap()).unwrap())
        })
        .collect()
}

fn said(words: &str) -> Value {
    json!({"content": [{"type": "text", "text": words}], "isError": false})
}

#[tokio::test]
async fn two_stdio_mcp_servers_do_not_rename_tools_mid_conversation() {
    let _machine = WHOLE_MACHINE.lock().await;
    let model = Model::new([
        use_tool("1", "greet"),
        use_tool("2", "one_die"),
        use_tool("3", "one_die"),
        use_tool("4", "other"),
        text("Done."),
    ]);
    let server =
        start(&model, &json!([stub("one", &["greet", "die"]), stub("two", &["other", "die"])]))
            .await;
    let conversation = server.create().await;
    let results = results(&server, &conversation).await;
    let names: Vec<&str> = results.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["greet", "one_die", "one_die", "other"]);
    assert_eq!((&results[0].1, &results[3].1), (&said("greet: hi"), &said("other: hi")));
    assert_eq!((&results[1].1["isError"], &results[2].1["isError"]), (&json!(true), &json!(true)));
    // One of the servers ended twice; the model is offered the same all the time.
    let offered = model.offered();
    assert_eq!(offered.len(), 5);
    for tools in offered {
        assert_eq!(tools, ["greet", "one_die", "other", "two_die"]);
    }
}

#[tokio::test]
async fn an_mcp_timeout_becomes_an_observation_and_the_agent_continues() {
    let _machine = WHOLE_MACHINE.lock().await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/mcp", listener.local_addr().unwrap());
    let routes = axum::Router::new().route("/mcp", axum::routing::post(answer));
    tokio::spawn(async move { axum::serve(listener, routes).await });
    let model = Model::new([use_tool("1", "hang"), text("It took too long.")]);
    let components = Components { llm: Some(Arc::new(model.clone())), ..Components::default() };
    let servers = json!([{"url": url, "timeout": 1}]).to_string();
    let server = TestServer::start_with(components, &[("MCP_SHTTP_SERVERS", &servers)]).await;
    let conversation = server.create().await;
    let results = results(&server, &conversation).await;
    let error =
        "the call of `hang` was canceled: the MCP server `127_0_0_1` did not answer within 1 s";
    let expected = json!({"isError": true, "error": error, "content": []});
    assert_eq!(results, [("hang".to_owned(), expected)]);
    assert_eq!(model.0.requests().len(), 2);
}

/// An HTTP server that answers everything but calls.
async fn answer(axum::Json(request): axum::Json<Value>) -> axum::response::Response<String> {
    let result = match request["method"].as_str().unwrap() {
        "initialize" => json!({
            "protocolVersion": "2025-03-26",
            "capabilities": {"tools": {}},
            "serverInfo": {"name": "stub", "version": "1"},
        }),
        "tools/list" => json!({"tools": [{"name": "hang", "inputSchema": {"type": "object"}}]}),
        "tools/call" => std::future::pending().await,
        _ => return axum::response::Response::builder().status(202).body(String::new()).unwrap(),
    };
    let answer = json!({"jsonrpc": "2.0", "id": request["id"], "result": result});
    axum::response::Response::builder()
        .header("content-type", "application/json")
        .body(answer.to_string())
        .unwrap()
}

#[tokio::test]
async fn a_broken_server_is_told_and_the_others_are_used() {
    let _machine = WHOLE_MACHINE.lock().await;
    let model = Model::new([use_tool("1", "greet"), text("Done.")]);
    let broken = json!({
        "name": "broken",
        "command": "bash",
        "args": ["-c", "echo \"no such key: $KEY\" >&2; exit 1"],
        "env": {"KEY": SECRET},
    });
    let server = start(&model, &json!([broken, stub("good", &["greet"])])).await;
    let conversation = server.create().await;
    assert_eq!(results(&server, &conversation).await, [("greet".to_owned(), said("greet: hi"))]);
    let path = format!("/api/conversations/{conversation}/mcp-servers");
    let (status, answer) = server.get(&path).await;
    let reason = "it ended the connection before it had answered; it said: no such key: **********";
    let expected = json!({"servers": [
        {"name": "broken", "transport": "stdio", "status": "failed", "error": reason, "tools": []},
        {"name": "good", "transport": "stdio", "status": "connected", "error": null, "tools": ["greet"]},
    ]});
    assert_eq!((status, answer), (200, expected));
    assert_eq!(server.get("/api/conversations/unknown/mcp-servers").await.0, 404);
}

#[tokio::test]
async fn no_variable_of_a_server_is_in_an_event() {
    let _machine = WHOLE_MACHINE.lock().await;
    let model = Model::new([use_tool("1", "secret"), text("Done.")]);
    let server = start(&model, &json!([stub("stub", &["secret"])])).await;
    let conversation = server.create().await;
    let results = results(&server, &conversation).await;
    assert_eq!(results, [("secret".to_owned(), said("<secret_hidden>"))]);
}

#[tokio::test]
async fn stored_servers_are_used_and_their_keys_are_never_shown() {
    let _machine = WHOLE_MACHINE.lock().await;
    let model = Model::new([use_tool("1", "greet"), text("Done.")]);
    let server = start(&model, &json!([])).await;
    let body = json!({"mcp_config": {"stdio_servers": [stub("stored", &["greet"])]}});
    assert_eq!(server.post("/api/settings", body).await.0, 200);
    let shown = server.get("/api/settings").await.1["mcp_config"].clone();
    assert_eq!(shown["stdio_servers"][0]["env"], json!({"STUB_SECRET": "**********"}));
    // What is shown can be sent back.
    let (status, answer) = server.post("/api/settings", json!({"mcp_config": shown})).await;
    assert_eq!((status, answer), (200, json!({"message": "Settings stored"})));
    let conversation = server.create().await;
    assert_eq!(results(&server, &conversation).await.len(), 1);
    for file in std::fs::read_dir(server.folder.path()).unwrap().flatten() {
        if let Ok(bytes) = std::fs::read(file.path()) {
            let has_secret = bytes.windows(SECRET.len()).any(|part| part == SECRET.as_bytes());
            assert!(!has_secret, "{:?}", file.path());
        }
    }
    let wrong = json!({"mcp_config": {"sse_servers": ["nonsense"]}});
    let (status, answer) = server.post("/api/settings", wrong).await;
    assert_eq!(status, 422);
    let message = answer["detail"][0]["msg"].as_str().unwrap();
    assert!(message.contains("sse_servers[0].url: it is not a URL"), "{message}");
}
