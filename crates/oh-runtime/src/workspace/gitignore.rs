use std::io::Read;
use std::path::Path;

use cap_std::fs::Dir;
use ignore::gitignore::{Gitignore, GitignoreBuilder};
use rustix::fs::OFlags;

use super::place::open_regular;

/// Longest `.gitignore` that is read, in bytes.
const MAX_LENGTH: u64 = 1024 * 1024;

/// Reads the `.gitignore` of a directory; paths given to it are relative to that directory.
///
/// Like git, it does not follow a link, and lines that it does not understand ignore nothing.
pub(crate) fn read(dir: &Dir) -> Gitignore {
    let mut text = Vec::new();
    if let Ok(Ok((file, _))) = open_regular(dir, Path::new(".gitignore"), OFlags::NOFOLLOW)
        && file.take(MAX_LENGTH).read_to_end(&mut text).is_err()
    {
        text.clear();
    }
    let mut builder = GitignoreBuilder::new("");
    for line in String::from_utf8_lossy(&text).lines() {
        if let Err(error) = builder.add_line(None, line) {
            tracing::debug!(%error, line, "a line of .gitignore is not understood");
        }
    }
    builder.build().unwrap_or_else(|_| Gitignore::empty())
}
