//! What files of a workspace tell the model, and when.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use oh_chat::{ChatMessage, CompletionFailure, CompletionRequest};
use oh_llm::{BoxFuture, CompletionContext, LlmClient};
use oh_server::Components;
use oh_testkit::{Answer, ScriptedLlm, ScriptedRuntime, call, text, tool_calls};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{Socket, TestServer, parse_event, state_is};

const GIT: &str = "---\ntriggers: [git]\n---\nSign off every commit.";

#[derive(Debug, Clone)]
struct Model(Arc<ScriptedLlm>);

impl LlmClient for Model {
    fn complete(
        &self,
        request: CompletionRequest,
        context: CompletionContext,
    ) -> BoxFuture<'_, Result<oh_chat::Completion, CompletionFailure>> {
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

    /// What was told in the newest request beside the system prompt.
    fn told(&self) -> String {
        let request = self.0.requests().pop().unwrap();
        let texts = request.messages.into_iter().filter_map(|message| match message {
            ChatMessage::User { text, .. } => Some(text),
            ChatMessage::System { .. }
            | ChatMessage::Assistant { .. }
            | ChatMessage::ToolResult { .. } => None,
        });
        texts.collect::<Vec<_>>().join("\n")
    }
}

fn write(folder: &Path, path: &str, text: &str) {
    let path = folder.join(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

/// A server whose conversations work in `folder`; commands do nothing.
async fn server(model: &Model, folder: &Path, variables: &[(&str, &str)]) -> TestServer {
    let runtime = Arc::new(ScriptedRuntime::new("output"));
    let components = Components {
        llm: Some(Arc::new(model.clone())),
        runtime: Some(Arc::new(move |_| Ok(runtime.clone()))),
        ..Components::default()
    };
    let volumes = format!("{}:/workspace", folder.display());
    let variables: Vec<_> =
        variables.iter().copied().chain([("SANDBOX_VOLUMES", volumes.as_str())]).collect();
    TestServer::start_with(components, &variables).await
}

/// Says something and waits until the agent has answered.
async fn say(server: &TestServer, socket: &mut Socket, id: &str, text: &str) {
    server.say(id, text).await;
    socket.events_until(|event| event["message"] == text).await;
    socket.events_until(state_is("awaiting_user_input")).await;
}

/// Returns what is said of a workspace that is ready.
async fn ready_message(socket: &mut Socket) -> String {
    loop {
        let frame = socket.text().await;
        let Some(status) = parse_event(&frame) else { continue };
        if status["id"] == "STATUS$READY" {
            return status["message"].as_str().unwrap_or_default().to_owned();
        }
    }
}

#[tokio::test]
async fn a_repository_says_nothing_before_its_user_trusts_it() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "AGENTS.md", "Answer in French.");
    write(folder.path(), ".openhands/microagents/git.md", GIT);
    let model = Model::new([text("1"), text("2"), text("3"), text("4")]);
    let server = server(&model, folder.path(), &[]).await;
    let id = server.create().await;
    let mut socket = server.joined(&id, -1).await;
    let message = ready_message(&mut socket).await;
    assert!(message.contains("AGENTS.md, a file in .openhands/microagents"), "{message}");
    socket.events_until(state_is("awaiting_user_input")).await;

    say(&server, &mut socket, &id, "commit with git").await;
    let told = model.told();
    assert!(!told.contains("French") && !told.contains("Sign off"), "{told}");
    assert!(told.contains("the user has not trusted it: AGENTS.md"), "{told}");

    let trust = format!("/api/conversations/{id}/trust");
    let (_, before) = server.get(&trust).await;
    let waiting = json!(["AGENTS.md", ".openhands/microagents/git.md"]);
    assert_eq!(
        before,
        json!({"trusted": false, "by": null, "in_effect": [], "waiting": waiting, "problems": []})
    );
    let microagents = format!("/api/conversations/{id}/microagents");
    assert_eq!(server.get(&microagents).await.1, json!({"microagents": []}));

    let (status, after) = server.post(&trust, json!({})).await;
    assert_eq!((status, &after["by"], &after["in_effect"]), (200, &json!("user"), &waiting));
    say(&server, &mut socket, &id, "and once more with git").await;
    let told = model.told();
    assert!(
        told.contains("Answer in French.") && told.contains("Sign off every commit."),
        "{told}"
    );

    let (_, list) = server.get(&microagents).await;
    let git = &list["microagents"][1];
    assert_eq!(
        (&git["name"], &git["type"], &git["triggers"], &git["content"]),
        (&json!("git"), &json!("knowledge"), &json!(["git"]), &json!("Sign off every commit."))
    );
    assert_eq!(list["microagents"][0]["type"], "repo");

    // It holds for this conversation, also when it comes back, and for no other one.
    server.post(&format!("/api/conversations/{id}/stop"), json!({})).await;
    assert_eq!(server.get(&microagents).await.0, 404);
    assert_eq!(server.get(&trust).await.1["by"], "user");
    let other = server.create().await;
    let (_, report) = server.get(&format!("/api/conversations/{other}/trust")).await;
    assert_eq!(report["trusted"], false);

    server.http.delete(server.url(&trust)).send().await.unwrap();
    assert_eq!(server.get(&trust).await.1["trusted"], false);
    assert_eq!(server.get("/api/conversations/unknown/trust").await.0, 404);
}

