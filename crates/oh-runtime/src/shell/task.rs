//! The task that owns the shell.

use std::path::PathBuf;
use std::time::Instant;

use tokio::sync::{mpsc, oneshot, watch};

use super::foreground::{End, Foreground};
use super::interrupt::{Interrupt, Purpose};
use super::process::{ShellEvent, ShellProcess};
use super::waiting::Waiting;
use super::{RunRequest, ShellActivity, ShellSetup, texts};
use crate::output::{Length, Output};
use crate::processes;

/// The shell, its command, and who waits for it.
#[derive(Debug)]
pub(super) struct ShellTask {
    pub(super) setup: ShellSetup,
    pub(super) directory: watch::Sender<PathBuf>,
    activity: watch::Sender<ShellActivity>,
    pub(super) process: Option<ShellProcess>,
    pub(super) current: Option<Foreground>,
    /// What came while no command ran.
    pub(super) background: Output,
    pub(super) waiting: Option<Waiting>,
    interrupt: Option<Interrupt>,
    pub(super) python: Option<String>,
    pub(super) commands: u64,
}

impl ShellTask {
    pub(super) fn new(
        setup: ShellSetup,
        directory: watch::Sender<PathBuf>,
        activity: watch::Sender<ShellActivity>,
    ) -> Self {
        let background = Output::new(Length::Short, setup.output_dir.join("background.log"));
        Self {
            setup,
            directory,
            activity,
            process: None,
            current: None,
            background,
            waiting: None,
            interrupt: None,
            python: None,
            commands: 0,
        }
    }

    /// Serves requests until nobody can send one any more.
    pub(super) async fn run(
        mut self,
        mut requests: mpsc::Receiver<RunRequest>,
        mut stops: mpsc::Receiver<oneshot::Sender<()>>,
    ) {
        loop {
            let wake = self.next_wake();
            let is_busy = self.waiting.is_some() || self.interrupt.is_some();
            tokio::select! {
                stop = stops.recv() => match stop {
                    Some(done) => {
                        self.stop().await;
                        let _ = done.send(());
                    }
                    None => return,
                },
                event = next_event(&mut self.process) => self.on_event(event).await,
                () = caller_gone(&mut self.waiting) => self.give_up(),
                () = sleep_until(wake) => {}
                request = requests.recv(), if !is_busy => match request {
                    Some(request) => self.accept(request).await,
                    None => return,
                },
            }
            self.advance();
            self.show_activity();
        }
    }

    fn show_activity(&self) {
        let running = self.current.as_ref().filter(|current| current.is_running());
        let now = ShellActivity {
            pid: self.process.as_ref().map(ShellProcess::pid),
            command: running.map(|current| current.command.clone()),
            python: self.python.clone(),
        };
        self.activity.send_if_modified(|shown| {
            let is_new = *shown != now;
            *shown = now;
            is_new
        });
    }

    fn next_wake(&self) -> Option<Instant> {
        let waiting = self.waiting.as_ref().map(Waiting::wake);
        let interrupt = self.interrupt.as_ref().map(Interrupt::wake);
        let command = self.current.as_ref().and_then(Foreground::deadline);
        let longest = self
            .current
            .as_ref()
            .filter(|current| current.is_running() && self.interrupt.is_none())
            .map(|current| current.started + self.setup.longest_command);
        [waiting, interrupt, command, longest].into_iter().flatten().min()
    }

    async fn on_event(&mut self, event: ShellEvent) {
        match event {
            ShellEvent::Output(count) => {
                if let Some(process) = &self.process {
                    let bytes = process.output(count);
                    deliver(&mut self.current, &mut self.background, &mut self.waiting, bytes);
                }
            }
            ShellEvent::Records(records) => {
                for record in records {
                    self.python.clone_from(&record.python);
                    if record.directory != *self.directory.borrow() {
                        self.remember_directory(record.directory.clone());
                    }
                    if let Some(current) = &mut self.current {
                        current.record(record);
                    }
                }
            }
            ShellEvent::Exited(status) => {
                let exit_code = status.map_or(-1, exit_code);
                self.shell_ended(exit_code, texts::shell_ended(exit_code)).await;
            }
            ShellEvent::Idle => {}
        }
    }

    pub(super) fn remember_directory(&self, directory: PathBuf) {
        let file = self.setup.session_dir.join("directory");
        if let Err(error) = super::write_private(&file, &directory.to_string_lossy()) {
            tracing::warn!(%error, "failed to keep the directory of the shell");
        }
        self.directory.send_replace(directory);
    }

