//! One container and the link to its main process.

use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex as StdMutex, PoisonError};
use std::time::Duration;

use oh_event::Observation;
use tokio::io::{AsyncWriteExt, DuplexStream};
use tokio::sync::Mutex;

use super::body::{Body, SESSION};
use super::config::{ContainerConfig, ContainerOnClose};
use super::containers::{Containers, container_name};
use super::engine::{Engine, Found};
use super::error::ContainerError;
use crate::config::{HostTools, LocalRuntimeConfig};
use crate::executor::{Link, Lost};
use crate::local::{closed, closed_error, error};
use crate::ports::{self, OpenPort};
use crate::program::{Program, RunningProgram};
use crate::runtime::{ActionRequest, Activity, BoxFuture, OutputSink, Runtime};
use crate::sandbox::{
    NetworkPolicy, Plan, ResourceLimits, SandboxMode, WORKSPACE, confined_command, plan_bytes,
};

/// Time for all processes of a conversation to be ended.
const TIME_TO_STOP: Duration = Duration::from_secs(10);
/// Attempts to start a container whose name or ports were taken meanwhile.
const ATTEMPTS: usize = 3;

/// Runs actions in a container: a [`LocalRuntime`](crate::LocalRuntime) that is its main process.
///
/// Dropping the runtime ends the container's main process; so does the end of this process, however it
/// ends. The container stays, stopped, until it is deleted.
#[derive(Debug)]
pub struct ContainerRuntime {
    containers: Containers,
    conversation: String,
    body: Body,
    plan: Plan,
    local: LocalRuntimeConfig,
    /// Is there if a container was made.
    made_file: PathBuf,
    /// What the next result of a command must tell.
    notes: StdMutex<Vec<&'static str>>,
    link: Mutex<LinkState>,
}

#[derive(Debug)]
enum LinkState {
    NotStarted,
    Started(Arc<Link>),
    Closed,
}

