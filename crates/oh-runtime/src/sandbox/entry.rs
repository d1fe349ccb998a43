//! What a process does that was started to be part of a sandbox.

use std::ffi::OsString;
use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Command, ExitCode, ExitStatus};

use super::landlock::{self, Domain};
use super::plan::{Plan, SandboxMode};
use super::seccomp::{self, Sockets};
use super::{SetupError, confine, mounts, namespaces, selftest};
use crate::executor;

/// First argument of a process that belongs to a sandbox.
pub(crate) const SUBCOMMAND: &str = "__sandbox";
/// The stage that is the whole sandbox of a process which something else confines.
pub(crate) const SERVE_STDIO: &str = "serve-stdio";
/// Longest plan, in bytes.
const MAX_PLAN: usize = 1024 * 1024;

/// Does the work of a process of a sandbox, if this is one.
///
/// To be called first in `main`, before any thread is started.
#[must_use]
pub fn sandbox_main() -> Option<ExitCode> {
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next()? != SUBCOMMAND {
        return None;
    }
    let stage = arguments.next().unwrap_or_default();
    let rest: Vec<OsString> = arguments.collect();
    let result = match stage.to_str() {
        Some("enter") => enter(&rest),
        Some("supervise") => supervise(),
        Some(SERVE_STDIO) => serve_stdio(),
        Some("try") => try_out(),
        Some("once") => once(&rest),
        Some("once-inside") => Err(once_inside(&rest)),
        Some("confine") => Err(confine_command(&rest)),
        Some(_) | None => Err(SetupError::new("start", std::io::ErrorKind::InvalidInput.into())),
    };
    Some(result.unwrap_or_else(|error| {
        // Whoever started this process reads it there.
        let _ = writeln!(std::io::stderr(), "{error}");
        ExitCode::from(SETUP_FAILED)
    }))
}

/// Exit code of a process that could not build its sandbox.
pub(super) const SETUP_FAILED: u8 = 125;

/// First stage: enters namespaces.
fn enter(next_stage: &[OsString]) -> Result<ExitCode, SetupError> {
    let plan = read_plan()?;
    let mut command = Command::new("/proc/self/exe");
    command.arg0("openhands-supervisor").arg(SUBCOMMAND).args(next_stage);
    exit_code(namespaces::enter(&plan, command)?)
}

/// Second stage: builds the rest of the sandbox, then serves requests.
fn supervise() -> Result<ExitCode, SetupError> {
    let plan = read_plan()?;
    build(&plan)?;
    executor::serve(&plan).map_err(|error| SetupError::new("serve", error))?;
    Ok(ExitCode::SUCCESS)
}

/// Only stage in a container: serves requests on its standard input and output.
fn serve_stdio() -> Result<ExitCode, SetupError> {
    let plan = read_plan()?;
    build(&plan)?;
    executor::serve_stdio(&plan).map_err(|error| SetupError::new("serve", error))?;
    Ok(ExitCode::SUCCESS)
}

/// Second stage of a trial: builds the rest of the sandbox, then tries to get out.
fn try_out() -> Result<ExitCode, SetupError> {
    let plan = read_plan()?;
    build(&plan)?;
    selftest::run(&plan)?;
    Ok(ExitCode::SUCCESS)
}

