use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use cap_std::fs::Dir;
use rustix::fs::OFlags;

use super::{GitError, leads_out, outside};
use crate::workspace::{Workspace, open_regular, or_dot};

/// Longest of the small files of a git directory.
const MAX_SMALL_FILE: u64 = 4 * 1024;

/// A repository in a workspace: a directory with files, and where git keeps its data.
#[derive(Debug)]
pub(crate) struct Repository {
    /// Where it is on this machine.
    pub(crate) work_tree: PathBuf,
    /// What belongs to this working tree: `HEAD` and the index.
    pub(crate) git_dir: Dir,
    /// What working trees share: references and objects.
    pub(crate) common_dir: Dir,
    /// Where that is on this machine.
    pub(crate) common_path: PathBuf,
    /// The same, relative to the workspace.
    pub(crate) common_relative: PathBuf,
}

impl Repository {
    /// Opens the repository whose files are in a directory, if there is one.
    pub(crate) fn open(workspace: &Workspace, directory: &Path) -> Result<Option<Self>, GitError> {
        let Some(git_path) = find_git_dir(workspace, directory)? else { return Ok(None) };
        let Some(git_dir) = open_dir(workspace, &git_path)? else { return Ok(None) };
        if !git_dir.symlink_metadata("HEAD").is_ok_and(|found| found.is_file()) {
            return Ok(None);
        }
        let common_relative = match read_small(&git_dir, Path::new("commondir")) {
            Err(_) => git_path,
            Ok(line) => follow(workspace, &git_path, &line)?,
        };
        let Some(common_dir) = open_dir(workspace, &common_relative)? else { return Ok(None) };
        if common_dir.symlink_metadata("reftable").is_ok() {
            return Err(GitError::Unsupported {
                reason: "it keeps its references as a reftable; convert it with `git refs migrate --ref-format=files`",
            });
        }
        Ok(Some(Self {
            work_tree: workspace.root().join(directory),
            git_dir,
            common_dir,
            common_path: workspace.root().join(&common_relative),
            common_relative,
        }))
    }
}

/// Returns the path of the git directory: `.git`, or where a file of that name says it is.
fn find_git_dir(workspace: &Workspace, directory: &Path) -> Result<Option<PathBuf>, GitError> {
    let path = directory.join(".git");
    match workspace.dir().metadata(&path) {
        Ok(found) if found.is_dir() => return Ok(Some(path)),
        Ok(_) => {}
        Err(error) if leads_out(&error) => return Err(outside(&path)),
        Err(_) => return Ok(None),
    }
    let Ok(line) = read_small(workspace.dir(), &path) else { return Ok(None) };
    match line.strip_prefix(b"gitdir:") {
        Some(target) => follow(workspace, directory, target.trim_ascii_start()).map(Some),
        None => Ok(None),
    }
}

/// Returns the path relative to the workspace that a file in `from` names.
fn follow(workspace: &Workspace, from: &Path, line: &[u8]) -> Result<PathBuf, GitError> {
    let target = Path::new(std::ffi::OsStr::from_bytes(line.trim_ascii_end()));
    let path = if target.is_absolute() { target.to_owned() } else { from.join(target) };
    workspace.relative(&path).map_err(|_| outside(target))
}

/// Opens a directory beneath the workspace; `None` if it is not there.
fn open_dir(workspace: &Workspace, path: &Path) -> Result<Option<Dir>, GitError> {
    match workspace.dir().open_dir(or_dot(path)) {
        Ok(dir) => Ok(Some(dir)),
        Err(error) if leads_out(&error) => Err(outside(path)),
        Err(_) => Ok(None),
    }
}

/// Reads a small regular file of a git directory.
pub(crate) fn read_small(dir: &Dir, path: &Path) -> io::Result<Vec<u8>> {
    read_file(dir, path, MAX_SMALL_FILE)
}

/// Reads a regular file that has at most `limit` bytes.
pub(crate) fn read_file(dir: &Dir, path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let (file, metadata) = open_regular(dir, path, OFlags::empty())?.map_err(io::Error::other)?;
    if metadata.len() > limit {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    let mut bytes = Vec::new();
    file.take(limit).read_to_end(&mut bytes)?;
    Ok(bytes)
}
