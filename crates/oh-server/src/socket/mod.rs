//! Socket.IO: one task per socket, with an inlet that reads and an outlet that writes.
//!
//! The outlet holds a cursor over the log; nothing else ever sends an event. What answers
//! the peer (acks, pings, refusals) goes through a small lane of its own.

mod context;
mod inlet;
mod join;
mod outlet;
mod pace;
mod request;

use axum::Router;
use axum::routing::any;
use oh_event_log::Framing;

use crate::state::AppState;

/// What stands around an event on the wire.
pub(crate) const EVENT_FRAMING: Framing = Framing { prefix: "42[\"oh_event\",", suffix: "]" };

pub(crate) fn routes() -> Router<AppState> {
    Router::new()
        .route("/socket.io", any(request::answer))
        .route("/socket.io/", any(request::answer))
}
