use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use oh_event::{
    Action, ConfirmationState, ErrorObservation, Observation, PlainObservation, RunAction,
    RunIpythonAction,
};
use tokio::io::DuplexStream;
use tokio::sync::{OnceCell, Semaphore};
use tokio::task::JoinSet;

use crate::config::{LocalRuntimeConfig, PageNetwork, command_environment, hostname, username};
use crate::editor::Editor;
use crate::files;
use crate::pages::PageProxy;
use crate::path::PathMap;
use crate::ports::{self, OpenPort};
use crate::processes::{self, Process};
use crate::program::{self, Program, ProgramNetwork, RunningProgram};
use crate::runtime::{ActionRequest, Activity, BoxFuture, OutputSink, Runtime};
use crate::sandbox::shell_dir;
use crate::shell::{ShellSetup, random_name, remove_leftovers, write_private};
use crate::static_run;
use crate::tasks::Tasks;

/// Static commands of one conversation that may run at once.
const STATIC_COMMANDS: usize = 4;
const BAD_ACTION: &str = "AGENT_ERROR$BAD_ACTION";

/// Runs actions on this machine: one shell, one notebook, the files they see, and the editor.
///
/// No process starts before the first command.
/// Dropping the runtime kills every process of the conversation.
#[derive(Debug)]
pub struct LocalRuntime {
    setup: ShellSetup,
    paths: PathMap,
    editor: Arc<Editor>,
    tasks: Tasks,
    statics: Semaphore,
    connections: Arc<Semaphore>,
    /// The work of keeping programs and connections.
    programs: Mutex<JoinSet<()>>,
    /// The programs, which are not what a command left running.
    program_roots: Mutex<Vec<Process>>,
    page_network: PageNetwork,
    page_proxy: OnceCell<PageProxy>,
}

impl LocalRuntime {
    /// Prepares the directories and kills what an earlier run of the conversation left behind.
    ///
    /// # Errors
    ///
    /// Fails if a directory cannot be made or is not writable.
    pub fn new(config: LocalRuntimeConfig) -> io::Result<Self> {
        std::fs::create_dir_all(&config.workspace)?;
        let home = config.home.clone().unwrap_or_else(|| config.session_dir.join("home"));
        let shell_dir = shell_dir(&config.session_dir);
        let output_dir = config.session_dir.join("output");
        let mut builder = std::fs::DirBuilder::new();
        builder.recursive(true).mode(0o700);
        for directory in [&home, &output_dir, &shell_dir] {
            builder.create(directory)?;
        }
        let workspace = config.workspace.canonicalize()?;
        let session_dir = config.session_dir.canonicalize()?;

        let marker_file = session_dir.join("marker");
        if let Ok(old) = std::fs::read_to_string(&marker_file)
            && !old.is_empty()
        {
            processes::kill_session(&old);
        }
        let marker = random_name()?;
        write_private(&marker_file, &marker)?;
        remove_leftovers(&shell_dir)?;

        let username = username();
        let directory = std::fs::read_to_string(session_dir.join("directory"))
            .ok()
            .map(PathBuf::from)
            .filter(|path| path.is_dir())
            .unwrap_or_else(|| workspace.clone());
        let setup = ShellSetup {
            environment: command_environment(&config, &home, &username, &marker),
            given: config.given_variables(),
            output_dir: session_dir.join("output"),
            marker,
            username,
            hostname: hostname(),
            soft_timeout: config.soft_timeout,
            default_timeout: config.default_timeout,
            longest_command: config.longest_command,
            idle_limit: config.idle_limit,
            columns: config.columns,
            rows: config.rows,
            accept_multiline: config.accept_multiline,
            workspace: workspace.clone(),
            shell_dir: shell_dir.canonicalize()?,
            launcher: config.launcher.clone(),
            session_dir: session_dir.clone(),
        };
        Ok(Self {
            tasks: Tasks::new(setup.clone(), directory),
            setup,
            paths: PathMap::new(workspace.clone()),
            editor: Arc::new(Editor::new(PathMap::new(workspace), session_dir.join("edits"))),
            statics: Semaphore::new(STATIC_COMMANDS),
            connections: Arc::new(Semaphore::new(ports::CONNECTIONS)),
            programs: Mutex::default(),
            program_roots: Mutex::default(),
            page_network: config.page_network,
            page_proxy: OnceCell::new(),
        })
    }

    /// Returns what names this run of the conversation in the environment of its processes.
    #[must_use]
    pub fn session_marker(&self) -> &str {
        &self.setup.marker
    }