    async fn shell_ended(&mut self, exit_code: i32, note: String) {
        let Some(mut process) = self.process.take() else { return };
        let nonce =
            self.current.as_ref().map_or("none", |current| current.nonce.as_str()).to_owned();
        let (current, background, waiting) =
            (&mut self.current, &mut self.background, &mut self.waiting);
        process.drain(&nonce, |bytes| deliver(current, background, waiting, bytes)).await;
        if let Some(current) = &mut self.current {
            current.finish(End {
                exit_code,
                background_pid: -1,
                directory: self.directory.borrow().clone(),
                python: self.python.clone(),
                note,
            });
        }
    }

    async fn stop(&mut self) {
        self.kill_all().await;
        self.interrupt = None;
        self.advance();
        self.current = None;
    }

    /// Kills every process of the conversation, the shell too.
    pub(super) async fn kill_all(&mut self) {
        let marker = self.setup.marker.clone();
        let _ = tokio::task::spawn_blocking(move || processes::kill_session(&marker)).await;
        self.shell_ended(-1, texts::STOPPED.to_owned()).await;
    }

    /// Who waited for the command is gone.
    fn give_up(&mut self) {
        self.waiting = None;
        match &mut self.interrupt {
            Some(interrupt) => interrupt.purpose = Purpose::GivenUp,
            None => self.interrupt_command(Purpose::GivenUp),
        }
    }

    fn interrupt_command(&mut self, purpose: Purpose) {
        if self.current.as_ref().is_some_and(Foreground::is_running) {
            self.interrupt =
                self.process.as_mut().map(|process| Interrupt::begin(process, purpose));
        }
    }

    /// Kills the command because it took longer than `limit`.
    fn kill_command(&mut self, limit: std::time::Duration) {
        if let Some(current) = &mut self.current {
            current.note = texts::killed(limit);
        }
        self.interrupt_command(Purpose::TooLong);
    }

    /// Does what the state asks for: ends an interrupt, answers a caller.
    fn advance(&mut self) {
        if let Some(current) = &mut self.current {
            current.settle();
        }
        let is_running = self.current.as_ref().is_some_and(Foreground::is_running);
        if let Some(interrupt) = &mut self.interrupt {
            if !interrupt.advance(self.process.as_ref(), is_running) {
                if let Some(waiting) = &mut self.waiting {
                    waiting.flush();
                }
                return;
            }
            if interrupt.purpose == Purpose::GivenUp {
                self.current = None;
            }
            self.interrupt = None;
        }
        let longest = self.setup.longest_command;
        if self
            .current
            .as_ref()
            .is_some_and(|it| it.is_running() && it.started.elapsed() >= longest)
        {
            return self.kill_command(longest);
        }
        let Some(waiting) = &mut self.waiting else { return };
        waiting.flush();
        let is_late = waiting.limit.elapsed() >= waiting.timeout;
        if let Some(end) = self.current.as_ref().and_then(Foreground::end).cloned() {
            self.answer_completed(end);
        } else if is_late && waiting.action.kill_on_timeout {
            let timeout = waiting.timeout;
            self.kill_command(timeout);
        } else if is_late {
            let suffix = texts::timed_out(waiting.timeout);
            self.answer_running(&suffix);
        } else if let (Some(process), Some(current)) = (&self.process, &self.current)
            && let Some(silence) = waiting.silence(process, current)
        {
            let waits = waiting.waits_for_input(process);
            let suffix = texts::silent(silence, waiting.limit.elapsed(), waits);
            self.answer_running(&suffix);
        }
    }
}

/// Gives bytes of the terminal to whom they belong.
fn deliver(
    current: &mut Option<Foreground>,
    background: &mut Output,
    waiting: &mut Option<Waiting>,
    bytes: &[u8],
) {
    let Some(current) = current else { return background.push(bytes) };
    let (own, other) = current.push(bytes);
    if let Some(waiting) = waiting {
        waiting.stream(&own);
    }
    background.push(&other);
}

fn exit_code(status: std::process::ExitStatus) -> i32 {
    use std::os::unix::process::ExitStatusExt;
    status.code().or_else(|| status.signal().map(|signal| 128 + signal)).unwrap_or(-1)
}

async fn next_event(process: &mut Option<ShellProcess>) -> ShellEvent {
    match process {
        Some(process) => process.next().await,
        None => std::future::pending().await,
    }
}

async fn caller_gone(waiting: &mut Option<Waiting>) {
    match waiting {
        Some(waiting) => waiting.caller_gone().await,
        None => std::future::pending().await,
    }
}

async fn sleep_until(wake: Option<Instant>) {
    match wake {
        Some(wake) => tokio::time::sleep_until(wake.into()).await,
        None => std::future::pending().await,
    }
}
