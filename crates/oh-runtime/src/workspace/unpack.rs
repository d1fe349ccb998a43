use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Component, Path};

use cap_std::fs::{Dir, OpenOptions, Permissions};
use flate2::read::DeflateDecoder;

use super::WorkspaceError;
use super::unpack_plan::{Kind, Plan, Planned, plan, refused};
use super::upload::{UploadRules, temporary_name};

/// Longest target of a symbolic link.
const MAX_TARGET: u64 = 4_000;

/// How much may come out of an archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnpackLimits {
    /// Most files, directories and links.
    pub entries: u64,
    /// Most bytes in all.
    pub total_bytes: u64,
    /// Most bytes for one byte of the archive, beyond the first 16 MiB.
    pub ratio: u64,
}

impl Default for UnpackLimits {
    fn default() -> Self {
        Self { entries: 100_000, total_bytes: 4 * 1024 * 1024 * 1024, ratio: 200 }
    }
}

/// An archive may unpack to this much whatever its own size.
const ALWAYS_ALLOWED: u64 = 16 * 1024 * 1024;

impl UnpackLimits {
    /// Returns the limits for an archive of a size.
    fn for_archive(self, size: u64) -> Self {
        let by_ratio = size.saturating_mul(self.ratio).max(ALWAYS_ALLOWED);
        Self { total_bytes: self.total_bytes.min(by_ratio), ..self }
    }

    pub(crate) fn check_bytes(self, bytes: u64) -> Result<(), WorkspaceError> {
        if bytes > self.total_bytes { Err(self.too_many_bytes()) } else { Ok(()) }
    }

    fn too_many_bytes(self) -> WorkspaceError {
        let limit = self.total_bytes / (1024 * 1024);
        WorkspaceError::refused(format!(
            "Zip archive unpacks to more than {limit} MiB, the limit for one of its size"
        ))
    }
}

/// Unpacks an archive into a directory and returns the names of the outermost entries.
pub(crate) fn unpack(
    archive: File,
    destination: &Dir,
    rules: &UploadRules,
    limits: UnpackLimits,
) -> Result<Vec<OsString>, WorkspaceError> {
    let size = archive.metadata().map_err(failed)?.len();
    let limits = limits.for_archive(size);
    let plan = plan(archive, rules, limits)?;
    let staging = Staging::new(destination).map_err(failed)?;
    staging.fill(&plan, limits)?;
    check_fits(&plan, destination)?;
    staging.move_to(&plan, destination)?;
    let outermost = |path: &Path| path.iter().next().map(OsStr::to_owned);
    let names: BTreeSet<OsString> =
        plan.entries.keys().filter_map(|path| outermost(path)).collect();
    Ok(names.into_iter().collect())
}

fn failed(source: io::Error) -> WorkspaceError {
    WorkspaceError::Io { tried: "unpack", path: "the archive".to_owned(), source }
}

/// A directory beside the destination, which goes away with this.
struct Staging<'a> {
    parent: &'a Dir,
    name: String,
    dir: Dir,
}

impl Drop for Staging<'_> {
    fn drop(&mut self) {
        if let Err(error) = self.parent.remove_dir_all(&self.name) {
            tracing::warn!(%error, name = self.name, "failed to delete an unpacked archive");
        }
    }
}

impl<'a> Staging<'a> {
    fn new(parent: &'a Dir) -> io::Result<Self> {
        let name = temporary_name()?;
        parent.create_dir(&name)?;
        let dir = parent.open_dir(&name)?;
        Ok(Self { parent, name, dir })
    }

    /// Makes the entries; links come last, so that nothing is ever written through one.
    fn fill(&self, plan: &Plan, limits: UnpackLimits) -> Result<(), WorkspaceError> {
        let of_kind = |kind| plan.entries.iter().filter(move |(_, entry)| entry.kind == kind);
        for (path, _) in of_kind(Kind::Directory) {
            self.dir.create_dir_all(path).map_err(failed)?;
        }
        let mut left = limits.total_bytes;
        for (path, entry) in of_kind(Kind::File) {
            self.make_parent(path)?;
            let mut file = self.create(path)?;
            let length = copy(plan, (path, entry), &mut file, left)?;
            left -= length.ok_or_else(|| limits.too_many_bytes())?;
            // Archives from systems without modes say 0.
            if entry.mode != 0 {
                let mode = std::fs::Permissions::from_mode(entry.mode | 0o600);
                file.set_permissions(mode).map_err(failed)?;
            }
        }
        for (path, entry) in of_kind(Kind::Link) {
            self.make_parent(path)?;
            let mut target = Vec::new();
            copy(plan, (path, entry), &mut target, MAX_TARGET)?
                .ok_or_else(|| refused(path, "is a link with a target that is too long"))?;
            check_target(path, Path::new(OsStr::from_bytes(&target)))?;
            self.dir.symlink(OsStr::from_bytes(&target), path).map_err(failed)?;
        }
        Ok(())
    }

