use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::refs::{Base, ObjectId};
use super::repository::{Repository, read_file};
use super::snapshot::Snapshot;
use super::{GitChange, GitChanges, GitError, GitReader, GitStatus, blocking};
use crate::workspace::Workspace;

/// Most changes that are listed.
const MAX_CHANGES: usize = 2_000;
/// Most bytes that are read of one list.
const MAX_LIST: usize = 8 * 1024 * 1024;
/// Most repositories below a workspace that are looked into.
const MAX_NESTED: usize = 50;
/// Longest configuration that is looked into.
const MAX_CONFIG: u64 = 1024 * 1024;

/// The settings of a repository that say how its files are stored. None of them names a program.
const KEPT_SETTINGS: &str =
    r"^(core\.(autocrlf|eol|filemode|symlinks|ignorecase)|extensions\.objectformat)$";

/// A repository that git can be asked about.
pub(crate) struct Look {
    pub(crate) repository: Repository,
    pub(crate) snapshot: Snapshot,
    /// What files are compared with; a commit or the empty tree.
    pub(crate) base: ObjectId,
}

pub(crate) async fn changes(
    reader: &GitReader,
    workspace: Arc<Workspace>,
) -> Result<Option<GitChanges>, GitError> {
    let nested = blocking({
        let workspace = workspace.clone();
        move || Ok(nested(&workspace))
    })
    .await?;
    let own = changes_in(reader, &workspace, Path::new("")).await?;
    let has_own = own.is_some();
    let mut all = own.unwrap_or_default();
    let mut found = 0;
    for folder in nested {
        let inner = match changes_in(reader, &workspace, &folder).await {
            Ok(Some(inner)) => inner,
            Ok(None) => continue,
            // One that is broken must not hide the others.
            Err(error) if has_own || found > 0 => {
                tracing::debug!(%error, folder = %folder.display(), "a repository is passed over");
                continue;
            }
            Err(error) => return Err(error),
        };
        found += 1;
        all.changes.retain(|change| !change.path.starts_with(&folder));
        all.is_truncated |= inner.is_truncated;
        all.changes.extend(
            inner
                .changes
                .into_iter()
                .map(|change| GitChange { path: folder.join(change.path), status: change.status }),
        );
    }
    if !has_own && found == 0 {
        return Ok(None);
    }
    all.changes.sort();
    all.is_truncated |= all.changes.len() > MAX_CHANGES;
    all.changes.truncate(MAX_CHANGES);
    Ok(Some(all))
}

/// Returns the directories of a workspace that look like repositories of their own.
fn nested(workspace: &Workspace) -> Vec<PathBuf> {
    let Ok(entries) = workspace.dir().entries() else { return Vec::new() };
    let mut found: Vec<PathBuf> = entries
        .filter_map(Result::ok)
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        .map(|entry| PathBuf::from(entry.file_name()))
        .filter(|path| path != Path::new(".git"))
        .filter(|path| workspace.dir().symlink_metadata(path.join(".git")).is_ok())
        .collect();
    found.sort();
    found.truncate(MAX_NESTED);
    found
}

async fn changes_in(
    reader: &GitReader,
    workspace: &Arc<Workspace>,
    directory: &Path,
) -> Result<Option<GitChanges>, GitError> {
    let Some(look) = look(reader, workspace, directory).await? else { return Ok(None) };
    let known = look.known_changes(reader);
    let unmerged = look.list(reader, &["ls-files", "--unmerged", "-z"]);
    let unknown = look.list(reader, &["ls-files", "--others", "--exclude-standard", "-z"]);
    let (known, unmerged, unknown) = tokio::try_join!(known, unmerged, unknown)?;
    let mut changes = BTreeMap::new();
    let mut known_items = known.items();
    while let (Some(status), Some(path)) = (known_items.next(), known_items.next()) {
        let status = match status.first() {
            Some(b'A' | b'C') => GitStatus::Added,
            Some(b'D') => GitStatus::Deleted,
            _ => GitStatus::Modified,
        };
        changes.insert(path, status);
    }
    for path in unknown.items() {
        // What git was told to forget is still there.
        let status =
            if changes.contains_key(path) { GitStatus::Modified } else { GitStatus::Added };
        changes.insert(path, status);
    }
    for item in unmerged.items() {
        // Each side of a conflict is an item: mode, object and stage, then the path.
        if let Some(tab) = item.iter().position(|byte| *byte == b'\t') {
            changes.insert(&item[tab + 1..], GitStatus::Unmerged);
        }
    }
    let is_truncated = known.is_cut || unknown.is_cut || changes.len() > MAX_CHANGES;
    let changes = changes
        .into_iter()
        .take(MAX_CHANGES)
        .map(|(path, status)| GitChange { path: OsStr::from_bytes(path).into(), status })
        .collect();
    Ok(Some(GitChanges { changes, is_truncated }))
}

