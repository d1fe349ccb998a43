//! Tries to get out, from inside: a sandbox that lets it happen is not used.

use std::fs;
use std::io;
use std::path::PathBuf;

use rustix::process::Pid;

use super::SetupError;
use super::plan::{Plan, SandboxMode};

/// Fails if anything succeeds that must not.
pub(super) fn run(plan: &Plan) -> Result<(), SetupError> {
    let allowed = |what: String| {
        let text = "it is not refused: the kernel accepted the rules and does not apply them";
        Err(SetupError::new(what, io::Error::other(text)))
    };
    if plan.mode == SandboxMode::Unconfined {
        return Ok(());
    }
    let own = [plan.home_inside(), "/tmp".into(), "/var/tmp".into()];
    // What lies in a private place is there for this sandbox alone, whatever its name.
    let is_own = |path: &PathBuf| {
        plan.mode == SandboxMode::Namespaces && own.iter().any(|own| path.starts_with(own))
    };
    for masked in plan.masked.iter().filter(|path| !is_own(path)) {
        if fs::write(masked.join("openhands-self-test"), "").is_ok() {
            return allowed(format!("write into {}", masked.display()));
        }
        if masked.is_file() && fs::read(masked).is_ok_and(|bytes| !bytes.is_empty()) {
            return allowed(format!("read {}", masked.display()));
        }
    }
    for place in ["/openhands-self-test", "/usr/openhands-self-test", "/var/openhands-self-test"] {
        if fs::write(place, "").is_ok() {
            let _ = fs::remove_file(place);
            return allowed(format!("write {place}"));
        }
    }
    // Signal 0 reaches nobody and is checked like any other.
    if plan.mode == SandboxMode::Landlock
        && let Some(parent) = rustix::process::getppid()
        && rustix::process::test_kill_process(parent).is_ok()
        && super::landlock::scopes_signals()
    {
        return allowed("send a signal to the server".to_owned());
    }
    if plan.mode == SandboxMode::Namespaces && rustix::process::getpid() != Pid::INIT {
        return allowed("see the processes of this machine".to_owned());
    }
    if nix::sched::unshare(nix::sched::CloneFlags::CLONE_NEWNS).is_ok() {
        return allowed("make a namespace".to_owned());
    }
    if plan.has_private_network && can_reach_network() {
        return allowed("reach the network".to_owned());
    }
    Ok(())
}

/// A datagram socket that is connected sends nothing.
fn can_reach_network() -> bool {
    std::net::UdpSocket::bind("0.0.0.0:0").and_then(|socket| socket.connect("192.0.2.1:9")).is_ok()
}
