//! Commands in a container, with an engine for tests; and with a real one where there is one.

use std::path::{Path, PathBuf};
use std::time::Duration;

use oh_event::{Action, EditAction, Observation, RunObservation};
use oh_runtime::{
    ActionRequest, ContainerConfig, ContainerOnClose, ContainerRuntime, Containers,
    LocalRuntimeConfig, Runtime,
};
use tempfile::TempDir;
use tokio::sync::mpsc;

use crate::container_fake::Fake;
use crate::editor::edit_action;
use crate::support::{LONG, command_action, eventually, is_running, run_observation, sleeper};

const PROGRAM: &str = env!("CARGO_BIN_EXE_openhands-executor");
pub(crate) const NAME: &str = "openhands-runtime-c-1";

/// A conversation with a container.
pub(crate) struct Conversation {
    pub(crate) fake: Fake,
    pub(crate) containers: Containers,
    pub(crate) runtime: ContainerRuntime,
    pub(crate) directory: TempDir,
}

pub(crate) fn config(engine: String) -> ContainerConfig {
    ContainerConfig {
        engine,
        image: "test:1".to_owned(),
        program: PROGRAM.into(),
        ..ContainerConfig::default()
    }
}

impl Conversation {
    pub(crate) fn new() -> Self {
        Self::with(|_| {})
    }

    pub(crate) fn with(change: impl FnOnce(&mut ContainerConfig)) -> Self {
        let fake = Fake::start();
        let mut config = config(fake.address());
        change(&mut config);
        let directory = tempfile::tempdir().unwrap();
        let containers = Containers::new(config);
        let runtime = open(&containers, &directory);
        Self { fake, containers, runtime, directory }
    }

    /// Closes the conversation and opens it again.
    pub(crate) async fn reopen(&mut self) {
        self.runtime.close().await;
        self.runtime = open(&self.containers, &self.directory);
    }

    /// Opens the conversation by a server with other settings.
    pub(crate) fn restart(&mut self, change: impl FnOnce(&mut ContainerConfig)) {
        let mut config = config(self.fake.address());
        change(&mut config);
        self.containers = Containers::new(config);
        self.runtime = open(&self.containers, &self.directory);
    }

    pub(crate) async fn observe(&self, command: &str) -> Observation {
        let action = Action::Run(command_action(command));
        let request = ActionRequest { action, timeout: Some(LONG), output: None };
        self.runtime.execute(request).await
    }

    pub(crate) async fn run(&self, command: &str) -> RunObservation {
        run_observation(self.observe(command).await)
    }

    pub(crate) async fn succeed(&self, command: &str) -> String {
        let observation = self.run(command).await;
        assert_eq!(observation.metadata.exit_code, 0, "{command}: {observation:?}");
        observation.content
    }

    pub(crate) async fn error(&self, command: &str) -> String {
        match self.observe(command).await {
            Observation::Error(error) => error.content,
            other => panic!("not an error: {other:?}"),
        }
    }

    pub(crate) fn workspace(&self) -> PathBuf {
        self.directory.path().join("workspace")
    }
}

pub(crate) fn open(containers: &Containers, directory: &TempDir) -> ContainerRuntime {
    let local = LocalRuntimeConfig {
        workspace: directory.path().join("workspace"),
        session_dir: directory.path().join("session"),
        environment: vec![("DECLARED".to_owned(), "a b".to_owned())],
        ..LocalRuntimeConfig::default()
    };
    containers.runtime("c-1", local).unwrap()
}

#[tokio::test]
async fn commands_and_edits_work_in_the_workspace() {
    let conversation = Conversation::new();
    assert_eq!(conversation.containers.check().await.unwrap(), "Fake 1");
    assert_eq!(conversation.fake.count("containers"), 0);

    let content =
        conversation.succeed("pwd; echo hi > file; cd /tmp; false || echo $DECLARED").await;
    assert_eq!(content, "/workspace\na b");
    assert_eq!(
        conversation.succeed("pwd; echo $OF_IMAGE $PATH").await,
        "/tmp\nyes /opt/image/bin:/usr/local/bin:/usr/bin:/bin"
    );
    assert_eq!(std::fs::read_to_string(conversation.workspace().join("file")).unwrap(), "hi\n");

    let edit = EditAction {
        old_str: Some("hi".to_owned()),
        new_str: Some("ho".to_owned()),
        ..edit_action(Path::new("/workspace/file"), "str_replace")
    };
    conversation.runtime.execute(ActionRequest::new(Action::Edit(edit))).await;
    assert_eq!(std::fs::read_to_string(conversation.workspace().join("file")).unwrap(), "ho\n");
    assert_eq!(conversation.run("exit 3").await.metadata.exit_code, 3);
    // Its main process is the first one there, and everything is a descendant of it.
    assert_eq!(conversation.succeed("cat /proc/1/comm").await, "executor");
    assert_eq!(conversation.fake.count("/start"), 1);
}

#[tokio::test]
async fn output_is_seen_while_a_command_runs_and_large_output_arrives_whole() {
    let conversation = Conversation::new();
    let (sender, mut output) = mpsc::channel(64);
    let action = Action::Run(command_action("echo first; while [ ! -e go ]; do sleep 0.01; done"));
    let request = ActionRequest { action, timeout: Some(LONG), output: Some(sender) };
    let work = conversation.runtime.execute(request);
    let look = async {
        let mut seen = String::new();
        while !seen.contains("first") {
            seen.push_str(&output.recv().await.unwrap());
        }
        std::fs::write(conversation.workspace().join("go"), "").unwrap();
    };
    let (observation, ()) = tokio::join!(work, look);
    assert_eq!(run_observation(observation).content, "first");

    let content = conversation.succeed("seq 1 20000").await;
    assert!(content.starts_with("1\n2\n") && content.ends_with("\n20000"), "{}", content.len());
}

