//! A bash on a terminal of its own.

use std::ffi::OsString;
use std::fs::OpenOptions;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::Duration;

use pty_process::{OwnedReadPty, OwnedWritePty, Size};
use rustix::fs::{FileType, Mode, OFlags};
use rustix::termios::{InputModes, LocalModes, OptionalActions, OutputModes, Termios};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::unix::pipe;
use tokio::process::Child;

use super::ShellSetup;
use super::init::{Channel, command_file, command_line, restore, script};
use super::marker::{MarkerFilter, Piece, end_marker};
use crate::processes::Process;

/// Begins the names of the pipes for records.
const RECORDS_PREFIX: &str = "records-";
const START_LIMIT: Duration = Duration::from_secs(20);
const READ_BYTES: usize = 64 * 1024;
const MAX_RECORD_BYTES: usize = 64 * 1024;
/// A terminal that reads lines drops what is longer than 4095 bytes.
const MAX_LINE_BYTES: usize = 4000;
const END_OF_INPUT: u8 = 4;

/// A running shell.
#[derive(Debug)]
pub(super) struct ShellProcess {
    reader: OwnedReadPty,
    writer: OwnedWritePty,
    master: OwnedFd,
    /// Our own descriptor of the shell's side; it keeps the terminal alive and never blocks.
    terminal: OwnedFd,
    modes: Termios,
    child: Child,
    pid: i32,
    records: pipe::Receiver,
    record_bytes: Vec<u8>,
    buffer: Vec<u8>,
    unsent: Vec<u8>,
    /// What to run before the next command, so that it sees how the last one ended.
    restore: String,
    files: Files,
}

/// Something that the shell did.
#[derive(Debug)]
pub(super) enum ShellEvent {
    /// So many bytes of output are in the buffer.
    Output(usize),
    Records(Vec<Record>),
    Exited(Option<ExitStatus>),
    Idle,
}

/// What the shell says at a prompt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) nonce: String,
    pub(super) exit_code: i32,
    pub(super) background_pid: i64,
    pub(super) directory: PathBuf,
    pub(super) python: Option<String>,
    /// Exit codes of the parts of the last pipeline.
    pub(super) statuses: Vec<u8>,
    pub(super) has_pipefail: bool,
}

#[derive(Debug)]
struct Files {
    records: PathBuf,
    turn: PathBuf,
    command: PathBuf,
    environment: PathBuf,
    restored: PathBuf,
}

impl ShellProcess {
    /// Starts a shell in `directory` and waits until it is ready.
    pub(super) async fn start(setup: &ShellSetup, directory: &Path) -> io::Result<Self> {
        let session = &setup.shell_dir;
        let nonce = random_name()?;
        let files = Files {
            records: session.join(format!("{RECORDS_PREFIX}{nonce}")),
            turn: session.join("turn"),
            command: session.join("command"),
            environment: session.join("environment"),
            restored: session.join("environment.restored"),
        };
        let _ = std::fs::rename(&files.environment, &files.restored);
        let private = Mode::from_raw_mode(0o600);
        rustix::fs::mknodat(rustix::fs::CWD, &files.records, FileType::Fifo, private, 0)?;
        let records = pipe::OpenOptions::new().read_write(true).open_receiver(&files.records)?;
        write_private(&files.turn, &format!("{nonce}\n"))?;
        let init = session.join("init.sh");
        write_private(
            &init,
            &script(&Channel {
                records: &files.records,
                turn: &files.turn,
                environment: &files.environment,
                restored: &files.restored,
                given: &setup.given,
            }),
        )?;

        let (pty, pts) = pty_process::open().map_err(into_io)?;
        pty.resize(Size::new(setup.rows, setup.columns)).map_err(into_io)?;
        let modes = set_modes(&pts)?;
        let name = rustix::pty::ptsname(&pty, Vec::new())?;
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let terminal = rustix::fs::open(name, flags, Mode::empty())?;
        let mut words = setup.launcher.iter().map(OsString::as_os_str).chain(["bash".as_ref()]);
        let child = pty_process::Command::new(words.next().unwrap_or("bash".as_ref()))
            .args(words)
            .args(["--noprofile", "--norc", "--noediting", "-i"])
            .env_clear()
            .envs(setup.environment.iter().map(|(name, value)| (name, value)))
            .env("PROMPT_COMMAND", format!(". {}", super::init::quote(&init)))
            .env("PS1", "")
            .current_dir(directory)
            .kill_on_drop(true)
            .spawn(pts)
            .map_err(into_io)?;
        let pid = child.id().and_then(|pid| i32::try_from(pid).ok()).unwrap_or(0);
        let master = pty.as_fd().try_clone_to_owned()?;
        let (reader, writer) = pty.into_split();
        let mut shell = Self {
            reader,
            writer,
            master,
            terminal,
            modes,
            child,
            pid,
            records,
            record_bytes: Vec::new(),
            buffer: vec![0; READ_BYTES],
            unsent: Vec::new(),
            restore: String::new(),
            files,
        };
        tokio::time::timeout(START_LIMIT, shell.ready(&nonce)).await.map_err(|_| {
            io::Error::new(io::ErrorKind::TimedOut, "the shell did not get ready")
        })??;
        let _ = std::fs::remove_file(&shell.files.restored);
        shell.restore = super::init::FIRST.to_owned();
        Ok(shell)
    }

