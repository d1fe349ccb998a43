//! `openhands run` and `openhands replay`, as the real binary does them.

use std::path::Path;
use std::process::Stdio;

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;

use crate::model_server::{self, Turn, is_agent, results};
use crate::support::{PATIENCE, TestServer, state_is};

/// What came of a command.
struct Ended {
    code: Option<i32>,
    answer: String,
    progress: String,
}

/// A folder with a workspace and the data directory.
struct Place(TempDir);

impl Place {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        std::fs::create_dir(folder.path().join("work")).unwrap();
        Self(folder)
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.0.path().join(name)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_openhands"));
        command
            .args(arguments)
            .current_dir(self.path("work"))
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.0.path())
            .env("FILE_STORE_PATH", self.path("data"))
            .env("LLM_MODEL", "demo")
            .stdin(Stdio::null())
            .kill_on_drop(true);
        command
    }

    /// A command whose model listens at a port of this machine.
    fn scripted(&self, port: u16, arguments: &[&str]) -> Command {
        let mut command = self.command(arguments);
        command
            .env("LLM_MODEL", "openai/scripted")
            .env("LLM_API_KEY", "none-needed")
            .env("LLM_BASE_URL", format!("http://127.0.0.1:{port}/v1"));
        command
    }

    /// Returns the only conversation, as a server on the same data shows it.
    async fn conversation(&self) -> (TestServer, String) {
        let server = TestServer::on(self.path("data"), &[]).await;
        let (_, list) = server.get("/api/conversations").await;
        let results = list["results"].as_array().unwrap();
        assert_eq!(results.len(), 1, "{list}");
        let id = results[0]["conversation_id"].as_str().unwrap().to_owned();
        (server, id)
    }
}

