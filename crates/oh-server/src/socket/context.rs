use std::sync::Arc;

use oh_wire::ConnectQuery;
use tokio::sync::{OwnedSemaphorePermit, watch};

use crate::auth::{Denial, Grant, SessionKey};
use crate::listener::Connection;
use crate::state::AppState;

/// What carries a socket when it opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Carrier {
    WebSocket,
    /// Requests, each of which answers for itself.
    Polling {
        /// Transports the session may move to.
        upgrades: &'static [&'static str],
    },
}

/// What is known of a socket when it opens.
#[derive(Debug)]
pub(crate) struct SocketContext {
    pub(crate) state: AppState,
    pub(crate) connection: Arc<Connection>,
    /// The session id of Engine.IO.
    pub(crate) sid: String,
    pub(crate) carrier: Carrier,
    pub(crate) query: ConnectQuery,
    /// Whether the upgrade request was let in; a key in the CONNECT payload may still come.
    pub(crate) admission: Result<Grant, Denial>,
    /// The socket's place among all of this process.
    pub(crate) _place: OwnedSemaphorePermit,
    /// One of the places for peers without authority, until it shows the key.
    pub(crate) stranger: Option<OwnedSemaphorePermit>,
    /// Tells that the key has changed with which the peer came in.
    pub(crate) key_changes: watch::Receiver<SessionKey>,
}

impl SocketContext {
    /// Returns the transports the session may move to.
    pub(crate) fn upgrades(&self) -> &'static [&'static str] {
        match self.carrier {
            Carrier::WebSocket => &[],
            Carrier::Polling { upgrades } => upgrades,
        }
    }
}
