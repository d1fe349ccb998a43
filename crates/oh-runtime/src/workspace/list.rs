use std::path::Path;

use super::place::or_dot;
use super::{Workspace, WorkspaceError, gitignore};

/// Names that are not listed; a `/` at the end means a directory.
const HIDDEN: [&str; 6] =
    [".git/", ".DS_Store", "node_modules/", "__pycache__/", "lost+found/", ".vscode/"];

/// Most entries of one listing.
const MAX_ENTRIES: usize = 10_000;

struct Listed {
    name: String,
    is_dir: bool,
}

impl Workspace {
    /// Returns the names in a directory, those of directories with a `/` at the end.
    ///
    /// Directories come first, each group in alphabetical order whatever the case. The names
    /// begin with `path` as it was given. What the `.gitignore` of the workspace ignores is left
    /// out, as are a few names that are of no use to anybody. What is no directory has no names.
    ///
    /// # Errors
    /// Fails if `path` leads out of the workspace or may not be read.
    pub fn list(&self, path: Option<&str>) -> Result<Vec<String>, WorkspaceError> {
        let shown = path.unwrap_or_default();
        let relative = self.relative(Path::new(shown))?;
        let mut found = match self.entries(&relative, shown) {
            Err(WorkspaceError::Missing { .. }) => return Ok(Vec::new()),
            result => result?,
        };
        let order = |entry: &Listed| (!entry.is_dir, entry.name.to_lowercase());
        found.sort_by_cached_key(|entry| (order(entry), entry.name.clone()));
        let prefix = match shown {
            "" => String::new(),
            path if path.ends_with('/') => path.to_owned(),
            path => format!("{path}/"),
        };
        Ok(found.into_iter().map(|entry| format!("{prefix}{}", entry.name)).collect())
    }

    fn entries(&self, relative: &Path, shown: &str) -> Result<Vec<Listed>, WorkspaceError> {
        let failed = |source| WorkspaceError::of("list", shown, source);
        let ignored = gitignore::read(self.dir());
        let dir = self.dir().open_dir(or_dot(relative)).map_err(failed)?;
        // Patterns speak of real places, not of the way a client came.
        let place = self.dir().canonicalize(or_dot(relative)).map_err(failed)?;
        let mut found = Vec::new();
        for entry in dir.entries().map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let file_type = entry.file_type().map_err(failed)?;
            let name = entry.file_name();
            let is_dir = if file_type.is_symlink() {
                match dir.metadata(&name) {
                    Ok(metadata) => metadata.is_dir(),
                    Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
                    // A link that leads out is there, but nothing can be listed behind it.
                    Err(_) => false,
                }
            } else {
                file_type.is_dir()
            };
            let path = place.join(&name);
            let path = path.strip_prefix(".").unwrap_or(&path);
            if ignored.matched_path_or_any_parents(path, is_dir).is_ignore() {
                continue;
            }
            let end = if is_dir { "/" } else { "" };
            let name = format!("{}{end}", name.to_string_lossy());
            if !HIDDEN.contains(&name.as_str()) {
                found.push(Listed { name, is_dir });
            }
            if found.len() == MAX_ENTRIES {
                break;
            }
        }
        Ok(found)
    }
}
