//! Who may talk to us: the session key, this machine's own user, origins and hosts.

mod access;
mod client;
mod cookie;
mod key;
mod keys;
mod origin;
mod peer;

use std::io;
use std::path::Path;

pub(crate) use access::{Access, Denial, Grant, RequestFacts, Rules, judge};
pub(crate) use client::{Client, Proxies};
pub(crate) use cookie::{is_logged_in, login, logout};
pub(crate) use key::{SessionKey, random_text};
pub(crate) use keys::SessionKeys;
pub(crate) use origin::OwnOrigins;
pub(crate) use peer::{PeerTrust, is_from_here, look_up};

/// Returns the session key of a data directory, making one if there is none.
///
/// # Errors
/// Fails if the key's file cannot be read or written.
pub fn load_session_key(data_dir: &Path) -> io::Result<String> {
    SessionKey::load_or_create(&data_dir.join(KEY_FILE)).map(|key| key.reveal().to_owned())
}

/// Makes a new session key for a data directory.
///
/// # Errors
/// Fails if the key's file cannot be written.
pub fn rotate_session_key(data_dir: &Path) -> io::Result<String> {
    SessionKey::create(&data_dir.join(KEY_FILE)).map(|key| key.reveal().to_owned())
}

pub(crate) const KEY_FILE: &str = "session_key";
