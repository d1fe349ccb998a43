use std::fs::{File, Permissions};
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use cap_std::fs::{Dir, OpenOptions, PermissionsExt as _};

use super::place::or_dot;
use super::unpack::{UnpackLimits, unpack};
use super::{Workspace, WorkspaceError};

/// Longest name of a file, in bytes, on every file system that matters.
pub(crate) const MAX_NAME: usize = 255;

/// Which files are taken.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UploadRules {
    /// Largest file in bytes; `None` takes any.
    pub max_bytes: Option<u64>,
    /// Endings that are taken, in lower case and with their dot; `.` means none and `.*` any.
    /// `None` takes all.
    pub allowed_extensions: Option<Vec<String>>,
}

impl UploadRules {
    /// Says why a file by this name is not taken.
    pub(crate) fn check_name(&self, name: &Path) -> Result<(), WorkspaceError> {
        let Some(allowed) = &self.allowed_extensions else { return Ok(()) };
        let extension = name.extension().unwrap_or_default().to_string_lossy().to_lowercase();
        let extension = format!(".{extension}");
        if allowed.iter().any(|other| other == ".*" || *other == extension) {
            return Ok(());
        }
        let kind = if extension == "." { "no extension".to_owned() } else { extension };
        Err(WorkspaceError::refused(format!(
            "Files with {kind} are not allowed; allowed are {}",
            allowed.join(", ")
        )))
    }

    /// Says why a file of this size is not taken.
    pub(crate) fn check_size(&self, size: u64) -> Result<(), WorkspaceError> {
        match self.max_bytes {
            Some(limit) if size > limit => Err(WorkspaceError::refused(format!(
                "File is larger than the limit of {} MiB",
                limit / (1024 * 1024)
            ))),
            Some(_) | None => Ok(()),
        }
    }
}

/// A file that is being received. Until [`finish`](Self::finish) nobody sees it by its name, and
/// dropping it leaves nothing behind.
#[derive(Debug)]
pub struct Upload {
    directory: Dir,
    name: PathBuf,
    /// Where it will be, for the one who asks.
    place: PathBuf,
    received: Received,
    size: u64,
    rules: UploadRules,
}

/// The bytes so far, under a name that goes away with this.
#[derive(Debug)]
struct Received {
    directory: Dir,
    name: String,
    file: File,
}

impl Drop for Received {
    fn drop(&mut self) {
        // After a rename there is nothing left by this name.
        let _ = self.directory.remove_file(&self.name);
    }
}

impl Workspace {
    /// Starts to receive a file into a directory, which is made if it is missing.
    ///
    /// # Errors
    /// Fails if the name is not a plain one, breaks a rule, or the directory cannot be used.
    pub fn start_upload(
        &self,
        directory: &str,
        name: &str,
        rules: UploadRules,
    ) -> Result<Upload, WorkspaceError> {
        check_plain(name)?;
        let name = Path::new(name);
        rules.check_name(name)?;
        let relative = self.relative(Path::new(directory))?;
        let place = self.root().join(&relative).join(name);
        let directory = self
            .open_or_create(&relative)
            .map_err(|source| WorkspaceError::of("use", directory, source))?;
        let received = Received::new(&directory)
            .map_err(|source| WorkspaceError::of("write", &place.to_string_lossy(), source))?;
        Ok(Upload { directory, name: name.to_owned(), place, received, size: 0, rules })
    }

    fn open_or_create(&self, directory: &Path) -> std::io::Result<Dir> {
        match self.dir().open_dir(or_dot(directory)) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                self.dir().create_dir_all(directory)?;
                self.dir().open_dir(directory)
            }
            result => result,
        }
    }
}

/// Fails for a name that is not that of a file in the directory it is put in.
fn check_plain(name: &str) -> Result<(), WorkspaceError> {
    let problem = if name.is_empty() || name == "." || name == ".." {
        "File has no name"
    } else if name.contains(['/', '\\']) {
        "File name must not name a directory"
    } else if name.contains('\0') {
        "File name must not contain NUL"
    } else if name.len() > MAX_NAME {
        "File name is longer than 255 bytes"
    } else {
        return Ok(());
    };
    Err(WorkspaceError::refused(problem))
}

impl Received {
    fn new(directory: &Dir) -> std::io::Result<Self> {
        let name = temporary_name()?;
        let mut options = OpenOptions::new();
        options.read(true).write(true).create_new(true);
        let file = directory.open_with(&name, &options)?.into_std();
        Ok(Self { directory: directory.try_clone()?, name, file })
    }
}

/// A name that is taken by nothing else.
pub(crate) fn temporary_name() -> std::io::Result<String> {
    let mut random = [0; 8];
    getrandom::fill(&mut random).map_err(std::io::Error::other)?;
    Ok(format!(".openhands-upload-{:016x}", u64::from_ne_bytes(random)))
}

impl Upload {
    /// Adds bytes.
    ///
    /// # Errors
    /// Fails if the file becomes larger than allowed or cannot be written.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), WorkspaceError> {
        self.size += bytes.len() as u64;
        self.rules.check_size(self.size)?;
        self.received.file.write_all(bytes).map_err(|source| self.failed(source))
    }

    /// Gives the file its name, in place of any file that had it, and returns where it is.
    ///
    /// A file that is replaced passes its mode on. A symbolic link is replaced, not followed.
    ///
    /// # Errors
    /// Fails if a directory has the name or the system refuses.
    pub fn finish(self) -> Result<PathBuf, WorkspaceError> {
        if let Ok(old) = self.directory.symlink_metadata(&self.name) {
            if old.is_dir() {
                return Err(WorkspaceError::refused("A directory has this name"));
            }
            if old.is_file() {
                let mode = Permissions::from_mode(old.permissions().mode() & 0o777);
                self.received.file.set_permissions(mode).map_err(|source| self.failed(source))?;
            }
        }
        self.directory
            .rename(&self.received.name, &self.directory, &self.name)
            .map_err(|source| self.failed(source))?;
        Ok(self.place.clone())
    }

    /// Unpacks what was received as a zip archive into the directory instead of keeping it, and
    /// returns the places of the outermost entries.
    ///
    /// The archive is checked as a whole and unpacked aside first: either all of it arrives, or
    /// nothing is changed.
    ///
    /// # Errors
    /// Fails if it is no zip archive, breaks a rule or a limit, would leave the directory, or does
    /// not fit what is there.
    pub fn unpack(self, limits: UnpackLimits) -> Result<Vec<PathBuf>, WorkspaceError> {
        let file = self.received.file.try_clone().map_err(|source| self.failed(source))?;
        let names = unpack(file, &self.directory, &self.rules, limits)?;
        Ok(names.into_iter().map(|name| self.place.with_file_name(name)).collect())
    }

    fn failed(&self, source: std::io::Error) -> WorkspaceError {
        let path = String::from_utf8_lossy(self.place.as_os_str().as_bytes()).into_owned();
        WorkspaceError::Io { tried: "write", path, source }
    }
}
