//! The sandboxes of this server's conversations: what this machine offers, and which is used.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use oh_config::{Config, GitIdentity, LifecycleSettings, RuntimeKind, SandboxSettings};
use oh_event::ConversationId;
use oh_runtime::{
    ContainerConfig, Containers, GitLauncher, GitReader, LocalRuntimeConfig, NetworkPolicy, Places,
    Runtime, SandboxConfig, SandboxMode, SandboxPolicy, SandboxReport, SandboxedRuntime, probe,
    read_only_prefix,
};
use oh_session::{PlaceTools, PreparedRuntime};
use serde_json::{Value, json};
use tokio::sync::{OnceCell, watch};

use crate::briefing::Briefing;
use crate::compose::folder_name;
use crate::git_hooks;
use crate::git_hosts::git_variables;
use crate::occupancy::{Occupancy, Place};
use crate::secrets::CommandSecrets;
use crate::setup_script;
use crate::skills::TrustedPrograms;

const SHARED: &str =
    "Another open conversation works in the same directory; each sees what the other changes.";

/// Where commands find ports of this machine.
const HERE: &str = "http://localhost";

/// Makes the runtimes of conversations. Clones share what was found out.
#[derive(Debug, Clone)]
pub(crate) struct Sandboxes(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    settings: SandboxSettings,
    lifecycle: LifecycleSettings,
    occupancy: Occupancy,
    program: PathBuf,
    places: Places,
    data_dir: PathBuf,
    /// One workspace for all conversations.
    workspace: Option<PathBuf>,
    /// Where commands run instead of a sandbox.
    containers: Option<Containers>,
    status: OnceCell<SandboxStatus>,
}

/// How commands are confined on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SandboxStatus {
    policy: SandboxPolicy,
    network: &'static str,
    pub(crate) report: SandboxReport,
    /// The mode in force, or why no command runs. With containers it is for git only.
    pub(crate) mode: Result<SandboxMode, String>,
    /// The engine of containers, or why it cannot be used; `None` if commands run in a sandbox.
    pub(crate) engine: Option<Result<String, String>>,
}

impl Sandboxes {
    /// `program` is this program unless it is given.
    pub(crate) fn new(config: &Config, program: Option<PathBuf>) -> Self {
        let places = config.sandbox.places(&config.data_dir);
        let program = program.unwrap_or_else(|| "/proc/self/exe".into());
        Self(Arc::new(Shared {
            containers: containers(&config.sandbox, &program, &places),
            settings: config.sandbox.clone(),
            lifecycle: config.lifecycle.clone(),
            occupancy: Occupancy::default(),
            program,
            places,
            data_dir: config.data_dir.clone(),
            workspace: config.workspace.clone(),
            status: OnceCell::new(),
        }))
    }

    /// Finds out what works, the first time.
    pub(crate) async fn status(&self) -> &SandboxStatus {
        let shared = &self.0;
        shared
            .status
            .get_or_init(|| async {
                let scratch = shared.data_dir.join("probe");
                let report = probe(&shared.program, &scratch, &shared.places).await;
                let _ = std::fs::remove_dir_all(&scratch);
                let mut status = choose(&shared.settings, report);
                if let Some(containers) = &shared.containers {
                    let engine = containers.check().await;
                    status.engine = Some(engine.map_err(|error| error.to_string()));
                }
                match (&status.engine, &status.mode) {
                    (Some(Ok(engine)), _) => tracing::info!(engine, "containers"),
                    (None, Ok(mode)) => tracing::info!(mode = mode.name(), "sandbox"),
                    (Some(Err(reason)), _) | (None, Err(reason)) => {
                        tracing::error!(reason, "no command will run");
                    }
                }
                status
            })
            .await
    }

    pub(crate) fn known_status(&self) -> Option<&SandboxStatus> {
        self.0.status.get()
    }

