use std::path::PathBuf;
use std::time::{Duration, Instant};

use oh_event::{Action, Observation, RunAction, RunObservation};
use oh_runtime::{ActionRequest, HostTools, LocalRuntime, LocalRuntimeConfig, Runtime};
use tempfile::TempDir;

/// Longer than any command of a test takes, also on a busy machine.
pub(crate) const LONG: Duration = Duration::from_secs(50);

pub(crate) struct Fixture {
    pub(crate) runtime: LocalRuntime,
    pub(crate) directory: TempDir,
}

pub(crate) fn config(directory: &TempDir) -> LocalRuntimeConfig {
    LocalRuntimeConfig {
        workspace: directory.path().join("workspace"),
        session_dir: directory.path().join("session"),
        host: HostTools { path: std::env::var_os("PATH"), ..HostTools::default() },
        ..LocalRuntimeConfig::default()
    }
}

impl Fixture {
    pub(crate) fn new() -> Self {
        Self::with(|_| {})
    }

    pub(crate) fn with(change: impl FnOnce(&mut LocalRuntimeConfig)) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mut config = config(&directory);
        change(&mut config);
        Self { runtime: LocalRuntime::new(config).unwrap(), directory }
    }

    pub(crate) fn workspace(&self) -> PathBuf {
        self.runtime.workspace().to_owned()
    }

    pub(crate) async fn execute(&self, action: Action) -> Observation {
        self.runtime.execute(ActionRequest::new(action)).await
    }

    pub(crate) async fn observe(
        &self,
        action: RunAction,
        timeout: Option<Duration>,
    ) -> Observation {
        let request = ActionRequest { action: Action::Run(action), timeout, output: None };
        self.runtime.execute(request).await
    }

    pub(crate) async fn run_for(&self, command: &str, timeout: Duration) -> RunObservation {
        run_observation(self.observe(command_action(command), Some(timeout)).await)
    }

    /// Runs a command to its end.
    pub(crate) async fn run(&self, command: &str) -> RunObservation {
        self.run_for(command, LONG).await
    }

    /// Runs a command without a timeout of its own.
    pub(crate) async fn run_softly(&self, command: &str) -> RunObservation {
        run_observation(self.observe(command_action(command), None).await)
    }

    pub(crate) async fn input(&self, text: &str, timeout: Option<Duration>) -> RunObservation {
        let action = RunAction { is_input: true, ..command_action(text) };
        run_observation(self.observe(action, timeout).await)
    }

    /// Runs a command and returns its output and exit code.
    pub(crate) async fn output(&self, command: &str) -> (String, i32) {
        let observation = self.run(command).await;
        (observation.content, observation.metadata.exit_code)
    }

    pub(crate) async fn check(&self, command: &str, content: &str, exit_code: i32) {
        let expected = (content.to_owned(), exit_code);
        assert_eq!(self.output(command).await, expected, "{command}");
    }
}

pub(crate) fn command_action(command: &str) -> RunAction {
    RunAction { command: command.to_owned(), ..RunAction::default() }
}

pub(crate) fn run_observation(observation: Observation) -> RunObservation {
    match observation {
        Observation::Run(observation) => observation,
        other => panic!("not a run observation: {other:?}"),
    }
}

/// Waits until `is_so` holds, and fails if it does not within `limit`.
pub(crate) async fn eventually(limit: Duration, what: &str, is_so: impl Fn() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < limit, "not within {limit:?}: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Says whether a process runs whose command line holds `text`.
pub(crate) fn is_running(text: &str) -> bool {
    std::fs::read_dir("/proc").unwrap().flatten().any(|entry| {
        std::fs::read(entry.path().join("cmdline")).is_ok_and(|line| {
            let line = String::from_utf8_lossy(&line).replace('\0', " ");
            line.contains(text)
        })
    })
}

/// Returns a command that sleeps long and that no other run of the tests has.
pub(crate) fn sleeper(number: u32) -> String {
    format!("sleep {number}.{}", std::process::id())
}
