//! What to do with a request.

use std::time::Duration;

use oh_event::{CommandMetadata, RunAction};

use super::foreground::Foreground;
use super::keys::Key;
use super::process::{ShellProcess, random_name};
use super::split::{Shape, shape};
use super::task::ShellTask;
use super::waiting::Waiting;
use super::{RunRequest, guard, texts};
use crate::output::Length;

impl ShellTask {
    pub(super) async fn accept(&mut self, request: RunRequest) {
        if request.reply.is_closed() {
            return;
        }
        let RunRequest { action, timeout, output, reply } = request;
        let soft = (timeout.is_none() && !action.blocking).then_some(self.setup.soft_timeout);
        let mut waiting = Waiting::new(
            action.clone(),
            soft,
            timeout.unwrap_or_else(|| self.default_timeout()),
            output,
            reply,
        );
        let command = trimmed(&action);
        if let Some(refusal) = self.refusal(&action, &waiting) {
            return waiting.answer_error(refusal);
        }
        if action.reset {
            self.reset(&mut waiting).await;
            if command.is_empty() {
                return self.answer_reset(waiting).await;
            }
        }
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
                waiting.note = texts::INPUT_TOO_LATE;
            }
        } else if command.is_empty() || is_input {
            self.answer_idle(waiting, command.is_empty(), key.as_ref());
        } else {
            self.start_command(waiting, command).await;
        }
    }

    /// Returns why a request cannot be met, whatever the shell is doing.
    fn refusal(&self, action: &RunAction, waiting: &Waiting) -> Option<String> {
        if action.reset && action.is_input {
            return Some(texts::RESET_WITH_INPUT.to_owned());
        }
        let longest = self.longest_wait()?;
        (waiting.timeout > longest).then(|| texts::timeout_too_long(waiting.timeout, longest))
    }

    fn default_timeout(&self) -> Duration {
        let default = self.setup.default_timeout;
        self.longest_wait().map_or(default, |longest| default.min(longest))
    }

    /// Returns how long a command may be waited for without the runtime being taken for idle.
    fn longest_wait(&self) -> Option<Duration> {
        Some(self.setup.idle_limit? / 10 * 9)
    }

    /// Ends the shell and everything it started; what it printed comes before the next output.
    async fn reset(&mut self, waiting: &mut Waiting) {
        self.kill_all().await;
        waiting.prefix = self.unread_output();
        waiting.prefix.push_str(texts::RESET);
        self.process = None;
        let _ = std::fs::remove_file(self.setup.shell_dir.join("environment"));
        self.remember_directory(self.setup.workspace.clone());
    }

    /// Starts the new shell at once, so that a failure is seen now.
    async fn answer_reset(&mut self, waiting: Waiting) {
        if let Err(error) = self.start_shell().await {
            return waiting.answer_error(texts::not_started(&error));
        }
        let metadata = CommandMetadata { exit_code: 0, ..self.metadata(waiting.prefix.clone()) };
        waiting.answer_as("", String::new(), metadata);
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

    fn answer_idle(&mut self, waiting: Waiting, is_poll: bool, key: Option<&Key>) {
        let taken = self.background.take();
        let text = match key {
            _ if is_poll => texts::NOTHING_RUNS.to_owned(),
            Some(key) if key.is_harmless() => texts::key_without_command(&key.name),
            Some(_) | None => texts::NOTHING_READS.to_owned(),
        };
        let content = if is_poll && !taken.text.is_empty() { taken.text } else { text };
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
        waiting.prefix.push_str(&self.unread_output());
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

    /// Starts the shell unless it runs.
    async fn start_shell(&mut self) -> std::io::Result<&mut ShellProcess> {
        let process = match self.process.take() {
            Some(process) => process,
            None => {
                let mut directory = self.directory.borrow().clone();
                if !directory.is_dir() {
                    directory.clone_from(&self.setup.workspace);
                    self.directory.send_replace(directory.clone());
                }
                ShellProcess::start(&self.setup, &directory).await?
            }
        };
        Ok(self.process.insert(process))
    }

    async fn send_command(
        &mut self,
        action: &RunAction,
        command: &str,
        shape: &Shape,
    ) -> std::io::Result<()> {
        let process = self.start_shell().await?;
        let nonce = random_name()?;
        let is_complete = *shape != Shape::Incomplete;
        if !is_complete && ShellProcess::can_type(command) {
            process.type_command(&nonce, command)?;
        } else {
            process.send_command(&nonce, command, is_complete)?;
        }
        self.commands += 1;
        let length = if action.hidden { Length::Whole } else { Length::Short };
        let spool = self.setup.output_dir.join(format!("{:05}-{}.log", self.commands, &nonce[..8]));
        self.current = Some(Foreground::new(command.to_owned(), nonce, length, spool));
        Ok(())
    }
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