    /// Makes the runtime of a conversation, with commits by `git`, and with `secrets` among the
    /// variables of its commands.
    pub(crate) async fn prepare(
        &self,
        id: &ConversationId,
        git: GitIdentity,
        secrets: CommandSecrets,
        programs: &TrustedPrograms,
    ) -> io::Result<PreparedRuntime> {
        let Shared { settings, lifecycle, data_dir, containers, .. } = &*self.0;
        let directory = self.workspace(id)?;
        let session_dir = std::path::absolute(data_dir.join("sessions").join(folder_name(id)))?;
        // Who cannot be reached from outside needs no port, and a container has its own.
        let is_reachable = settings.network != NetworkPolicy::Off && containers.is_none();
        let ports = is_reachable.then_some(lifecycle.app_ports);
        let place = self.0.occupancy.take(id, &directory, ports);
        let mut environment = environment(settings, git, &place);
        environment.extend(secrets.variables);
        let mut git_settings = secrets.git_settings;
        // Containers do not see the session directory.
        if containers.is_none() {
            git_settings.extend(git_hooks::install(programs, &session_dir)?);
        }
        environment.splice(0..0, git_variables(git_settings));
        let local = LocalRuntimeConfig {
            workspace: directory.clone(),
            session_dir: session_dir.clone(),
            environment,
            host: settings.host.clone(),
            soft_timeout: settings.soft_timeout,
            default_timeout: settings.timeout,
            longest_command: lifecycle.longest_command,
            idle_limit: lifecycle.close_delay,
            ..LocalRuntimeConfig::default()
        };
        let (mode, runtime) = self.runtime(id, local, &place).await?;
        let briefing = Briefing {
            mode,
            policy: settings.policy,
            network: &settings.network,
            volumes: &settings.volumes,
            workspace: runtime.workspace(),
            is_shared: place.is_shared,
        };
        Ok(PreparedRuntime {
            instructions: briefing.text(),
            conversation_instructions: String::new(),
            repository: None,
            knowledge: watch::channel(Arc::default()).1,
            hosts: self.hosts(id),
            warning: place.is_shared.then(|| SHARED.to_owned()),
            setup: setup_script::find(&directory, programs, data_dir, &session_dir),
            place_tools: PlaceTools::default(),
            tools: None,
            secrets: Vec::new(),
            lease: Some(Box::new(place)),
            runtime,
        })
    }

    /// Returns a runtime and the mode it is confined by; `None` is a container.
    async fn runtime(
        &self,
        id: &ConversationId,
        local: LocalRuntimeConfig,
        place: &Place,
    ) -> io::Result<(Option<SandboxMode>, Arc<dyn Runtime>)> {
        let Shared { settings, program, places, containers, .. } = &*self.0;
        if let Some(containers) = containers {
            containers.check().await.map_err(io::Error::other)?;
            return Ok((None, Arc::new(containers.runtime(id.as_str(), local)?)));
        }
        let mode = self.status().await.mode.clone().map_err(io::Error::other)?;
        let sandbox = SandboxConfig {
            program: program.clone(),
            mode,
            policy: settings.policy,
            network: settings.network.clone(),
            places: places.clone(),
            ports: place.ports.clone(),
            volumes: settings.volumes.clone(),
            // In a workspace of its own the agent is the owner of the repository.
            protects_repository: settings.protect_repository
                && local.workspace != std::path::absolute(self.own_workspace(id))?,
            limits: settings.limits.clone(),
        };
        Ok((Some(mode), Arc::new(SandboxedRuntime::new(local, sandbox)?)))
    }

    /// Returns where servers of a live conversation's agent can be seen, with their ports.
    pub(crate) fn hosts(&self, id: &ConversationId) -> Vec<(String, u16)> {
        let url = self.0.lifecycle.runtime_url.as_deref().unwrap_or(HERE);
        let ports = self.app_ports(id).into_iter();
        ports.map(|port| (format!("{url}:{port}"), port)).collect()
    }

    /// Says whether the configuration has addresses for those ports.
    pub(crate) fn has_own_urls(&self) -> bool {
        self.0.lifecycle.runtime_url.is_some()
    }

    /// Returns the ports that are kept for servers of a live conversation's agent.
    pub(crate) fn app_ports(&self, id: &ConversationId) -> Vec<u16> {
        self.0.occupancy.ports(id)
    }

    /// Removes what a deleted conversation leaves with the engine of containers.
    pub(crate) async fn forget(&self, id: &ConversationId) {
        let Some(containers) = &self.0.containers else { return };
        if let Err(error) = containers.delete(id.as_str()).await {
            tracing::warn!(%error, "failed to remove the container of a deleted conversation");
        }
    }

