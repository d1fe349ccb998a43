//! Commands in a sandbox, in each mode that this machine offers.

use std::path::{Path, PathBuf};
use std::time::Duration;

use oh_event::{Action, Observation, RunObservation};
use oh_runtime::{
    ActionRequest, LocalRuntimeConfig, NetworkPolicy, Places, ResourceLimits, Runtime,
    SandboxConfig, SandboxMode, SandboxPolicy, SandboxedRuntime, probe,
};
use tempfile::TempDir;

use crate::support::{LONG, command_action, config, run_observation};

pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_openhands-executor");
pub(crate) const MODES: [SandboxMode; 2] = [SandboxMode::Namespaces, SandboxMode::Landlock];

pub(crate) struct Sandbox {
    pub(crate) runtime: SandboxedRuntime,
    pub(crate) directory: TempDir,
}

/// The places of this machine, with a data directory that holds a secret.
fn places(data_dir: &Path) -> Places {
    let home = std::env::var_os("HOME").map(PathBuf::from);
    let path = std::env::var_os("PATH");
    Places::of_this_machine(home.as_deref(), path.as_deref(), Some(data_dir))
}

impl Sandbox {
    pub(crate) fn new(mode: SandboxMode) -> Self {
        Self::with(mode, |_| {})
    }

    /// Closes the conversation and opens it again.
    pub(crate) async fn reopen(self, mode: SandboxMode) -> Self {
        self.runtime.close().await;
        Self::in_directory(self.directory, mode, |_| {}, |_| {})
    }

    pub(crate) fn with(mode: SandboxMode, change: impl FnOnce(&mut SandboxConfig)) -> Self {
        Self::with_local(mode, change, |_| {})
    }

    /// Changes what holds for commands, too.
    pub(crate) fn with_local(
        mode: SandboxMode,
        change: impl FnOnce(&mut SandboxConfig),
        change_local: impl FnOnce(&mut LocalRuntimeConfig),
    ) -> Self {
        Self::in_directory(tempfile::tempdir().unwrap(), mode, change, change_local)
    }

    fn in_directory(
        directory: TempDir,
        mode: SandboxMode,
        change: impl FnOnce(&mut SandboxConfig),
        change_local: impl FnOnce(&mut LocalRuntimeConfig),
    ) -> Self {
        std::fs::write(directory.path().join("session_key"), "the key of the server").unwrap();
        let mut sandbox = SandboxConfig {
            program: PROGRAM.into(),
            mode,
            policy: SandboxPolicy::WorkspaceWrite,
            network: NetworkPolicy::On,
            places: places(directory.path()),
            ports: Vec::new(),
            volumes: Vec::new(),
            protects_repository: false,
            limits: ResourceLimits::default(),
        };
        change(&mut sandbox);
        let mut local = config(&directory);
        local.host.rustup_home =
            std::env::var_os("HOME").map(|home| Path::new(&home).join(".rustup"));
        change_local(&mut local);
        let runtime = SandboxedRuntime::new(local, sandbox).unwrap();
        Self { runtime, directory }
    }

    pub(crate) async fn execute(&self, action: Action) -> Observation {
        self.runtime.execute(ActionRequest::new(action)).await
    }

    pub(crate) async fn run(&self, command: &str) -> RunObservation {
        self.run_for(command, LONG).await
    }

    pub(crate) async fn run_for(&self, command: &str, timeout: Duration) -> RunObservation {
        let action = Action::Run(command_action(command));
        let request = ActionRequest { action, timeout: Some(timeout), output: None };
        run_observation(self.runtime.execute(request).await)
    }

    /// Runs a command that must succeed and returns its output.
    pub(crate) async fn succeed(&self, command: &str) -> String {
        let observation = self.run(command).await;
        assert_eq!(observation.metadata.exit_code, 0, "{command}: {observation:?}");
        observation.content
    }

    /// Runs a command that must not succeed and returns its output.
    pub(crate) async fn fail(&self, command: &str) -> String {
        let observation = self.run(command).await;
        assert!(observation.metadata.exit_code > 0, "{command}: {observation:?}");
        observation.content
    }
}

#[tokio::test]
async fn the_probe_finds_what_this_machine_offers() {
    let directory = tempfile::tempdir().unwrap();
    let report = probe(Path::new(PROGRAM), directory.path(), &places(directory.path())).await;
    let report = report.unwrap();
    println!("{report:?}");
    assert_eq!(report.modes, MODES, "{}", report.problems());
}

#[tokio::test]
async fn a_command_runs_in_the_workspace() {
    for mode in MODES {
        let sandbox = Sandbox::new(mode);
        let workspace = sandbox.runtime.workspace().display().to_string();
        assert_eq!(
            sandbox.succeed("pwd; echo hi > file; cat file").await,
            format!("{workspace}\nhi")
        );
        let file = sandbox.directory.path().join("workspace/file");
        assert_eq!(std::fs::read_to_string(file).unwrap(), "hi\n");
        println!("{}", sandbox.succeed("id; echo $HOME $TMPDIR; mount | head -50; env; ls -la / /dev /run $HOME; tty; cat /proc/self/status | tail -40").await);
    }
}
