use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::changes::{Look, look};
use super::refs::ObjectId;
use super::repository::Repository;
use super::{FileDiff, GitError, GitReader, blocking};
use crate::workspace::{Workspace, WorkspaceError};

/// Largest side of a file that is shown, in bytes.
const MAX_SIDE: usize = 1024 * 1024;
/// Longest answer about one entry of a tree.
const MAX_ENTRY: usize = 64 * 1024;

pub(crate) async fn diff(
    reader: &GitReader,
    workspace: Arc<Workspace>,
    path: &str,
) -> Result<FileDiff, GitError> {
    let relative = workspace.relative(Path::new(path))?;
    let no_repository = || GitError::NoRepository { path: path.to_owned() };
    let (directory, inner, modified) = blocking({
        let (workspace, relative) = (workspace.clone(), relative.clone());
        move || {
            let modified = now(&workspace, &relative)?;
            let found = nearest(&workspace, &relative)?;
            Ok(found.map(|(directory, inner)| (directory, inner, modified)))
        }
    })
    .await?
    .ok_or_else(no_repository)?;
    let look = look(reader, &workspace, &directory).await?.ok_or_else(no_repository)?;
    let original = look.original(reader, &inner, path).await?;
    if original.is_none() && modified.is_none() {
        return Err(WorkspaceError::Missing { path: path.to_owned() }.into());
    }
    let text = |side: Option<Vec<u8>>| {
        String::from_utf8(side.unwrap_or_default()).ok().filter(|text| !text.contains('\0'))
    };
    Ok(match (text(original), text(modified)) {
        (Some(original), Some(modified)) => FileDiff::Text { original, modified },
        (None, _) | (_, None) => FileDiff::Binary,
    })
}

/// Returns the file as it is now; a symbolic link is the path it holds, as for git.
fn now(workspace: &Workspace, path: &Path) -> Result<Option<Vec<u8>>, GitError> {
    use std::os::unix::ffi::OsStringExt;

    let link = workspace.dir().symlink_metadata(path).is_ok_and(|found| found.is_symlink());
    if link && let Ok(target) = workspace.dir().read_link_contents(path) {
        return Ok(Some(target.into_os_string().into_vec()));
    }
    match workspace.read_file(path, MAX_SIDE as u64) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(WorkspaceError::Missing { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Returns the directory of the repository that a file is in, and its path in there.
fn nearest(workspace: &Workspace, path: &Path) -> Result<Option<(PathBuf, PathBuf)>, GitError> {
    for directory in path.ancestors().skip(1) {
        if Repository::open(workspace, directory)?.is_some()
            && let Ok(inner) = path.strip_prefix(directory)
        {
            return Ok(Some((directory.to_owned(), inner.to_owned())));
        }
    }
    Ok(None)
}

impl Look {
    /// Returns the file as it was.
    async fn original(
        &self,
        reader: &GitReader,
        inner: &Path,
        shown: &str,
    ) -> Result<Option<Vec<u8>>, GitError> {
        let work_tree = &self.repository.work_tree;
        let question = ["ls-tree", "-z", "--full-tree", self.base.as_str(), "--"];
        let question = question.iter().map(std::ffi::OsString::from).chain([inner.into()]);
        let answer = reader.run(&self.snapshot.path, work_tree, question, MAX_ENTRY);
        let answer = answer.await?.checked()?;
        let Some(object) = blob(&answer.bytes) else { return Ok(None) };
        let question = ["cat-file", "blob", object.as_str()];
        let contents = self.run(reader, &question, MAX_SIDE).await?.checked()?;
        if contents.is_cut {
            let (path, limit) = (shown.to_owned(), MAX_SIDE as u64);
            return Err(WorkspaceError::TooLarge { path, limit }.into());
        }
        Ok(Some(contents.bytes))
    }
}

/// Reads `mode SP "blob" SP object TAB path NUL`; trees and submodules have no contents.
fn blob(entry: &[u8]) -> Option<ObjectId> {
    let tab = entry.iter().position(|byte| *byte == b'\t')?;
    let mut words = entry[..tab].split(|byte| *byte == b' ').skip(1);
    (words.next()? == b"blob").then(|| ObjectId::parse(words.next()?))?
}
