//! OpenHands' JSON: the one place that knows how events look on the wire.
//!
//! - [`parse_event`] and [`encode_event`]: an event and its JSON;
//! - [`EncodedEvent`]: the stored bytes, and the two forms that clients get them in;
//! - [`parse_client_action`]: what clients send, in both documented forms;
//! - [`parse_trajectory`]: what is done again of a recorded conversation;
//! - [`ConnectQuery`]: the query of the Socket.IO handshake;
//! - [`status_update`] and its neighbours: payloads that are not events.
//!
//! It knows no sockets, no HTTP and no storage, and it decides nothing about agents.
//!
//! Invariants: parsing what [`encode_event`] wrote gives the same event back; whether
//! an event is deliverable depends on the event alone.
#![warn(missing_docs, clippy::wildcard_enum_match_arm)]

mod action_json;
mod client_action;
mod connect_query;
mod encoded;
mod envelope;
mod message;
mod nested;
mod notice;
mod observation_json;
mod rejection;
mod scalar;
mod tool_call_json;
mod trajectory;
#[cfg(feature = "typescript")]
mod typescript;

pub use client_action::{ClientAction, parse_client_action};
pub use connect_query::ConnectQuery;
pub use encoded::{EncodedEvent, Encoding, encode_event, is_deliverable, shorten};
pub use envelope::{EventError, parse_event};
pub use notice::{
    StatusLevel, error_notice, message_delta, output_delta, reasoning_delta, restart_delta,
    status_update, title_update,
};
pub use rejection::{Rejection, RejectionCode};
pub use scalar::{format_rest_time, format_timestamp, parse_timestamp};
pub use trajectory::{Trajectory, TrajectoryError, parse_trajectory};
#[cfg(feature = "typescript")]
pub use typescript::typescript_declarations;