    async fn ready(&mut self, nonce: &str) -> io::Result<()> {
        let mut filter = MarkerFilter::new(nonce);
        let (mut has_record, mut has_marker) = (false, false);
        while !has_record || !has_marker {
            match self.next().await {
                ShellEvent::Records(records) => {
                    has_record |= records.iter().any(|record| record.nonce == nonce);
                }
                ShellEvent::Output(count) => {
                    has_marker |= matches!(filter.push(self.output(count)), Piece::Around(..));
                }
                ShellEvent::Exited(_) => return Err(io::Error::other("the shell ended at once")),
                ShellEvent::Idle => {}
            }
        }
        Ok(())
    }

    pub(super) fn pid(&self) -> i32 {
        self.pid
    }

    /// Returns the first `count` bytes that were read last.
    pub(super) fn output(&self, count: usize) -> &[u8] {
        &self.buffer[..count]
    }

    /// Waits for the next event. Nothing is lost if the future is dropped.
    pub(super) async fn next(&mut self) -> ShellEvent {
        let Self { reader, writer, child, records, record_bytes, buffer, unsent, .. } = self;
        let last = &mut self.restore;
        let mut record = [0; 4096];
        tokio::select! {
            read = reader.read(buffer) => match read {
                Ok(count) if count > 0 => ShellEvent::Output(count),
                Ok(_) | Err(_) => ShellEvent::Exited(child.wait().await.ok()),
            },
            read = records.read(&mut record) => {
                record_bytes.extend_from_slice(&record[..read.unwrap_or(0)]);
                let taken = take_records(record_bytes);
                if let Some(record) = taken.last() {
                    *last = restore(record.exit_code, &record.statuses, record.has_pipefail);
                }
                ShellEvent::Records(taken)
            }
            status = child.wait() => ShellEvent::Exited(status.ok()),
            written = writer.write(unsent), if !unsent.is_empty() => {
                let count = written.unwrap_or(unsent.len());
                unsent.drain(..count);
                ShellEvent::Idle
            }
        }
    }

    /// Hands over `command` as a whole.
    pub(super) fn send_command(
        &mut self,
        nonce: &str,
        command: &str,
        is_complete: bool,
    ) -> io::Result<()> {
        write_private(&self.files.command, &command_file(command, is_complete))?;
        self.begin(nonce)?;
        self.unsent.extend(command_line(&self.files.command, &self.restore).into_bytes());
        Ok(())
    }

    /// Types the lines of `command`, which is not complete.
    pub(super) fn type_command(&mut self, nonce: &str, command: &str) -> io::Result<()> {
        self.begin(nonce)?;
        self.unsent.extend_from_slice(command.as_bytes());
        self.unsent.push(b'\n');
        Ok(())
    }

    fn begin(&mut self, nonce: &str) -> io::Result<()> {
        self.unsent.clear();
        write_private(&self.files.turn, &format!("{nonce}\n"))?;
        rustix::termios::tcsetattr(&self.terminal, OptionalActions::Now, &self.modes)?;
        Ok(())
    }

    /// Says whether `command` can be typed into a terminal as it is.
    pub(super) fn can_type(command: &str) -> bool {
        command.lines().all(|line| line.len() < MAX_LINE_BYTES)
            && !command.chars().any(|c| c.is_control() && c != '\n' && c != '\t')
    }

    /// Sends a line of input to the running command.
    pub(super) fn send_text(&mut self, text: &str) {
        let reads_lines = rustix::termios::tcgetattr(&self.terminal)
            .is_ok_and(|modes| modes.local_modes.contains(LocalModes::ICANON));
        for line in text.split_inclusive('\n') {
            for (index, part) in line.as_bytes().chunks(MAX_LINE_BYTES).enumerate() {
                if index > 0 && reads_lines {
                    self.unsent.push(END_OF_INPUT);
                }
                self.unsent.extend_from_slice(part);
            }
        }
        self.unsent.push(b'\n');
    }

