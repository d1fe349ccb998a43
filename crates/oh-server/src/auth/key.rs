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

    /// Reads the key from its file, or makes a random one that only the owner can read.
    pub(crate) fn load_or_create(path: &Path) -> io::Result<Self> {
        match std::fs::read_to_string(path) {
            Ok(text) if !text.trim().is_empty() => {
                Ok(Self { text: text.trim().to_owned(), is_explicit: false })
            }
            Ok(_) => {
                std::fs::remove_file(path)?;
                Self::create(path)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Self::create(path),
            Err(error) => Err(error),
        }
    }

    /// Makes a new random key in the place of the one in the file.
    pub(crate) fn rotate(path: &Path) -> io::Result<Self> {
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            Ok(()) | Err(_) => Self::create(path),
        }
    }

    fn create(path: &Path) -> io::Result<Self> {
        let text = random_text(32)?;
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
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