    /// Returns `git` with what confines it to reading one workspace.
    ///
    /// Nothing a repository says makes git run a program; this holds even if it does.
    pub(crate) async fn git(&self, git: &GitReader, workspace: &Path) -> io::Result<GitReader> {
        let Shared { program, places, settings, .. } = &*self.0;
        let mode = match (settings.policy, &self.status().await.mode) {
            (SandboxPolicy::FullAccess, _) => self.status().await.report.strongest(),
            (SandboxPolicy::ReadOnly | SandboxPolicy::WorkspaceWrite, mode) => {
                mode.as_ref().ok().copied()
            }
        };
        let mode = mode.unwrap_or(SandboxMode::Unconfined);
        let prefix = read_only_prefix(program, mode, places, workspace, &git.scratch)?;
        Ok(GitReader { launcher: GitLauncher { prefix }, ..git.clone() })
    }

    /// Returns the workspace of a conversation on this machine.
    pub(crate) fn workspace(&self, id: &ConversationId) -> io::Result<PathBuf> {
        let own = self.own_workspace(id);
        let chosen = std::fs::read_link(&own).ok().or_else(|| self.0.workspace.clone());
        std::path::absolute(chosen.unwrap_or(own))
    }

    /// Lets a new conversation work in a directory of its user. The link stands where its own
    /// workspace would be, so that the conversation is at home there for good, and goes with it.
    pub(crate) fn settle_in(&self, id: &ConversationId, directory: &Path) -> io::Result<()> {
        let own = self.own_workspace(id);
        if let Some(parent) = own.parent() {
            std::fs::create_dir_all(parent)?;
        }
        std::os::unix::fs::symlink(directory, own)
    }

    fn own_workspace(&self, id: &ConversationId) -> PathBuf {
        self.0.data_dir.join("workspaces").join(folder_name(id))
    }
}

fn containers(settings: &SandboxSettings, program: &Path, places: &Places) -> Option<Containers> {
    if settings.runtime == RuntimeKind::Local {
        return None;
    }
    let mut config =
        ContainerConfig { masked: places.masked.clone(), ..settings.container.clone() };
    if config.program == ContainerConfig::default().program {
        config.program = program.to_owned();
    }
    Some(Containers::new(config))
}

/// Returns the declared variables, and before them those that they may replace.
fn environment(
    settings: &SandboxSettings,
    git: GitIdentity,
    place: &Place,
) -> Vec<(String, String)> {
    let GitIdentity { name, email } = git;
    let mut variables: Vec<(String, String)> = [
        ("GIT_AUTHOR_NAME", &name),
        ("GIT_AUTHOR_EMAIL", &email),
        ("GIT_COMMITTER_NAME", &name),
        ("GIT_COMMITTER_EMAIL", &email),
    ]
    .map(|(variable, value)| (variable.to_owned(), value.clone()))
    .into();
    for (number, port) in (1..).zip(&place.ports) {
        variables.push((format!("APP_PORT_{number}"), port.to_string()));
    }
    variables.extend(settings.environment.iter().cloned());
    variables
}

fn choose(settings: &SandboxSettings, report: io::Result<SandboxReport>) -> SandboxStatus {
    let (report, failure) = match report {
        Ok(report) => (report, None),
        Err(error) => (SandboxReport { modes: Vec::new(), layers: Vec::new() }, Some(error)),
    };
    let problems = || match &failure {
        Some(error) => format!("no sandbox could be tried out: {error}"),
        None if report.problems().is_empty() => {
            "sandbox.mode names one that does not work here".to_owned()
        }
        None => report.problems(),
    };
    let wanted = match settings.mode {
        Some(mode) => report.modes.contains(&mode).then_some(mode),
        None => report.strongest(),
    };
    let mode = match (settings.policy, wanted) {
        (SandboxPolicy::FullAccess, _) => Ok(SandboxMode::Unconfined),
        (SandboxPolicy::ReadOnly | SandboxPolicy::WorkspaceWrite, Some(mode)) => Ok(mode),
        (SandboxPolicy::ReadOnly | SandboxPolicy::WorkspaceWrite, None)
            if settings.allow_unsandboxed =>
        {
            Ok(SandboxMode::Unconfined)
        }
        (SandboxPolicy::ReadOnly | SandboxPolicy::WorkspaceWrite, None) => Err(format!(
            "commands cannot be confined on this machine: {}; or set sandbox.allow_unsandboxed = true to run them unconfined",
            problems()
        )),
    };
    let (policy, network) = (settings.policy, settings.network.name());
    SandboxStatus { policy, network, report, mode, engine: None }
}

