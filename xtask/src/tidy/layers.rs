//! Which of our crates may depend on which; a new edge here is a change of the architecture.

use super::Finding;
use super::repository::Crate;

/// The table of ARCHITECTURE.md.
const MAY_DEPEND_ON: [(&str, &[&str]); 15] = [
    ("oh-event", &[]),
    ("oh-chat", &[]),
    ("oh-socketio", &[]),
    ("oh-wire", &["oh-event"]),
    ("oh-agent", &["oh-event", "oh-chat"]),
    ("oh-event-log", &["oh-event", "oh-wire"]),
    ("oh-store", &["oh-event", "oh-wire"]),
    ("oh-llm", &["oh-chat"]),
    ("oh-mcp", &[]),
    ("oh-browser", &[]),
    ("oh-git-host", &[]),
    ("oh-runtime", &["oh-event", "oh-wire"]),
    ("oh-session", &["oh-agent", "oh-chat", "oh-event", "oh-event-log", "oh-llm", "oh-runtime"]),
    ("oh-config", &["oh-agent", "oh-llm", "oh-mcp", "oh-runtime"]),
    (
        "oh-server",
        &[
            "oh-browser",
            "oh-config",
            "oh-event",
            "oh-event-log",
            "oh-git-host",
            "oh-llm",
            "oh-mcp",
            "oh-runtime",
            "oh-session",
            "oh-socketio",
            "oh-store",
            "oh-wire",
        ],
    ),
];

/// Tools for development may use everything, and nothing may use them.
const TOOLS: [&str; 3] = ["oh-testkit", "oh-bench", "xtask"];

pub(crate) fn check(crates: &[Crate]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for krate in crates.iter().filter(|krate| !TOOLS.contains(&krate.name.as_str())) {
        let manifest = format!("{}/Cargo.toml", krate.folder);
        let Some((_, allowed)) = MAY_DEPEND_ON.iter().find(|(name, _)| *name == krate.name) else {
            let message = format!("`{}` stands in no layer; see ARCHITECTURE.md", krate.name);
            findings.push(Finding::error(&manifest, 1, message));
            continue;
        };
        for dependency in &krate.dependencies {
            let is_ours = dependency.starts_with("oh-") || dependency == "xtask";
            if is_ours && !allowed.contains(&dependency.as_str()) {
                let message = format!(
                    "`{}` may not depend on `{dependency}`; see the layers in ARCHITECTURE.md",
                    krate.name
                );
                findings.push(Finding::error(&manifest, 1, message));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn broken(name: &str, dependencies: &[&str]) -> usize {
        let dependencies = dependencies.iter().map(|name| (*name).to_owned()).collect();
        check(&[Crate { name: name.to_owned(), folder: format!("crates/{name}"), dependencies }])
            .len()
    }

    #[test]
    fn edges_follow_the_table() {
        assert_eq!(broken("oh-wire", &["oh-event", "serde"]), 0);
        assert_eq!(broken("oh-event", &["oh-wire"]), 1);
        assert_eq!(broken("oh-store", &["oh-event-log"]), 1);
        assert_eq!(broken("oh-server", &["oh-agent", "oh-chat"]), 2);
        assert_eq!(broken("oh-session", &["oh-testkit"]), 1);
    }

    #[test]
    fn a_crate_outside_the_table_is_found() {
        assert_eq!(broken("oh-new", &[]), 1);
        assert_eq!(broken("oh-testkit", &["oh-llm"]), 0);
    }
}