/// Prepares questions about the repository whose files are in a directory.
pub(crate) async fn look(
    reader: &GitReader,
    workspace: &Arc<Workspace>,
    directory: &Path,
) -> Result<Option<Look>, GitError> {
    let (scratch, workspace) = (reader.scratch.clone(), workspace.clone());
    let directory = directory.to_owned();
    let prepared = blocking(move || {
        let Some(repository) = Repository::open(&workspace, &directory)? else { return Ok(None) };
        let snapshot = Snapshot::new(&scratch, &workspace, &repository)?;
        let base = repository.base();
        let config = read_file(&repository.common_dir, Path::new("config"), MAX_CONFIG);
        let copy = snapshot.path.join("their-config");
        std::fs::write(copy, config.unwrap_or_default())
            .map_err(GitError::io("read the settings of the repository"))?;
        Ok(Some((repository, snapshot, base)))
    });
    let Some((repository, snapshot, base)) = prepared.await? else { return Ok(None) };
    let mut look = Look { repository, snapshot, base: empty_tree(ObjectFormat::Sha1) };
    let format = look.keep_settings(reader).await?;
    look.base = match base {
        Base::Commit(commit) => commit,
        Base::Nothing => empty_tree(format),
        Base::Fork { head, branch } => {
            let arguments = ["merge-base", head.as_str(), branch.as_str()];
            // There may be no common commit, or it may be missing from a shallow clone.
            let found = look.run(reader, &arguments, MAX_LIST).await?;
            ObjectId::parse(found.bytes.trim_ascii_end()).unwrap_or(branch)
        }
    };
    Ok(Some(look))
}

/// How a repository names its objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ObjectFormat {
    Sha1,
    Sha256,
}

/// The tree without files; git knows it without having it.
fn empty_tree(format: ObjectFormat) -> ObjectId {
    const SHA1: &[u8] = b"4b825dc642cb6eb9a060e54bf8d69288fbee4904";
    const SHA256: &[u8] = b"6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321";
    let name = match format {
        ObjectFormat::Sha1 => SHA1,
        ObjectFormat::Sha256 => SHA256,
    };
    ObjectId(String::from_utf8_lossy(name).into_owned())
}

impl Look {
    pub(crate) async fn run(
        &self,
        reader: &GitReader,
        arguments: &[&str],
        limit: usize,
    ) -> Result<super::process::Output, GitError> {
        let arguments = arguments.iter().map(OsString::from);
        let work_tree = &self.repository.work_tree;
        reader.run(&self.snapshot.path, work_tree, arguments, limit).await
    }

    /// Lists changes of files that git knows, as a letter and a path in turn.
    async fn known_changes(&self, reader: &GitReader) -> Result<List, GitError> {
        // A submodule is looked into as a repository of its own; git would use its settings.
        const COMPARE: [&str; 8] = [
            "diff",
            "--name-status",
            "-z",
            "--no-renames",
            "--no-ext-diff",
            "--no-textconv",
            "--no-color",
            "--ignore-submodules=dirty",
        ];
        let arguments = [&COMPARE[..], &[self.base.as_str(), "--"]].concat();
        match self.list(reader, &arguments).await {
            // In a partial clone the contents may not be here; then the times of files must do.
            Err(GitError::Failed { .. }) => {
                let by_time = [&["-c", "diff.autoRefreshIndex=false"], &arguments[..]].concat();
                self.list(reader, &by_time).await
            }
            result => result,
        }
    }

    async fn list(&self, reader: &GitReader, arguments: &[&str]) -> Result<List, GitError> {
        let output = self.run(reader, arguments, MAX_LIST).await?.checked()?;
        Ok(List { bytes: output.bytes, is_cut: output.is_cut })
    }

    /// Takes over the settings that say how files are stored, and no others.
    async fn keep_settings(&self, reader: &GitReader) -> Result<ObjectFormat, GitError> {
        let theirs = self.snapshot.path.join("their-config");
        let theirs = theirs.to_string_lossy();
        let arguments =
            ["config", "--file", &theirs, "--no-includes", "-z", "--get-regexp", KEPT_SETTINGS];
        let output = self.run(reader, &arguments, MAX_LIST).await?;
        let mut format = ObjectFormat::Sha1;
        let mut lines = String::new();
        for item in output.bytes.split(|byte| *byte == 0) {
            let item = String::from_utf8_lossy(item);
            let Some((key, value)) = item.split_once('\n') else { continue };
            let is_word = value.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
            let Some((section, name)) = key.split_once('.').filter(|_| is_word) else { continue };
            if section == "extensions" {
                if value == "sha256" {
                    format = ObjectFormat::Sha256;
                }
            } else {
                lines.push_str(&format!("[{section}]\n{name} = {value}\n"));
            }
        }
        match format {
            ObjectFormat::Sha1 => {}
            ObjectFormat::Sha256 => lines.push_str(
                "[core]\nrepositoryformatversion = 1\n[extensions]\nobjectFormat = sha256\n",
            ),
        }
        let config = self.snapshot.path.join("config");
        blocking(move || append(&config, &lines)).await?;
        Ok(format)
    }
}

fn append(path: &Path, text: &str) -> Result<(), GitError> {
    use std::io::Write;

    let file = std::fs::OpenOptions::new().append(true).open(path);
    file.and_then(|mut file| file.write_all(text.as_bytes()))
        .map_err(GitError::io("prepare a look at the repository"))
}

/// A list whose items end with NUL.
struct List {
    bytes: Vec<u8>,
    is_cut: bool,
}

impl List {
    fn items(&self) -> impl Iterator<Item = &[u8]> {
        // What follows the last NUL is an item that was cut off, or nothing.
        let end = self.bytes.iter().rposition(|byte| *byte == 0).unwrap_or(0);
        self.bytes[..end].split(|byte| *byte == 0).filter(|item| !item.is_empty())
    }
}
