//! The conversation's notebook: one Python kernel, and one task that owns it.
//!
//! [`Notebook`] is the handle; the task is in `task`. The kernel starts with the first cell, in the
//! place and under the limits of the shell's commands. `python/driver.py` keeps it: a kernel of
//! ipykernel where the Python has it, and `python/repl.py` where not. It speaks in lines of JSON over
//! its standard input and output (`protocol`), while what cells print comes through a pipe of its own.

mod answer;
mod candidates;
mod files;
mod interrupt;
mod kernel;
mod protocol;
mod task;
mod texts;

use std::path::PathBuf;
use std::time::Duration;

use oh_event::{Observation, RunIpythonAction};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;

pub(crate) use answer::add_note;

use crate::runtime::OutputSink;
use crate::shell::{ShellActivity, ShellSetup};

const WAITING_REQUESTS: usize = 16;

/// Talks to the task that owns the kernel.
#[derive(Debug)]
pub(crate) struct Notebook {
    sender: NotebookSender,
    activity: watch::Receiver<NotebookActivity>,
    task: JoinHandle<()>,
}

/// What the notebook is doing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct NotebookActivity {
    /// The processes of the kernel itself, without what cells started.
    pub(crate) processes: Vec<i32>,
    /// The cell that it runs.
    pub(crate) code: Option<String>,
}

/// One cell. Dropping the receiver of `reply` interrupts it.
#[derive(Debug)]
struct CellRequest {
    action: RunIpythonAction,
    timeout: Option<Duration>,
    output: Option<OutputSink>,
    reply: oneshot::Sender<Observation>,
}

impl Notebook {
    /// Starts the task; `directory` and `shell` show where the shell is and what it finds.
    pub(crate) fn new(
        setup: ShellSetup,
        directory: watch::Receiver<PathBuf>,
        shell: watch::Receiver<ShellActivity>,
    ) -> Self {
        let (requests, waiting) = mpsc::channel(WAITING_REQUESTS);
        let (stops, stopping) = mpsc::channel(WAITING_REQUESTS);
        let (show, activity) = watch::channel(NotebookActivity::default());
        let task = task::NotebookTask::new(setup, directory, shell, show);
        let task = tokio::spawn(task.run(waiting, stopping));
        Self { sender: NotebookSender { requests, stops }, activity, task }
    }

    /// Returns what the notebook is doing.
    pub(crate) fn activity(&self) -> NotebookActivity {
        self.activity.borrow().clone()
    }

    /// Returns a way to send requests that outlives a borrow of `self`.
    pub(crate) fn sender(&self) -> NotebookSender {
        self.sender.clone()
    }
}

impl Drop for Notebook {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Sends requests to the task of a [`Notebook`].
#[derive(Debug, Clone)]
pub(crate) struct NotebookSender {
    requests: mpsc::Sender<CellRequest>,
    stops: mpsc::Sender<oneshot::Sender<()>>,
}

impl NotebookSender {
    /// Runs one cell; `None` means that the task is gone.
    pub(crate) async fn run(
        &self,
        action: RunIpythonAction,
        timeout: Option<Duration>,
        output: Option<OutputSink>,
    ) -> Option<Observation> {
        let (reply, answer) = oneshot::channel();
        self.requests.send(CellRequest { action, timeout, output, reply }).await.ok()?;
        answer.await.ok()
    }

    /// Ends the kernel and what its cells started.
    pub(crate) async fn stop(&self) {
        let (done, is_done) = oneshot::channel();
        if self.stops.send(done).await.is_ok() {
            let _ = is_done.await;
        }
    }
}
