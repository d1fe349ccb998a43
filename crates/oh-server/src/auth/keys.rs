//! The key that is in force now, and who hears that it changed.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use tokio::sync::watch;

use super::key::SessionKey;

/// How often the file of the key is looked at.
const LOOK_PERIOD: Duration = Duration::from_millis(400);

/// The session key of a running server.
#[derive(Debug)]
pub(crate) struct SessionKeys(watch::Sender<SessionKey>);

impl SessionKeys {
    pub(crate) fn new(key: SessionKey) -> Self {
        Self(watch::Sender::new(key))
    }

    pub(crate) fn current(&self) -> SessionKey {
        self.0.borrow().clone()
    }

    /// Tells of every key that is not the one of now.
    pub(crate) fn changes(&self) -> watch::Receiver<SessionKey> {
        self.0.subscribe()
    }

    /// Takes up a key that `openhands key --rotate` wrote, until dropped.
    pub(crate) async fn follow_file(&self, path: PathBuf) {
        if self.current().is_explicit {
            return;
        }
        let mut seen = stamp(&path);
        loop {
            tokio::time::sleep(LOOK_PERIOD).await;
            let now = stamp(&path);
            if now == seen {
                continue;
            }
            // A file that is being replaced is read at the next look.
            let Ok(Some(key)) = SessionKey::load(&path) else { continue };
            seen = now;
            let is_other = !self.current().matches(key.reveal());
            if is_other {
                tracing::info!("the session key was changed; who came in with the old one is out");
                self.0.send_replace(key);
            }
        }
    }
}

/// What tells one version of a file from another.
fn stamp(path: &std::path::Path) -> Option<(u64, SystemTime)> {
    use std::os::unix::fs::MetadataExt;

    let metadata = std::fs::metadata(path).ok()?;
    Some((metadata.ino(), metadata.modified().ok()?))
}