impl ContainerRuntime {
    pub(super) fn new(
        containers: Containers,
        conversation: &str,
        local: LocalRuntimeConfig,
    ) -> io::Result<Self> {
        let config = containers.config();
        let is_new = !local.workspace.exists();
        std::fs::create_dir_all(&local.workspace)?;
        let session_dir = local.session_dir.join("container");
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&session_dir)?;
        let workspace = local.workspace.canonicalize()?;
        let session_dir = session_dir.canonicalize()?;
        if let Some(user) = config.user {
            // If this fails, we are that user, or commands are told that they may not write.
            let give = |path: &Path| drop(std::os::unix::fs::chown(path, Some(user), Some(user)));
            give(&session_dir);
            if is_new {
                give(&workspace);
            }
        }
        let plan = Plan {
            mode: SandboxMode::Unconfined,
            policy: config.policy,
            network: NetworkPolicy::On,
            has_private_network: false,
            workspace: WORKSPACE.into(),
            session_dir: SESSION.into(),
            home: None,
            masked: Vec::new(),
            exposed: Vec::new(),
            volumes: Vec::new(),
            protected: Vec::new(),
            // The engine counts processes; the limit of a user would count those outside, too.
            limits: ResourceLimits { processes: 0, ..config.limits.clone() },
        };
        let kept = containers.take_kept(conversation).filter(|link| link.end().is_none());
        Ok(Self {
            body: Body::new(config, conversation, &workspace, &session_dir),
            made_file: local.session_dir.join("container-made"),
            conversation: conversation.to_owned(),
            plan,
            local,
            notes: StdMutex::default(),
            link: Mutex::new(kept.map_or(LinkState::NotStarted, LinkState::Started)),
            containers,
        })
    }

    /// Returns the link, starting the container if need be; `None` after the runtime was closed.
    async fn link(&self, output: Option<&OutputSink>) -> Result<Option<Arc<Link>>, ContainerError> {
        let mut state = self.link.lock().await;
        match &*state {
            LinkState::Closed => return Ok(None),
            LinkState::Started(link) if link.end().is_none() => return Ok(Some(link.clone())),
            LinkState::Started(_) => {
                self.note(
                    "The container had ended and was started again; background processes are gone.",
                );
            }
            LinkState::NotStarted => {}
        }
        let link = Arc::new(self.start(output).await?);
        *state = LinkState::Started(link.clone());
        Ok(Some(link))
    }

    async fn start(&self, output: Option<&OutputSink>) -> Result<Link, ContainerError> {
        let config = self.config();
        let (engine, _) = self.containers.engine(&self.name()).await?;
        let mut attempt = 1;
        loop {
            let found = self.prepare(&engine, output).await?;
            engine.upload(&config.program).await?;
            let mut attachment = engine.attach().await?;
            match engine.start().await {
                Ok(()) => {}
                Err(reason) if is_port_taken(&reason) && attempt < ATTEMPTS => {
                    attempt += 1;
                    engine.remove().await?;
                    let _ = std::fs::remove_file(&self.made_file);
                    continue;
                }
                Err(reason) => return Err(engine.explain(config, reason).await),
            }
            let failed = |error: &io::Error| engine.failed("talk to the container", error);
            let plan = plan_bytes(&self.plan).map_err(|error| failed(&error))?;
            // If the main process has ended already, the link finds out why.
            let _ = attachment.input.write_all(&plan).await;
            let said = attachment.said.clone();
            let ending = {
                let (engine, said) = (engine.clone(), said.clone());
                async move {
                    let reason = engine.reason_of_end().await;
                    let said = said.text();
                    if said.is_empty() { reason } else { format!("{reason}: {said}") }
                }
            };
            let inside = self.config_inside(found).map_err(|error| failed(&error))?;
            let link = Link::over(attachment.output, attachment.input, ending, inside).await;
            return match link {
                Ok(link) => Ok(link),
                Err(error) => Err(engine.explain(config, error.to_string()).await),
            };
        }
    }

    /// Returns a container that does not run, making it if need be.
    async fn prepare(
        &self,
        engine: &Engine,
        output: Option<&OutputSink>,
    ) -> Result<Found, ContainerError> {
        for _ in 0..ATTEMPTS {
            match engine.find().await? {
                Some(found) if found.conversation.as_deref() != Some(&self.conversation) => break,
                Some(found) if found.settings.as_ref() != Some(&self.body.settings) => {
                    self.note("The settings of the container have changed and it was made anew; only files in /workspace and in the home directory are still there.");
                    engine.remove().await?;
                    let _ = std::fs::remove_file(&self.made_file);
                }
                Some(found) => {
                    if found.is_running {
                        // Its input has ended, or will not come from us.
                        engine.stop().await?;
                    }
                    return Ok(found);
                }
                None => {
                    if self.made_file.exists() {
                        self.note("The container was gone and was made anew; only files in /workspace and in the home directory are still there.");
                    }
                    self.create(engine, output).await?;
                }
            }
        }
        Err(ContainerError::NameTaken { name: self.name() })
    }

    async fn create(
        &self,
        engine: &Engine,
        output: Option<&OutputSink>,
    ) -> Result<(), ContainerError> {
        let config = self.config();
        engine.need_image(config, output).await?;
        if !engine.create(self.body.with_ports(), config.platform.as_deref()).await? {
            // Somebody was faster; whose it is comes out when it is looked at.
            return Ok(());
        }
        if config.network == NetworkPolicy::On && !config.uses_host_network {
            for network in &config.additional_networks {
                if let Err(error) = engine.join(network).await {
                    // Without it the container would not be what was asked for.
                    engine.remove().await?;
                    return Err(error);
                }
            }
        }
        std::fs::write(&self.made_file, self.name())
            .map_err(|error| engine.failed("take note of the container", &error))
    }

    /// Returns the configuration as it is inside `container`.
    fn config_inside(&self, container: Found) -> io::Result<LocalRuntimeConfig> {
        let mut host = HostTools { temporary_dir: Some("/tmp".into()), ..HostTools::default() };
        let mut environment = Vec::new();
        for (name, value) in container.environment {
            match name.as_str() {
                "PATH" => host.path = Some(value.into()),
                "LANG" => host.lang = Some(value.into()),
                _ => environment.push((name, value)),
            }
        }
        let ports = container.ports.into_iter().enumerate();
        environment.extend(ports.map(|(n, port)| (format!("APP_PORT_{}", n + 1), port)));
        environment.extend(self.local.environment.clone());
        Ok(LocalRuntimeConfig {
            workspace: WORKSPACE.into(),
            session_dir: SESSION.into(),
            home: Some(self.plan.home_inside()),
            launcher: confined_command(&self.plan)?,
            environment,
            host,
            ..self.local.clone()
        })
    }

    async fn execute_inside(&self, request: ActionRequest) -> Observation {
        let link = match self.link(request.output.as_ref()).await {
            Ok(Some(link)) => link,
            Ok(None) => return closed(),
            Err(reason) => {
                return error(&format!(
                    "ERROR: The container of this conversation could not be started: {reason}. The action was not executed."
                ));
            }
        };
        match link.perform(request).await {
            Ok(observation) => self.with_notes(observation),
            Err(Lost::NotSent(reason)) => {
                error(&format!("ERROR: The action was not executed: {reason}"))
            }
            Err(Lost::Ended(reason)) => error(&format!(
                "ERROR: The container of this conversation ended while the action ran: {reason}. The next action starts it again; background processes are gone."
            )),
        }
    }

    async fn started_link(&self) -> Option<Arc<Link>> {
        match &*self.link.lock().await {
            LinkState::Started(link) => Some(link.clone()),
            LinkState::NotStarted | LinkState::Closed => None,
        }
    }

    fn note(&self, note: &'static str) {
        let mut notes = self.notes.lock().unwrap_or_else(PoisonError::into_inner);
        if !notes.contains(&note) {
            notes.push(note);
        }
    }

    fn with_notes(&self, observation: Observation) -> Observation {
        let Observation::Run(mut run) = observation else { return observation };
        let mut notes = self.notes.lock().unwrap_or_else(PoisonError::into_inner);
        for note in notes.drain(..) {
            run.metadata.suffix.push_str(&format!("\n[{note}]"));
        }
        Observation::Run(run)
    }

    fn config(&self) -> &ContainerConfig {
        self.containers.config()
    }

    fn name(&self) -> String {
        container_name(&self.conversation)
    }

    async fn end(&self, link: Arc<Link>) -> Result<(), ContainerError> {
        let on_close = self.config().on_close;
        if on_close == ContainerOnClose::Keep && link.end().is_none() {
            self.containers.keep(&self.conversation, link);
            return Ok(());
        }
        let _ = tokio::time::timeout(TIME_TO_STOP, link.stop()).await;
        drop(link);
        let (engine, _) = self.containers.engine(&self.name()).await?;
        match on_close {
            ContainerOnClose::Stop | ContainerOnClose::Keep => engine.stop().await,
            ContainerOnClose::Remove => {
                let _ = std::fs::remove_file(&self.made_file);
                engine.remove().await
            }
        }
    }
}

