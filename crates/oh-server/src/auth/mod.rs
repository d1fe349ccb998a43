//! Who may talk to us: the session key, this machine's own user, origins and hosts.

mod access;
mod key;
mod origin;
mod peer;

pub(crate) use access::{Access, Denial, RequestFacts, judge};
pub(crate) use key::SessionKey;
pub(crate) use origin::OwnOrigins;
pub(crate) use peer::{PeerTrust, look_up};
