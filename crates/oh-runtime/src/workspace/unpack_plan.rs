//! Reads the table of contents of an archive and refuses what must not be unpacked.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::File;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rawzip::{
    CompressionMethod, FileReader, RECOMMENDED_BUFFER_SIZE, ZipArchive, ZipArchiveEntryWayfinder,
    ZipFileHeaderRecord,
};

use super::WorkspaceError;
use super::unpack::UnpackLimits;
use super::upload::{MAX_NAME, UploadRules};

/// Longest path of an entry and most bytes of all paths; they are held in memory.
const MAX_PATH: usize = 4_000;
const MAX_PATHS: usize = 16 * 1024 * 1024;

const FILE_TYPE: u32 = 0o170_000;
const DIRECTORY: u32 = 0o040_000;
const REGULAR: u32 = 0o100_000;
const LINK: u32 = 0o120_000;

/// What an archive would make, by path. No entry lies below one that is not a directory.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) archive: ZipArchive<FileReader>,
    pub(crate) entries: BTreeMap<PathBuf, Planned>,
}

/// One entry of an archive.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Planned {
    pub(crate) kind: Kind,
    /// The permissions, without set-id bits.
    pub(crate) mode: u32,
    pub(crate) is_compressed: bool,
    pub(crate) wayfinder: ZipArchiveEntryWayfinder,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Directory,
    File,
    Link,
}

pub(crate) fn plan(
    file: File,
    rules: &UploadRules,
    limits: UnpackLimits,
) -> Result<Plan, WorkspaceError> {
    let not_a_zip = |_| WorkspaceError::refused("File is not a readable zip archive");
    let mut buffer = vec![0; RECOMMENDED_BUFFER_SIZE];
    let archive = ZipArchive::from_file(file, &mut buffer).map_err(not_a_zip)?;
    // The number may lie; the entries are counted as well.
    check_count(archive.entries_hint(), limits)?;
    let mut planning = Planning { rules, limits, entries: BTreeMap::new(), bytes: 0, paths: 0 };
    let mut records = archive.entries(&mut buffer);
    while let Some(record) = records.next_entry().map_err(not_a_zip)? {
        planning.add(&record)?;
    }
    let entries = planning.entries;
    if entries.len() as u64 != archive.entries_hint() {
        return Err(WorkspaceError::refused("Zip archive is damaged: entries are missing"));
    }
    check_parents(&entries)?;
    Ok(Plan { archive, entries })
}

struct Planning<'a> {
    rules: &'a UploadRules,
    limits: UnpackLimits,
    entries: BTreeMap<PathBuf, Planned>,
    bytes: u64,
    paths: usize,
}

impl Planning<'_> {
    fn add(&mut self, record: &ZipFileHeaderRecord<'_>) -> Result<(), WorkspaceError> {
        let raw = record.file_path();
        let path = checked_path(raw.as_bytes())?;
        let refused = |problem: &str| refused(&path, problem);
        if record.flags().is_encrypted() {
            return Err(refused("is encrypted; send the archive without a password"));
        }
        let is_compressed = match record.compression_method() {
            CompressionMethod::STORE => false,
            CompressionMethod::DEFLATE => true,
            _ => return Err(refused("is compressed in a way that is not supported; use deflate")),
        };
        let mode = record.mode().value();
        let kind = match mode & FILE_TYPE {
            _ if record.is_dir() => Kind::Directory,
            DIRECTORY => Kind::Directory,
            0 | REGULAR => Kind::File,
            LINK => Kind::Link,
            _ => return Err(refused("is neither a file, a directory nor a link")),
        };
        let size = record.uncompressed_size_hint();
        if kind == Kind::File {
            self.rules.check_name(&path).and_then(|()| self.rules.check_size(size)).map_err(
                |error| WorkspaceError::refused(format!("{error} (in the archive: {path:?})")),
            )?;
        }
        self.bytes = self.bytes.saturating_add(size);
        self.limits.check_bytes(self.bytes)?;
        self.paths += path.as_os_str().len();
        if self.paths > MAX_PATHS {
            return Err(WorkspaceError::refused("Zip archive has too many long names"));
        }
        let wayfinder = record.wayfinder();
        let planned = Planned { kind, mode: mode & 0o777, is_compressed, wayfinder };
        let both_directories = |old: Planned| old.kind == kind && kind == Kind::Directory;
        match self.entries.insert(path.clone(), planned) {
            Some(old) if !both_directories(old) => Err(refused("is there twice")),
            Some(_) | None => check_count(self.entries.len() as u64, self.limits),
        }
    }
}

fn check_count(count: u64, limits: UnpackLimits) -> Result<(), WorkspaceError> {
    if count > limits.entries {
        let limit = limits.entries;
        return Err(WorkspaceError::refused(format!(
            "Zip archive has more than the {limit} entries that are unpacked; send several"
        )));
    }
    Ok(())
}

/// Returns the path of an entry if it stays below where it is unpacked.
fn checked_path(raw: &[u8]) -> Result<PathBuf, WorkspaceError> {
    let refused = |problem: &str| refused(Path::new(OsStr::from_bytes(raw)), problem);
    if raw.starts_with(b"/") {
        return Err(refused("has an absolute name"));
    }
    if raw.len() > MAX_PATH {
        return Err(WorkspaceError::refused(
            "Zip archive has an entry with a name that is too long",
        ));
    }
    if raw.contains(&0) {
        return Err(refused("has a NUL in its name"));
    }
    let mut path = PathBuf::new();
    for part in raw.split(|byte| *byte == b'/') {
        match part {
            b"" | b"." => {}
            b".." => return Err(refused("would leave the directory it is unpacked into")),
            part if part.len() > MAX_NAME => return Err(refused("has a name that is too long")),
            part => path.push(OsStr::from_bytes(part)),
        }
    }
    if path.as_os_str().is_empty() { Err(refused("has no name")) } else { Ok(path) }
}

/// Nothing may be put below a file, and above all not below a link of the archive.
fn check_parents(entries: &BTreeMap<PathBuf, Planned>) -> Result<(), WorkspaceError> {
    for path in entries.keys() {
        for parent in path.ancestors().skip(1) {
            if entries.get(parent).is_some_and(|entry| entry.kind != Kind::Directory) {
                return Err(refused(path, "lies below an entry that is no directory"));
            }
        }
    }
    Ok(())
}

pub(crate) fn refused(path: &Path, problem: &str) -> WorkspaceError {
    WorkspaceError::refused(format!("Zip archive is refused: {path:?} {problem}"))
}
