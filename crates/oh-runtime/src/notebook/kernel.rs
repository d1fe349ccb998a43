//! A driver with its kernel.

use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use futures_util::StreamExt;
use tokio::io::{AsyncWriteExt, DuplexStream, ReadHalf, WriteHalf};
use tokio::task::JoinSet;
use tokio_util::codec::{FramedRead, LinesCodec};

use super::candidates::{candidates, path_for};
use super::files;
use super::protocol::{MAX_LINE_BYTES, Report, Request};
use super::texts;
use crate::processes::{self, Process};
use crate::program::{self, ErrorTail, Program};
use crate::shell::ShellSetup;

/// How long a kernel may take until it takes cells.
const START_LIMIT: Duration = Duration::from_secs(60);

/// A running kernel. Dropping it ends it and its descendants.
#[derive(Debug)]
pub(super) struct Kernel {
    lines: FramedRead<ReadHalf<DuplexStream>, LinesCodec>,
    writer: WriteHalf<DuplexStream>,
    unsent: Vec<u8>,
    errors: ErrorTail,
    work: JoinSet<()>,
    /// Path of the Python.
    pub(super) python: String,
    /// The driver and the kernel.
    pub(super) processes: Vec<i32>,
    /// Where the shell was when the kernel last went there.
    pub(super) followed: Option<PathBuf>,
    /// Where the kernel was after its last cell.
    pub(super) directory: String,
}

impl Kernel {
    /// Starts the first Python that can be used.
    ///
    /// # Errors
    /// Returns what to tell the model.
    pub(super) async fn start(
        setup: &ShellSetup,
        shell_python: Option<&str>,
    ) -> Result<Self, String> {
        let mut refused = Vec::new();
        for python in candidates(shell_python, &setup.environment) {
            let started = tokio::time::timeout(START_LIMIT, Self::try_start(setup, &python)).await;
            match started {
                Ok(Ok(kernel)) => return Ok(kernel),
                Ok(Err(reason)) => refused.push((python, reason)),
                Err(_) => refused.push((python, texts::slow_start(START_LIMIT))),
            }
        }
        Err(texts::no_python(&refused))
    }

    async fn try_start(setup: &ShellSetup, python: &Path) -> Result<Self, String> {
        let spawn = || -> io::Result<Self> {
            let driver = files::install(&setup.shell_dir)?;
            let arguments = ["-u".to_owned(), driver.to_string_lossy().into_owned()];
            let path = path_for(python, &setup.environment);
            let program = Program {
                command: python.to_string_lossy().into_owned(),
                arguments: arguments.into(),
                environment: path.map(|path| ("PATH".to_owned(), path)).into_iter().collect(),
                ..Program::default()
            };
            let (running, _, keep) = program::start(&program, setup)?;
            let mut work = JoinSet::new();
            work.spawn(keep);
            let (reader, writer) = tokio::io::split(running.stream);
            let codec = LinesCodec::new_with_max_length(MAX_LINE_BYTES);
            Ok(Self {
                lines: FramedRead::new(reader, codec),
                writer,
                unsent: Vec::new(),
                errors: running.errors,
                work,
                python: program.command,
                processes: Vec::new(),
                followed: None,
                directory: String::new(),
            })
        };
        let mut kernel = spawn().map_err(|error| error.to_string())?;
        loop {
            match kernel.next().await {
                Report::Ready { kernel: name, python, version, processes } => {
                    tracing::debug!(name, version, python, "a notebook has started");
                    kernel.python = python;
                    kernel.processes = processes;
                    return Ok(kernel);
                }
                Report::Unfit { reason } => return Err(reason),
                Report::Ended { how } => return Err(texts::not_started(&how)),
                // What is printed while it starts belongs to no cell.
                Report::Output { .. } | Report::Picture { .. } | Report::Done { .. } => {}
            }
        }
    }

    pub(super) fn send(&mut self, request: &Request<'_>) {
        match serde_json::to_vec(request) {
            Ok(line) => {
                self.unsent.extend(line);
                self.unsent.push(b'\n');
            }
            Err(error) => tracing::error!(%error, "failed to encode a request to a notebook"),
        }
    }

    /// Waits for the next report. Nothing is lost if the future is dropped.
    pub(super) async fn next(&mut self) -> Report {
        loop {
            tokio::select! {
                line = self.lines.next() => {
                    return match line {
                        Some(Ok(line)) => serde_json::from_str(&line)
                            .unwrap_or_else(|error| self.ended(&error.to_string())),
                        Some(Err(error)) => self.ended(&error.to_string()),
                        None => self.ended(""),
                    };
                }
                written = self.writer.write(&self.unsent), if !self.unsent.is_empty() => {
                    match written {
                        Ok(count) => drop(self.unsent.drain(..count)),
                        Err(_) => self.unsent.clear(),
                    }
                }
            }
        }
    }

    fn ended(&self, reason: &str) -> Report {
        let text = self.errors.text();
        let last = text.lines().last().unwrap_or_default();
        let how = if last.is_empty() { reason } else { last };
        Report::Ended { how: how.to_owned() }
    }

    /// Returns what descends from the kernel: what cells started.
    pub(super) fn children(&self) -> HashSet<(i32, u64)> {
        self.descendants().iter().map(|process| (process.pid, process.started)).collect()
    }

    /// Kills what descends from the kernel and is not among `known`.
    pub(super) fn kill_others(&self, known: &HashSet<(i32, u64)>) {
        for process in self.descendants() {
            if !known.contains(&(process.pid, process.started)) {
                process.signal(rustix::process::Signal::KILL);
            }
        }
    }

    fn descendants(&self) -> Vec<Process> {
        let Some(root) = self.processes.last() else { return Vec::new() };
        processes::descendants(*root)
    }

    /// Kills the kernel and waits until that is done.
    pub(super) async fn kill(mut self) {
        self.work.shutdown().await;
    }
}
