//! A git directory of ours that shows a repository without what it would make git do.

use std::fs::{self, DirBuilder, File, FileTimes};
use std::io::{self, Write};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{DirBuilderExt, symlink};
use std::path::{Path, PathBuf};

use cap_std::fs::Dir;
use rustix::fs::OFlags;

use super::repository::{Repository, read_file};
use super::{GitError, leads_out, outside};
use crate::workspace::{Workspace, open_regular};

/// Largest index that is looked at.
const MAX_INDEX: u64 = 512 * 1024 * 1024;
/// Longest of the other files that are copied.
const MAX_FILE: u64 = 4 * 1024 * 1024;
/// Most packs that are looked at.
const MAX_PACKS: usize = 20_000;

/// Nothing in here starts a program, and git reads no other configuration.
const CONFIG: &str = "[core]
bare = false
hooksPath = /dev/null
attributesFile = /dev/null
excludesFile = /dev/null
fsmonitor = false
untrackedCache = false
quotePath = false
[protocol]
allow = never
[submodule]
recurse = false
[gc]
auto = 0
[maintenance]
auto = false
";

/// These beat every attribute of the repository. There is no filter in the configuration that an
/// attribute could name; this holds even if there were.
const ATTRIBUTES: &str = "* -filter -merge\n";

/// A git directory for one look; it goes away with this.
#[derive(Debug)]
pub(crate) struct Snapshot {
    /// The git directory.
    pub(crate) path: PathBuf,
}

impl Drop for Snapshot {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.path) {
            tracing::warn!(%error, path = %self.path.display(), "failed to delete");
        }
    }
}

impl Snapshot {
    /// Makes the git directory in `scratch`.
    pub(crate) fn new(
        scratch: &Path,
        workspace: &Workspace,
        repository: &Repository,
    ) -> Result<Self, GitError> {
        let failed = GitError::io("prepare a look at the repository");
        let name = crate::shell::random_name().map_err(&failed)?;
        let path = std::path::absolute(scratch.join(format!("git-{name}"))).map_err(&failed)?;
        DirBuilder::new().recursive(true).mode(0o700).create(&path).map_err(&failed)?;
        let snapshot = Self { path };
        snapshot.fill(repository).map_err(&failed)?;
        snapshot.link_objects(workspace, repository)?;
        Ok(snapshot)
    }

    fn fill(&self, repository: &Repository) -> io::Result<()> {
        for folder in ["objects/info", "refs/heads", "info"] {
            fs::create_dir_all(self.path.join(folder))?;
        }
        self.write("HEAD", b"ref: refs/heads/none\n")?;
        self.write("config", CONFIG.as_bytes())?;
        self.write("info/attributes", ATTRIBUTES.as_bytes())?;
        for name in ["info/exclude", "shallow"] {
            if let Ok(bytes) = read_file(&repository.common_dir, Path::new(name), MAX_FILE) {
                self.write(name, &bytes)?;
            }
        }
        self.copy_index(&repository.git_dir, Path::new("index"))?;
        // A split index keeps most of itself in files of this name.
        for entry in repository.git_dir.entries()? {
            let name = entry?.file_name();
            if name.as_bytes().starts_with(b"sharedindex.") {
                self.copy_index(&repository.git_dir, Path::new(&name))?;
            }
        }
        Ok(())
    }

    fn write(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        fs::write(self.path.join(name), bytes)
    }

    /// Copies an index, so that nobody waits for our lock, with its time, by which git tells
    /// which files may have changed since.
    fn copy_index(&self, dir: &Dir, name: &Path) -> io::Result<()> {
        let (mut source, metadata) = match open_regular(dir, name, OFlags::empty()) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            found => found?.map_err(io::Error::other)?,
        };
        if metadata.len() > MAX_INDEX {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let mut target = File::create_new(self.path.join(name))?;
        io::copy(&mut source, &mut target)?;
        target.set_times(FileTimes::new().set_modified(metadata.modified()?))
    }

    /// Links the objects of a repository, but not the files beside them that name others.
    fn link_objects(&self, workspace: &Workspace, repository: &Repository) -> Result<(), GitError> {
        let failed = GitError::io("read the objects of the repository");
        let relative = repository.common_relative.join("objects");
        let path = repository.common_path.join("objects");
        let objects = match repository.common_dir.open_dir("objects") {
            Err(error) if leads_out(&error) => return Err(outside(&relative)),
            found => found.map_err(&failed)?,
        };
        let folders = (0..=u8::MAX).map(|first| format!("{first:02x}")).chain(["pack".to_owned()]);
        for folder in folders {
            match objects.metadata(&folder) {
                Ok(_) => {
                    let link = self.path.join("objects").join(&folder);
                    symlink(path.join(&folder), link).map_err(&failed)?;
                }
                Err(error) if leads_out(&error) => return Err(outside(&relative.join(folder))),
                Err(_) => {}
            }
        }
        check_packs(&objects, &relative)?;
        self.link_alternates(workspace, &objects, &relative).map(drop)
    }

    /// Names the other places where objects are, if those are in the workspace as well.
    fn link_alternates(
        &self,
        workspace: &Workspace,
        objects: &Dir,
        relative: &Path,
    ) -> Result<(), GitError> {
        let failed = GitError::io("read the objects of the repository");
        let Ok(list) = read_file(objects, Path::new("info/alternates"), MAX_FILE) else {
            return Ok(());
        };
        let mut alternates = Vec::new();
        for line in list.split(|byte| *byte == b'\n') {
            if line.is_empty() || line.starts_with(b"#") {
                continue;
            }
            let named = Path::new(std::ffi::OsStr::from_bytes(line));
            let place = if named.is_absolute() { named.to_owned() } else { relative.join(named) };
            let place = workspace.relative(&place).map_err(|_| outside(named))?;
            let dir = match workspace.dir().open_dir(&place) {
                Ok(dir) => dir,
                Err(error) if leads_out(&error) => return Err(outside(named)),
                // Git goes on without it, too.
                Err(_) => continue,
            };
            if dir.symlink_metadata("info/alternates").is_ok() {
                return Err(GitError::Unsupported {
                    reason: "it borrows objects from a repository that borrows them itself",
                });
            }
            check_packs(&dir, &place)?;
            alternates.extend(workspace.root().join(place).into_os_string().into_vec());
            alternates.push(b'\n');
        }
        let mut file =
            File::create_new(self.path.join("objects/info/alternates")).map_err(&failed)?;
        file.write_all(&alternates).map_err(&failed)
    }
}

/// Fails if a pack is a link that leads out.
fn check_packs(objects: &Dir, relative: &Path) -> Result<(), GitError> {
    let Ok(packs) = objects.open_dir("pack") else { return Ok(()) };
    let Ok(entries) = packs.entries() else { return Ok(()) };
    for entry in entries.take(MAX_PACKS).filter_map(Result::ok) {
        if entry.file_type().is_ok_and(|kind| !kind.is_symlink()) {
            continue;
        }
        let name = entry.file_name();
        if packs.metadata(&name).is_err_and(|error| leads_out(&error)) {
            return Err(outside(&relative.join("pack").join(name)));
        }
    }
    Ok(())
}
