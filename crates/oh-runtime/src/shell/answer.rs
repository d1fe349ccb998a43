//! Answers to who waits for the shell.

use oh_event::CommandMetadata;

use super::foreground::{End, Foreground};
use super::task::ShellTask;
use super::texts;
use super::waiting::Waiting;
use crate::output::Taken;

impl ShellTask {
    pub(super) fn answer_completed(&mut self, end: End) {
        let (Some(waiting), Some(mut current)) = (self.waiting.take(), self.current.take()) else {
            return;
        };
        let taken = current.take();
        let key = waiting.key.as_deref();
        let suffix = if end.exit_code == -1 && !end.note.is_empty() {
            end.note.clone()
        } else {
            format!("{}{}{}", texts::completed(end.exit_code, key), end.note, waiting.note)
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

    pub(super) fn answer_running(&mut self, suffix: &str) {
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
        let file = self.setup.shell_dir.join("command");
        let content = taken.text.replace(&format!("{}: ", file.display()), "");
        let content = content.replace(&format!("+ . {}\n", file.display()), "");
        waiting.answer(content, metadata);
    }

    pub(super) fn metadata(&self, prefix: String) -> CommandMetadata {
        CommandMetadata {
            username: Some(self.setup.username.clone()),
            hostname: Some(self.setup.hostname.clone()),
            working_dir: Some(self.directory.borrow().to_string_lossy().into_owned()),
            py_interpreter_path: self.python.clone(),
            prefix,
            ..CommandMetadata::default()
        }
    }
}