    async fn run(
        &self,
        action: RunAction,
        timeout: Option<Duration>,
        output: Option<OutputSink>,
    ) -> Observation {
        let Some(shell) = self.tasks.shell() else { return closed() };
        if action.is_static {
            return self.run_static(action, timeout).await;
        }
        shell.run(action, timeout, output).await.unwrap_or_else(closed)
    }

    async fn run_cell(
        &self,
        action: RunIpythonAction,
        timeout: Option<Duration>,
        output: Option<OutputSink>,
    ) -> Observation {
        match self.tasks.notebook() {
            Some(notebook) => notebook.run(action, timeout, output).await.unwrap_or_else(closed),
            None => closed(),
        }
    }

    async fn run_static(&self, action: RunAction, timeout: Option<Duration>) -> Observation {
        let Ok(_permit) = self.statics.acquire().await else { return closed() };
        let directory = match &action.cwd {
            Some(cwd) => self.setup.workspace.join(self.paths.on_disk(Path::new(cwd))),
            None => self.setup.workspace.clone(),
        };
        let timeout = timeout.unwrap_or(self.setup.default_timeout);
        static_run::run(action, &directory, &self.setup, timeout).await
    }

    async fn work_on_files(
        &self,
        work: impl FnOnce(&Editor, &PathMap, &Path) -> Observation + Send + 'static,
    ) -> Observation {
        let editor = Arc::clone(&self.editor);
        let paths = self.paths.clone();
        let directory = self.tasks.directory();
        tokio::task::spawn_blocking(move || work(&editor, &paths, &directory))
            .await
            .unwrap_or_else(|_| error("The file operation was given up."))
    }

    /// Returns what runs; `find` finds the processes by the session marker.
    pub(crate) async fn look(&self, find: fn(&str) -> Vec<Process>) -> Activity {
        let (shell, notebook) = self.tasks.activity();
        if let Some(foreground) = shell.command.or(notebook.code) {
            return Activity { foreground: Some(foreground), background: Vec::new() };
        }
        let marker = self.setup.marker.clone();
        let own: Vec<i32> = notebook.processes.into_iter().chain(shell.pid).collect();
        let programs = self.program_roots.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let look = move || {
            let left = processes::without_trees(find(&marker), &programs);
            processes::descriptions(left, &own)
        };
        let background = tokio::task::spawn_blocking(look).await.unwrap_or_default();
        Activity { foreground: None, background }
    }

    /// Starts a program; `find` finds the processes whose ports pages may reach.
    pub(crate) async fn start(
        &self,
        mut program: Program,
        find: fn(&str) -> Vec<Process>,
    ) -> io::Result<RunningProgram> {
        if self.tasks.is_closed() {
            return Err(closed_error());
        }
        match program.network {
            ProgramNetwork::AsCommands => {}
            ProgramNetwork::OfPages => {
                let (proxy, loopback) = self.page_network(find).await?;
                for (name, value) in
                    [("OPENHANDS_PAGE_PROXY", proxy), ("OPENHANDS_PAGE_LOOPBACK", loopback)]
                {
                    program.environment.push((name.to_owned(), value));
                }
            }
        }
        let program = &program;
        let (running, process, work) = program::start(program, &self.setup)?;
        {
            let mut known = self.program_roots.lock().unwrap_or_else(PoisonError::into_inner);
            known.retain(Process::is_alive);
            known.extend(process);
        }
        self.keep(work);
        Ok(running)
    }

    /// Returns the proxy of pages, and how they reach this machine.
    async fn page_network(&self, find: fn(&str) -> Vec<Process>) -> io::Result<(String, String)> {
        let direct = "direct".to_owned();
        match &self.page_network {
            PageNetwork::Proxy(url) => Ok((url.clone(), direct)),
            PageNetwork::Off => Ok((String::new(), direct)),
            PageNetwork::Shared => {
                let marker = self.setup.marker.clone();
                let start = || PageProxy::start(Arc::new(move || find(&marker)));
                let proxy = self.page_proxy.get_or_try_init(start).await?;
                Ok((proxy.url(), "proxy".to_owned()))
            }
        }
    }

    /// Returns the ports of the processes that `find` finds by the session marker.
    pub(crate) async fn ports_of(&self, find: fn(&str) -> Vec<Process>) -> Vec<OpenPort> {
        let marker = self.setup.marker.clone();
        let look = move || ports::listening(&find(&marker));
        tokio::task::spawn_blocking(look).await.unwrap_or_default()
    }

