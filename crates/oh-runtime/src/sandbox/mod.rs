//! Confines what commands may see, change and reach, by means of the kernel.
//!
//! A sandbox is built by processes of our own program, one stage after the other, each told its plan:
//!
//! 1. `enter` goes into namespaces of its own, and starts
//! 2. `supervise`, the init of those namespaces. It builds the file system, gives up every capability,
//!    applies Landlock and seccomp, and then executes actions (see `executor`). Each command it starts
//!    goes through
//! 3. `confine`, which applies limits and narrower rules, and becomes the command.
//!
//! Where namespaces are refused, the first stage becomes the second at once, and Landlock alone says
//! what can be read. Nothing here runs in the process of the server but [`Sandbox`], which starts the
//! first stage, and [`probe`], which tries out what works.

mod confine;
mod entry;
mod landlock;
mod launch;
mod limits;
mod loopback;
mod mount_steps;
mod mounts;
mod namespaces;
mod places;
mod plan;
mod probe;
mod seccomp;
mod selftest;

use std::borrow::Cow;
use std::fmt;
use std::io;

pub use entry::sandbox_main;
pub(crate) use entry::{SERVE_STDIO, SUBCOMMAND, plan_bytes};
pub use launch::read_only_prefix;
pub(crate) use launch::{Started, confined_command, start};
pub use places::Places;
pub use plan::{NetworkPolicy, ResourceLimits, SandboxMode, SandboxPolicy, Volume, VolumeAccess};
pub(crate) use plan::{Plan, WORKSPACE, shell_dir};
pub use probe::{Layer, SandboxReport, probe};

/// A step of building a sandbox that failed.
#[derive(Debug)]
pub(crate) struct SetupError {
    step: Cow<'static, str>,
    source: io::Error,
}

impl SetupError {
    fn new(step: impl Into<Cow<'static, str>>, source: io::Error) -> Self {
        Self { step: step.into(), source }
    }
}

impl fmt::Display for SetupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "failed to {}: {}", self.step, self.source)
    }
}

impl std::error::Error for SetupError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.source)
    }
}