impl SandboxStatus {
    /// Returns what a person needs to know, in a line.
    pub(crate) fn summary(&self) -> String {
        let confined =
            |by: &str| format!("{by}, policy {}, network {}", self.policy.name(), self.network);
        match (&self.engine, &self.mode) {
            (Some(Ok(engine)), _) => confined(&format!("containers of {engine}")),
            (None, Ok(SandboxMode::Unconfined)) => {
                "NONE: commands run as your user and may do everything that you may.".to_owned()
            }
            (None, Ok(mode)) => confined(mode.name()),
            (Some(Err(reason)), _) | (None, Err(reason)) => format!("MISSING: {reason}"),
        }
    }

    /// Returns the warning that the web interface shows; empty if there is nothing to warn of.
    pub(crate) fn notice(&self) -> String {
        match (&self.engine, &self.mode) {
            (Some(Ok(_)), _) | (None, Ok(SandboxMode::Namespaces | SandboxMode::Landlock)) => {
                String::new()
            }
            (None, Ok(SandboxMode::Unconfined)) => {
                "Commands run as your user and are not confined to the workspace.".to_owned()
            }
            (Some(Err(reason)), _) => {
                format!("When the server started, commands could not run: {reason}.")
            }
            (None, Err(reason)) => format!("Commands do not run: {reason}."),
        }
    }

    /// Returns everything, for health pages.
    pub(crate) fn detail(&self) -> Value {
        let layers =
            self.report.layers.iter().map(
                |layer| json!({"name": layer.name, "finding": layer.finding, "fix": layer.fix}),
            );
        json!({
            "mode": match (&self.engine, &self.mode) {
                (Some(Ok(_)), _) => "containers",
                (None, Ok(mode)) => mode.name(),
                (Some(Err(_)), _) | (None, Err(_)) => "refused",
            },
            "policy": self.policy.name(),
            "network": self.network,
            "layers": layers.collect::<Vec<_>>(),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use oh_config::Environment;
    use oh_runtime::Layer;

    use super::*;

    fn status(configuration: &str, modes: &[SandboxMode]) -> SandboxStatus {
        let config = Config::parse(configuration, Path::new("x"), &Environment::new()).unwrap();
        let fix = modes.is_empty().then_some("buy a kernel");
        let layers = vec![Layer { name: "landlock", finding: "looked at".to_owned(), fix }];
        choose(&config.sandbox, Ok(SandboxReport { modes: modes.to_vec(), layers }))
    }

    #[test]
    fn the_strongest_mode_is_used_and_none_is_never_used_in_silence() {
        fn check(configuration: &str, modes: &[SandboxMode], expected: Option<SandboxMode>) {
            let status = status(configuration, modes);
            assert_eq!(status.mode.ok(), expected, "{configuration} {modes:?}");
        }
        use SandboxMode::{Landlock, Namespaces, Unconfined};
        let allowed = "[sandbox]\nallow_unsandboxed = true";
        check("", &[Namespaces, Landlock], Some(Namespaces));
        check("", &[Landlock], Some(Landlock));
        check("", &[], None);
        check(allowed, &[], Some(Unconfined));
        check(allowed, &[Landlock], Some(Landlock));
        check("[sandbox]\nmode = \"landlock\"", &[Namespaces, Landlock], Some(Landlock));
        check("[sandbox]\nmode = \"namespaces\"", &[Landlock], None);
        check("[sandbox]\npolicy = \"full-access\"", &[Namespaces], Some(Unconfined));
        check("[sandbox]\npolicy = \"wrong\"", &[Namespaces], Some(Namespaces));
    }

    #[test]
    fn a_refusal_names_the_layer_and_the_fix() {
        let refused = status("", &[]);
        for text in [refused.summary(), refused.notice()] {
            assert!(text.contains("landlock") && text.contains("buy a kernel"), "{text}");
            assert!(text.contains("allow_unsandboxed"), "{text}");
        }
        assert_eq!(refused.detail()["mode"], "refused");
        assert_eq!(status("", &[SandboxMode::Namespaces]).notice(), "");
        let open = status("[sandbox]\nallow_unsandboxed = true", &[]);
        assert!(open.summary().starts_with("NONE") && !open.notice().is_empty());
    }
}
