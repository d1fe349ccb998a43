//! The files of a conversation as clients see them, whether its shell runs or not.
//!
//! A [`Workspace`] is an open directory; every name is resolved beneath it by the kernel, so no
//! `..`, absolute name or symbolic link leads out, also if the agent changes things meanwhile.
//! Everything here blocks and belongs on a thread that may.

mod archive;
mod error;
mod gather;
mod gitignore;
mod list;
mod place;
mod text;
mod unpack;
mod unpack_plan;
mod upload;

use std::io;
use std::path::{Path, PathBuf};

use cap_std::ambient_authority;
use cap_std::fs::Dir;

pub use archive::IgnoredFiles;
pub use error::WorkspaceError;
pub use gather::WalkLimits;
pub(crate) use place::{open_regular, or_dot};
pub use unpack::UnpackLimits;
pub use upload::{Upload, UploadRules};

/// An open workspace.
#[derive(Debug)]
pub struct Workspace {
    dir: Dir,
    /// Where it was opened, absolute.
    root: PathBuf,
    /// The same without symbolic links on the way.
    real_root: PathBuf,
}

impl Workspace {
    /// Opens a workspace that exists.
    ///
    /// # Errors
    /// Fails if there is no directory at `root`, with [`io::ErrorKind::NotFound`] if nothing is there.
    pub fn open(root: &Path) -> io::Result<Self> {
        let root = std::path::absolute(root)?;
        let dir = Dir::open_ambient_dir(&root, ambient_authority())?;
        let real_root = std::fs::canonicalize(&root)?;
        Ok(Self { dir, root, real_root })
    }

    /// Opens a workspace, making its directory first if nothing is there.
    ///
    /// # Errors
    /// Fails if the directory cannot be made or opened.
    pub fn create(root: &Path) -> io::Result<Self> {
        std::fs::create_dir_all(root)?;
        Self::open(root)
    }

    /// Returns where the workspace is, as it was opened.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }
}
