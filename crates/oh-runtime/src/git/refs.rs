//! The references of a repository, read from its files.

use std::io::{BufRead, BufReader, Read};
use std::path::{Component, Path};

use cap_std::fs::Dir;
use rustix::fs::OFlags;

use super::repository::{Repository, read_small};
use crate::workspace::open_regular;

/// Most references that lead to another one.
const MAX_STEPS: usize = 5;
/// Most bytes that are searched for a packed reference.
const MAX_PACKED: u64 = 64 * 1024 * 1024;

const BRANCHES: &str = "refs/heads/";
const REMOTE: &str = "refs/remotes/origin/";
/// Default branches of remotes that do not say which one is theirs.
const USUAL: [&str; 2] = ["main", "master"];

/// The name of an object, in hexadecimal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ObjectId(pub(crate) String);

impl ObjectId {
    pub(crate) fn parse(text: &[u8]) -> Option<Self> {
        let is_hex = text.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        let text = std::str::from_utf8(text).ok()?;
        (is_hex && matches!(text.len(), 40 | 64)).then(|| Self(text.to_owned()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// What files are compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Base {
    /// A commit.
    Commit(ObjectId),
    /// Where a commit left a branch; that branch if they share nothing.
    Fork {
        /// The commit.
        head: ObjectId,
        /// The branch.
        branch: ObjectId,
    },
    /// Nothing: there is no commit.
    Nothing,
}

impl Repository {
    /// Chooses what to compare with, from what is here; no remote is asked.
    pub(crate) fn base(&self) -> Base {
        let branch = self.current_branch();
        let same_name =
            branch.as_deref().and_then(|branch| self.resolve(&format!("{REMOTE}{branch}")));
        if let Some(commit) = same_name {
            return Base::Commit(commit);
        }
        match (self.resolve("HEAD"), self.default_branch()) {
            (Some(head), Some(branch)) => Base::Fork { head, branch },
            (None, Some(commit)) | (Some(commit), None) => Base::Commit(commit),
            (None, None) => Base::Nothing,
        }
    }

    /// Returns the name of the branch that is checked out.
    fn current_branch(&self) -> Option<String> {
        let head = read_small(&self.git_dir, Path::new("HEAD")).ok()?;
        let target = String::from_utf8(symbolic(&head)?.to_vec()).ok()?;
        Some(target.strip_prefix(BRANCHES)?.to_owned())
    }

    /// Returns the last commit known of the remote's default branch.
    fn default_branch(&self) -> Option<ObjectId> {
        let named = self.resolve(&format!("{REMOTE}HEAD"));
        named.or_else(|| USUAL.iter().find_map(|name| self.resolve(&format!("{REMOTE}{name}"))))
    }

    /// Returns the commit that a reference leads to.
    fn resolve(&self, name: &str) -> Option<ObjectId> {
        let mut name = name.to_owned();
        for _ in 0..MAX_STEPS {
            if name != "HEAD" && !is_reference(&name) {
                return None;
            }
            let dir = if name == "HEAD" { &self.git_dir } else { &self.common_dir };
            let Ok(line) = read_small(dir, Path::new(&name)) else {
                return packed(&self.common_dir, &name);
            };
            match symbolic(&line) {
                Some(target) => name = String::from_utf8(target.to_vec()).ok()?,
                None => return ObjectId::parse(line.trim_ascii_end()),
            }
        }
        None
    }
}

/// Returns the reference that a symbolic one leads to.
fn symbolic(line: &[u8]) -> Option<&[u8]> {
    line.strip_prefix(b"ref:").map(<[u8]>::trim_ascii)
}

/// Only a plain path below `refs` is looked up as a file.
fn is_reference(name: &str) -> bool {
    let is_plain = |part| matches!(part, Component::Normal(_));
    name.starts_with("refs/") && Path::new(name).components().all(is_plain)
}

fn packed(dir: &Dir, name: &str) -> Option<ObjectId> {
    let path = Path::new("packed-refs");
    let (file, _) = open_regular(dir, path, OFlags::empty()).ok()?.ok()?;
    for line in BufReader::new(file.take(MAX_PACKED)).split(b'\n') {
        let line = line.ok()?;
        let Some(at) = line.iter().position(|byte| *byte == b' ') else { continue };
        if &line[at + 1..] == name.as_bytes() {
            return ObjectId::parse(&line[..at]);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_references_are_files() {
        for name in ["refs/heads/main", "refs/remotes/origin/a/b", "refs/heads/naïve"] {
            assert!(is_reference(name), "{name}");
        }
        for name in ["refs/../config", "/refs/heads/x", "config", "refs/heads/../../x", ""] {
            assert!(!is_reference(name), "{name}");
        }
    }

    #[test]
    fn object_names_are_hexadecimal() {
        assert!(ObjectId::parse("a".repeat(40).as_bytes()).is_some());
        assert!(ObjectId::parse("0".repeat(64).as_bytes()).is_some());
        for text in ["", "--exec=x", &"a".repeat(39), &"g".repeat(40)] {
            assert_eq!(ObjectId::parse(text.as_bytes()), None, "{text}");
        }
    }
}
