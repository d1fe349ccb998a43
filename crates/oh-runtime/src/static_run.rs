//! A command in a process of its own, beside the shell.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use oh_event::{CommandMetadata, ErrorObservation, Observation, RunAction, RunObservation};
use rustix::pipe::PipeFlags;
use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe;
use tokio::process::Child;

use crate::output::{Length, Output};
use crate::processes::{self, Process};
use crate::shell::ShellSetup;

const LONGEST_TIMEOUT: Duration = Duration::from_secs(24 * 60 * 60);
/// How long output is awaited after the command has ended, if a process it left behind holds the pipe.
const DRAIN: Duration = Duration::from_millis(200);

/// Closes what the server itself inherited from whoever started it, and becomes the command.
const START: &str = r#"for fd in /proc/$$/fd/*; do fd=${fd##*/}; ((fd > 2)) && eval "exec $fd>&-"; done
exec "$BASH" --noprofile --norc -c "$1""#;

/// Runs `action` with `bash -c` in `directory` and waits for its end, at most for `timeout`.
pub(crate) async fn run(
    action: RunAction,
    directory: &Path,
    setup: &ShellSetup,
    timeout: Duration,
) -> Observation {
    match try_run(&action, directory, setup, timeout).await {
        Ok(observation) => Observation::Run(observation),
        Err(error) => Observation::Error(ErrorObservation {
            content: format!(
                "ERROR: The command could not be started in {}: {error}",
                directory.display()
            ),
            error_id: String::new(),
        }),
    }
}

async fn try_run(
    action: &RunAction,
    directory: &Path,
    setup: &ShellSetup,
    timeout: Duration,
) -> std::io::Result<RunObservation> {
    let timeout = timeout.min(LONGEST_TIMEOUT);
    let (read_end, write_end) = rustix::pipe::pipe_with(PipeFlags::CLOEXEC)?;
    let mut command = setup.command();
    command
        .args(["--noprofile", "--norc", "-c", START, "bash", &action.command])
        .env_clear()
        .envs(setup.environment.iter().map(|(name, value)| (name, value)))
        .current_dir(directory)
        .stdin(Stdio::null())
        .stdout(write_end.try_clone()?)
        .stderr(write_end)
        .process_group(0)
        .kill_on_drop(true);
    let child = command.spawn()?;
    let mut job = Job { root: child.id().and_then(|pid| Process::read(pid.cast_signed())), child };
    let mut pipe = pipe::Receiver::from_owned_fd(read_end)?;

    let length = if action.hidden { Length::Whole } else { Length::Short };
    let name = crate::shell::random_name()?;
    let mut output =
        Output::new(length, setup.output_dir.join(format!("static-{}.log", &name[..8])));
    let mut status = None;
    let mut deadline = tokio::time::Instant::now() + timeout;
    let mut buffer = vec![0; 64 * 1024];
    let mut is_open = true;
    while is_open || status.is_none() {
        tokio::select! {
            read = pipe.read(&mut buffer), if is_open => match read {
                Ok(count) if count > 0 => output.push(&buffer[..count]),
                Ok(_) | Err(_) => is_open = false,
            },
            ended = job.child.wait(), if status.is_none() => {
                status = Some(ended?);
                deadline = deadline.min(tokio::time::Instant::now() + DRAIN);
            }
            () = tokio::time::sleep_until(deadline) => break,
        }
    }
    let taken = output.take();
    let (exit_code, suffix) = match status {
        Some(status) => {
            job.root = None;
            let exit_code = exit_code(status);
            (exit_code, format!("\n[The command completed with exit code {exit_code}.]"))
        }
        None => (
            -1,
            format!(
                "\n[The command was killed: it took longer than {} seconds.]",
                timeout.as_secs_f64()
            ),
        ),
    };
    Ok(RunObservation {
        content: taken.text,
        command: action.command.clone(),
        metadata: CommandMetadata {
            exit_code,
            working_dir: Some(directory.to_string_lossy().into_owned()),
            suffix: suffix + &taken.note,
            ..CommandMetadata::default()
        },
        hidden: action.hidden,
    })
}

fn exit_code(status: std::process::ExitStatus) -> i32 {
    use std::os::unix::process::ExitStatusExt;
    status.code().or_else(|| status.signal().map(|signal| 128 + signal)).unwrap_or(-1)
}

/// Kills what still runs of a command when it is dropped.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) child: Child,
    pub(crate) root: Option<Process>,
}

impl Drop for Job {
    fn drop(&mut self) {
        let Some(root) = self.root else { return };
        let all = processes::all();
        let roots = all
            .iter()
            .filter(|process| process.group == root.pid)
            .map(|process| process.pid)
            .chain([root.pid])
            .collect();
        for process in processes::with_descendants(&all, &roots) {
            process.signal(rustix::process::Signal::KILL);
        }
    }
}
