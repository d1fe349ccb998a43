//! What files were before the editor changed them.

use std::io;
use std::path::{Path, PathBuf};

/// Steps back per file.
const MAX_STEPS: usize = 10;
const CONTENT: u8 = b'+';
const MISSING: u8 = b'-';

/// Earlier states of files, kept in a directory for as long as the conversation.
#[derive(Debug)]
pub(super) struct History {
    directory: PathBuf,
}

/// A file before an edit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Before {
    Missing,
    Content(Vec<u8>),
}

impl History {
    pub(super) fn new(directory: PathBuf) -> Self {
        Self { directory }
    }

    /// Keeps the state before an edit; the oldest one is forgotten if there are too many.
    pub(super) fn push(&self, path: &Path, before: &Before) -> io::Result<()> {
        let directory = self.of_file(path);
        std::fs::create_dir_all(&directory)?;
        let steps = steps(&directory);
        let next = steps.last().map_or(1, |(number, _)| number + 1);
        let bytes = match before {
            Before::Missing => vec![MISSING],
            Before::Content(content) => [&[CONTENT], content.as_slice()].concat(),
        };
        std::fs::write(directory.join(next.to_string()), bytes)?;
        let excess = (steps.len() + 1).saturating_sub(MAX_STEPS);
        for (_, oldest) in steps.iter().take(excess) {
            let _ = std::fs::remove_file(oldest);
        }
        Ok(())
    }

    /// Returns the last state kept, if there is one.
    pub(super) fn last(&self, path: &Path) -> io::Result<Option<Before>> {
        let Some((_, step)) = steps(&self.of_file(path)).pop() else { return Ok(None) };
        let mut bytes = std::fs::read(step)?;
        if bytes.first() != Some(&CONTENT) {
            return Ok(Some(Before::Missing));
        }
        bytes.remove(0);
        Ok(Some(Before::Content(bytes)))
    }

    /// Forgets the last state kept.
    pub(super) fn pop(&self, path: &Path) {
        if let Some((_, step)) = steps(&self.of_file(path)).pop() {
            let _ = std::fs::remove_file(step);
        }
    }

    fn of_file(&self, path: &Path) -> PathBuf {
        self.directory.join(format!("{:016x}", hash(path.as_os_str().as_encoded_bytes())))
    }
}

/// Returns the numbered files in `directory`, oldest first.
fn steps(directory: &Path) -> Vec<(u64, PathBuf)> {
    let Ok(entries) = std::fs::read_dir(directory) else { return Vec::new() };
    let mut steps: Vec<(u64, PathBuf)> = entries
        .flatten()
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path())))
        .collect();
    steps.sort();
    steps
}

/// FNV-1a with 64 bits: the same in every run, unlike the hash of the standard library.
pub(super) fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
