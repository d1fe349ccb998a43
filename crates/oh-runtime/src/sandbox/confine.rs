//! The last step before a command: limits, and the rules that hold for commands only.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::process::Command;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::landlock::{self, Domain};
use super::plan::{Plan, SandboxMode};
use super::{SetupError, limits};

/// Makes the kernel choose commands first when memory runs out.
const OOM_SCORE: &str = "500";
const NICENESS: i32 = 5;

/// Replaces this process by `command`, confined.
pub(super) fn run(plan: &Plan, command: &[OsString]) -> SetupError {
    let prepared = limit_all(plan).and_then(|()| narrow(plan));
    prepared.map_or_else(|error| error, |()| become_command(command))
}

/// Replaces this process by `command`, which has what its supervisor would have.
pub(super) fn run_alone(plan: &Plan, command: &[OsString]) -> SetupError {
    limit_all(plan).map_or_else(|error| error, |()| become_command(command))
}

fn become_command(command: &[OsString]) -> SetupError {
    let Some((program, arguments)) = command.split_first() else {
        return SetupError::new("run a command", std::io::ErrorKind::InvalidInput.into());
    };
    let error = Command::new(program).args(arguments).exec();
    SetupError::new(format!("run {}", program.display()), error)
}

fn limit_all(plan: &Plan) -> Result<(), SetupError> {
    // Only how memory and time are shared out depends on these two.
    let _ = std::fs::write("/proc/self/oom_score_adj", OOM_SCORE);
    let _ = rustix::process::nice(NICENESS);
    limit(Resource::Core, 0)?;
    if plan.limits.open_files > 0 {
        limit(Resource::Nofile, plan.limits.open_files)?;
    }
    if plan.limits.processes > 0 {
        limit(Resource::Nproc, limits::process_limit(plan))?;
    }
    Ok(())
}

fn narrow(plan: &Plan) -> Result<(), SetupError> {
    if plan.mode != SandboxMode::Unconfined {
        landlock::restrict(plan, Domain::Command)
            .map_err(|error| SetupError::new("apply Landlock", std::io::Error::other(error)))?;
    }
    Ok(())
}

/// Lowers a limit; one that is lower already stays.
fn limit(resource: Resource, value: u64) -> Result<(), SetupError> {
    let known = getrlimit(resource);
    let value = known.maximum.map_or(value, |maximum| maximum.min(value));
    setrlimit(resource, Rlimit { current: Some(value), maximum: Some(value) })
        .map_err(|error| SetupError::new("set a limit", error.into()))
}
