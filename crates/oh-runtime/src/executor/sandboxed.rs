//! The outside: a runtime whose work is done in a sandbox.

use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use oh_event::Observation;
use tokio::io::DuplexStream;
use tokio::sync::Mutex;
use tokio::task::JoinSet;

use super::link::{Link, Lost};
use super::network::PROXY_PORT;
use super::proxy::{self, AllowedHosts};
use crate::config::{HostTools, LocalRuntimeConfig, PageNetwork};
use crate::local::{closed, closed_error, error};
use crate::ports::{self, OpenPort};
use crate::processes;
use crate::program::{Program, RunningProgram};
use crate::runtime::{ActionRequest, Activity, BoxFuture, Runtime};
use crate::sandbox::{
    NetworkPolicy, Places, Plan, ResourceLimits, SandboxMode, SandboxPolicy, Volume, VolumeAccess,
    confined_command, shell_dir, start,
};
use crate::shell::{random_name, write_private};

/// Parts of a repository that commands must not change: they would run when its owner uses git.
const PROTECTED: [&str; 2] = [".git/hooks", ".git/config"];

/// How long a supervisor may take to be ready.
const START_LIMIT: Duration = Duration::from_secs(60);

/// How a [`SandboxedRuntime`] is confined.
#[derive(Debug, Clone)]
pub struct SandboxConfig {
    /// A program that calls [`sandbox_main`](crate::sandbox_main) first.
    pub program: PathBuf,
    /// By what means.
    pub mode: SandboxMode,
    /// What may be changed.
    pub policy: SandboxPolicy,
    /// Who may be talked to.
    pub network: NetworkPolicy,
    /// What of this machine is hidden.
    pub places: Places,
    /// Ports of a network of its own that this machine leads to, on its loopback.
    pub ports: Vec<u16>,
    /// More directories.
    pub volumes: Vec<Volume>,
    /// Whether hooks and settings of a repository in the workspace cannot be changed.
    pub protects_repository: bool,
    /// How much may be used.
    pub limits: ResourceLimits,
}

/// Runs actions in a sandbox of their own: a [`LocalRuntime`](crate::LocalRuntime) in another process.
///
/// No process starts before the first action. Dropping the runtime ends everything inside; so does the
/// end of this process, however it ends.
#[derive(Debug)]
pub struct SandboxedRuntime {
    program: PathBuf,
    plan: Plan,
    config: LocalRuntimeConfig,
    workspace: PathBuf,
    marker: String,
    ports: Vec<u16>,
    link: Mutex<LinkState>,
}

#[derive(Debug)]
enum LinkState {
    NotStarted,
    Started(Arc<Started>),
    Closed,
}

/// A supervisor that serves, and what leads out of its network.
#[derive(Debug)]
struct Started {
    link: Link,
    _relays: JoinSet<()>,
}

impl SandboxedRuntime {
    /// Prepares the directories and ends what an earlier run of the conversation left behind.
    ///
    /// # Errors
    ///
    /// Fails if a directory cannot be made, or if the network cannot be limited as it should be.
    pub fn new(local: LocalRuntimeConfig, sandbox: SandboxConfig) -> io::Result<Self> {
        std::fs::create_dir_all(&local.workspace)?;
        let mut builder = std::fs::DirBuilder::new();
        builder.recursive(true).mode(0o700);
        for part in ["home", "tmp", "output"] {
            builder.create(local.session_dir.join(part))?;
        }
        builder.create(shell_dir(&local.session_dir))?;
        let session_dir = local.session_dir.canonicalize()?;
        let workspace = local.workspace.canonicalize()?;
        let marker = replace_marker(&session_dir)?;
        let mode = match sandbox.policy {
            SandboxPolicy::FullAccess => SandboxMode::Unconfined,
            SandboxPolicy::ReadOnly | SandboxPolicy::WorkspaceWrite => sandbox.mode,
        };
        let has_private_network = match (&sandbox.network, mode) {
            (NetworkPolicy::On, _) => false,
            (NetworkPolicy::Off, SandboxMode::Namespaces | SandboxMode::Landlock) => true,
            (NetworkPolicy::Off | NetworkPolicy::AllowList(_), SandboxMode::Unconfined) => {
                return Err(unsupported("there is no sandbox"));
            }
            (NetworkPolicy::AllowList(_), SandboxMode::Namespaces) => true,
            (NetworkPolicy::AllowList(_), SandboxMode::Landlock) => {
                return Err(unsupported("a list of allowed hosts needs namespaces"));
            }
        };
        let protected = if sandbox.protects_repository { PROTECTED.as_slice() } else { &[] };
        let plan = Plan {
            mode,
            policy: sandbox.policy,
            network: sandbox.network,
            has_private_network,
            home: sandbox.places.home,
            masked: sandbox.places.masked,
            exposed: sandbox.places.exposed,
            volumes: sandbox.volumes.into_iter().map(|volume| volume_in(mode, volume)).collect(),
            protected: protected.iter().map(PathBuf::from).collect(),
            limits: sandbox.limits,
            workspace,
            session_dir,
        };
        let config = config_inside(local, &plan)?;
        Ok(Self {
            program: sandbox.program,
            workspace: plan.workspace_inside().to_owned(),
            plan,
            config,
            marker,
            ports: sandbox.ports,
            link: Mutex::new(LinkState::NotStarted),
        })
    }

