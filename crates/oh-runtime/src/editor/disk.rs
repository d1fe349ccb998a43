//! Reading and replacing files as a whole.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// Reads a regular file of at most `limit` bytes; `None` means that it is longer.
pub(crate) fn read_at_most(path: &Path, limit: u64) -> io::Result<Option<Vec<u8>>> {
    let metadata = path.metadata()?;
    if !metadata.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(limit + 1).read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 <= limit).then_some(bytes))
}

/// Gives the file at `path` new content, all or nothing.
///
/// Mode, owner and the target of a link stay; missing directories are made.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let target = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let known = target.metadata().ok();
    if known.is_none()
        && let Some(parent) = target.parent()
    {
        std::fs::create_dir_all(parent)?;
    }
    // A file with several names would lose the others.
    if known.as_ref().is_some_and(|known| known.nlink() > 1) {
        return write_in_place(&target, bytes);
    }
    let temporary = temporary_name(&target)?;
    let file = match OpenOptions::new().write(true).create_new(true).open(&temporary) {
        Ok(file) => file,
        // The file may be writable where its directory is not.
        Err(_) if known.is_some() => return write_in_place(&target, bytes),
        Err(error) => return Err(error),
    };
    let result =
        fill(file, bytes, known.as_ref()).and_then(|()| std::fs::rename(&temporary, &target));
    match result {
        Ok(()) => {
            if let Some(directory) = target.parent().and_then(|parent| File::open(parent).ok()) {
                let _ = directory.sync_all();
            }
            Ok(())
        }
        Err(error) => {
            let _ = std::fs::remove_file(&temporary);
            Err(error)
        }
    }
}

/// Gives a file its permissions.
pub(crate) fn set_mode(path: &Path, mode: u32) -> io::Result<()> {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode))
}

fn fill(mut file: File, bytes: &[u8], known: Option<&Metadata>) -> io::Result<()> {
    file.write_all(bytes)?;
    if let Some(known) = known {
        let new = file.metadata()?;
        if (new.uid(), new.gid()) != (known.uid(), known.gid()) {
            std::os::unix::fs::fchown(&file, Some(known.uid()), Some(known.gid()))?;
        }
        file.set_permissions(std::fs::Permissions::from_mode(known.mode() & 0o7777))?;
    }
    file.sync_all()
}

fn write_in_place(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).truncate(true).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn temporary_name(target: &Path) -> io::Result<PathBuf> {
    let random = crate::shell::random_name()?;
    Ok(target.with_file_name(format!(".openhands-{}.tmp", &random[..16])))
}
