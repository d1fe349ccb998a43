//! Tells the model when it was the sandbox that refused something, and what it may do instead.

use std::path::{Component, Path, PathBuf};

use oh_event::Observation;

use crate::notebook::add_note;
use crate::sandbox::{NetworkPolicy, Plan, SandboxMode, SandboxPolicy};

/// Lines at the end of an output that are looked at.
const LINES: usize = 100;
const REFUSALS: [&str; 3] =
    ["Read-only file system", "Permission denied", "Operation not permitted"];
const NO_NETWORK: [&str; 8] = [
    "Network is unreachable",
    "Could not resolve host",
    "Temporary failure in name resolution",
    "Name or service not known",
    "getaddrinfo EAI_AGAIN",
    "getaddrinfo ENOTFOUND",
    "failed to lookup address information",
    "CONNECT tunnel failed",
];
/// Stands in what Python says of an error that nobody caught.
const PYTHON_FAILED: &str = "Traceback (most recent call last)";
const NO_PRIVILEGES: [&str; 3] =
    ["sudo: command not found", "\"no new privileges\" flag is set", "must be setuid root"];

/// What is allowed inside.
#[derive(Debug, Clone)]
pub(super) struct Rules {
    policy: SandboxPolicy,
    network: NetworkPolicy,
    writable: Vec<PathBuf>,
    protected: Vec<PathBuf>,
}

impl Rules {
    /// `None` if there is no sandbox.
    pub(super) fn of(plan: &Plan) -> Option<Self> {
        if plan.mode == SandboxMode::Unconfined {
            return None;
        }
        Some(Self {
            policy: plan.policy,
            network: plan.network.clone(),
            writable: plan.writable_inside(),
            protected: plan
                .protected
                .iter()
                .map(|part| plan.workspace_inside().join(part))
                .collect(),
        })
    }

    /// Adds an explanation to an observation of something that was refused.
    pub(super) fn explain(&self, mut observation: Observation) -> Observation {
        match &mut observation {
            Observation::Run(run) if run.metadata.exit_code > 0 => {
                let directory = run.metadata.working_dir.clone().unwrap_or_default();
                if let Some(note) = self.note(&run.content, Path::new(&directory)) {
                    run.metadata.suffix.push_str(&format!("\n[{note}]"));
                }
            }
            Observation::RunIpython(cell) if cell.content.contains(PYTHON_FAILED) => {
                if let Some(note) = self.note(&cell.content, Path::new("")) {
                    add_note(&mut cell.content, &note);
                }
            }
            Observation::Error(error) => {
                if let Some(note) = self.note(&error.content, Path::new("")) {
                    error.content.push_str(&format!("\n[{note}]"));
                }
            }
            Observation::Edit(edit) if edit.content.starts_with("ERROR:") => {
                if let Some(note) = self.note(&edit.content, Path::new(&edit.path)) {
                    edit.content.push_str(&format!("\n[{note}]"));
                }
            }
            _ => {}
        }
        observation
    }

    fn note(&self, text: &str, directory: &Path) -> Option<String> {
        let lines: Vec<&str> = text.lines().rev().take(LINES).collect();
        let has =
            |phrases: &[&str]| lines.iter().any(|line| phrases.iter().any(|p| line.contains(p)));
        if let Some(path) = lines.iter().find_map(|line| self.refused_path(line, directory)) {
            return Some(self.refusal(&path));
        }
        if has(&NO_PRIVILEGES) {
            return Some("There is no sudo in the sandbox, and no way to become another user. Install into the workspace or the home directory instead.".to_owned());
        }
        match &self.network {
            NetworkPolicy::Off if has(&NO_NETWORK) => {
                Some("The sandbox has no network (sandbox.network = \"off\").".to_owned())
            }
            NetworkPolicy::AllowList(hosts) if has(&NO_NETWORK) => Some(format!(
                "The sandbox lets commands reach only these hosts, by HTTP and HTTPS through the proxy in HTTPS_PROXY: {}.",
                hosts.join(", ")
            )),
            NetworkPolicy::On | NetworkPolicy::Off | NetworkPolicy::AllowList(_) => None,
        }
    }

