use std::fmt;
use std::io;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncReadExt, DuplexStream, copy};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout};
use tokio::sync::Notify;

use crate::processes::Process;
use crate::shell::ShellSetup;
use crate::static_run::Job;

/// Bytes on the way between a program and who talks to it.
pub(crate) const PIPE_BYTES: usize = 64 * 1024;
/// Most of what a program wrote to its standard error that is kept.
const KEPT_BYTES: usize = 4 * 1024;

/// How long the standard error of a program that ended is awaited, if another process holds it.
const LAST_WORDS: Duration = Duration::from_millis(200);

/// Closes what is inherited and becomes the program.
const START: &str = r#"for fd in /proc/$$/fd/*; do fd=${fd##*/}; ((fd > 2)) && eval "exec $fd>&-"; done
exec -- "$@""#;

/// A program that talks over its standard input and output.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Program {
    /// Its name or path.
    pub command: String,
    /// What follows the name.
    pub arguments: Vec<String>,
    /// Variables, beside and above those of commands. They may be secrets.
    pub environment: Vec<(String, String)>,
    /// What it needs to know of the network.
    #[serde(default)]
    pub network: ProgramNetwork,
}

/// What a program is told of the network.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ProgramNetwork {
    /// What commands are told.
    #[default]
    AsCommands,
    /// That of pages in a browser, which are not to be trusted.
    ///
    /// `OPENHANDS_PAGE_PROXY` is the address of a proxy, or empty where there is no network, and
    /// `OPENHANDS_PAGE_LOOPBACK` is `proxy` if it leads to this machine too, or `direct`.
    OfPages,
}

/// A program that runs. Dropping the stream ends it.
#[derive(Debug)]
pub struct RunningProgram {
    /// Writes to its standard input and reads from its standard output.
    pub stream: DuplexStream,
    /// What it said on its standard error.
    pub errors: ErrorTail,
}

/// The last lines that a program wrote to its standard error. Clones share them.
#[derive(Clone, Default)]
pub struct ErrorTail(Arc<Mutex<Vec<u8>>>);

impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.environment.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("Program")
            .field("command", &self.command)
            .field("environment", &names)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for ErrorTail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ErrorTail")
    }
}

impl ErrorTail {
    /// Returns the text, at most 4 KiB of it.
    #[must_use]
    pub fn text(&self) -> String {
        let bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&bytes).trim().to_owned()
    }

    pub(crate) fn push(&self, bytes: &[u8]) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.extend_from_slice(bytes);
        let surplus = kept.len().saturating_sub(KEPT_BYTES);
        kept.drain(..surplus);
    }

    pub(crate) fn replace(&self, text: &str) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Vec::new();
        self.push(text.as_bytes());
    }
}

/// Starts `program`; returns its process too, and a future that is the work of keeping it.
pub(crate) fn start(
    program: &Program,
    setup: &ShellSetup,
) -> io::Result<(RunningProgram, Option<Process>, impl Future<Output = ()> + Send + 'static)> {
    let mut child = setup
        .command()
        .args(["--noprofile", "--norc", "-c", START, "bash", &program.command])
        .args(&program.arguments)
        .env_clear()
        .envs(setup.environment.iter().map(|(name, value)| (name, value)))
        .envs(program.environment.iter().map(|(name, value)| (name, value)))
        .current_dir(&setup.workspace)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true)
        .spawn()?;
    let pipes = Pipes::of(&mut child).ok_or(io::ErrorKind::BrokenPipe)?;
    let root = child.id().and_then(|pid| Process::read(pid.cast_signed()));
    let job = Job { root, child };
    let (stream, inside) = tokio::io::duplex(PIPE_BYTES);
    let errors = ErrorTail::default();
    let work = keep(job, pipes, inside, errors.clone());
    Ok((RunningProgram { stream, errors }, root, work))
}

struct Pipes {
    input: ChildStdin,
    output: ChildStdout,
    errors: ChildStderr,
}

impl Pipes {
    fn of(child: &mut Child) -> Option<Self> {
        Some(Self {
            input: child.stdin.take()?,
            output: child.stdout.take()?,
            errors: child.stderr.take()?,
        })
    }
}

/// Carries bytes until the program says no more, or nobody listens to it.
async fn keep(job: Job, pipes: Pipes, inside: DuplexStream, tail: ErrorTail) {
    let Pipes { mut input, mut output, errors } = pipes;
    let (mut from_client, mut to_client) = tokio::io::split(inside);
    let heard = Notify::new();
    let forward = async {
        if copy(&mut from_client, &mut input).await.is_err() {
            // It reads no more, but may still have something to say.
            std::future::pending::<()>().await;
        }
    };
    let backward = async {
        let _ = copy(&mut output, &mut to_client).await;
        // Why it ended is what it said last.
        let _ = tokio::time::timeout(LAST_WORDS, heard.notified()).await;
    };
    let listen = async {
        read_errors(errors, &tail).await;
        heard.notify_one();
        std::future::pending::<()>().await;
    };
    tokio::select! {
        () = forward => {}
        () = backward => {}
        () = listen => {}
    }
    drop(job);
}

async fn read_errors(mut errors: impl AsyncRead + Unpin, tail: &ErrorTail) {
    let mut buffer = vec![0; KEPT_BYTES];
    while let Ok(count @ 1..) = errors.read(&mut buffer).await {
        tail.push(&buffer[..count]);
    }
}
