//! The task that owns the shell.

use std::path::PathBuf;
use std::time::Instant;

use oh_event::{CommandMetadata, RunAction};
use tokio::sync::{mpsc, oneshot, watch};

use super::foreground::{End, Foreground};
use super::interrupt::Interrupt;
use super::keys::Key;
use super::process::{ShellEvent, ShellProcess, random_name};
use super::split::{Shape, shape};
use super::waiting::Waiting;
use super::{RunRequest, ShellSetup, guard, texts};
use crate::output::{Length, Output, Taken};
use crate::processes;

/// The shell, its command, and who waits for it.
#[derive(Debug)]
pub(super) struct ShellTask {
    setup: ShellSetup,
    directory: watch::Sender<PathBuf>,
    process: Option<ShellProcess>,
    current: Option<Foreground>,
    /// What came while no command ran.
    background: Output,
    waiting: Option<Waiting>,
    interrupt: Option<Interrupt>,
    python: Option<String>,
    commands: u64,
}

impl ShellTask {
    pub(super) fn new(setup: ShellSetup, directory: watch::Sender<PathBuf>) -> Self {
        let background = Output::new(Length::Short, setup.output_dir.join("background.log"));
        Self {
            setup,
            directory,
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
                () = caller_gone(&mut self.waiting) => self.begin_interrupt(),
                () = sleep_until(wake) => {}
                request = requests.recv(), if !is_busy => match request {
                    Some(request) => self.accept(request).await,
                    None => return,
                },
            }
            self.advance();
        }
    }

    fn next_wake(&self) -> Option<Instant> {
        let waiting = self.waiting.as_ref().map(Waiting::wake);
        let interrupt = self.interrupt.as_ref().map(Interrupt::wake);
        let command = self.current.as_ref().and_then(Foreground::deadline);
        [waiting, interrupt, command].into_iter().flatten().min()
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

    fn remember_directory(&self, directory: PathBuf) {
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
        let marker = self.setup.marker.clone();
        let _ = tokio::task::spawn_blocking(move || processes::kill_session(&marker)).await;
        self.shell_ended(-1, texts::STOPPED.to_owned()).await;
        self.interrupt = None;
        self.advance();
        self.current = None;
    }

    fn begin_interrupt(&mut self) {
        self.waiting = None;
        if self.current.as_ref().is_some_and(Foreground::is_running) {
            self.interrupt = self.process.as_mut().map(Interrupt::begin);
        }
    }

    /// Does what the state asks for: ends an interrupt, answers a caller.
    fn advance(&mut self) {
        if let Some(current) = &mut self.current {
            current.settle();
        }
        let is_running = self.current.as_ref().is_some_and(Foreground::is_running);
        if let Some(interrupt) = &mut self.interrupt {
            if interrupt.advance(self.process.as_ref(), is_running) {
                self.interrupt = None;
                // The caller that stopped the command does not want its output.
                self.current = None;
            }
            return;
        }
        let Some(waiting) = &mut self.waiting else { return };
        waiting.flush();
        if let Some(end) = self.current.as_ref().and_then(Foreground::end).cloned() {
            self.answer_completed(end);
        } else if waiting.limit.elapsed() >= waiting.timeout {
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

    fn answer_completed(&mut self, end: End) {
        let (Some(waiting), Some(mut current)) = (self.waiting.take(), self.current.take()) else {
            return;
        };
        let taken = current.take();
        let key = waiting.key.as_deref();
        let suffix = if end.exit_code == -1 && !end.note.is_empty() {
            end.note.clone()
        } else {
            format!("{}{}{}", texts::completed(end.exit_code, key), end.note, waiting.late_note)
        };
        let metadata = CommandMetadata {
            exit_code: end.exit_code,
            pid: end.background_pid,
            working_dir: Some(end.directory.to_string_lossy().into_owned()),
            py_interpreter_path: end.python,
            suffix,
            ..self.metadata(waiting.prefix.clone())
        };
        self.answer(waiting, taken, metadata);
    }

    fn answer_running(&mut self, suffix: &str) {
        let Some(waiting) = self.waiting.take() else { return };
        let taken = self.current.as_mut().map(Foreground::take).unwrap_or_default();
        let mut prefix = waiting.prefix.clone();
        if waiting.is_continuation {
            prefix.push_str(texts::PREVIOUS_OUTPUT);
        }
        let metadata = CommandMetadata { suffix: suffix.to_owned(), ..self.metadata(prefix) };
        self.answer(waiting, taken, metadata);
    }

    fn answer(&self, waiting: Waiting, taken: Taken, mut metadata: CommandMetadata) {
        metadata.suffix.push_str(&taken.note);
        // The shell names the file in which it got the command; to the agent it is noise.
        let file = format!("{}: ", self.setup.shell_dir.join("command").display());
        let content = taken.text.replace(&file, "");
        waiting.answer(content, metadata);
    }

    fn metadata(&self, prefix: String) -> CommandMetadata {
        CommandMetadata {
            username: Some(self.setup.username.clone()),
            hostname: Some(self.setup.hostname.clone()),
            working_dir: Some(self.directory.borrow().to_string_lossy().into_owned()),
            py_interpreter_path: self.python.clone(),
            prefix,
            ..CommandMetadata::default()
        }
    }

    async fn accept(&mut self, request: RunRequest) {
        if request.reply.is_closed() {
            return;
        }
        let RunRequest { action, timeout, output, reply } = request;
        let soft = (timeout.is_none() && !action.blocking).then_some(self.setup.soft_timeout);
        let mut waiting = Waiting::new(
            action.clone(),
            soft,
            timeout.unwrap_or(self.setup.default_timeout),
            output,
            reply,
        );
        let command = trimmed(&action);
        let key = Key::from_name(command);
        let is_running = self.current.as_ref().is_some_and(Foreground::is_running);
        let is_input = action.is_input || key.as_ref().is_some_and(|key| key.is_control);
        if self.current.is_some() && (is_running || is_input || command.is_empty()) {
            waiting.is_continuation = true;
            self.waiting = Some(waiting);
            if is_running && is_input && !action.command.is_empty() {
                self.send_input(&action.command, key);
            } else if is_running && !command.is_empty() {
                self.answer_running(&texts::not_executed(command));
            } else if !is_running
                && !command.is_empty()
                && let Some(waiting) = &mut self.waiting
            {
                waiting.late_note = texts::INPUT_TOO_LATE;
            }
        } else if command.is_empty() || is_input {
            self.answer_idle(waiting, command.is_empty());
        } else {
            self.start_command(waiting, command).await;
        }
    }

    fn send_input(&mut self, text: &str, key: Option<Key>) {
        let Some(process) = &mut self.process else { return };
        match key {
            Some(key) => {
                process.send_bytes(&key.bytes);
                if let Some(waiting) = &mut self.waiting {
                    waiting.key = Some(key.name);
                }
            }
            None => process.send_text(text.strip_suffix('\n').unwrap_or(text)),
        }
    }

    fn answer_idle(&mut self, waiting: Waiting, is_poll: bool) {
        let taken = self.background.take();
        let text = if is_poll { texts::NOTHING_RUNS } else { texts::NOTHING_READS };
        let content = if is_poll && !taken.text.is_empty() { taken.text } else { text.to_owned() };
        let metadata = CommandMetadata { suffix: taken.note, ..self.metadata(String::new()) };
        waiting.answer_as("", content, metadata);
    }

    async fn start_command(&mut self, mut waiting: Waiting, command: &str) {
        if guard::is_literal(command) {
            return waiting.answer_error(texts::LITERAL.to_owned());
        }
        let shape = shape(command);
        if let (Shape::Several(commands), false) = (&shape, self.setup.accept_multiline) {
            return waiting.answer_error(texts::several(commands));
        }
        waiting.prefix = self.unread_output();
        if let Err(error) = self.send_command(&waiting.action, command, &shape).await {
            self.process = None;
            return waiting.answer_error(texts::not_started(&error));
        }
        waiting.restart();
        self.waiting = Some(waiting);
    }

    /// Returns what earlier commands wrote and nobody has seen.
    fn unread_output(&mut self) -> String {
        let mut prefix = String::new();
        if let Some(mut previous) = self.current.take() {
            let exit_code = previous.end().map_or(-1, |end| end.exit_code);
            let taken = previous.take();
            let text = format!("{}{}", taken.text, taken.note);
            prefix.push_str(&texts::unread_tail(&previous.command, exit_code, &text));
        }
        let taken = self.background.take();
        if !taken.text.is_empty() {
            prefix.push_str(&texts::background_output(&format!("{}{}", taken.text, taken.note)));
        }
        prefix
    }

    async fn send_command(
        &mut self,
        action: &RunAction,
        command: &str,
        shape: &Shape,
    ) -> std::io::Result<()> {
        if self.process.is_none() {
            let mut directory = self.directory.borrow().clone();
            if !directory.is_dir() {
                directory.clone_from(&self.setup.workspace);
                self.directory.send_replace(directory.clone());
            }
            self.process = Some(ShellProcess::start(&self.setup, &directory).await?);
        }
        let Some(process) = &mut self.process else { return Ok(()) };
        let nonce = random_name()?;
        if *shape == Shape::Incomplete && ShellProcess::can_type(command) {
            process.type_command(&nonce, command)?;
        } else {
            process.send_command(&nonce, command)?;
        }
        self.commands += 1;
        let length = if action.hidden { Length::Whole } else { Length::Short };
        let spool = self.setup.output_dir.join(format!("{:05}-{}.log", self.commands, &nonce[..8]));
        self.current = Some(Foreground::new(command.to_owned(), nonce, length, spool));
        Ok(())
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

/// Returns the command without the blank space around it.
///
/// Blank space after a backslash belongs to the command.
fn trimmed(action: &RunAction) -> &str {
    let command = action.command.trim();
    if command.ends_with('\\') && action.command.trim_start().len() > command.len() {
        return &action.command.trim_start()[..=command.len()];
    }
    command
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
