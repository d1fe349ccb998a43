//! The command that the shell runs, or that has ended and waits to be told.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::marker::{MarkerFilter, Piece};
use super::process::Record;
use crate::output::{Length, Output, Taken};

/// How long to wait for the end marker after the shell said that the command is done.
///
/// It comes at once unless the command changed the terminal so that it cannot come.
const MARKER_LIMIT: Duration = Duration::from_secs(1);

/// A command and everything it wrote.
#[derive(Debug)]
pub(super) struct Foreground {
    pub(super) command: String,
    pub(super) nonce: String,
    pub(super) started: Instant,
    pub(super) last_output: Instant,
    /// What to say besides how it ended.
    pub(super) note: String,
    filter: MarkerFilter,
    output: Output,
    record: Option<(Record, Instant)>,
    has_marker: bool,
    end: Option<End>,
}

/// How a command ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct End {
    pub(super) exit_code: i32,
    pub(super) background_pid: i64,
    pub(super) directory: PathBuf,
    pub(super) python: Option<String>,
    /// What else there is to say about it.
    pub(super) note: String,
}

impl Foreground {
    pub(super) fn new(command: String, nonce: String, length: Length, spool: PathBuf) -> Self {
        let filter = MarkerFilter::new(&nonce);
        let now = Instant::now();
        Self {
            command,
            nonce,
            started: now,
            last_output: now,
            note: String::new(),
            filter,
            output: Output::new(length, spool),
            record: None,
            has_marker: false,
            end: None,
        }
    }

    pub(super) fn end(&self) -> Option<&End> {
        self.end.as_ref()
    }

    pub(super) fn is_running(&self) -> bool {
        self.end.is_none()
    }

    /// Takes bytes from the terminal; returns the command's part, and what is not its own.
    pub(super) fn push(&mut self, bytes: &[u8]) -> (Vec<u8>, Vec<u8>) {
        if self.has_marker || self.end.is_some() {
            return (Vec::new(), bytes.to_vec());
        }
        self.last_output = Instant::now();
        match self.filter.push(bytes) {
            Piece::Before(own) => {
                self.output.push(&own);
                (own, Vec::new())
            }
            Piece::Around(own, rest) => {
                self.has_marker = true;
                self.output.push(&own);
                self.settle();
                (own, rest)
            }
        }
    }

    /// Takes a record; one of another command is ignored.
    pub(super) fn record(&mut self, record: Record) {
        if record.nonce == self.nonce && self.end.is_none() {
            self.record = Some((record, Instant::now()));
            self.settle();
        }
    }

    /// Ends the command, whatever it does.
    pub(super) fn finish(&mut self, end: End) {
        if self.end.is_none() {
            let held = self.filter.finish();
            self.output.push(&held);
            let note = format!("{}{}", self.note, end.note);
            self.end = Some(End { note, ..end });
        }
    }

    /// Returns when [`Self::settle`] should be called at the latest.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.record.as_ref().filter(|_| self.end.is_none()).map(|(_, at)| *at + MARKER_LIMIT)
    }

    /// Ends the command if the shell said so and all of its output is here.
    pub(super) fn settle(&mut self) {
        let Some((record, at)) = &self.record else { return };
        if self.has_marker || at.elapsed() >= MARKER_LIMIT {
            let end = End {
                exit_code: record.exit_code,
                background_pid: record.background_pid,
                directory: record.directory.clone(),
                python: record.python.clone(),
                note: String::new(),
            };
            self.finish(end);
        }
    }

    pub(super) fn take(&mut self) -> Taken {
        self.output.take()
    }
}