    pub(super) fn send_bytes(&mut self, bytes: &[u8]) {
        self.unsent.extend_from_slice(bytes);
    }

    pub(super) fn forget_input(&mut self) {
        self.unsent.clear();
    }

    pub(super) fn has_unsent_input(&self) -> bool {
        !self.unsent.is_empty()
    }

    /// Returns the process group that has the terminal.
    pub(super) fn foreground_group(&self) -> Option<i32> {
        rustix::termios::tcgetpgrp(&self.master).ok().map(|group| group.as_raw_nonzero().get())
    }

    /// Returns this shell as a process.
    pub(super) fn as_process(&self) -> Option<Process> {
        Process::read(self.pid)
    }

    /// Reads what is left in the terminal of a shell that has ended.
    pub(super) async fn drain(&mut self, nonce: &str, mut take: impl FnMut(&[u8])) {
        // The marker goes through the same queue as the output: what comes before it is complete.
        let marker = end_marker(nonce).into_bytes();
        let mut is_written = false;
        let mut recent: Vec<u8> = Vec::new();
        let deadline = tokio::time::Instant::now() + Duration::from_secs(2);
        loop {
            if !is_written {
                is_written = rustix::io::write(&self.terminal, &marker).is_ok();
            }
            let Ok(Ok(count)) =
                tokio::time::timeout_at(deadline, self.reader.read(&mut self.buffer)).await
            else {
                return;
            };
            let bytes = &self.buffer[..count];
            take(bytes);
            recent.extend_from_slice(bytes);
            if recent.windows(marker.len()).any(|window| window == marker) || count == 0 {
                return;
            }
            recent.drain(..recent.len().saturating_sub(marker.len()));
        }
    }
}

impl Drop for ShellProcess {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.files.records);
    }
}

/// Removes what a shell left behind that was not ended by us.
pub(crate) fn remove_leftovers(session_dir: &Path) -> io::Result<()> {
    for entry in std::fs::read_dir(session_dir)?.flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with(RECORDS_PREFIX) || name.starts_with("environment") {
            std::fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// Returns 32 random hexadecimal digits.
pub(crate) fn random_name() -> io::Result<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Writes a file that only the user may read.
pub(crate) fn write_private(path: &Path, text: &str) -> io::Result<()> {
    let mut file =
        OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    io::Write::write_all(&mut file, text.as_bytes())
}

/// Turns off echo, flow control and the translation of line ends.
fn set_modes(terminal: impl AsFd) -> io::Result<Termios> {
    let terminal = terminal.as_fd();
    let mut modes = rustix::termios::tcgetattr(terminal)?;
    modes.local_modes -= LocalModes::ECHO | LocalModes::ECHONL;
    modes.output_modes -= OutputModes::ONLCR;
    modes.input_modes -= InputModes::IXON | InputModes::IXOFF;
    modes.input_modes |= InputModes::IUTF8;
    rustix::termios::tcsetattr(terminal, OptionalActions::Now, &modes)?;
    Ok(modes)
}

fn into_io(error: pty_process::Error) -> io::Error {
    io::Error::other(error)
}

/// Takes the complete records off the front of `bytes`.
fn take_records(bytes: &mut Vec<u8>) -> Vec<Record> {
    let mut records = Vec::new();
    let mut fields: Vec<String> = Vec::new();
    let mut taken = 0;
    let mut from = 0;
    while let Some(length) = bytes[from..].iter().position(|byte| *byte == 0) {
        fields.push(String::from_utf8_lossy(&bytes[from..from + length]).into_owned());
        from += length + 1;
        if let [nonce, exit_code, pid, directory, python, statuses, pipefail] = fields.as_slice() {
            records.push(Record {
                nonce: nonce.clone(),
                exit_code: exit_code.parse().unwrap_or(-1),
                background_pid: pid.parse().unwrap_or(-1),
                directory: PathBuf::from(directory),
                python: Some(python.trim_end().to_owned()).filter(|path| !path.is_empty()),
                statuses: statuses.split(' ').filter_map(|status| status.parse().ok()).collect(),
                has_pipefail: !pipefail.is_empty(),
            });
            fields.clear();
            taken = from;
        }
    }
    bytes.drain(..taken);
    bytes.truncate(MAX_RECORD_BYTES);
    records
}
