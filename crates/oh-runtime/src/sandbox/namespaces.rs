//! The first process of a sandbox: enters new namespaces and starts the second one there as their init.

use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitStatus};

use nix::sched::CloneFlags;
use rustix::process::Signal;
use rustix::thread::{
    CapabilitySet, CapabilitySets, capabilities, configure_capability_in_ambient_set,
    set_capabilities,
};

use super::SetupError;
use super::plan::{Plan, SandboxMode};

/// Whom a server of root seems to be inside: many tools treat root in a special way.
const INSIDE_ROOT: u32 = 1000;

/// Enters the namespaces and runs `command` there; without namespaces it takes the place of this process.
pub(super) fn enter(plan: &Plan, mut command: Command) -> Result<ExitStatus, SetupError> {
    match plan.mode {
        SandboxMode::Namespaces => {}
        SandboxMode::Landlock | SandboxMode::Unconfined => {
            return Err(SetupError::new("start the supervisor", command.exec()));
        }
    }
    let mut flags = CloneFlags::CLONE_NEWUSER
        | CloneFlags::CLONE_NEWNS
        | CloneFlags::CLONE_NEWPID
        | CloneFlags::CLONE_NEWIPC
        | CloneFlags::CLONE_NEWUTS;
    if plan.has_private_network {
        flags |= CloneFlags::CLONE_NEWNET;
    }
    let (user, group) = (rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw());
    nix::sched::unshare(flags)
        .map_err(|error| SetupError::new("make new namespaces", error.into()))?;
    let write = |file: &str, text: String| {
        std::fs::write(file, text).map_err(|error| SetupError::new(format!("write {file}"), error))
    };
    write("/proc/self/setgroups", "deny".to_owned())?;
    write("/proc/self/uid_map", format!("{} {user} 1", inside(user)))?;
    write("/proc/self/gid_map", format!("{} {group} 1", inside(group)))?;
    keep_capabilities().map_err(|error| SetupError::new("keep capabilities", error))?;
    let mut child =
        command.spawn().map_err(|error| SetupError::new("start the supervisor", error))?;
    child.wait().map_err(|error| SetupError::new("wait for the supervisor", error))
}

/// Returns the id that `id` has inside.
fn inside(id: u32) -> u32 {
    if id == 0 { INSIDE_ROOT } else { id }
}

/// Lets the next program have the capabilities in the new namespaces, which it needs to mount.
fn keep_capabilities() -> io::Result<()> {
    let sets = capabilities(None)?;
    set_capabilities(None, CapabilitySets { inheritable: sets.permitted, ..sets })?;
    for capability in sets.permitted.iter() {
        configure_capability_in_ambient_set(capability, true)?;
    }
    Ok(())
}

/// Gives up every capability for good.
pub(super) fn drop_capabilities() -> io::Result<()> {
    rustix::thread::clear_ambient_capability_set()?;
    if capabilities(None)?.effective.contains(CapabilitySet::SETPCAP) {
        for number in 0..u64::BITS {
            // The kernel refuses the numbers it does not know.
            let capability = CapabilitySet::from_bits_retain(1 << number);
            let _ = rustix::thread::remove_capability_from_bounding_set(capability);
        }
    }
    let none = CapabilitySet::empty();
    set_capabilities(None, CapabilitySets { effective: none, permitted: none, inheritable: none })?;
    rustix::thread::set_no_new_privs(true)?;
    Ok(())
}

/// Ends this process when the one that started it ends.
pub(super) fn die_with_parent() -> io::Result<()> {
    Ok(rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?)
}
