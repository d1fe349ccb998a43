//! The server's side: starts the first stage of a sandbox.

use std::ffi::OsString;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Stdio;

use tokio::io::AsyncWriteExt;
use tokio::process::{Child, Command};

use super::entry::{SUBCOMMAND, plan_bytes};
use super::plan::Plan;
use crate::processes::MARKER_VARIABLE;

/// A sandbox that is being built.
#[derive(Debug)]
pub(crate) struct Started {
    pub(crate) child: Child,
    /// What the supervisor has as its standard input.
    pub(crate) socket: tokio::net::UnixStream,
}

/// Starts the stages up to `last_stage`. `marker` is in the environment of each.
pub(crate) async fn start(
    program: &Path,
    plan: &Plan,
    last_stage: &str,
    marker: &str,
) -> io::Result<Started> {
    let (ours, theirs) = UnixStream::pair()?;
    ours.set_nonblocking(true)?;
    let child = Command::new(program)
        .arg0("openhands-sandbox")
        .args([SUBCOMMAND, "enter", last_stage])
        .env_clear()
        .env(MARKER_VARIABLE, marker)
        .stdin(Stdio::from(OwnedFd::from(theirs)))
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        // Signals for the server's terminal are not for them.
        .process_group(0)
        .kill_on_drop(true)
        .spawn()?;
    let mut socket = tokio::net::UnixStream::from_std(ours)?;
    let bytes = plan_bytes(plan)?;
    // One for each stage.
    socket.write_all(&bytes).await?;
    socket.write_all(&bytes).await?;
    Ok(Started { child, socket })
}

/// Returns what stands before a command so that it runs confined.
pub(crate) fn confined_command(plan: &Plan) -> io::Result<Vec<OsString>> {
    let json = serde_json::to_string(plan)?;
    let program = plan.program_inside().into_os_string();
    Ok(vec![program, SUBCOMMAND.into(), "confine".into(), json.into()])
}
