//! What changed in the repositories of a workspace, without trusting them.
//!
//! A repository is written by the agent and by whoever it cloned from, and its configuration and
//! attributes can name programs to run. So git never sees either: [`snapshot`] makes a git
//! directory of our own with a configuration of ours, a copy of the index and links to the
//! objects, and git compares the files of the workspace through that. There is no hook, no filter,
//! no monitor, no remote and no editor in it that could be started. References are read here,
//! beneath the workspace, not by git.

mod changes;
mod diff;
mod process;
mod refs;
mod repository;
mod snapshot;

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::workspace::{Workspace, WorkspaceError};

/// How git is started.
///
/// The words of `prefix` come before `git` and its arguments, for a program that confines what it
/// starts. It has to leave the process group, the working directory and the environment as they
/// are, and to let git read the workspace and [`GitReader::scratch`] under the paths they have here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GitLauncher {
    /// The program before git, with its arguments; empty starts git itself.
    pub prefix: Vec<OsString>,
}

/// Reads repositories of workspaces.
#[derive(Debug, Clone)]
pub struct GitReader {
    /// How git is started.
    pub launcher: GitLauncher,
    /// Where git is looked for: the value of `PATH`.
    pub search_path: Option<OsString>,
    /// A directory outside every workspace, for what one look needs; made if missing.
    pub scratch: PathBuf,
    /// Longest time of one look.
    pub time_limit: Duration,
}

/// What changed in a workspace.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GitChanges {
    /// Sorted by path.
    pub changes: Vec<GitChange>,
    /// There are more that are not listed.
    pub is_truncated: bool,
}

/// A file that changed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct GitChange {
    /// Relative to the workspace.
    pub path: PathBuf,
    /// How it changed.
    pub status: GitStatus,
}

/// How a file changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum GitStatus {
    /// It is new, also if git does not know it yet.
    Added,
    /// Its contents or kind differ.
    Modified,
    /// It is gone.
    Deleted,
    /// A merge left it in conflict.
    Unmerged,
}

/// Both sides of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileDiff {
    /// Both are text, byte for byte; a side that does not exist is empty.
    Text {
        /// As it is compared with.
        original: String,
        /// As it is now.
        modified: String,
    },
    /// One of them is not text.
    Binary,
}

/// Says why git could not tell.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    /// The file is in no repository.
    #[error("`{path}` is not in a git repository")]
    NoRepository {
        /// The file.
        path: String,
    },
    /// The repository keeps its data where the workspace does not reach.
    #[error("the repository is not read, because `{path}` leads out of the workspace")]
    Outside {
        /// What leads out.
        path: String,
    },
    /// The repository is of a kind that is not read.
    #[error("the repository cannot be read: {reason}")]
    Unsupported {
        /// Which kind.
        reason: &'static str,
    },
    /// It took too long.
    #[error("git took longer than {} seconds", .limit.as_secs_f64())]
    TimedOut {
        /// The limit.
        limit: Duration,
    },
    /// Git is not installed.
    #[error("git was not found in PATH; install it")]
    NotInstalled,
    /// Git refused.
    #[error("git failed: {message}")]
    Failed {
        /// What git said.
        message: String,
    },
    /// The file could not be read.
    #[error(transparent)]
    File(#[from] WorkspaceError),
    /// The operating system refused.
    #[error("failed to {tried}")]
    Io {
        /// What was tried.
        tried: &'static str,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
}

impl GitError {
    fn io(tried: &'static str) -> impl Fn(std::io::Error) -> Self {
        move |source| Self::Io { tried, source }
    }
}

impl GitReader {
    /// Returns what changed in a workspace and in repositories directly below it, or `None` if
    /// there is no repository.
    ///
    /// Compared is with the branch of the remote called like the current one, else with where the
    /// current one left the remote's default branch, else with the last commit.
    ///
    /// # Errors
    /// Fails if a repository cannot be read or git takes too long.
    pub async fn changes(&self, workspace: Arc<Workspace>) -> Result<Option<GitChanges>, GitError> {
        self.in_time(changes::changes(self, workspace)).await
    }

    /// Returns both sides of a file.
    ///
    /// # Errors
    /// Fails if the file is in no repository, is too large, or nothing can be told about it.
    pub async fn diff(&self, workspace: Arc<Workspace>, path: &str) -> Result<FileDiff, GitError> {
        self.in_time(diff::diff(self, workspace, path)).await
    }

    async fn in_time<T>(
        &self,
        work: impl Future<Output = Result<T, GitError>>,
    ) -> Result<T, GitError> {
        let limit = self.time_limit;
        tokio::time::timeout(limit, work).await.unwrap_or(Err(GitError::TimedOut { limit }))
    }

    /// Returns the program, from a directory that no relative entry of `PATH` names.
    fn program(&self) -> Result<PathBuf, GitError> {
        const DEFAULT: &str = "/usr/local/bin:/usr/bin:/bin";
        let path = self.search_path.as_deref().unwrap_or(OsStr::new(DEFAULT));
        std::env::split_paths(path)
            .filter(|folder| folder.is_absolute())
            .map(|folder| folder.join("git"))
            .find(|program| program.is_file())
            .ok_or(GitError::NotInstalled)
    }
}

/// Runs what blocks on a thread that may.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, GitError> + Send + 'static,
) -> Result<T, GitError> {
    let ended = tokio::task::spawn_blocking(work).await;
    ended.map_err(|error| GitError::io("read the repository")(std::io::Error::other(error)))?
}

/// Tells a path that leads out of the workspace from one that is not there or cannot be read.
fn leads_out(error: &std::io::Error) -> bool {
    error.kind() == std::io::ErrorKind::PermissionDenied && error.raw_os_error().is_none()
}

fn outside(path: &Path) -> GitError {
    GitError::Outside { path: path.display().to_string() }
}
