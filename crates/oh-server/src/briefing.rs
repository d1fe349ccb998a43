//! What the agent is told of the place where its commands run.

use std::fmt::Write as _;
use std::path::Path;

use oh_runtime::{NetworkPolicy, SandboxMode, SandboxPolicy, Volume, VolumeAccess};

/// The facts.
#[derive(Debug)]
pub(crate) struct Briefing<'a> {
    /// By what commands are confined; `None` is a container.
    pub(crate) mode: Option<SandboxMode>,
    pub(crate) policy: SandboxPolicy,
    pub(crate) network: &'a NetworkPolicy,
    pub(crate) volumes: &'a [Volume],
    /// As commands see it.
    pub(crate) workspace: &'a Path,
    /// Others change the same files.
    pub(crate) is_shared: bool,
}

impl Briefing<'_> {
    pub(crate) fn text(&self) -> String {
        let mut text = self.access();
        match self.network {
            NetworkPolicy::On => {}
            NetworkPolicy::Off => text.push_str(" There is no network."),
            NetworkPolicy::AllowList(hosts) => {
                let _ =
                    write!(text, " Of the network only these hosts answer: {}.", hosts.join(", "));
            }
        }
        if self.is_shared {
            text.push_str(
                " Another conversation works in the same directory: files may change without you.",
            );
        }
        text
    }

    fn access(&self) -> String {
        let workspace = self.workspace.display();
        let Some(mode) = self.mode else {
            return format!(
                "Commands run in a container: {workspace} is the user's directory, and the rest lasts only as long as the container."
            );
        };
        if self.policy == SandboxPolicy::FullAccess || mode == SandboxMode::Unconfined {
            return format!(
                "Commands are not confined: they run as the user's own account and may change everything that the user can. Stay in {workspace} unless the task needs more."
            );
        }
        let own = "$HOME and $TMPDIR, which are private to this conversation";
        let mut text = match self.policy {
            SandboxPolicy::ReadOnly => format!(
                "Commands run in a sandbox (policy read-only): only {own}, can be written; {workspace} and everything else is read-only."
            ),
            SandboxPolicy::WorkspaceWrite | SandboxPolicy::FullAccess => format!(
                "Commands run in a sandbox (policy workspace-write): {workspace} and {own}, can be written; everything else is read-only."
            ),
        };
        for Volume { inside, access, .. } in self.volumes {
            let access = match access {
                VolumeAccess::Read => "read-only",
                VolumeAccess::Write if self.policy == SandboxPolicy::ReadOnly => "read-only",
                VolumeAccess::Write => "can be written",
                VolumeAccess::Overlay => "can be written, and changes are private",
            };
            let _ = write!(text, " {}: {access}.", inside.display());
        }
        text.push_str(" There is no sudo: install tools in the workspace or below $HOME.");
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_agent_learns_what_it_may_do() {
        let on = NetworkPolicy::On;
        let usual = || Briefing {
            mode: Some(SandboxMode::Namespaces),
            policy: SandboxPolicy::WorkspaceWrite,
            network: &on,
            volumes: &[],
            workspace: Path::new("/workspace"),
            is_shared: false,
        };
        let check = |briefing: Briefing<'_>, facts: &[&str], silence: &[&str]| {
            let text = briefing.text();
            assert!(facts.iter().all(|fact| text.contains(fact)), "{facts:?}: {text}");
            assert!(!silence.iter().any(|word| text.contains(word)), "{silence:?}: {text}");
        };
        let facts = ["workspace-write", "/workspace", "$HOME", "$TMPDIR", "read-only", "no sudo"];
        check(usual(), &facts, &["network", "Another"]);
        let read_only = Briefing { policy: SandboxPolicy::ReadOnly, ..usual() };
        check(read_only, &["/workspace and everything else is read-only"], &[]);
        let off = Briefing { network: &NetworkPolicy::Off, ..usual() };
        check(off, &["no network"], &[]);
        let list = NetworkPolicy::AllowList(vec!["a.example".to_owned(), "b.example".to_owned()]);
        check(Briefing { network: &list, ..usual() }, &["a.example, b.example"], &[]);
        let full = Briefing { policy: SandboxPolicy::FullAccess, ..usual() };
        check(full, &["not confined"], &["sandbox"]);
        let none = Briefing { mode: Some(SandboxMode::Unconfined), ..usual() };
        check(none, &["not confined"], &["sandbox"]);
        check(Briefing { mode: None, ..usual() }, &["container", "/workspace"], &["sudo"]);
        check(Briefing { is_shared: true, ..usual() }, &["same directory"], &[]);
    }
}
