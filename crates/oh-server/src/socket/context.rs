use std::sync::Arc;

use oh_wire::ConnectQuery;

use crate::auth::Denial;
use crate::listener::Connection;
use crate::state::AppState;

/// What is known of a socket when it opens.
#[derive(Debug)]
pub(crate) struct SocketContext {
    pub(crate) state: AppState,
    pub(crate) connection: Arc<Connection>,
    pub(crate) query: ConnectQuery,
    /// Whether the upgrade request was let in; a key in the CONNECT payload may still come.
    pub(crate) admission: Result<(), Denial>,
}
