//! What may be read and written, as rules for the kernel.

use std::fs;
use std::path::{Path, PathBuf};

use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, LandlockStatus, Ruleset, RulesetAttr,
    RulesetCreatedAttr, RulesetError, RulesetStatus, Scope, path_beneath_rules,
};

use super::plan::{Plan, SandboxMode, SandboxPolicy, VolumeAccess};

/// The newest form of the rules we know; an older kernel applies what it has.
const NEWEST: ABI = ABI::V9;

/// Whom rules are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Domain {
    /// The process that starts commands and edits files.
    Supervisor,
    /// A command and everything it starts.
    Command,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Right {
    Read,
    Write,
    /// Use, but not make.
    Device,
}

/// Applies the rules to this thread and what it starts. Says whether the kernel took any.
pub(super) fn restrict(plan: &Plan, domain: Domain) -> Result<bool, RulesetError> {
    let mut ruleset = Ruleset::default().handle_access(AccessFs::from_all(NEWEST))?;
    ruleset = ruleset.scope(Scope::from_all(NEWEST))?;
    if plan.has_private_network && plan.mode == SandboxMode::Landlock {
        // With no rule for any port.
        ruleset = ruleset.handle_access(AccessNet::from_all(NEWEST))?;
    }
    let mut ruleset = ruleset.create()?;
    for (right, paths) in rules(plan, domain) {
        ruleset = ruleset.add_rules(path_beneath_rules(paths, right.access()))?;
    }
    let status = ruleset.restrict_self()?;
    Ok(status.ruleset != RulesetStatus::NotEnforced)
}

/// Returns the version of Landlock that the kernel has, if it has any.
pub(super) fn version() -> Option<i32> {
    // Only a thread that is restricted learns it.
    let restricted = std::thread::spawn(|| {
        let ruleset = Ruleset::default().handle_access(AccessFs::from_all(NEWEST))?.create()?;
        ruleset.restrict_self().map(|status| status.landlock)
    });
    match restricted.join() {
        Ok(Ok(LandlockStatus::Available { effective_abi, kernel_abi, .. })) => {
            Some(kernel_abi.unwrap_or(effective_abi as i32))
        }
        Ok(Ok(LandlockStatus::NotEnabled | LandlockStatus::NotImplemented) | Err(_)) | Err(_) => {
            None
        }
    }
}

/// Says whether the kernel keeps signals inside.
pub(super) fn scopes_signals() -> bool {
    version().is_some_and(|version| version >= 6)
}

impl Right {
    fn access(self) -> BitFlags<AccessFs> {
        match self {
            Self::Read => AccessFs::from_read(NEWEST),
            Self::Write => AccessFs::from_all(NEWEST) & !(AccessFs::MakeChar | AccessFs::MakeBlock),
            Self::Device => AccessFs::from_read(NEWEST) | AccessFs::WriteFile | AccessFs::IoctlDev,
        }
    }
}

fn rules(plan: &Plan, domain: Domain) -> Vec<(Right, Vec<PathBuf>)> {
    let mut writable = vec![plan.home_inside(), plan.temporary_inside(), "/dev/shm".into()];
    let mut readable = Vec::new();
    match (plan.mode, domain) {
        (SandboxMode::Namespaces, _) => {
            readable.push("/".into());
            writable.push("/var/tmp".into());
        }
        // Narrower than its supervisor already.
        (SandboxMode::Landlock | SandboxMode::Unconfined, Domain::Command) => {
            readable.push("/".into());
        }
        (SandboxMode::Landlock | SandboxMode::Unconfined, Domain::Supervisor) => {
            collect_readable(Path::new("/"), &plan.masked, &mut readable);
            readable.extend(plan.exposed.iter().cloned());
            readable.extend(std::env::current_exe());
        }
    }
    for volume in &plan.volumes {
        match volume.access {
            VolumeAccess::Read => readable.push(volume.inside.clone()),
            VolumeAccess::Write if plan.policy == SandboxPolicy::ReadOnly => {
                readable.push(volume.inside.clone());
            }
            VolumeAccess::Write | VolumeAccess::Overlay => writable.push(volume.inside.clone()),
        }
    }
    let workspace = [plan.workspace.clone(), plan.workspace_inside().to_owned()];
    match plan.policy {
        SandboxPolicy::ReadOnly => readable.extend(workspace),
        SandboxPolicy::WorkspaceWrite | SandboxPolicy::FullAccess => writable.extend(workspace),
    }
    let devices = ["null", "zero", "full", "random", "urandom", "tty", "ptmx", "pts"];
    let mut devices = devices.map(|name| Path::new("/dev").join(name)).to_vec();
    match domain {
        Domain::Supervisor => {
            writable.push(plan.session_dir.clone());
            // A command says there that it is to be killed first when memory runs out.
            devices.push("/proc".into());
        }
        Domain::Command => {
            writable.push(plan.shell_dir());
            // Debuggers write into the memory of what they debug.
            if plan.mode == SandboxMode::Namespaces {
                devices.push("/proc".into());
            }
        }
    }
    vec![(Right::Read, readable), (Right::Write, writable), (Right::Device, devices)]
}

/// Collects what lies below `place` and not below a masked path, in as few paths as can be.
fn collect_readable(place: &Path, masked: &[PathBuf], readable: &mut Vec<PathBuf>) {
    if masked.iter().any(|path| path == place) {
        return;
    }
    if !masked.iter().any(|path| path.starts_with(place)) {
        readable.push(place.to_owned());
        return;
    }
    let Ok(entries) = fs::read_dir(place) else { return };
    for entry in entries.flatten() {
        // What a link leads to has a rule of its own, or none.
        if entry.file_type().is_ok_and(|kind| !kind.is_symlink()) {
            collect_readable(&entry.path(), masked, readable);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_but_the_masked_places_is_readable() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        for path in ["a/secret/x", "a/open", "b/c", "only/masked"] {
            fs::create_dir_all(root.join(path)).unwrap();
        }
        std::os::unix::fs::symlink(root.join("a/secret"), root.join("a/link")).unwrap();
        let masked = ["a/secret", "only/masked", "not/there"].map(|path| root.join(path));
        let mut readable = Vec::new();
        collect_readable(root, &masked, &mut readable);
        readable.sort();
        assert_eq!(readable, ["a/open", "b"].map(|path| root.join(path)));
    }
}