    fn create(&self, path: &Path) -> Result<File, WorkspaceError> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        Ok(self.dir.open_with(path, &options).map_err(failed)?.into_std())
    }

    fn make_parent(&self, path: &Path) -> Result<(), WorkspaceError> {
        match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => {
                self.dir.create_dir_all(parent).map_err(failed)
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Moves everything to where it belongs, file by file.
    fn move_to(&self, plan: &Plan, destination: &Dir) -> Result<(), WorkspaceError> {
        for (path, entry) in &plan.entries {
            if entry.kind == Kind::Directory {
                let is_new = destination.symlink_metadata(path).is_err();
                destination.create_dir_all(path).map_err(failed)?;
                if is_new && entry.mode != 0 {
                    let mode = std::fs::Permissions::from_mode(entry.mode | 0o700);
                    let mode = Permissions::from_std(mode);
                    destination.set_permissions(path, mode).map_err(failed)?;
                }
                continue;
            }
            if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
                destination.create_dir_all(parent).map_err(failed)?;
            }
            self.dir.rename(path, destination, path).map_err(failed)?;
        }
        Ok(())
    }
}

/// Copies the contents of an entry and returns their length; `None` if it is more than `limit`.
///
/// The sizes that an archive claims are not believed.
fn copy(
    plan: &Plan,
    (path, entry): (&Path, &Planned),
    output: &mut impl Write,
    limit: u64,
) -> Result<Option<u64>, WorkspaceError> {
    let damaged = || refused(path, "is damaged");
    let source = plan.archive.get_entry(entry.wayfinder).map_err(|_| damaged())?;
    let reader = source.reader();
    let reader: Box<dyn Read + '_> =
        if entry.is_compressed { Box::new(DeflateDecoder::new(reader)) } else { Box::new(reader) };
    let mut reader = source.verifying_reader(reader);
    let mut buffer = vec![0; 64 * 1024];
    let mut copied = 0;
    loop {
        let length = reader.read(&mut buffer).map_err(|_| damaged())?;
        if length == 0 {
            return Ok(Some(copied));
        }
        copied += length as u64;
        if copied > limit {
            return Ok(None);
        }
        output.write_all(&buffer[..length]).map_err(failed)?;
    }
}

/// A link may lead up only as far as the archive goes, and only at its beginning: what follows a
/// `..` behind a name depends on where that name leads.
fn check_target(path: &Path, target: &Path) -> Result<(), WorkspaceError> {
    let depth = path.components().count() - 1;
    let mut ups = 0;
    let mut has_name = false;
    for part in target.components() {
        match part {
            Component::ParentDir if !has_name => ups += 1,
            Component::Normal(_) => has_name = true,
            Component::CurDir => {}
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => {
                return Err(refused(path, "is a link that may lead out of the archive"));
            }
        }
    }
    if ups > depth || target.as_os_str().is_empty() {
        return Err(refused(path, "is a link that leads out of the archive"));
    }
    Ok(())
}

/// Fails if an entry would have to replace a directory, or lie below something that is none.
fn check_fits(plan: &Plan, destination: &Dir) -> Result<(), WorkspaceError> {
    let mut known = BTreeSet::new();
    for (path, entry) in &plan.entries {
        let is_directory = entry.kind == Kind::Directory;
        let parents = path.ancestors().skip(if is_directory { 0 } else { 1 });
        for parent in parents.take_while(|parent| !parent.as_os_str().is_empty()) {
            if !known.insert(parent) {
                break;
            }
            match destination.symlink_metadata(parent) {
                Ok(found) if !found.is_dir() => {
                    return Err(refused(path, "would lie below something that is no directory"));
                }
                Ok(_) | Err(_) => {}
            }
        }
        if !is_directory && destination.symlink_metadata(path).is_ok_and(|found| found.is_dir()) {
            return Err(refused(path, "would replace a directory"));
        }
    }
    Ok(())
}