async fn ended(mut command: Command) -> Ended {
    let output = tokio::time::timeout(PATIENCE, command.output()).await.unwrap().unwrap();
    Ended {
        code: output.status.code(),
        answer: String::from_utf8(output.stdout).unwrap(),
        progress: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Runs a command, looks at what came of it, and is done.
fn working(request: &Value) -> Turn {
    if !is_agent(request) {
        return Turn::Text("A title");
    }
    match results(request) {
        0 => Turn::Call(
            "execute_bash",
            json!({"command": "echo one > file; cat file", "security_risk": "LOW"}),
        ),
        1 => Turn::Call(
            "str_replace_editor",
            json!({
                "command": "str_replace",
                "path": "/workspace/file",
                "old_str": "one",
                "new_str": "two",
                "security_risk": "LOW",
            }),
        ),
        _ => Turn::Call("finish", json!({"message": "It says two."})),
    }
}

#[tokio::test]
async fn the_demonstration_runs_without_a_server() {
    let place = Place::new();
    let run = ended(place.command(&["run", "-t", "demo"])).await;
    assert_eq!(run.code, Some(0), "{}", run.progress);
    assert!(run.answer.starts_with("This was a demonstration"), "{}", run.answer);
    assert!(place.path("work/demo/roman.sh").is_file());
    for part in ["> demo", "$ sh '/workspace/demo/test.sh'", "  exit 1", "  7 passed, 0 failed"] {
        assert!(run.progress.contains(part), "{part} in {}", run.progress);
    }
    assert!(!run.progress.contains('\x1b'), "no colors where there is no terminal");
}

#[tokio::test]
async fn a_run_is_readable_and_stays_as_a_conversation() {
    let place = Place::new();
    let port = model_server::start(working).await;
    let run = ended(place.scripted(port, &["run", "-t", "Write two"])).await;
    assert_eq!((run.code, run.answer.as_str()), (Some(0), "It says two.\n"), "{}", run.progress);
    let shown = "> Write two\n\n$ echo one > file; cat file\n  one\n  exit 0\n\nedit /workspace/file\n  -one\n  +two\n\nFinished after 3 actions";
    assert!(run.progress.contains(shown), "{}", run.progress);
    assert!(!run.progress.contains("none-needed"));
    assert_eq!(std::fs::read_to_string(place.path("work/file")).unwrap(), "two\n");
    // A server finds it, in the directory where it was.
    let (server, id) = place.conversation().await;
    let mut socket = server.joined(&id, -1).await;
    socket.events_until(state_is("awaiting_user_input")).await;
    let (status, text) =
        server.get(&format!("/api/conversations/{id}/select-file?file=file")).await;
    assert_eq!((status, text), (200, json!({"code": "two\n"})));
    // Deleting it leaves the user's files alone.
    let url = server.url(&format!("/api/conversations/{id}"));
    assert_eq!(server.http.delete(url).send().await.unwrap().status(), 200);
    assert!(place.path("work/file").is_file());
}

#[tokio::test]
async fn json_is_every_event_as_rest_shows_it() {
    let place = Place::new();
    let port = model_server::start(working).await;
    std::fs::write(place.path("task"), "Write two").unwrap();
    let run = ended(place.scripted(port, &["run", "-f", "../task", "--json"])).await;
    assert_eq!(run.code, Some(0), "{}", run.progress);
    let printed: Vec<Value> =
        run.answer.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let ids: Vec<_> = printed.iter().map(|event| event["id"].as_u64().unwrap()).collect();
    assert_eq!(ids, (0..printed.len() as u64).collect::<Vec<_>>());
    let (server, id) = place.conversation().await;
    let (_, page) = server.get(&format!("/api/conversations/{id}/events?limit=100")).await;
    assert_eq!(page["events"], json!(printed));
}

#[tokio::test]
async fn a_limit_an_error_and_a_question_have_exit_codes_of_their_own() {
    async fn check(
        script: fn(&Value) -> Turn,
        arguments: &[&str],
        code: i32,
        parts: &[&str],
    ) -> String {
        let place = Place::new();
        let port = model_server::start(script).await;
        let run = ended(place.scripted(port, arguments)).await;
        assert_eq!(run.code, Some(code), "{arguments:?}: {}", run.progress);
        for part in parts {
            assert!(run.progress.contains(part), "{part} in {}", run.progress);
        }
        run.progress
    }
    check(working, &["run", "-t", "x", "--max-iterations", "1"], 3, &["maximum iteration"]).await;
    let asks = |request: &Value| {
        // The same question again and again would be a loop.
        let questions = ["Shall I?", "May I?", "Must I?", "Can I?"];
        Turn::Text(questions[request["messages"].as_array().unwrap().len() / 2 % 4])
    };
    let parts = ["Shall I?", "nobody is there to answer"];
    let progress = check(asks, &["run", "-t", "x"], 1, &parts).await;
    assert_eq!(progress.matches("\n> Nobody is there").count(), 3, "{progress}");
    check(working, &["run", "-t", "x", "-d", "nowhere"], 2, &["`nowhere` is no directory"]).await;
    check(working, &["run"], 2, &["there is no task"]).await;
    check(working, &["run", "-t", " "], 2, &["the task is empty"]).await;
    check(working, &["run", "-t", "x", "--max-budget", "0"], 2, &["above 0"]).await;
    let parts = ["needs an API key", "--model"];
    check(working, &["run", "-t", "x", "--model", "anthropic/none"], 1, &parts).await;
}

#[tokio::test]
async fn what_needs_leave_is_refused_where_nobody_can_give_it() {
    let place = Place::new();
    let port = model_server::start(|request| match (is_agent(request), results(request)) {
        (false, _) => Turn::Text("A title"),
        (true, 0) => {
            Turn::Call("execute_bash", json!({"command": "touch no", "security_risk": "HIGH"}))
        }
        (true, _) => Turn::Call("finish", json!({"message": "Not allowed."})),
    })
    .await;
    let mut command = place.scripted(port, &["run", "-t", "x"]);
    command.env("SECURITY_CONFIRMATION_MODE", "true");
    let run = ended(command).await;
    assert_eq!((run.code, run.answer.as_str()), (Some(0), "Not allowed.\n"), "{}", run.progress);
    assert!(run.progress.contains("Nobody is there to allow this"), "{}", run.progress);
    assert!(!place.path("work/no").exists());
}

#[tokio::test]
async fn an_interrupt_stops_the_command_and_ends_in_order() {
    let place = Place::new();
    let mut command = place.command(&["run", "-t", "run echo begun; sleep 1000"]);
    let mut child = command.stderr(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let pid = rustix::process::Pid::from_raw(child.id().unwrap().cast_signed()).unwrap();
    let mut seen = String::new();
    let work = async {
        while let Some(line) = lines.next_line().await.unwrap() {
            seen.push_str(&format!("{line}\n"));
            if line.starts_with("$ echo begun") {
                rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
            }
        }
        child.wait().await.unwrap()
    };
    let status = tokio::time::timeout(PATIENCE, work).await.unwrap();
    assert_eq!(status.code(), Some(130), "{seen}");
    assert!(seen.contains("Stopping.") && seen.contains("Interrupted after"), "{seen}");
    let (server, id) = place.conversation().await;
    let (_, page) = server.get(&format!("/api/conversations/{id}/events?limit=100")).await;
    let events = page["events"].as_array().unwrap();
    let run = events.iter().find(|event| event["action"] == "run").unwrap();
    let answers = events.iter().filter(|event| event["cause"] == run["id"]).count();
    assert_eq!(answers, 1, "{events:?}");
    assert_eq!(events.last().unwrap()["extras"]["agent_state"], "stopped");
}

/// What was done, without what differs from one time to the next.
fn actions(events: &[Value]) -> Vec<(String, Value)> {
    let is_own = |event: &&Value| {
        event["source"] != "environment"
            && matches!(
                event["action"].as_str(),
                Some("run" | "edit" | "read" | "message" | "finish")
            )
    };
    let done = events.iter().filter(is_own);
    done.map(|event| (event["action"].as_str().unwrap().to_owned(), event["args"].clone()))
        .collect()
}

fn recording(path: &Path) -> Vec<Value> {
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

#[tokio::test]
async fn a_recorded_run_is_done_again_and_then_takes_messages() {
    let first = Place::new();
    let port = model_server::start(working).await;
    let saved = first.path("saved");
    let mut command = first.scripted(port, &["run", "-t", "Write two"]);
    command.env("SAVE_TRAJECTORY_PATH", &saved);
    assert_eq!(ended(command).await.code, Some(0));
    let (server, id) = first.conversation().await;
    let file = saved.join(format!("{id}.json"));
    let recorded = actions(&recording(&file));
    assert_eq!(recorded.len(), 4, "{recorded:?}");

    // By the command, without any model; what was saved is what is done again.
    let again = Place::new();
    let silent = model_server::start(|_| Turn::Silence).await;
    let mut command = again.scripted(silent, &["replay", file.to_str().unwrap()]);
    command.env("SAVE_TRAJECTORY_PATH", again.path("again.json"));
    let run = ended(command).await;
    assert_eq!((run.code, run.answer.as_str()), (Some(0), "It says two.\n"), "{}", run.progress);
    assert_eq!(std::fs::read_to_string(again.path("work/file")).unwrap(), "two\n");
    assert_eq!(actions(&recording(&again.path("again.json"))), recorded);

    // With a message after it, which a model answers.
    let more = Place::new();
    let port = model_server::start(|request| {
        let asked = request["messages"].to_string();
        assert!(!is_agent(request) || asked.contains("And now?") && asked.contains("cat file"));
        Turn::Call("finish", json!({"message": "Nothing more."}))
    })
    .await;
    let arguments = ["replay", file.to_str().unwrap(), "-t", "And now?"];
    let run = ended(more.scripted(port, &arguments)).await;
    assert_eq!((run.code, run.answer.as_str()), (Some(0), "Nothing more.\n"), "{}", run.progress);

    // By REST, from an export by REST.
    let (_, export) = server.get(&format!("/api/conversations/{id}/trajectory")).await;
    let replaying = TestServer::with(oh_testkit::ScriptedLlm::default(), &[]).await;
    let body = json!({"replay_json": export["trajectory"].to_string()});
    let (status, answer) = replaying.post("/api/conversations", body).await;
    assert_eq!(status, 200, "{answer}");
    let new = answer["conversation_id"].as_str().unwrap();
    let mut socket = replaying.joined(new, -1).await;
    let mut events = socket.events_until(state_is("finished")).await;
    assert_eq!(actions(&events), recorded);
    replaying.say(new, "And now?").await;
    events = socket.events_until(state_is("running")).await;
    assert!(events.iter().any(|event| event["args"]["content"] == "And now?"));
}

#[tokio::test]
async fn a_recorded_secret_is_masked_and_done_once() {
    let place = Place::new();
    let act = |source: &str, action: &str, args: Value| json!({"source": source, "action": action, "args": args});
    let recording = json!([
        act("user", "message", json!({"content": "Say none-needed"})),
        act("agent", "run", json!({"command": "echo none-needed >> said"})),
        act("user", "message", json!({"content": "none-needed again"})),
        act("agent", "finish", json!({"final_thought": "Said."})),
    ]);
    std::fs::write(place.path("secret.json"), recording.to_string()).unwrap();
    let silent = model_server::start(|_| Turn::Silence).await;
    let run = ended(place.scripted(silent, &["replay", "../secret.json"])).await;
    assert_eq!((run.code, run.answer.as_str()), (Some(0), "Said.\n"), "{}", run.progress);
    assert!(!run.progress.contains("none-needed"), "{}", run.progress);
    assert_eq!(run.progress.matches("$ echo").count(), 1, "{}", run.progress);
}

#[tokio::test]
async fn what_is_no_recording_is_refused() {
    let server = TestServer::start().await;
    let check = async |body: Value, part: &str| {
        let (status, answer) = server.post("/api/conversations", body).await;
        assert_eq!(status, 422, "{answer}");
        assert!(answer.to_string().contains(part), "{answer}");
    };
    check(json!({"replay_json": "nonsense"}), "JSON list of events").await;
    check(json!({"replay_json": "[]"}), "it has no action").await;
    let run = json!([{"source": "agent", "action": "run", "args": {"command": "ls"}}]).to_string();
    check(json!({"replay_json": run}), "must begin with a message").await;
    let hi = json!([{"source": "user", "action": "message", "args": {"content": "hi"}}]);
    let both = json!({"replay_json": hi.to_string(), "initial_user_msg": "ho"});
    check(both, "begins with its own message").await;
    let place = Place::new();
    std::fs::write(place.path("bad.json"), "[]").unwrap();
    let run = ended(place.command(&["replay", "../bad.json"])).await;
    assert_eq!(run.code, Some(2), "{}", run.progress);
    assert!(run.progress.contains("../bad.json"), "{}", run.progress);
}

#[tokio::test]
async fn tokens_of_the_environment_are_for_commands_and_nobody_sees_them() {
    const TOKEN: &str = "canary-4711-canary";
    let script = |request: &Value| match (is_agent(request), results(request)) {
        (false, _) => Turn::Text("A title"),
        (true, 0) => Turn::Call(
            "execute_bash",
            json!({"command": "echo \"=$GITLAB_TOKEN=\"; git config --get-all credential.https://gitlab.com.helper | wc -l", "security_risk": "LOW"}),
        ),
        (true, _) => Turn::Call("finish", json!({"message": "Done."})),
    };
    let place = Place::new();
    let mut command =
        place.scripted(model_server::start(script).await, &["run", "--json", "-t", "look"]);
    command.env("GITLAB_TOKEN", TOKEN);
    let run = ended(command).await;
    assert_eq!(run.code, Some(0), "{}", run.progress);
    // The second setting is ours; the first one, which is empty, forgets those of the machine.
    assert!(run.answer.contains("=<secret_hidden>=\\n2"), "{}", run.answer);
    assert!(!run.answer.contains(TOKEN) && !run.progress.contains(TOKEN), "{}", run.progress);
}
