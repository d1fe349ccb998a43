//! The shell and the notebook of a conversation.

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::notebook::{Notebook, NotebookActivity, NotebookSender};
use crate::shell::{Shell, ShellActivity, ShellSender, ShellSetup};

/// Tasks beside each other, started by the first request; their processes start later.
#[derive(Debug)]
pub(crate) struct Tasks {
    setup: ShellSetup,
    /// The shell's directory, as of its last prompt.
    directory: watch::Sender<PathBuf>,
    state: Mutex<State>,
}

#[derive(Debug)]
enum State {
    NotStarted,
    Started { shell: Shell, notebook: Notebook },
    Closed,
}

impl Tasks {
    /// `directory` is where the shell begins.
    pub(crate) fn new(setup: ShellSetup, directory: PathBuf) -> Self {
        let directory = watch::Sender::new(directory);
        Self { setup, directory, state: Mutex::new(State::NotStarted) }
    }

    /// Returns the shell's directory.
    pub(crate) fn directory(&self) -> PathBuf {
        self.directory.borrow().clone()
    }

    /// Returns a way to the shell; `None` after [`Self::close`].
    pub(crate) fn shell(&self) -> Option<ShellSender> {
        self.with_started(|shell, _| shell.sender())
    }

    /// Returns a way to the notebook; `None` after [`Self::close`].
    pub(crate) fn notebook(&self) -> Option<NotebookSender> {
        self.with_started(|_, notebook| notebook.sender())
    }

    /// Returns what both are doing.
    pub(crate) fn activity(&self) -> (ShellActivity, NotebookActivity) {
        match &*self.state() {
            State::Started { shell, notebook } => (shell.activity(), notebook.activity()),
            State::NotStarted | State::Closed => Default::default(),
        }
    }

    pub(crate) fn is_closed(&self) -> bool {
        matches!(*self.state(), State::Closed)
    }

    /// Ends the processes of both, and all others of the conversation.
    pub(crate) async fn stop(&self) {
        let senders = match &*self.state() {
            State::Started { shell, notebook } => Some((notebook.sender(), shell.sender())),
            State::NotStarted | State::Closed => None,
        };
        if let Some((notebook, shell)) = senders {
            // The shell ends every process, so the kernel goes first: it did not die by itself.
            notebook.stop().await;
            shell.stop().await;
        }
    }

    pub(crate) fn close(&self) {
        *self.state() = State::Closed;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn with_started<T>(&self, choose: impl FnOnce(&Shell, &Notebook) -> T) -> Option<T> {
        let mut state = self.state();
        if let State::NotStarted = *state {
            let shell = Shell::new(self.setup.clone(), self.directory.clone());
            let seen = self.directory.subscribe();
            let notebook = Notebook::new(self.setup.clone(), seen, shell.watch());
            *state = State::Started { shell, notebook };
        }
        match &*state {
            State::Started { shell, notebook } => Some(choose(shell, notebook)),
            State::NotStarted | State::Closed => None,
        }
    }
}
