use std::fs::{File, Metadata};
use std::io;
use std::path::{Component, Path, PathBuf};

use cap_std::fs::{Dir, FileTypeExt, OpenOptions, OpenOptionsExt};
use rustix::fs::OFlags;

use super::{Workspace, WorkspaceError};

/// Where the workspace is said to be, wherever it is.
const SAID_TO_BE: &str = "/workspace";

/// Stands in a name for bytes that are not text.
const NOT_TEXT: char = char::REPLACEMENT_CHARACTER;

impl Workspace {
    pub(crate) fn dir(&self) -> &Dir {
        &self.dir
    }

    /// Returns the path relative to the workspace that a client means; empty names the workspace.
    ///
    /// This only leaves out the known beginnings of absolute paths. That the rest does not lead
    /// out is seen to where it is opened.
    pub(crate) fn relative(&self, path: &Path) -> Result<PathBuf, WorkspaceError> {
        let inner = if path.is_absolute() {
            [self.root.as_path(), self.real_root.as_path(), Path::new(SAID_TO_BE)]
                .into_iter()
                .find_map(|root| path.strip_prefix(root).ok())
                .ok_or_else(|| WorkspaceError::Outside { path: path.display().to_string() })?
        } else {
            path
        };
        let parts = inner.components().filter(|part| !matches!(part, Component::CurDir));
        Ok(self.with_real_names(parts.collect()))
    }

    /// Finds the files that a path means whose names were not text when they were listed.
    ///
    /// Such a name cannot come back as it was; the one file that would be listed like it is meant.
    fn with_real_names(&self, path: PathBuf) -> PathBuf {
        if !path.to_string_lossy().contains(NOT_TEXT) {
            return path;
        }
        let mut real = PathBuf::new();
        for part in path.components() {
            let name = part.as_os_str();
            let listed = name.to_string_lossy();
            let is_there = self.dir.symlink_metadata(real.join(name)).is_ok();
            let found = if is_there || !listed.contains(NOT_TEXT) {
                None
            } else {
                self.dir.read_dir(or_dot(&real)).ok().and_then(|entries| {
                    let mut same = entries
                        .filter_map(|entry| entry.ok().map(|entry| entry.file_name()))
                        .filter(|other| other.to_string_lossy() == listed);
                    same.next().filter(|_| same.next().is_none())
                })
            };
            real.push(found.as_deref().unwrap_or(name));
        }
        real
    }

    /// Opens a regular file for reading, following links that stay inside.
    pub(crate) fn open_file(&self, path: &Path) -> Result<(File, Metadata), WorkspaceError> {
        let name = path.to_string_lossy();
        open_regular(&self.dir, path, OFlags::empty())
            .map_err(|source| WorkspaceError::of("open", &name, source))?
            .map_err(|found| WorkspaceError::NotAFile { path: name.clone().into_owned(), found })
    }
}

/// `.` for the empty path, which the system does not take for a directory.
pub(crate) fn or_dot(path: &Path) -> &Path {
    if path.as_os_str().is_empty() { Path::new(".") } else { path }
}

/// Opens a regular file; says what else it is if it is none.
///
/// A FIFO without a writer and a device without a carrier do not hold this up.
pub(crate) fn open_regular(
    dir: &Dir,
    path: &Path,
    flags: OFlags,
) -> io::Result<Result<(File, Metadata), &'static str>> {
    const ENXIO: i32 = 6;
    let flags = OFlags::NONBLOCK | OFlags::NOCTTY | flags;
    let mut options = OpenOptions::new();
    options.read(true).custom_flags(flag_bits(flags));
    let file = match dir.open_with(or_dot(path), &options) {
        Ok(file) => file.into_std(),
        Err(error) if error.raw_os_error() == Some(ENXIO) => return Ok(Err("a socket")),
        Err(error) => return Err(error),
    };
    let metadata = file.metadata()?;
    Ok(if metadata.is_file() { Ok((file, metadata)) } else { Err(kind_of(metadata.file_type())) })
}

pub(crate) fn flag_bits(flags: OFlags) -> i32 {
    flags.bits().cast_signed()
}

fn kind_of(file_type: std::fs::FileType) -> &'static str {
    use std::os::unix::fs::FileTypeExt as _;

    if file_type.is_dir() {
        "a directory"
    } else if file_type.is_fifo() {
        "a named pipe"
    } else if file_type.is_socket() {
        "a socket"
    } else {
        "a device"
    }
}

/// Says whether a directory entry can be neither kept in an archive nor shown.
pub(crate) fn is_special(file_type: cap_std::fs::FileType) -> bool {
    file_type.is_fifo()
        || file_type.is_char_device()
        || file_type.is_block_device()
        || file_type.is_socket()
}