    /// Connects to a port of the processes that `find` finds by the session marker.
    pub(crate) async fn connect_to(
        &self,
        find: fn(&str) -> Vec<Process>,
        port: u16,
    ) -> io::Result<DuplexStream> {
        let marker = self.setup.marker.clone();
        let place = match self.connections.clone().try_acquire_owned() {
            Ok(place) => place,
            // Nobody waits for room at a port that is not there.
            Err(_) if !self.holds_port(find, port).await => return Err(ports::not_held(port)),
            Err(_) => self.connections.clone().acquire_owned().await.map_err(io::Error::other)?,
        };
        let there = ports::connect(move || find(&marker), port).await?;
        let (stream, work) = ports::carry(there, place);
        self.keep(work);
        Ok(stream)
    }

    /// Says whether whoever connects to `port` from here reaches the processes that `find` finds, and
    /// nobody else.
    pub(crate) async fn holds_port(&self, find: fn(&str) -> Vec<Process>, port: u16) -> bool {
        let marker = self.setup.marker.clone();
        let look = move || ports::holds_port(&find(&marker), port);
        tokio::task::spawn_blocking(look).await.unwrap_or(false)
    }

    fn keep(&self, work: impl Future<Output = ()> + Send + 'static) {
        let mut programs = self.programs.lock().unwrap_or_else(PoisonError::into_inner);
        while programs.try_join_next().is_some() {}
        programs.spawn(work);
    }
}

impl Runtime for LocalRuntime {
    fn execute(&self, request: ActionRequest) -> BoxFuture<'_, Observation> {
        let ActionRequest { action, timeout, output } = request;
        Box::pin(async move {
            if action.confirmation_state() != ConfirmationState::Confirmed {
                return not_confirmed();
            }
            match action {
                Action::Run(action) => self.run(action, timeout, output).await,
                Action::Read(action) => {
                    self.work_on_files(move |editor, paths, directory| {
                        files::read(&action, editor, paths, directory)
                    })
                    .await
                }
                Action::Write(action) => {
                    self.work_on_files(move |editor, paths, directory| {
                        files::write(&action, editor, paths, directory)
                    })
                    .await
                }
                Action::Edit(action) => {
                    self.work_on_files(move |editor, _, _| editor.edit(&action)).await
                }
                Action::RunIpython(action) => self.run_cell(action, timeout, output).await,
                Action::Browse(_) | Action::BrowseInteractive(_) | Action::CallToolMcp(_) => {
                    no_such_tool(action.name())
                }
                Action::Message(_)
                | Action::System(_)
                | Action::Think(_)
                | Action::Finish(_)
                | Action::Reject(_)
                | Action::Delegate(_)
                | Action::Recall(_)
                | Action::ChangeAgentState(_)
                | Action::Condensation(_)
                | Action::CondensationRequest(_)
                | Action::TaskTracking(_)
                | Action::LoopRecovery(_)
                | Action::Null(_) => Observation::Null(PlainObservation::default()),
            }
        })
    }

    fn workspace(&self) -> &Path {
        &self.setup.workspace
    }

    fn stop_processes(&self) -> BoxFuture<'_, ()> {
        Box::pin(self.tasks.stop())
    }

    fn activity(&self) -> BoxFuture<'_, Activity> {
        Box::pin(self.look(processes::of_session))
    }

    fn start_program(&self, program: Program) -> BoxFuture<'_, io::Result<RunningProgram>> {
        Box::pin(self.start(program, processes::of_session))
    }

    fn ports(&self) -> BoxFuture<'_, Vec<OpenPort>> {
        Box::pin(self.ports_of(processes::of_session))
    }

    fn connect(&self, port: u16) -> BoxFuture<'_, io::Result<DuplexStream>> {
        Box::pin(self.connect_to(processes::of_session, port))
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            self.tasks.stop().await;
            self.tasks.close();
            let marker = self.setup.marker.clone();
            let _ = tokio::task::spawn_blocking(move || processes::kill_session(&marker)).await;
        })
    }
}

impl Drop for LocalRuntime {
    fn drop(&mut self) {
        self.tasks.close();
        processes::kill_session(&self.setup.marker);
    }
}

pub(crate) fn error(content: &str) -> Observation {
    Observation::Error(ErrorObservation { content: content.to_owned(), error_id: String::new() })
}

pub(crate) fn closed() -> Observation {
    error("The runtime of this conversation is closed; the action was not executed.")
}

pub(crate) fn closed_error() -> io::Error {
    io::Error::other("the runtime of this conversation is closed")
}

fn no_such_tool(name: &str) -> Observation {
    Observation::Error(ErrorObservation {
        content: format!("This runtime has no tool for the action `{name}`."),
        error_id: BAD_ACTION.to_owned(),
    })
}

fn not_confirmed() -> Observation {
    Observation::Error(ErrorObservation {
        content: "The user has not allowed this action, so it was not executed.".to_owned(),
        error_id: BAD_ACTION.to_owned(),
    })
}
