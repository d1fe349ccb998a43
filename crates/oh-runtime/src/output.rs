//! What a command wrote, in bounded memory.

use std::collections::VecDeque;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use crate::render::render;

/// Characters of an observation's content above which its middle is left out.
const MAX_CHARS: usize = 30_000;
const TRUNCATION_NOTE: &str = "\n[... Observation truncated due to length ...]\n";

/// Bytes kept from the beginning and from the end of what nobody has read.
const KEPT_BYTES: usize = 512 * 1024;
/// The same for a command whose output is not to be shortened.
const KEPT_BYTES_WHOLE: usize = 16 * 1024 * 1024;
/// Output that is shorter than this cannot be truncated and needs no file.
const SPOOL_FROM: usize = MAX_CHARS;
/// A file that reaches this is put aside; with the next one, what was put aside before is forgotten.
const SPOOL_PART: u64 = 128 * 1024 * 1024;
const SPOOL_FILES: usize = 32;

/// Whether long output is shortened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Length {
    Short,
    Whole,
}

/// What one command wrote and nobody has read yet, and a file with all of it.
#[derive(Debug)]
pub(crate) struct Output {
    length: Length,
    head: Vec<u8>,
    tail: VecDeque<u8>,
    lost: u64,
    spool: Spool,
}

/// Text for an observation.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Taken {
    pub(crate) text: String,
    /// Says where the whole output is, if `text` is not all of it; empty otherwise.
    pub(crate) note: String,
}

impl Output {
    /// Returns an empty output; `spool` is the file for all of it, made when needed.
    pub(crate) fn new(length: Length, spool: PathBuf) -> Self {
        let spool = Spool {
            path: spool,
            backlog: Vec::new(),
            file: None,
            bytes: 0,
            lost: 0,
            is_named: false,
        };
        Self { length, head: Vec::new(), tail: VecDeque::new(), lost: 0, spool }
    }

    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.spool.push(bytes);
        let kept = self.kept_bytes();
        let (to_head, to_tail) = bytes.split_at(bytes.len().min(kept - self.head.len()));
        self.head.extend_from_slice(to_head);
        self.tail.extend(to_tail);
        if let Some(excess) = self.tail.len().checked_sub(kept) {
            self.tail.drain(..excess);
            self.lost += excess as u64;
        }
    }

    /// Returns what came since the last call, ready for an observation.
    pub(crate) fn take(&mut self) -> Taken {
        let mut raw = std::mem::take(&mut self.head);
        let tail: Vec<u8> = std::mem::take(&mut self.tail).into();
        let lost = std::mem::take(&mut self.lost);
        let (text, is_cut) = if lost > 0 {
            (join_ends(&render(&raw), &render(from_line_begin(&tail))), true)
        } else {
            raw.extend_from_slice(&tail);
            let text = render(&raw);
            match self.length {
                Length::Short => shorten(text),
                Length::Whole => (text, false),
            }
        };
        let note = if is_cut { self.spool.note() } else { String::new() };
        Taken { text: text.trim_end().to_owned(), note }
    }

    fn kept_bytes(&self) -> usize {
        match self.length {
            Length::Short => KEPT_BYTES,
            Length::Whole => KEPT_BYTES_WHOLE,
        }
    }
}

/// Returns `bytes` from the first line that is whole, or at least without a cut character.
fn from_line_begin(bytes: &[u8]) -> &[u8] {
    let half = &bytes[..bytes.len() / 2];
    let from = half
        .iter()
        .position(|byte| *byte == b'\n')
        .or_else(|| half.iter().position(|byte| byte & 0xC0 != 0x80))
        .unwrap_or(0);
    &bytes[from..]
}

/// Leaves out the middle of `text` if it is too long, and says whether it was.
pub(crate) fn shorten(text: String) -> (String, bool) {
    if text.len() <= MAX_CHARS || text.trim_end().chars().count() <= MAX_CHARS {
        return (text, false);
    }
    let text = text.trim_end();
    (join_ends(text, text), true)
}

fn join_ends(first: &str, last: &str) -> String {
    let half = MAX_CHARS / 2;
    let head = first.char_indices().nth(half).map_or(first, |(end, _)| &first[..end]);
    let last = last.trim_end();
    let tail = last.char_indices().nth_back(half - 1).map_or(last, |(start, _)| &last[start..]);
    format!("{head}{TRUNCATION_NOTE}{tail}")
}

#[derive(Debug)]
struct Spool {
    path: PathBuf,
    backlog: Vec<u8>,
    file: Option<File>,
    bytes: u64,
    /// Bytes that came before those in the files.
    lost: u64,
    /// An observation told where the file is.
    is_named: bool,
}

