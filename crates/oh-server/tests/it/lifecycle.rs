//! How conversations begin, rest and make room, as clients see it.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use oh_chat::ChatMessage;
use oh_server::Components;
use oh_testkit::{ScriptedLlm, call, text, tool_calls};
use serde_json::{Value, json};

use crate::sandbox::{Server, is_running};
use crate::support::{PATIENCE, Socket, TestServer, parse_event, state_is};

/// Returns the next status that is shown.
async fn status(socket: &mut Socket) -> Value {
    loop {
        let frame = socket.text().await;
        if let Some(status) = parse_event(&frame).filter(|it| it["status_update"] == true) {
            return status;
        }
    }
}

/// Asks until the answer is as expected.
async fn eventually(server: &Server, path: &str, is_expected: impl Fn(&Value) -> bool) -> Value {
    let began = Instant::now();
    loop {
        let answer = server.get(path).await;
        if is_expected(&answer) {
            return answer;
        }
        assert!(began.elapsed() < PATIENCE, "{path}: {answer}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Waits until the conversation's runtime is there.
async fn ready(server: &TestServer, id: &str) {
    let began = Instant::now();
    while server.get(&format!("/api/conversations/{id}")).await.1["runtime_status"]
        != "STATUS$READY"
    {
        assert!(began.elapsed() < PATIENCE, "{id} starts");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_conversation_without_a_runtime_says_why() {
    let components = Components {
        llm: Some(Arc::new(ScriptedLlm::default())),
        runtime: Some(Arc::new(|_| Err(io::Error::other("no kernel for this")))),
        ..Components::default()
    };
    let server = TestServer::start_with(components, &[]).await;
    let id = server.create().await;
    let path = format!("/api/conversations/{id}");
    let (_, info) = server.get(&path).await;
    assert_eq!(
        (&info["status"], &info["runtime_status"]),
        (&json!("RUNNING"), &json!("STATUS$ERROR"))
    );
    let mut socket = server.joined(&id, -1).await;
    let status = status(&mut socket).await;
    assert_eq!((&status["type"], &status["id"]), (&json!("error"), &json!("STATUS$ERROR")));
    assert!(status["message"].as_str().unwrap().ends_with("no kernel for this"), "{status}");
    let body = json!({"action": "message", "args": {"content": "go"}});
    let (code, answer) = server.post(&format!("{path}/events"), body).await;
    assert_eq!(code, 409);
    assert!(answer["error"].as_str().unwrap().ends_with("no kernel for this"), "{answer}");
    let (_, events) = server.get(&format!("{path}/events")).await;
    let last = events["events"].as_array().unwrap().last().unwrap();
    assert_eq!(last["extras"]["agent_state"], "error");
}

#[tokio::test]
async fn a_sandbox_that_is_refused_is_an_error_at_once() {
    let server =
        Server::start(&[("SANDBOX_POLICY", "full-access"), ("SANDBOX_NETWORK", "off")]).await;
    let id = server.create().await;
    let is_settled = |info: &Value| info["status"] == "RUNNING";
    let info = eventually(&server, &format!("/api/conversations/{id}"), is_settled).await;
    assert_eq!(info["runtime_status"], "STATUS$ERROR", "{info}");
    let events = server.get(&format!("/api/conversations/{id}/events")).await;
    let reason = events["events"][1]["extras"]["reason"].as_str().unwrap();
    assert!(reason.contains("sandbox.network"), "{reason}");
}

#[tokio::test]
async fn a_conversation_too_many_closes_another() {
    let variables = [("MAX_CONCURRENT_CONVERSATIONS", "1")];
    let server = TestServer::with(ScriptedLlm::default(), &variables).await;
    let mut socket = server.joined("first", 3).await;
    let second = server.create().await;
    loop {
        let status = status(&mut socket).await;
        if status["id"] == "AGENT_ERROR$TOO_MANY_CONVERSATIONS" {
            assert_eq!(status["type"], "error");
            break;
        }
    }
    while socket.text().await != "41" {}
    let (_, first) = server.get("/api/conversations/first").await;
    assert_eq!((&first["status"], &first["runtime_status"]), (&json!("STOPPED"), &Value::Null));
    let (_, second) = server.get(&format!("/api/conversations/{second}")).await;
    assert_eq!(second["status"], "RUNNING");
}

#[tokio::test]
async fn an_idle_conversation_is_closed_and_comes_back() {
    let server =
        Server::start(&[("SANDBOX_CLOSE_DELAY", "4"), ("SANDBOX_ENV_DECLARED", "a $b")]).await;
    let id = server.create().await;
    let path = format!("/api/conversations/{id}");
    let sleeper = format!("sleep 5003.{}", std::process::id());
    let command = format!(
        "mkdir sub; cd sub; echo kept > kept.txt; export LOST=1; (setsid env -i {sleeper} &)"
    );
    server.run(&id, &command).await;
    eventually(&server, &path, |info| info["status"] == "STOPPED").await;
    let newest = eventually(&server, &format!("{path}/events?reverse=true&limit=1"), |page| {
        page["events"][0]["extras"]["agent_state"] == "stopped"
    })
    .await;
    let reason = newest["events"][0]["extras"]["reason"].as_str().unwrap();
    assert!(reason.contains("without activity") && reason.contains(&sleeper), "{reason}");
    let began = Instant::now();
    while is_running(&sleeper) {
        assert!(began.elapsed() < PATIENCE, "the background process is ended");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let event = server.run(&id, "echo ${PWD##*/} $(cat kept.txt) \"$DECLARED\" [$LOST]").await;
    assert_eq!(event["content"], "sub kept a $b []", "{event}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_agent_learns_where_it_works_and_who_it_is() {
    let command = "echo $APP_PORT_1 $APP_PORT_2; git init -q .; git commit -q --allow-empty -m x; git log --format='%an <%ae> %cn'";
    let arguments = json!({"command": command, "security_risk": "LOW"}).to_string();
    let llm = Arc::new(ScriptedLlm::new([
        tool_calls("", vec![call("c1", "execute_bash", &arguments)]),
        text("Done."),
    ]));
    let components = Components { llm: Some(llm.clone()), ..Components::default() };
    let variables = [("SANDBOX_LOCAL_RUNTIME_URL", "http://me.example")];
    let server = TestServer::start_with(components, &variables).await;
    let settings = json!({"git_user_name": "Me Myself", "git_user_email": "me@me.example"});
    assert_eq!(server.post("/api/settings", settings).await.0, 200);
    let mut socket = server.joined("x", 3).await;
    ready(&server, "x").await;
    let (_, answer) = server.get("/api/conversations/x/web-hosts").await;
    let hosts = answer["hosts"].as_object().unwrap();
    assert_eq!(hosts.len(), 2, "{answer}");
    let mut ports: Vec<u64> = hosts.values().map(|port| port.as_u64().unwrap()).collect();
    ports.sort_unstable();
    assert!((50_000..55_000).contains(&ports[0]) && (55_000..60_000).contains(&ports[1]));

    server.say("x", "go").await;
    let events = socket.events_until(state_is("awaiting_user_input")).await;
    let recall = events.iter().find(|event| event["observation"] == "recall").unwrap();
    assert_eq!(recall["extras"]["runtime_hosts"], answer["hosts"]);
    let requests = llm.requests();
    let context = requests[0].messages.iter().find_map(|message| match message {
        ChatMessage::User { text, .. } if text.starts_with("<context>") => Some(text),
        _ => None,
    });
    let context = context.unwrap();
    let address = format!("- port {0}: http://me.example:{0}", ports[0]);
    for fact in [address.as_str(), "workspace-write", "no sudo", "0.0.0.0"] {
        assert!(context.contains(fact), "{fact}: {context}");
    }
    let run = events.iter().find(|event| event["observation"] == "run").unwrap();
    let expected = format!("{} {}\nMe Myself <me@me.example> Me Myself", ports[0], ports[1]);
    assert_eq!(run["content"], expected);
    server.post("/api/conversations/x/stop", Value::Null).await;
    assert_eq!(server.get("/api/conversations/x/web-hosts").await.1, json!({"hosts": {}}));
}

fn write_script(folder: &Path, script: &str) {
    std::fs::create_dir_all(folder.join(".openhands")).unwrap();
    std::fs::write(folder.join(".openhands/setup.sh"), script).unwrap();
}

#[tokio::test]
async fn a_trusted_workspace_is_set_up_once() {
    let workspace = tempfile::tempdir().unwrap();
    let folder = workspace.path().to_str().unwrap();
    let volumes = format!("{folder}:/workspace");
    write_script(workspace.path(), "echo said; echo ran >> ran.txt; exit ${FAILS:-0}");
    let ran = || {
        let text = std::fs::read_to_string(workspace.path().join("ran.txt"));
        text.unwrap_or_default().lines().count()
    };
    let elsewhere = json!(["/nowhere/at/all", format!("{folder}/.openhands")]).to_string();
    for (trusted, fails, expected) in [
        (elsewhere, "0", 0),
        (json!([folder]).to_string(), "3", 2),
        (json!([folder]).to_string(), "0", 3),
    ] {
        let server = Server::start(&[
            ("SANDBOX_VOLUMES", &volumes),
            ("SANDBOX_TRUSTED_DIRS", &trusted),
            ("SANDBOX_ENV_FAILS", fails),
        ])
        .await;
        // What failed is tried again, what was done is not.
        for _ in 0..2 {
            let id = server.create().await;
            let ready = |info: &Value| info["runtime_status"] == "STATUS$READY";
            eventually(&server, &format!("/api/conversations/{id}"), ready).await;
            let log = server.folder.path().join("data/sessions").join(&id).join("setup.log");
            let is_first = expected > 0 && (fails != "0" || ran() == expected && log.exists());
            if is_first {
                assert!(std::fs::read_to_string(log).unwrap().starts_with("said\n"), "{trusted}");
            }
        }
        assert_eq!(ran(), expected, "{trusted} {fails}");
    }
}

#[tokio::test]
async fn a_directory_of_two_conversations_is_announced() {
    let workspace = tempfile::tempdir().unwrap();
    let volumes = format!("{}:/workspace", workspace.path().display());
    let components =
        Components { llm: Some(Arc::new(ScriptedLlm::default())), ..Components::default() };
    let server = TestServer::start_with(components, &[("SANDBOX_VOLUMES", &volumes)]).await;
    let first = server.create().await;
    ready(&server, &first).await;
    let second = server.create().await;
    ready(&server, &second).await;
    let mut socket = server.joined(&second, -1).await;
    let shown = status(&mut socket).await;
    assert_eq!(shown["id"], "STATUS$READY");
    assert!(shown["message"].as_str().unwrap().contains("same directory"), "{shown}");
    let mut socket = server.joined(&first, -1).await;
    server.post(&format!("/api/conversations/{first}/stop"), Value::Null).await;
    // The first was alone when it began: the first thing that is said of it is its end.
    assert_eq!(status(&mut socket).await["id"], "STATUS$STOPPED");
}
