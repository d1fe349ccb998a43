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
use super::places::Places;
use super::plan::{NetworkPolicy, Plan, ResourceLimits, SandboxMode, SandboxPolicy};
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

/// Returns what stands before a program of this machine so that it only reads, and reaches no network.
///
/// It reads `workspace` and the rest of this machine that is not hidden, and writes into `scratch` only.
///
/// # Errors
/// Fails if `scratch` or its folders cannot be made.
pub fn read_only_prefix(
    program: &Path,
    mode: SandboxMode,
    places: &Places,
    workspace: &Path,
    scratch: &Path,
) -> io::Result<Vec<OsString>> {
    if mode == SandboxMode::Unconfined {
        return Ok(Vec::new());
    }
    for part in ["home", "tmp", "shell"] {
        std::fs::create_dir_all(scratch.join(part))?;
    }
    let plan = Plan {
        mode,
        policy: SandboxPolicy::ReadOnly,
        network: NetworkPolicy::Off,
        has_private_network: true,
        workspace: workspace.canonicalize()?,
        session_dir: scratch.canonicalize()?,
        home: places.home.clone(),
        masked: places.masked.clone(),
        exposed: places.exposed.clone(),
        volumes: Vec::new(),
        protected: Vec::new(),
        limits: ResourceLimits::default(),
    };
    let json = serde_json::to_string(&plan)?;
    Ok(vec![program.into(), SUBCOMMAND.into(), "once".into(), json.into()])
}