impl Runtime for ContainerRuntime {
    fn execute(&self, request: ActionRequest) -> BoxFuture<'_, Observation> {
        Box::pin(self.execute_inside(request))
    }

    fn workspace(&self) -> &Path {
        Path::new(WORKSPACE)
    }

    fn stop_processes(&self) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            if let Some(link) = self.started_link().await {
                link.stop().await;
            }
        })
    }

    fn activity(&self) -> BoxFuture<'_, Activity> {
        Box::pin(async move {
            match self.started_link().await {
                Some(link) => link.activity().await.unwrap_or_default(),
                None => Activity::default(),
            }
        })
    }

    fn start_program(&self, program: Program) -> BoxFuture<'_, io::Result<RunningProgram>> {
        Box::pin(async move {
            let link = self.link(None).await.map_err(io::Error::other)?;
            link.ok_or_else(closed_error)?.start_program(program)
        })
    }

    fn ports(&self) -> BoxFuture<'_, Vec<OpenPort>> {
        Box::pin(async move {
            match self.started_link().await {
                Some(link) => link.ports().await.unwrap_or_default(),
                None => Vec::new(),
            }
        })
    }

    fn connect(&self, port: u16) -> BoxFuture<'_, io::Result<DuplexStream>> {
        Box::pin(async move {
            // Where nothing was started, nothing listens.
            let link = self.started_link().await.ok_or_else(|| ports::not_held(port))?;
            link.connect_port(port).await
        })
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            let link = std::mem::replace(&mut *self.link.lock().await, LinkState::Closed);
            if let LinkState::Started(link) = link
                && let Err(error) = self.end(link).await
            {
                tracing::warn!(%error, "failed to close a container");
            }
        })
    }
}

fn is_port_taken(reason: &str) -> bool {
    ["port is already allocated", "address already in use"].iter().any(|sign| reason.contains(sign))
}
