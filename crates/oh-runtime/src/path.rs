use std::path::{Path, PathBuf};

/// Where the workspace is said to be in prompts and pictures.
const WORKSPACE: &str = "/workspace";

/// Leads paths as the agent names them to files.
#[derive(Debug, Clone)]
pub(crate) struct PathMap {
    workspace: PathBuf,
}

impl PathMap {
    pub(crate) fn new(workspace: PathBuf) -> Self {
        Self { workspace }
    }

    pub(crate) fn workspace(&self) -> &Path {
        &self.workspace
    }

    /// Returns the file that `path` means.
    ///
    /// Where no `/workspace` exists, a path below it means the workspace of the conversation.
    pub(crate) fn on_disk(&self, path: &Path) -> PathBuf {
        match path.strip_prefix(WORKSPACE) {
            Ok(inner) if !Path::new(WORKSPACE).exists() => {
                if inner.as_os_str().is_empty() {
                    self.workspace.clone()
                } else {
                    self.workspace.join(inner)
                }
            }
            Ok(_) | Err(_) => path.to_owned(),
        }
    }
}
