use std::sync::Arc;

use oh_wire::ConnectQuery;
use tokio::sync::{OwnedSemaphorePermit, watch};

use crate::auth::{Denial, Grant, SessionKey};
use crate::listener::Connection;
use crate::state::AppState;

/// What is known of a socket when it opens.
#[derive(Debug)]
pub(crate) struct SocketContext {
    pub(crate) state: AppState,
    pub(crate) connection: Arc<Connection>,
    pub(crate) query: ConnectQuery,
    /// Whether the upgrade request was let in; a key in the CONNECT payload may still come.
    pub(crate) admission: Result<Grant, Denial>,
    /// One of the places for peers without authority, until it shows the key.
    pub(crate) stranger: Option<OwnedSemaphorePermit>,
    /// Tells that the key has changed with which the peer came in.
    pub(crate) key_changes: watch::Receiver<SessionKey>,
}
