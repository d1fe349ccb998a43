use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use subtle::ConstantTimeEq;

/// The key that opens everything.
#[derive(Clone)]
pub(crate) struct SessionKey {
    text: String,
    /// The key was set from outside, so it is required everywhere.
    pub(crate) is_explicit: bool,
}

impl std::fmt::Debug for SessionKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SessionKey")
    }
}

impl SessionKey {
    pub(crate) fn explicit(text: String) -> Self {
        Self { text, is_explicit: true }
    }

    /// Reads the key from its file; `None` if there is none.
    pub(crate) fn load(path: &Path) -> io::Result<Option<Self>> {
        match std::fs::read_to_string(path) {
            Ok(text) if text.trim().is_empty() => Ok(None),
            Ok(text) => Ok(Some(Self { text: text.trim().to_owned(), is_explicit: false })),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Reads the key from its file, or makes a random one that only the owner can read.
    pub(crate) fn load_or_create(path: &Path) -> io::Result<Self> {
        Self::load(path)?.map_or_else(|| Self::create(path), Ok)
    }

    /// Puts a new random key in the place of the one in the file.
    pub(crate) fn create(path: &Path) -> io::Result<Self> {
        let text = random_text(32)?;
        // Written beside it and moved, so that a reader finds one key or the other.
        let draft = path.with_extension(random_text(4)?);
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&draft, path)?;
        Ok(Self { text, is_explicit: false })
    }

    /// Compares in a time that does not depend on where the texts differ.
    pub(crate) fn matches(&self, candidate: &str) -> bool {
        self.text.as_bytes().ct_eq(candidate.as_bytes()).into()
    }

    pub(crate) fn reveal(&self) -> &str {
        &self.text
    }
}

/// Returns `bytes` random bytes as hexadecimal digits.
pub(crate) fn random_text(bytes: usize) -> io::Result<String> {
    let mut random = vec![0; bytes];
    getrandom::fill(&mut random).map_err(io::Error::other)?;
    Ok(random.iter().map(|byte| format!("{byte:02x}")).collect())
}
