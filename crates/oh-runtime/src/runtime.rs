use std::fmt::Debug;
use std::io;
use std::path::Path;
use std::pin::Pin;
use std::time::Duration;

use oh_event::{Action, Observation};
use serde::{Deserialize, Serialize};
use tokio::io::DuplexStream;
use tokio::sync::mpsc;

use crate::ports::OpenPort;
use crate::program::{Program, RunningProgram};

/// A future that can be sent to another thread.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Takes the output of a command while it runs.
///
/// A chunk is text as the terminal shows it, escape sequences included, with `\n` line ends.
/// Chunks that do not fit into the channel are lost.
pub type OutputSink = mpsc::Sender<String>;

/// Where actions run. One per live conversation.
pub trait Runtime: Send + Sync + Debug + 'static {
    /// Executes one action and returns its observation; whatever goes wrong is an observation too.
    ///
    /// Dropping the returned future interrupts the action and kills its processes.
    fn execute(&self, request: ActionRequest) -> BoxFuture<'_, Observation>;

    /// Returns the directory the agent works in, as commands see it.
    fn workspace(&self) -> &Path;

    /// Kills every process that the conversation started, background ones too; files stay.
    ///
    /// The next command gets a new shell.
    fn stop_processes(&self) -> BoxFuture<'_, ()>;

    /// Returns what the conversation's processes are doing.
    fn activity(&self) -> BoxFuture<'_, Activity> {
        Box::pin(async { Activity::default() })
    }

    /// Starts a program in the workspace, confined like commands.
    ///
    /// It ends with the returned stream, and with the other processes of the conversation.
    fn start_program(&self, program: Program) -> BoxFuture<'_, io::Result<RunningProgram>> {
        let reason =
            format!("`{}` cannot be started: this runtime starts no programs", program.command);
        Box::pin(async { Err(io::Error::new(io::ErrorKind::Unsupported, reason)) })
    }

    /// Returns the TCP ports on which processes of the conversation wait for connections.
    fn ports(&self) -> BoxFuture<'_, Vec<OpenPort>> {
        Box::pin(async { Vec::new() })
    }

    /// Connects to a port of the conversation, from inside. Dropping the stream closes the connection.
    ///
    /// A port that no process of the conversation holds is not reached, whoever else holds it. If
    /// there are many connections already, this waits until one of them is closed.
    fn connect(&self, port: u16) -> BoxFuture<'_, io::Result<DuplexStream>> {
        let reason = format!("port {port} cannot be reached: this runtime leads to no ports");
        Box::pin(async { Err(io::Error::new(io::ErrorKind::Unsupported, reason)) })
    }

    /// Kills every process like [`Runtime::stop_processes`] and starts no shell again.
    fn close(&self) -> BoxFuture<'_, ()>;
}

/// What the processes of a conversation are doing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Activity {
    /// The command that the shell runs.
    pub foreground: Option<String>,
    /// What else runs, as people may know it; not looked for while a command runs.
    pub background: Vec<String>,
}

/// One action to execute.
#[derive(Debug)]
pub struct ActionRequest {
    /// The action.
    pub action: Action,
    /// Time after which a command is reported as still running. With it there is no soft timeout.
    pub timeout: Option<Duration>,
    /// Takes the output while the action runs.
    pub output: Option<OutputSink>,
}

impl ActionRequest {
    /// Returns a request without a time limit of its own and without live output.
    #[must_use]
    pub fn new(action: Action) -> Self {
        Self { action, timeout: None, output: None }
    }
}
