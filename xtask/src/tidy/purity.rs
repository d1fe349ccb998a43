//! Pure crates have no clock, files, network or runtime.

use super::Finding;
use super::repository::{Crate, File};

const PURE: [&str; 5] = ["oh-event", "oh-chat", "oh-wire", "oh-socketio", "oh-agent"];

/// Crates whose business is input and output.
const IMPURE: [&str; 21] = [
    "async-std",
    "axum",
    "clap",
    "genai",
    "getrandom",
    "hyper",
    "mio",
    "pty-process",
    "rand",
    "reqwest",
    "rusqlite",
    "rustix",
    "rustls",
    "socket2",
    "tempfile",
    "tokio",
    "tokio-tungstenite",
    "tokio-util",
    "tower",
    "tower-http",
    "tracing-subscriber",
];

/// Lints that `lib.rs` of a pure crate switches on.
const LINTS: [&str; 2] = ["missing_docs", "clippy::wildcard_enum_match_arm"];

pub(crate) fn check(crates: &[Crate], files: &[File]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for krate in crates.iter().filter(|krate| PURE.contains(&krate.name.as_str())) {
        let manifest = format!("{}/Cargo.toml", krate.folder);
        for dependency in &krate.dependencies {
            if IMPURE.contains(&dependency.as_str()) {
                let message = format!("the pure crate may not depend on `{dependency}`");
                findings.push(Finding::error(&manifest, 1, message));
            }
        }
        let text = |path: &str| files.iter().find(|file| file.path == path).map(|file| &file.text);
        let clippy = format!("{}/clippy.toml", krate.folder);
        if !text(&clippy).is_some_and(|text| text.contains("disallowed-methods")) {
            let message = "a pure crate needs a clippy.toml with `disallowed-methods`";
            findings.push(Finding::error(&clippy, 1, message));
        }
        let root = format!("{}/src/lib.rs", krate.folder);
        let warned = text(&root).map(|text| warned_lints(text)).unwrap_or_default();
        for lint in LINTS {
            if !warned.contains(&lint) {
                let message = format!("a pure crate needs `#![warn({lint})]`");
                findings.push(Finding::error(&root, 1, message));
            }
        }
    }
    findings
}

/// Returns the lints of the `#![warn(…)]` lines.
fn warned_lints(text: &str) -> Vec<&str> {
    text.lines()
        .filter_map(|line| line.strip_prefix("#![warn(")?.strip_suffix(")]"))
        .flat_map(|lints| lints.split(','))
        .map(str::trim)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(dependencies: &[&str], files: &[(&str, &str)]) -> Vec<String> {
        let krate = Crate {
            name: "oh-event".to_owned(),
            folder: "crates/oh-event".to_owned(),
            dependencies: dependencies.iter().map(|name| (*name).to_owned()).collect(),
        };
        let file = |(path, text): &(&str, &str)| File {
            path: format!("crates/oh-event/{path}"),
            text: (*text).to_owned(),
        };
        let files: Vec<File> = files.iter().map(file).collect();
        check(&[krate], &files).into_iter().map(|finding| finding.message).collect()
    }

    const CLIPPY: (&str, &str) = ("clippy.toml", "disallowed-methods = []");

    #[test]
    fn a_pure_crate_passes() {
        for root in [
            "#![warn(missing_docs, clippy::wildcard_enum_match_arm)]",
            "#![warn(missing_docs)]\n#![warn(clippy::wildcard_enum_match_arm)]",
        ] {
            assert_eq!(messages(&["serde"], &[CLIPPY, ("src/lib.rs", root)]), [""; 0]);
        }
    }

    #[test]
    fn what_is_missing_or_too_much_is_named() {
        assert_eq!(
            messages(&["tokio"], &[("src/lib.rs", "#![warn(missing_docs)]")]),
            [
                "the pure crate may not depend on `tokio`",
                "a pure crate needs a clippy.toml with `disallowed-methods`",
                "a pure crate needs `#![warn(clippy::wildcard_enum_match_arm)]`",
            ]
        );
    }
}
