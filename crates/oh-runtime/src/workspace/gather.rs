use std::path::{Path, PathBuf};

use super::Workspace;
use super::place::or_dot;

/// How far to look for files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WalkLimits {
    /// Folders in one another.
    pub depth: usize,
    /// Entries of folders, all together.
    pub entries: usize,
}

impl Workspace {
    /// Returns the regular files below a folder, in alphabetical order, each with the folder in
    /// front. Links to folders are not followed, and beyond the limits nothing is looked at.
    ///
    /// A folder that is missing or that cannot be read has no files.
    #[must_use]
    pub fn files_below(&self, folder: &str, limits: WalkLimits) -> Vec<String> {
        let mut found = Vec::new();
        let mut left = limits.entries;
        let mut folders = vec![(PathBuf::from(folder), 0)];
        while let Some((folder, depth)) = folders.pop() {
            let Ok(entries) = self.dir().read_dir(or_dot(&folder)) else { continue };
            for entry in entries.flatten() {
                if left == 0 {
                    tracing::warn!(folder = %folder.display(), "there are more files than are looked at");
                    break;
                }
                left -= 1;
                let Ok(file_type) = entry.file_type() else { continue };
                let path = folder.join(entry.file_name());
                if file_type.is_dir() && depth < limits.depth {
                    folders.push((path, depth + 1));
                } else if !file_type.is_dir() && self.is_file(&path) {
                    // What is no text can be named by nobody.
                    found.extend(path.to_str().map(str::to_owned));
                }
            }
        }
        found.sort_unstable();
        found
    }

    /// Says whether there is a regular file, behind links that stay inside too.
    #[must_use]
    pub fn has_file(&self, path: &str) -> bool {
        self.is_file(Path::new(path))
    }

    /// Returns the one repository that lies a folder below the workspace; `None` if there are
    /// more or none, or if the workspace is a repository itself.
    #[must_use]
    pub fn only_repository(&self, limits: WalkLimits) -> Option<String> {
        if self.dir().symlink_metadata(".git").is_ok() {
            return None;
        }
        let entries = self.dir().read_dir(".").ok()?;
        let mut found = entries.flatten().take(limits.entries).filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let is_repository = entry.file_type().ok()?.is_dir()
                && self.dir().symlink_metadata(Path::new(&name).join(".git")).is_ok();
            is_repository.then_some(name)
        });
        found.next().filter(|_| found.next().is_none())
    }

    fn is_file(&self, path: &Path) -> bool {
        self.dir().metadata(path).is_ok_and(|metadata| metadata.is_file())
    }
}