    /// Returns the mode in force.
    #[must_use]
    pub fn mode(&self) -> SandboxMode {
        self.plan.mode
    }

    /// Returns the supervisor, starting it if none serves; `None` after the runtime was closed.
    async fn link(&self) -> io::Result<Option<Arc<Started>>> {
        let mut state = self.link.lock().await;
        match &*state {
            LinkState::Closed => return Ok(None),
            LinkState::Started(link) if link.link.end().is_none() => return Ok(Some(link.clone())),
            LinkState::Started(_) | LinkState::NotStarted => {}
        }
        let plan = &self.plan;
        let relays = match &plan.network {
            NetworkPolicy::AllowList(hosts) if plan.has_relays() => {
                let hosts = AllowedHosts::new(hosts);
                proxy::serve(&plan.proxy_socket(), &plan.ports_socket(), hosts, &self.ports)?
            }
            NetworkPolicy::AllowList(_) | NetworkPolicy::On | NetworkPolicy::Off => JoinSet::new(),
        };
        let begin = async {
            let started = start(&self.program, plan, "supervise", &self.marker).await?;
            Link::connect(started, self.config.clone()).await
        };
        let late = |_| io::Error::new(io::ErrorKind::TimedOut, "it did not start within 60 s");
        let link = tokio::time::timeout(START_LIMIT, begin).await.map_err(late)??;
        let link = Arc::new(Started { link, _relays: relays });
        *state = LinkState::Started(link.clone());
        Ok(Some(link))
    }

    async fn execute_inside(&self, request: ActionRequest) -> Observation {
        let link = match self.link().await {
            Ok(Some(link)) => link,
            Ok(None) => return closed(),
            Err(reason) => {
                return error(&format!(
                    "ERROR: The sandbox of this conversation could not be started: {reason}. The action was not executed."
                ));
            }
        };
        match link.link.perform(request).await {
            Ok(observation) => observation,
            Err(Lost::NotSent(reason)) => {
                error(&format!("ERROR: The action was not executed: {reason}"))
            }
            Err(Lost::Ended(reason)) => error(&format!(
                "ERROR: The sandbox of this conversation ended while the action ran: {reason}. The next action starts it again; background processes are gone."
            )),
        }
    }

    async fn started_link(&self) -> Option<Arc<Started>> {
        match &*self.link.lock().await {
            LinkState::Started(link) => Some(link.clone()),
            LinkState::NotStarted | LinkState::Closed => None,
        }
    }
}