#[tokio::test]
async fn stop_and_cancel_end_the_processes_and_nothing_else() {
    let conversation = Conversation::new();
    let (background, foreground) = (sleeper(7101), sleeper(7102));
    conversation
        .succeed(&format!("export KEPT=yes; setsid nohup {background} > /dev/null 2>&1 & disown"))
        .await;
    {
        let cancelled = conversation.observe(&foreground);
        let runs = eventually(LONG, "the command runs", || is_running(&foreground));
        tokio::select! {
            observation = cancelled => panic!("{observation:?}"),
            () = runs => {}
        }
    }
    eventually(LONG, "the command is interrupted", || !is_running(&foreground)).await;
    assert_eq!(conversation.succeed("echo $KEPT").await, "yes");
    eventually(LONG, "the background process runs", || is_running(&background)).await;
    conversation.runtime.stop_processes().await;
    assert!(!is_running(&background));
    assert_eq!(conversation.succeed("echo still here").await, "still here");
    assert_eq!(conversation.fake.count("/start"), 1);
}

#[tokio::test]
async fn a_closed_container_is_stopped_and_started_again() {
    let mut conversation = Conversation::new();
    let background = sleeper(7103);
    conversation
        .succeed(&format!("echo kept > /of-container; cd /tmp; {background} > /dev/null 2>&1 &"))
        .await;
    eventually(LONG, "the background process runs", || is_running(&background)).await;
    conversation.reopen().await;
    assert!(!conversation.fake.is_running(NAME) && !is_running(&background));
    let observation = conversation.run("cat /of-container; pwd").await;
    assert_eq!(observation.content, "kept\n/tmp");
    assert!(!observation.metadata.suffix.contains("container"), "{observation:?}");
    assert_eq!(
        (conversation.fake.count("/start"), conversation.fake.state().created.len()),
        (2, 1)
    );

    conversation.runtime.close().await;
    assert!(conversation.error("echo no").await.contains("closed"));
}

#[tokio::test]
async fn nothing_runs_on_without_the_server() {
    let conversation = Conversation::new();
    let background = sleeper(7104);
    conversation.succeed(&format!("{background} > /dev/null 2>&1 &")).await;
    eventually(LONG, "the background process runs", || is_running(&background)).await;
    assert!(conversation.fake.is_running(NAME));
    let Conversation { fake, runtime, .. } = conversation;
    drop(runtime);
    eventually(LONG, "the container has ended", || !fake.is_running(NAME)).await;
    eventually(LONG, "its processes have ended", || !is_running(&background)).await;
    assert_eq!((fake.count("/stop"), fake.count("DELETE")), (0, 0));
}

#[tokio::test]
async fn a_container_that_is_kept_runs_on_after_close() {
    let mut conversation = Conversation::with(|config| config.on_close = ContainerOnClose::Keep);
    let background = sleeper(7105);
    conversation.succeed(&format!("X=1; {background} > /dev/null 2>&1 &")).await;
    eventually(LONG, "the background process runs", || is_running(&background)).await;
    conversation.reopen().await;
    assert!(is_running(&background));
    assert_eq!(conversation.succeed("echo $X").await, "1");
    conversation.runtime.close().await;
    conversation.containers.delete("c-1").await.unwrap();
    eventually(LONG, "its processes have ended", || !is_running(&background)).await;
    assert!(conversation.fake.state().containers.is_empty());
}

#[tokio::test]
async fn a_container_is_removed_on_close_or_with_its_conversation() {
    let conversation = Conversation::with(|config| config.on_close = ContainerOnClose::Remove);
    conversation.succeed("true").await;
    conversation.runtime.close().await;
    assert!(conversation.fake.state().containers.is_empty());

    let conversation = Conversation::new();
    conversation.succeed("true").await;
    conversation.runtime.close().await;
    assert_eq!(conversation.fake.state().containers.len(), 1);
    conversation.containers.delete("c-1").await.unwrap();
    conversation.containers.delete("c-1").await.unwrap();
    assert!(conversation.fake.state().containers.is_empty());
}

#[tokio::test]
async fn a_real_engine_runs_commands_too() {
    let image = std::env::var("OPENHANDS_TEST_IMAGE");
    let image = image.unwrap_or_else(|_| ContainerConfig::DEFAULT_IMAGE.to_owned());
    let engine = std::env::var("DOCKER_HOST");
    let engine = engine.unwrap_or_else(|_| ContainerConfig::DEFAULT_ENGINE.to_owned());
    let config = ContainerConfig { image, ..config(engine) };
    let containers = Containers::new(config);
    let title = match containers.check().await {
        Ok(title) => title,
        Err(error) => {
            println!("skipped: {error}");
            return;
        }
    };
    println!("{title}");
    let directory = tempfile::tempdir().unwrap();
    let runtime = open(&containers, &directory);
    let action = Action::Run(command_action(
        "pwd; echo hi > file; cat /proc/1/comm; grep CapEff /proc/self/status",
    ));
    let timeout = Some(Duration::from_secs(60));
    let request = ActionRequest { action, timeout, output: None };
    let content = run_observation(runtime.execute(request).await).content;
    runtime.close().await;
    containers.delete("c-1").await.unwrap();
    assert_eq!(content, "/workspace\nexecutor\nCapEff:\t0000000000000000");
    assert!(directory.path().join("workspace/file").exists());
}
