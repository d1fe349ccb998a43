//! The conversation's shell: one bash on a terminal, and one task that owns it.
//!
//! [`Shell`] is the handle; the task is in `task`. A request waits in a channel until the one before it
//! is answered. The task reads the terminal all the time, so that a command never blocks on its output.

mod answer;
mod foreground;
mod guard;
mod init;
mod interrupt;
mod keys;
mod marker;
mod process;
mod request;
mod split;
mod task;
mod texts;
mod waiting;

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use oh_event::{Observation, RunAction};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;

use crate::runtime::OutputSink;

pub(crate) use process::{random_name, remove_leftovers, write_private};

const WAITING_REQUESTS: usize = 16;

/// What a shell needs to know.
#[derive(Debug, Clone)]
pub(crate) struct ShellSetup {
    pub(crate) workspace: PathBuf,
    pub(crate) session_dir: PathBuf,
    /// Where the shell and we exchange files.
    pub(crate) shell_dir: PathBuf,
    pub(crate) output_dir: PathBuf,
    /// Stands before each command that is started.
    pub(crate) launcher: Vec<OsString>,
    pub(crate) environment: Vec<(OsString, OsString)>,
    /// Names of those among them that may be secrets.
    pub(crate) given: Vec<String>,
    pub(crate) marker: String,
    pub(crate) username: String,
    pub(crate) hostname: String,
    pub(crate) soft_timeout: Duration,
    pub(crate) default_timeout: Duration,
    pub(crate) longest_command: Duration,
    pub(crate) idle_limit: Option<Duration>,
    pub(crate) columns: u16,
    pub(crate) rows: u16,
    pub(crate) accept_multiline: bool,
}

impl ShellSetup {
    /// Returns a command that runs `bash`; arguments are added to it.
    pub(crate) fn command(&self) -> tokio::process::Command {
        let mut words = self.launcher.iter().map(OsString::as_os_str).chain(["bash".as_ref()]);
        let mut command = tokio::process::Command::new(words.next().unwrap_or("bash".as_ref()));
        command.args(words);
        command
    }
}

/// Talks to the task that owns the shell.
#[derive(Debug)]
pub(crate) struct Shell {
    requests: mpsc::Sender<RunRequest>,
    stops: mpsc::Sender<oneshot::Sender<()>>,
    activity: watch::Receiver<ShellActivity>,
    task: JoinHandle<()>,
}

/// What the shell is doing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ShellActivity {
    /// Its process, if it runs.
    pub(crate) pid: Option<i32>,
    /// The command that it runs.
    pub(crate) command: Option<String>,
    /// The Python that its commands find, as of its last prompt.
    pub(crate) python: Option<String>,
}

/// One `run` action for the shell. Dropping the receiver of `reply` interrupts it.
#[derive(Debug)]
struct RunRequest {
    action: RunAction,
    timeout: Option<Duration>,
    output: Option<OutputSink>,
    reply: oneshot::Sender<Observation>,
}

impl Shell {
    /// Starts the task; the shell itself starts with the first command.
    pub(crate) fn new(setup: ShellSetup, directory: watch::Sender<PathBuf>) -> Self {
        let (requests, waiting) = mpsc::channel(WAITING_REQUESTS);
        let (stops, stopping) = mpsc::channel(WAITING_REQUESTS);
        let (show, activity) = watch::channel(ShellActivity::default());
        let task = task::ShellTask::new(setup, directory, show);
        let task = tokio::spawn(task.run(waiting, stopping));
        Self { requests, stops, activity, task }
    }

    /// Returns what the shell is doing.
    pub(crate) fn activity(&self) -> ShellActivity {
        self.activity.borrow().clone()
    }

    /// Returns what shows its activity from now on.
    pub(crate) fn watch(&self) -> watch::Receiver<ShellActivity> {
        self.activity.clone()
    }

    /// Returns a way to send requests that outlives a borrow of `self`.
    pub(crate) fn sender(&self) -> ShellSender {
        ShellSender { requests: self.requests.clone(), stops: self.stops.clone() }
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Sends requests to the task of a [`Shell`].
#[derive(Debug, Clone)]
pub(crate) struct ShellSender {
    requests: mpsc::Sender<RunRequest>,
    stops: mpsc::Sender<oneshot::Sender<()>>,
}

impl ShellSender {
    /// Runs one action; `None` means that the task is gone.
    pub(crate) async fn run(
        &self,
        action: RunAction,
        timeout: Option<Duration>,
        output: Option<OutputSink>,
    ) -> Option<Observation> {
        let (reply, answer) = oneshot::channel();
        self.requests.send(RunRequest { action, timeout, output, reply }).await.ok()?;
        answer.await.ok()
    }

    /// Kills all processes of the conversation.
    pub(crate) async fn stop(&self) {
        let (done, is_done) = oneshot::channel();
        if self.stops.send(done).await.is_ok() {
            let _ = is_done.await;
        }
    }
}