fn build(plan: &Plan) -> Result<(), SetupError> {
    let failed = |what: &'static str| move |error| SetupError::new(what, error);
    if plan.mode == SandboxMode::Namespaces {
        namespaces::die_with_parent().map_err(failed("follow the first process"))?;
        mounts::enter(plan)?;
        if plan.has_private_network {
            super::loopback::bring_up().map_err(failed("start the loopback network"))?;
        }
    }
    // Nobody inside looks into the memory of this process.
    rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable)
        .map_err(|error| SetupError::new("protect the supervisor", error.into()))?;
    rustix::process::set_child_subreaper(Some(rustix::process::getpid()))
        .map_err(|error| SetupError::new("become a subreaper", error.into()))?;
    std::env::set_current_dir(plan.workspace_inside()).map_err(failed("enter the workspace"))?;
    if plan.mode == SandboxMode::Unconfined {
        return Ok(());
    }
    namespaces::drop_capabilities().map_err(failed("drop capabilities"))?;
    let is_restricted = landlock::restrict(plan, Domain::Supervisor)
        .map_err(|error| SetupError::new("apply Landlock", std::io::Error::other(error)))?;
    if !is_restricted {
        let absent = std::io::Error::other("the kernel has no Landlock");
        return Err(SetupError::new("apply Landlock", absent));
    }
    let has_open_network = !plan.has_private_network || plan.mode == SandboxMode::Namespaces;
    let sockets = if has_open_network { Sockets::Unusual } else { Sockets::Network };
    seccomp::apply(sockets)
        .map_err(|error| SetupError::new("apply seccomp", std::io::Error::other(error)))
}

/// First stage of a single command: like [`enter`], with the plan among the arguments.
fn once(arguments: &[OsString]) -> Result<ExitCode, SetupError> {
    let (plan, _) = plan_and_command(arguments)?;
    let mut command = Command::new("/proc/self/exe");
    command.arg0("openhands-sandbox").args([SUBCOMMAND, "once-inside"]).args(arguments);
    exit_code(namespaces::enter(&plan, command)?)
}

/// Second stage of a single command: builds the sandbox and becomes the command, where it was started.
fn once_inside(arguments: &[OsString]) -> SetupError {
    let directory = std::env::current_dir();
    let prepared = plan_and_command(arguments).and_then(|(plan, command)| {
        build(&plan)?;
        directory
            .and_then(std::env::set_current_dir)
            .map_err(|error| SetupError::new("enter the directory", error))?;
        Ok((plan, command))
    });
    match prepared {
        Ok((plan, command)) => confine::run_alone(&plan, command),
        Err(error) => error,
    }
}

fn plan_and_command(arguments: &[OsString]) -> Result<(Plan, &[OsString]), SetupError> {
    let invalid = || SetupError::new("read the plan", std::io::ErrorKind::InvalidInput.into());
    let (plan, command) = arguments.split_first().ok_or_else(invalid)?;
    Ok((serde_json::from_slice(plan.as_encoded_bytes()).map_err(|_| invalid())?, command))
}

/// Last stage: becomes a command.
fn confine_command(arguments: &[OsString]) -> SetupError {
    match plan_and_command(arguments) {
        Ok((plan, command)) => confine::run(&plan, command),
        Err(error) => error,
    }
}

fn exit_code(status: ExitStatus) -> Result<ExitCode, SetupError> {
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal)).unwrap_or(1);
    Ok(ExitCode::from(u8::try_from(code).unwrap_or(1)))
}

/// Reads the plan and nothing behind it, so that the next stage can read its own.
fn read_plan() -> Result<Plan, SetupError> {
    let failed = |error| SetupError::new("read the plan", error);
    let mut input = File::from(executor::standard_input().map_err(failed)?);
    let mut length = [0; 4];
    input.read_exact(&mut length).map_err(failed)?;
    let length = u32::from_le_bytes(length) as usize;
    if length > MAX_PLAN {
        return Err(failed(std::io::ErrorKind::InvalidData.into()));
    }
    let mut bytes = vec![0; length];
    input.read_exact(&mut bytes).map_err(failed)?;
    serde_json::from_slice(&bytes).map_err(|error| failed(error.into()))
}

/// Returns what [`read_plan`] reads.
pub(crate) fn plan_bytes(plan: &Plan) -> std::io::Result<Vec<u8>> {
    let json = serde_json::to_vec(plan)?;
    let length = u32::try_from(json.len()).map_err(std::io::Error::other)?;
    Ok([&length.to_le_bytes()[..], &json].concat())
}
