//! What is printed: progress for people on the standard error output, the result on the other.

use std::io::{IsTerminal, Write};
use std::time::Duration;

use super::Output;
use super::paint::Color::{Bold, Dim};
use super::paint::{Color, Paint, harmless};

/// A terminal that is gone stops nobody.
#[derive(Debug)]
pub(super) struct Screen {
    output: Output,
    pub(super) paint: Paint,
    /// The last line can be written over.
    is_live: bool,
    has_status: bool,
}

impl Screen {
    pub(super) fn new(output: Output, paint: Paint) -> Self {
        Self { output, paint, is_live: std::io::stderr().is_terminal(), has_status: false }
    }

    /// Shows facts as a table.
    pub(super) fn head(&self, facts: &[(&str, &str)]) {
        let width = facts.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
        let lines = facts.iter().map(|(name, value)| {
            let name = self.paint.paint(Dim, &format!("{name:width$}"));
            format!("{name}  {}\n", harmless(value))
        });
        write_error(&lines.collect::<String>());
    }

    /// Shows a part of the conversation.
    pub(super) fn show(&mut self, text: &str) {
        self.clear_status();
        write_error(&format!("\n{text}"));
        write_error("\n");
    }

    /// Shows what belongs to the part before.
    pub(super) fn show_below(&mut self, text: &str) {
        self.clear_status();
        write_error(&format!("{text}\n"));
    }

    pub(super) fn say(&mut self, color: Color, text: &str) {
        let text = self.paint.paint(color, &harmless(text));
        self.show(&text);
    }

    /// Asks for something that is written behind the question.
    pub(super) fn ask(&mut self, question: &str) {
        self.clear_status();
        write_error(&format!("\n{} ", self.paint.paint(Bold, question)));
    }

    /// Shows how long the work has taken, if that can be written over.
    pub(super) fn show_elapsed(&mut self, what: &str, elapsed: Duration) {
        if self.is_live {
            let text = self.paint.paint(Dim, &format!("  {what} … {} s", elapsed.as_secs()));
            write_error(&format!("\r\x1b[K{text}"));
            self.has_status = true;
        }
    }

    /// Passes on an event as REST shows it, if that is wanted.
    pub(super) fn pass_on(&self, event: &str) {
        if self.output == Output::Json {
            write_output(&format!("{event}\n"));
        }
    }

    /// Prints the final answer, unless the events have been printed.
    pub(super) fn answer(&mut self, text: &str) {
        self.clear_status();
        if self.output == Output::Answer && !text.trim().is_empty() {
            let text = if std::io::stdout().is_terminal() {
                harmless(text.trim_end())
            } else {
                text.trim_end().to_owned()
            };
            write_output(&format!("{text}\n"));
        }
    }

    fn clear_status(&mut self) {
        if std::mem::take(&mut self.has_status) {
            write_error("\r\x1b[K");
        }
    }
}

fn write_error(text: &str) {
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}

fn write_output(text: &str) {
    let mut output = std::io::stdout().lock();
    let _ = output.write_all(text.as_bytes()).and_then(|()| output.flush());
}