impl Spool {
    fn push(&mut self, bytes: &[u8]) {
        self.bytes += bytes.len() as u64;
        if self.bytes <= SPOOL_FROM as u64 {
            self.backlog.extend_from_slice(bytes);
            return;
        }
        if self.file.is_none() && self.bytes - (bytes.len() as u64) <= SPOOL_FROM as u64 {
            self.open();
        }
        let begins_part = (self.bytes - bytes.len() as u64) / SPOOL_PART < self.bytes / SPOOL_PART;
        self.write(bytes);
        if begins_part {
            self.put_aside();
        }
    }

    /// Goes on in a new file; the one before this is forgotten.
    fn put_aside(&mut self) {
        if self.file.take().is_none() {
            return;
        }
        let older = self.older();
        let dropped = older.metadata().map_or(0, |metadata| metadata.len());
        match std::fs::rename(&self.path, &older) {
            Ok(()) => {
                self.lost += dropped;
                self.create();
            }
            Err(error) => tracing::warn!(%error, "failed to keep the output of a command"),
        }
    }

    /// Returns the file with the part before the newest.
    fn older(&self) -> PathBuf {
        self.path.with_extension("older.log")
    }

    fn open(&mut self) {
        if let Some(directory) = self.path.parent() {
            remove_oldest(directory);
        }
        let _ = std::fs::remove_file(self.older());
        self.create();
        let backlog = std::mem::take(&mut self.backlog);
        self.write(&backlog);
    }

    fn create(&mut self) {
        match OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&self.path)
        {
            Ok(file) => self.file = Some(file),
            Err(error) => tracing::warn!(%error, "failed to keep the output of a command"),
        }
    }

    fn write(&mut self, bytes: &[u8]) {
        if let Some(file) = &mut self.file
            && let Err(error) = file.write_all(bytes)
        {
            tracing::warn!(%error, "failed to keep the output of a command");
            self.file = None;
        }
    }

    fn note(&mut self) -> String {
        let bytes = self.bytes;
        if self.file.is_none() {
            return format!(
                "\n[The command has written {bytes} bytes; not all of them are shown.]"
            );
        }
        self.is_named = true;
        let path = self.path.display();
        if bytes < SPOOL_PART {
            return format!("\n[All {bytes} bytes of the output are in {path}.]");
        }
        let (kept, older) = (bytes - self.lost, self.older());
        format!(
            "\n[The command has written {bytes} bytes; the last {kept} are in {} and, after it, {path}.]",
            older.display()
        )
    }
}

impl Drop for Spool {
    fn drop(&mut self) {
        if self.file.is_some() && !self.is_named {
            let _ = std::fs::remove_file(&self.path);
            let _ = std::fs::remove_file(self.older());
        }
    }
}

/// Keeps the number of files with old output bounded.
fn remove_oldest(directory: &Path) {
    let Ok(entries) = std::fs::read_dir(directory) else { return };
    let mut files: Vec<_> = entries
        .flatten()
        .filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.path())))
        .collect();
    files.sort();
    let excess = (files.len() + 1).saturating_sub(SPOOL_FILES);
    for (_, path) in files.into_iter().take(excess) {
        let _ = std::fs::remove_file(path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_of_a_long_text_is_left_out_by_characters() {
        let at_limit = "ü".repeat(MAX_CHARS);
        assert_eq!(shorten(at_limit.clone()), (at_limit, false));
        let (text, is_cut) = shorten(format!("{}{}", "ä".repeat(20_000), "ö".repeat(20_000)));
        let expected = format!("{}{TRUNCATION_NOTE}{}", "ä".repeat(15_000), "ö".repeat(15_000));
        assert_eq!((text, is_cut), (expected, true));
    }

    #[test]
    fn memory_is_bounded_and_both_ends_are_kept() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("1.log");
        let mut output = Output::new(Length::Short, path.clone());
        for number in 0..400_000 {
            output.push(format!("{number}\n").as_bytes());
        }
        assert!(output.head.len() + output.tail.len() <= 2 * KEPT_BYTES);
        let taken = output.take();
        assert!(taken.text.starts_with("0\n1\n2\n"));
        assert!(taken.text.ends_with("399998\n399999"));
        assert_eq!(taken.text.chars().count(), MAX_CHARS + TRUNCATION_NOTE.chars().count());
        assert_eq!(
            taken.note,
            format!("\n[All 2688890 bytes of the output are in {}.]", path.display())
        );
        assert_eq!(std::fs::metadata(&path).unwrap().len(), 2_688_890);
    }
}
