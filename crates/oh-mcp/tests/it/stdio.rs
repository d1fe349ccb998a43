use std::time::Duration;

use oh_mcp::{McpServer, McpTransport, ServerState, StdioProgram};
use serde_json::json;
use tempfile::TempDir;

use crate::support::{PATIENCE, connect, in_time, json_of, names, server, stub, text};

fn failed(error: &str) -> serde_json::Value {
    json!({"isError": true, "error": error, "content": []})
}

fn with_variable(mut server: McpServer, name: &str, value: &str) -> McpServer {
    if let McpTransport::Stdio(program) = &mut server.transport {
        program.env.insert(name.to_owned(), value.to_owned());
    }
    server
}

#[tokio::test]
async fn the_tools_of_all_servers_are_offered_and_called() {
    let servers = vec![stub("one", &["greet", "same"]), stub("two", &["same", "think"])];
    let clients = connect(servers).await;
    assert_eq!(names(&clients), ["greet", "one_same", "two_same", "two_think"]);
    let tool = &clients.tools()[0];
    assert_eq!(tool.description, "The tool greet.");
    let schema: serde_json::Value = serde_json::from_str(&tool.parameters).unwrap();
    assert_eq!(schema["properties"], json!({"text": {"type": "string"}}));
    for (name, expected) in [("greet", "greet: hi"), ("two_same", "same: hi")] {
        let result = in_time(clients.call(name, r#"{"text":"hi"}"#)).await;
        assert_eq!(json_of(&result), text(expected));
    }
}

#[tokio::test]
async fn a_broken_server_disturbs_no_other_one() {
    let program = |command: &str| {
        let command = command.to_owned();
        McpTransport::Stdio(StdioProgram { command, ..StdioProgram::default() })
    };
    let servers = vec![
        server("missing", program("/no/such/program")),
        stub("good", &["greet"]),
        server("silent", program("false")),
    ];
    let clients = connect(servers).await;
    assert_eq!(names(&clients), ["greet"]);
    let status = clients.status();
    let states: Vec<_> =
        status.iter().map(|server| (server.name.as_str(), &server.state)).collect();
    let reason = |text: &str| ServerState::Failed { reason: text.to_owned() };
    let expected = [
        ("missing", &reason("No such file or directory (os error 2)")),
        ("good", &ServerState::Connected),
        ("silent", &reason("it ended the connection before it had answered")),
    ];
    assert_eq!(states, expected);
    assert_eq!((status[1].transport, status[1].tools.as_slice()), ("stdio", &["greet".into()][..]));
}

#[tokio::test]
async fn whatever_goes_wrong_is_the_result() {
    let mut slow = stub("slow", &["hang"]);
    slow.timeout = Some(Duration::from_millis(100));
    let clients = connect(vec![stub("stub", &["fail", "greet"]), slow]).await;
    for (name, arguments, error) in [
        ("fail", "{}", "the MCP server `stub` failed: the stub refuses (code -32000)"),
        ("gone", "{}", "there is no MCP tool named `gone`"),
        ("greet", "[]", "the arguments of `greet` must be a JSON object"),
    ] {
        let result = in_time(clients.call(name, arguments)).await;
        assert_eq!(json_of(&result), failed(error));
    }
    let late = in_time(clients.call("hang", "{}")).await;
    let error = "the call of `hang` was canceled: the MCP server `slow` did not answer within 0 s";
    assert_eq!(json_of(&late), failed(error));
}

#[tokio::test]
async fn a_server_that_ended_is_started_again_for_the_next_call() {
    let clients = connect(vec![stub("stub", &["die", "greet"])]).await;
    let result = in_time(clients.call("die", "{}")).await;
    let error = json_of(&result)["error"].as_str().unwrap().to_owned();
    assert!(error.starts_with("the MCP server `stub` failed: "), "{error}");
    let result = in_time(clients.call("greet", r#"{"text":"again"}"#)).await;
    assert_eq!(json_of(&result), text("greet: again"));
    assert_eq!(clients.status()[0].state, ServerState::Connected);
}

#[tokio::test]
async fn a_call_that_nobody_waits_for_is_cancelled_at_the_server() {
    let folder = TempDir::new().unwrap();
    let log = folder.path().join("log");
    let hanging = with_variable(stub("stub", &["hang"]), "MCP_LOG", log.to_str().unwrap());
    let clients = connect(vec![hanging]).await;
    let said = |words: &'static str| {
        let log = log.clone();
        async move {
            while std::fs::read_to_string(&log).unwrap_or_default() != words {
                tokio::task::yield_now().await;
            }
        }
    };
    let dropped = tokio::time::timeout(PATIENCE, async {
        tokio::select! {
            _ = clients.call("hang", "{}") => panic!("it never answers"),
            () = said("hanging\n") => {}
        }
    });
    dropped.await.unwrap();
    in_time(said("hanging\ncancelled\n")).await;
}

#[tokio::test]
async fn no_secret_is_in_a_message() {
    let secret = "tops3cret-value";
    let mut program = StdioProgram {
        command: "bash".to_owned(),
        args: vec!["-c".to_owned(), "echo \"bad key $STUB_SECRET\" >&2; exit 1".to_owned()],
        ..StdioProgram::default()
    };
    program.env.insert("STUB_SECRET".to_owned(), secret.to_owned());
    let server = server("stub", McpTransport::Stdio(program));
    assert!(!format!("{server:?}").contains(secret));
    assert_eq!(server.secrets(), [secret]);
    let clients = connect(vec![server]).await;
    let reason = "it ended the connection before it had answered; it said: bad key **********";
    let expected = ServerState::Failed { reason: reason.to_owned() };
    assert_eq!(clients.status()[0].state, expected);
}

#[tokio::test]
async fn a_picture_is_kept_apart() {
    let clients = connect(vec![stub("stub", &["draw"])]).await;
    let result = in_time(clients.call("draw", "{}")).await;
    assert_eq!(result.image_urls, ["data:image/png;base64,iVBORw0KGgo="]);
    assert_eq!(json_of(&result)["content"][0]["data"], "[picture 1]");
}
