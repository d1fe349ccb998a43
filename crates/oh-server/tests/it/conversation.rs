//! Whole conversations: a scripted model, a real shell, real files.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use oh_chat::ChatMessage;
use oh_server::Components;
use oh_testkit::{ScriptedLlm, call, text, tool_calls};
use serde_json::{Value, json};

use crate::support::{PATIENCE, TestServer, WHOLE_MACHINE, state_is};

fn bash(id: &str, command: &str) -> oh_chat::ToolCall {
    let arguments = json!({"command": command, "security_risk": "LOW"});
    call(id, "execute_bash", &arguments.to_string())
}

fn create(id: &str, path: &str, content: &str) -> oh_chat::ToolCall {
    let arguments = json!({
        "command": "create", "path": path, "file_text": content, "security_risk": "LOW",
    });
    call(id, "str_replace_editor", &arguments.to_string())
}

/// A server with a scripted model and the real local runtime.
async fn real(llm: Arc<ScriptedLlm>) -> TestServer {
    let components = Components { llm: Some(llm), ..Components::default() };
    TestServer::start_with(components, &[]).await
}

fn kinds(events: &[Value]) -> Vec<String> {
    let kind = |event: &Value| match (event["action"].as_str(), event["observation"].as_str()) {
        (Some(action), _) => action.to_owned(),
        (None, Some("agent_state_changed")) => {
            format!("={}", event["extras"]["agent_state"].as_str().unwrap())
        }
        (None, Some(observation)) => format!(":{observation}"),
        (None, None) => "?".to_owned(),
    };
    events.iter().map(kind).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_task_is_done_with_real_commands_and_files() {
    let workspace = |server: &TestServer| server.folder.path().join("workspaces/x");
    let llm = Arc::new(ScriptedLlm::new([
        tool_calls("Let me look.", vec![bash("c1", "pwd && export GREETING=hello")]),
        tool_calls("", vec![bash("c2", "echo $GREETING > a.txt; cat a.txt"), bash("c3", "false")]),
        tool_calls("", vec![create("c4", "/workspace/b.txt", "one\ntwo\n")]),
        tool_calls("", vec![call("c5", "finish", r#"{"message":"All done."}"#)]),
        text("You are welcome."),
    ]));
    let server = real(llm.clone()).await;
    let mut socket = server.joined("x", 3).await;
    server.say("x", "go").await;
    let events = socket.events_until(state_is("finished")).await;
    assert_eq!(
        kinds(&events),
        [
            "message",
            "=running",
            ":recall",
            "run",
            ":run",
            "run",
            ":run",
            "run",
            ":run",
            "edit",
            ":edit",
            "finish",
            "=finished",
        ]
    );
    let outputs: Vec<_> = events.iter().filter(|e| e["observation"] == "run").collect();
    // Where there are no namespaces, the workspace has its own name.
    let seen = outputs[0]["content"].as_str().unwrap();
    assert!(seen == "/workspace" || Path::new(seen) == workspace(&server), "{seen}");
    assert_eq!((&outputs[1]["content"], &outputs[1]["result"]), (&json!("hello"), &json!("hello")));
    assert_eq!(outputs[2]["extras"]["metadata"]["exit_code"], 1);
    assert_eq!(outputs[2]["success"], false);
    assert_eq!(std::fs::read_to_string(workspace(&server).join("a.txt")).unwrap(), "hello\n");
    assert_eq!(std::fs::read_to_string(workspace(&server).join("b.txt")).unwrap(), "one\ntwo\n");
    assert_eq!(events.last().unwrap()["source"], "agent");

    // A second message continues with everything that was before.
    server.say("x", "thanks").await;
    let events = socket.events_until(state_is("awaiting_user_input")).await;
    assert_eq!(kinds(&events), ["message", "=running", "message", "=awaiting_user_input"]);
    let last = llm.requests().pop().unwrap();
    let results = last.messages.iter().filter(|m| matches!(m, ChatMessage::ToolResult { .. }));
    assert_eq!(results.count(), 5);

    // On replay an action carries the result of its observation.
    let mut late = server.joined("x", 7).await;
    let events = late.events_until(|event| event["action"] == "edit").await;
    let results: Vec<_> =
        events.iter().filter(|e| e["action"] == "run").map(|e| &e["result"]).collect();
    assert_eq!(results[1..], [&json!("hello"), &json!("")]);
}

/// Finds processes by their arguments.
fn processes_with(argument: &str) -> usize {
    let Ok(folder) = std::fs::read_dir("/proc") else { return 0 };
    let is_one = |entry: &std::fs::DirEntry| {
        let line = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
        let words: Vec<&[u8]> = line.split(|byte| *byte == 0).collect();
        words.first().is_some_and(|word| word.ends_with(b"sleep"))
            && words.contains(&argument.as_bytes())
    };
    folder.flatten().filter(is_one).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stop_ends_a_command_and_everything_it_started_within_a_second() {
    let _quiet = WHOLE_MACHINE.lock().await;
    // The number is this test's own, so that no other process is taken for it.
    let command = "setsid nohup sleep 1000.4711 >/dev/null 2>&1 & sleep 1000.4711";
    let llm = Arc::new(ScriptedLlm::new([
        tool_calls("", vec![bash("c1", command)]),
        tool_calls("", vec![bash("c2", "echo alive"), call("c3", "finish", "{}")]),
    ]));
    let server = real(llm).await;
    let mut socket = server.joined("x", 3).await;
    server.say("x", "go").await;
    socket.events_until(|event| event["action"] == "run").await;
    tokio::time::timeout(PATIENCE, async {
        while processes_with("1000.4711") < 2 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await
    .expect("both sleep");
    let began = Instant::now();
    socket.send(r#"421["oh_user_action",{"action":"change_agent_state","args":{"agent_state":"stopped"}}]"#).await;
    let events = socket.events_until(state_is("stopped")).await;
    assert_eq!(kinds(&events), ["change_agent_state", ":error", "=stopped"]);
    assert_eq!(events[1]["extras"]["error_id"], "AGENT_ERROR$ERROR_ACTION_NOT_EXECUTED_STOPPED");
    while processes_with("1000.4711") > 0 {
        assert!(began.elapsed() < Duration::from_secs(10), "a process is left");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let took = began.elapsed();
    assert!(took < Duration::from_secs(1), "the stop took {took:?}");
    // The conversation goes on with a new shell.
    server.say("x", "again").await;
    let events = socket.events_until(state_is("finished")).await;
    assert!(events.iter().any(|event| event["content"] == "alive"), "{:?}", kinds(&events));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_users_own_commands_run_in_the_same_shell() {
    let server = real(Arc::new(ScriptedLlm::default())).await;
    let mut socket = server.joined("x", 3).await;
    for (command, output) in [("A=5", ""), ("echo $A", "5")] {
        let action = json!({"action": "run", "args": {"command": command, "hidden": false}});
        socket.send(&format!("42[\"oh_user_action\",{action}]")).await;
        let events = socket.events_until(|event| event["observation"] == "run").await;
        assert_eq!(events.last().unwrap()["content"], output);
        assert_eq!(events.last().unwrap()["source"], "user");
        let asked = events.iter().find(|event| event["action"] == "run").unwrap();
        assert_eq!(events.last().unwrap()["cause"], asked["id"]);
    }
    // Input for a running command, a time limit and a new shell, as the agent can ask for them.
    for (args, timeout, content) in [
        (json!({"command": "read line; echo \"<$line>\""}), Some(0.3), ""),
        (json!({"command": "typed", "is_input": true}), None, "<typed>"),
        (json!({"command": "echo \"<$A>\"", "reset": true}), None, "<>"),
    ] {
        let action = json!({"action": "run", "args": args, "timeout": timeout});
        socket.send(&format!("42[\"oh_user_action\",{action}]")).await;
        let events = socket.events_until(|event| event["observation"] == "run").await;
        assert_eq!(events.last().unwrap()["content"], content, "{events:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_agents_own_commands_cannot_use_our_api() {
    let llm = Arc::new(ScriptedLlm::default());
    let server = real(llm).await;
    let mut socket = server.joined("x", 3).await;
    let port = server.port();
    let command = format!(
        "exec 3<>/dev/tcp/127.0.0.1/{port}; printf 'GET /api/conversations HTTP/1.1\\r\\nHost: localhost:{port}\\r\\nConnection: close\\r\\n\\r\\n' >&3; head -n 1 <&3"
    );
    let action = json!({"action": "run", "args": {"command": command}});
    socket.send(&format!("42[\"oh_user_action\",{action}]")).await;
    let events = socket.events_until(|event| event["observation"] == "run").await;
    let content = events.last().unwrap()["content"].as_str().unwrap();
    assert_eq!(content.trim(), "HTTP/1.1 401 Unauthorized");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_conversation_comes_back_after_it_was_stopped() {
    let llm = Arc::new(ScriptedLlm::new([
        tool_calls("", vec![bash("c1", "echo kept > kept.txt; mkdir -p sub; cd sub")]),
        text("Done."),
        tool_calls("", vec![bash("c2", "pwd; cat ../kept.txt")]),
        text("Still here."),
    ]));
    let server = real(llm.clone()).await;
    let mut socket = server.joined("x", 3).await;
    server.say("x", "go").await;
    socket.events_until(state_is("awaiting_user_input")).await;
    server.post("/api/conversations/x/stop", Value::Null).await;
    let last = socket.events_until(state_is("stopped")).await.last().unwrap()["id"].as_i64();
    let mut socket = server.joined("x", last.unwrap()).await;
    let events = socket.events_until(state_is("awaiting_user_input")).await;
    assert_eq!(kinds(&events), ["=loading", "=awaiting_user_input"]);
    server.say("x", "and now?").await;
    let events = socket.events_until(state_is("awaiting_user_input")).await;
    let output = events.iter().find(|event| event["observation"] == "run").unwrap();
    let content = output["content"].as_str().unwrap();
    assert!(content.ends_with("/sub\nkept"), "{content}");
}

#[tokio::test]
async fn an_edit_is_drafted_by_the_model_and_carried_out() {
    let edit = |id: &str, content: &str, start: i64, end: i64| {
        let arguments = json!({
            "path": "/workspace/a.txt", "content": content, "start": start, "end": end,
            "security_risk": "LOW",
        });
        tool_calls("", vec![call(id, "edit_file", &arguments.to_string())])
    };
    let llm = Arc::new(ScriptedLlm::new([
        edit("c1", "one\ntwo\nthree", 1, -1),
        edit("c2", "TWO", 2, 2),
        text("I have no tags."),
        text("<new>\nTWO\n</new>"),
        edit("c3", "four", -1, -1),
        edit("c4", "x", 9, 9),
        text("Done."),
    ]));
    let components = Components { llm: Some(llm), ..Components::default() };
    let server = TestServer::start_with(components, &[("AGENT_ENABLE_LLM_EDITOR", "true")]).await;
    let mut socket = server.joined("x", 3).await;
    server.say("x", "go").await;
    let events = socket.events_until(state_is("awaiting_user_input")).await;
    let contents: Vec<&str> = events
        .iter()
        .filter(|event| event["observation"] == "edit" || event["observation"] == "error")
        .map(|event| event["content"].as_str().unwrap())
        .collect();
    let expected = ["was created", "-two\n+TWO", "+four", "does not fit"];
    assert_eq!(contents.len(), expected.len(), "{contents:?}");
    for (content, expected) in contents.iter().zip(expected) {
        assert!(content.contains(expected), "{content}");
    }
    let file = server.folder.path().join("workspaces/x/a.txt");
    assert_eq!(std::fs::read_to_string(file).unwrap(), "one\nTWO\nthree\nfour\n");
}