    fn refusal(&self, path: &Path) -> String {
        let path = path.display();
        if self
            .protected
            .iter()
            .any(|protected| Path::new(&path.to_string()).starts_with(protected))
        {
            return format!(
                "The sandbox refused to change {path}: what git runs or is configured with stays as its owner made it (sandbox.protect_repository)."
            );
        }
        let places: Vec<String> =
            self.writable.iter().map(|place| place.display().to_string()).collect();
        format!(
            "The sandbox refused access to {path}: commands may write only in {} (policy {}), and some places are hidden from them.",
            places.join(", "),
            self.policy.name()
        )
    }

    /// Returns the path in a message about a refusal, if the sandbox is the reason.
    fn refused_path(&self, line: &str, directory: &Path) -> Option<PathBuf> {
        let at = REFUSALS.iter().filter_map(|phrase| line.find(phrase)).min()?;
        let (before, after) = line.split_at(at);
        let candidates = quoted(after).into_iter().chain(quoted(before));
        let named = before.trim_end_matches([':', ' ', '(']).rsplit(": ").map(str::to_owned);
        let path = candidates.chain(named).find(|text| is_like_a_path(text))?;
        let path = normal(&directory.join(path));
        let is_free = self.writable.iter().any(|place| path.starts_with(place))
            && !self.protected.iter().any(|place| path.starts_with(place));
        (!is_free && path.is_absolute()).then_some(path)
    }
}

fn is_like_a_path(text: &str) -> bool {
    !text.is_empty() && text.contains('/') && !text.contains("://") && text.len() < 4096
}

/// Returns what stands in quotes of any kind.
fn quoted(text: &str) -> Vec<String> {
    let pairs = [('\'', '\''), ('"', '"'), ('‘', '’'), ('`', '\'')];
    let mut found = Vec::new();
    for (open, close) in pairs {
        if let Some((_, rest)) = text.split_once(open)
            && let Some((inner, _)) = rest.split_once(close)
        {
            found.push(inner.to_owned());
        }
    }
    found
}

/// Takes `.` and `..` out of a path, by its text alone.
fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => drop(normal.pop()),
            Component::CurDir => {}
            other => normal.push(other),
        }
    }
    normal
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(network: NetworkPolicy) -> Rules {
        Rules {
            policy: SandboxPolicy::WorkspaceWrite,
            network,
            writable: vec!["/workspace".into(), "/tmp".into()],
            protected: vec!["/workspace/.git/hooks".into()],
        }
    }

    #[test]
    fn refusals_by_the_sandbox_are_told_from_others() {
        fn check(line: &str, path: Option<&str>) {
            let found = rules(NetworkPolicy::On).refused_path(line, Path::new("/workspace/sub"));
            assert_eq!(found.as_deref(), path.map(Path::new), "{line}");
        }
        check("bash: /etc/x: Permission denied", Some("/etc/x"));
        check("bash: line 1: /etc/x: Read-only file system", Some("/etc/x"));
        check("touch: cannot touch '/usr/a b': Read-only file system", Some("/usr/a b"));
        check("mkdir: cannot create directory ‘/x/y’: Permission denied", Some("/x/y"));
        check("PermissionError: [Errno 13] Permission denied: '/srv/x'", Some("/srv/x"));
        check("rm: cannot remove '../../etc/x': Read-only file system", Some("/etc/x"));
        check("Failed to write /etc/x: Permission denied (os error 13)", None);
        check("bash: ./script: Permission denied", None);
        check(
            "bash: .git/../../.git/hooks/a: Read-only file system",
            Some("/workspace/.git/hooks/a"),
        );
        check("chmod: changing permissions of '/tmp/x': Operation not permitted", None);
        check("git@example.org: Permission denied (publickey).", None);
        check("all is well", None);
    }

    #[test]
    fn what_helps_is_named() {
        let note = |network, text: &str| rules(network).note(text, Path::new("/workspace"));
        let refused = note(NetworkPolicy::On, "bash: /etc/x: Permission denied").unwrap();
        assert!(refused.contains("/etc/x") && refused.contains("/workspace, /tmp"), "{refused}");
        assert!(note(NetworkPolicy::On, "bash: sudo: command not found").is_some());
        let lost = "curl: (6) Could not resolve host: example.org";
        assert_eq!(note(NetworkPolicy::On, lost), None);
        assert!(note(NetworkPolicy::Off, lost).is_some());
        let listed = NetworkPolicy::AllowList(vec!["pypi.org".to_owned()]);
        assert!(note(listed, lost).unwrap().contains("pypi.org"));
    }
}
