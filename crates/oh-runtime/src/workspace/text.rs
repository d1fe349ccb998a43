use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::{Workspace, WorkspaceError};

/// Longest file that is shown as text, in bytes.
const MAX_TEXT: u64 = 10 * 1024 * 1024;

impl Workspace {
    /// Returns the text of a file, exactly as it is.
    ///
    /// # Errors
    /// Fails if the file is missing, outside, too large, no regular file, or not text.
    pub fn read_text(&self, path: &str) -> Result<String, WorkspaceError> {
        let relative = self.relative(Path::new(path))?;
        let bytes = self.read_file(&relative, MAX_TEXT)?;
        text_of(bytes, path)
    }

    /// Returns the text of a file that has at most `limit` bytes.
    ///
    /// # Errors
    /// Fails if the file is missing, outside, too large, no regular file, or not text.
    pub fn read_short_text(&self, path: &str, limit: u64) -> Result<String, WorkspaceError> {
        text_of(self.read_file(Path::new(path), limit)?, path)
    }

    /// Opens a file to read what it holds, whatever that is, and says how many bytes there are.
    ///
    /// # Errors
    /// Fails if the file is missing, outside, or no regular file.
    pub fn open_bytes(&self, path: &str) -> Result<(File, u64), WorkspaceError> {
        let (file, metadata) = self.open_file(&self.relative(Path::new(path))?)?;
        Ok((file, metadata.len()))
    }

    /// Returns the bytes of a file that has at most `limit` of them.
    pub(crate) fn read_file(&self, path: &Path, limit: u64) -> Result<Vec<u8>, WorkspaceError> {
        let name = path.to_string_lossy();
        let (file, metadata) = self.open_file(path)?;
        let too_large = || WorkspaceError::TooLarge { path: name.clone().into_owned(), limit };
        if metadata.len() > limit {
            return Err(too_large());
        }
        let mut bytes = Vec::new();
        // The file may grow while it is read.
        file.take(limit + 1)
            .read_to_end(&mut bytes)
            .map_err(|source| WorkspaceError::of("read", &name, source))?;
        if bytes.len() as u64 > limit { Err(too_large()) } else { Ok(bytes) }
    }
}

fn text_of(bytes: Vec<u8>, path: &str) -> Result<String, WorkspaceError> {
    let text = String::from_utf8(bytes).ok().filter(|text| !text.contains('\0'));
    text.ok_or_else(|| WorkspaceError::NotText { path: path.to_owned() })
}