impl Runtime for SandboxedRuntime {
    fn execute(&self, request: ActionRequest) -> BoxFuture<'_, Observation> {
        Box::pin(self.execute_inside(request))
    }

    fn workspace(&self) -> &Path {
        &self.workspace
    }

    fn stop_processes(&self) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            if let Some(link) = self.started_link().await {
                link.link.stop().await;
            }
        })
    }

    fn activity(&self) -> BoxFuture<'_, Activity> {
        Box::pin(async move {
            match self.started_link().await {
                Some(link) => link.link.activity().await.unwrap_or_default(),
                None => Activity::default(),
            }
        })
    }

    fn start_program(&self, program: Program) -> BoxFuture<'_, io::Result<RunningProgram>> {
        Box::pin(async move {
            let link = self.link().await?.ok_or_else(closed_error)?;
            link.link.start_program(program)
        })
    }

    fn ports(&self) -> BoxFuture<'_, Vec<OpenPort>> {
        Box::pin(async move {
            match self.started_link().await {
                Some(link) => link.link.ports().await.unwrap_or_default(),
                None => Vec::new(),
            }
        })
    }

    fn connect(&self, port: u16) -> BoxFuture<'_, io::Result<DuplexStream>> {
        Box::pin(async move {
            // Where nothing was started, nothing listens.
            let link = self.started_link().await.ok_or_else(|| ports::not_held(port))?;
            link.link.connect_port(port).await
        })
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            let link = std::mem::replace(&mut *self.link.lock().await, LinkState::Closed);
            if let LinkState::Started(link) = link {
                link.link.stop().await;
            }
            let marker = self.marker.clone();
            let _ = tokio::task::spawn_blocking(move || processes::kill_session(&marker)).await;
        })
    }
}

/// Returns what a volume is where nothing can be mounted: under its own name, and without copies.
fn volume_in(mode: SandboxMode, volume: Volume) -> Volume {
    match mode {
        SandboxMode::Namespaces => volume,
        SandboxMode::Landlock | SandboxMode::Unconfined => {
            tracing::warn!(path = %volume.host.display(), "a volume keeps its own path: namespaces do not work here");
            let access = match volume.access {
                VolumeAccess::Write => VolumeAccess::Write,
                VolumeAccess::Read | VolumeAccess::Overlay => VolumeAccess::Read,
            };
            Volume { inside: volume.host.clone(), access, ..volume }
        }
    }
}

/// Ends what carries the last run's marker, and returns a new one.
fn replace_marker(session_dir: &Path) -> io::Result<String> {
    let file = session_dir.join("sandbox-marker");
    if let Ok(old) = std::fs::read_to_string(&file)
        && !old.is_empty()
    {
        processes::kill_session(&old);
    }
    let marker = random_name()?;
    write_private(&file, &marker)?;
    Ok(marker)
}

/// Returns the configuration with paths as they are inside.
fn config_inside(local: LocalRuntimeConfig, plan: &Plan) -> io::Result<LocalRuntimeConfig> {
    let host = HostTools {
        temporary_dir: Some(plan.temporary_inside()),
        // Its files are written to, and the user's are not writable.
        cargo_home: local.host.cargo_home.filter(|_| plan.mode == SandboxMode::Unconfined),
        ..local.host
    };
    let proxy = if plan.has_relays() { proxy_variables() } else { Vec::new() };
    let page_network = match (plan.has_private_network, plan.has_relays()) {
        (true, true) => PageNetwork::Proxy(format!("http://127.0.0.1:{PROXY_PORT}")),
        (true, false) => PageNetwork::Off,
        (false, _) => PageNetwork::Shared,
    };
    Ok(LocalRuntimeConfig {
        environment: proxy.into_iter().chain(local.environment).collect(),
        workspace: plan.workspace_inside().to_owned(),
        session_dir: plan.session_dir.clone(),
        home: Some(plan.home_inside()),
        launcher: confined_command(plan)?,
        host,
        page_network,
        ..local
    })
}

/// Returns what leads programs to the proxy.
fn proxy_variables() -> Vec<(String, String)> {
    let proxy = format!("http://127.0.0.1:{PROXY_PORT}");
    let none = "localhost,127.0.0.1,::1".to_owned();
    [("HTTP_PROXY", &proxy), ("HTTPS_PROXY", &proxy), ("ALL_PROXY", &proxy), ("NO_PROXY", &none)]
        .into_iter()
        .flat_map(|(name, value)| {
            [(name.to_owned(), value.clone()), (name.to_ascii_lowercase(), value.clone())]
        })
        .collect()
}

fn unsupported(reason: &str) -> io::Error {
    let text = format!("the network cannot be limited as sandbox.network says: {reason}");
    io::Error::new(io::ErrorKind::Unsupported, text)
}