#[tokio::test]
async fn a_trusted_directory_needs_no_word() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "AGENTS.md", "Answer in French.");
    write(folder.path(), ".openhands/microagents/bad.md", "---\ninputs: x\n---\n");
    write(folder.path(), ".openhands/microagents/off.md", "Answer in Latin.");
    let model = Model::new([text("1")]);
    let trusted = json!([folder.path()]).to_string();
    let variables =
        [("SANDBOX_TRUSTED_DIRS", trusted.as_str()), ("AGENT_DISABLED_MICROAGENTS", "[\"off\"]")];
    let server = server(&model, folder.path(), &variables).await;
    let id = server.create().await;
    let mut socket = server.joined(&id, -1).await;
    let message = ready_message(&mut socket).await;
    assert!(message.contains("bad.md is left out: `inputs` must be"), "{message}");
    socket.events_until(state_is("awaiting_user_input")).await;
    say(&server, &mut socket, &id, "go").await;
    let told = model.told();
    assert!(told.contains("Answer in French.") && !told.contains("Latin"), "{told}");
    let (_, report) = server.get(&format!("/api/conversations/{id}/trust")).await;
    assert_eq!(report["by"], "trusted_dirs");
}

#[tokio::test]
async fn without_prompt_extensions_no_file_counts() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "AGENTS.md", "Answer in French.");
    let model = Model::new([text("1")]);
    let trusted = json!([folder.path()]).to_string();
    let variables =
        [("SANDBOX_TRUSTED_DIRS", trusted.as_str()), ("AGENT_ENABLE_PROMPT_EXTENSIONS", "false")];
    let server = server(&model, folder.path(), &variables).await;
    let id = server.create().await;
    let mut socket = server.joined(&id, -1).await;
    socket.events_until(state_is("awaiting_user_input")).await;
    say(&server, &mut socket, &id, "go").await;
    assert_eq!(model.told(), "go");
}

fn git(folder: &Path, arguments: &[&str]) {
    let identity = ["-c", "user.name=a", "-c", "user.email=a@b.example"];
    let output = Command::new("git").current_dir(folder).args(identity).args(arguments).output();
    let output = output.unwrap();
    assert!(output.status.success(), "{arguments:?}: {output:?}");
}

/// A repository with instructions and a check before each commit.
fn repository() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "AGENTS.md", "Answer in French.");
    write(folder.path(), ".openhands/skills/git.md", GIT);
    let check = "echo checked >> \"$HOME/checks\"; ! grep -rq FORBIDDEN --include=*.txt .";
    write(folder.path(), ".openhands/pre-commit.sh", check);
    write(folder.path(), ".openhands/setup.sh", "pwd > setup.out");
    git(folder.path(), &["init", "-q"]);
    git(folder.path(), &["add", "-A"]);
    git(folder.path(), &["commit", "-qm", "Begin"]);
    folder
}

#[tokio::test]
async fn a_cloned_repository_speaks_and_checks_commits_once_it_is_trusted() {
    let origin = repository();
    let workspace = tempfile::tempdir().unwrap();
    let target = workspace.path().join("project");
    git(workspace.path(), &["clone", "-q", origin.path().to_str().unwrap(), "project"]);
    let own_hook = "#!/bin/sh\necho own >> \"$HOME/checks\"\n";
    write(&target, ".git/hooks/pre-commit", own_hook);
    let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(target.join(".git/hooks/pre-commit"), executable).unwrap();

    let bash = |id: &str, command: &str| {
        let arguments = json!({"command": command, "security_risk": "LOW"}).to_string();
        tool_calls("", vec![call(id, "execute_bash", &arguments)])
    };
    let commit = "cd /workspace/project 2>/dev/null || cd project; echo FORBIDDEN > a.txt; git add -A; git commit -qm x; echo code=$?; cat $HOME/checks";
    let model = Model::new([
        bash("1", commit),
        text("1"),
        bash("2", commit),
        bash("3", "echo fine > a.txt; git add -A; git commit -qm y; echo code=$?"),
        text("2"),
    ]);
    let volumes = format!("{}:/workspace", workspace.path().display());
    let components = Components { llm: Some(Arc::new(model.clone())), ..Components::default() };
    let server = TestServer::start_with(components, &[("SANDBOX_VOLUMES", &volumes)]).await;

    let outputs = |events: Vec<Value>| -> Vec<String> {
        let runs = events.into_iter().filter(|event| event["observation"] == "run");
        runs.map(|event| event["content"].as_str().unwrap().to_owned()).collect()
    };
    let id = server.create().await;
    let mut socket = server.joined(&id, -1).await;
    socket.events_until(state_is("awaiting_user_input")).await;
    server.say(&id, "commit with git").await;
    socket.events_until(state_is("running")).await;
    let ran = outputs(socket.events_until(state_is("awaiting_user_input")).await);
    assert!(!target.join("setup.out").exists());
    // The repository's own hook is the business of git, as ever.
    assert!(ran[0].contains("code=0") && !ran[0].contains("checked"), "{ran:?}");
    assert!(!model.told().contains("French"), "{}", model.told());

    let (status, _) = server.post(&format!("/api/conversations/{id}/trust"), json!({})).await;
    assert_eq!(status, 200);
    server.post(&format!("/api/conversations/{id}/stop"), json!({})).await;
    git(&target, &["reset", "-q", "--hard", "HEAD~1"]);
    let mut socket = server.joined(&id, -1).await;
    server.say(&id, "once more with git").await;
    socket.events_until(|event| event["message"] == "once more with git").await;
    let ran = outputs(socket.events_until(state_is("awaiting_user_input")).await);
    assert!(std::fs::read_to_string(target.join("setup.out")).unwrap().ends_with("/project\n"));
    assert!(ran[0].contains("code=1") && ran[0].contains("own\nchecked"), "{ran:?}");
    assert!(ran[1].contains("code=0"), "{ran:?}");
    let told = model.told();
    assert!(
        told.contains("Answer in French.") && told.contains("Sign off every commit."),
        "{told}"
    );
}
