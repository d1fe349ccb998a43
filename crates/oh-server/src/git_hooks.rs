//! `.openhands/pre-commit.sh`: what a trusted repository wants done before each commit.
//!
//! The hooks are in the session directory, and git is pointed there by the environment of the
//! commands. So the repository stays as it is, also where its own hooks may not be written, and the
//! user's commits outside of the sandbox run nothing.

use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use crate::skills::TrustedPrograms;

/// In the session directory.
const FOLDER: &str = "hooks";

/// Git looks for hooks in one directory only, so each of these calls the repository's own one.
const NAMES: [&str; 13] = [
    "applypatch-msg",
    "pre-applypatch",
    "post-applypatch",
    "pre-commit",
    "pre-merge-commit",
    "prepare-commit-msg",
    "commit-msg",
    "post-commit",
    "pre-rebase",
    "post-checkout",
    "post-merge",
    "pre-push",
    "post-rewrite",
];

const HOOK: &str = r#"#!/bin/sh
name=${0##*/}
own=$(git config --local --path --get core.hooksPath) || own=$(git rev-parse --git-common-dir)/hooks
if [ "$name" != pre-commit ]; then
    [ -x "$own/$name" ] || exit 0
    exec "$own/$name" "$@"
fi
for hook in "$own/pre-commit" "$own/pre-commit.local"; do
    if [ -x "$hook" ]; then "$hook" "$@" || exit; fi
done
[ -f .openhands/pre-commit.sh ] || exit 0
exec bash .openhands/pre-commit.sh
"#;

/// Installs the hooks if the workspace has a use for them; returns the settings by which
/// git finds them.
pub(crate) fn install(
    programs: &TrustedPrograms,
    session_dir: &Path,
) -> io::Result<Vec<(String, String)>> {
    if !programs.has_pre_commit {
        return Ok(Vec::new());
    }
    let folder = session_dir.join(FOLDER);
    // Commands could have changed what an earlier session left there.
    match std::fs::remove_dir_all(&folder) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    std::fs::create_dir_all(&folder)?;
    for name in NAMES {
        let mut options = std::fs::OpenOptions::new();
        let mut file = options.write(true).create_new(true).mode(0o700).open(folder.join(name))?;
        io::Write::write_all(&mut file, HOOK.as_bytes())?;
    }
    let folder = folder.to_string_lossy().into_owned();
    Ok(vec![("core.hooksPath".to_owned(), folder)])
}
