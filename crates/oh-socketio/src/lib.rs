//! Engine.IO 4 and Socket.IO 5 as a state machine: frames and the time go in, effects come out.
//!
//! This crate opens no sockets, reads no clock and draws no random numbers.
//! It is the server's side of both protocols, over a WebSocket, HTTP long-polling, or the one after the other.
//! It knows nothing of any application: event names, payloads and session ids are opaque.
//!
//! Reading order:
//! 1. [`Config`] and [`Rules`]: intervals, limits, and how much is forgiven.
//! 2. [`Connection`]: one session; [`Input`] in, [`Effect`] out, [`Connection::next_deadline`] says when to call again.
//! 3. [`Packet`] and [`Args`]: what a Socket.IO message says; [`EnginePacket`]: what a frame says.
//! 4. [`event_prefix`], [`encode_event`], [`encode_ack`]: frames for a server that holds encoded JSON already.
//! 5. [`Engine`]: the Engine.IO layer alone.
//! 6. [`Polling`]: what requests of HTTP long-polling are answered with, and the upgrade; [`Payload`]: their bodies.
//!
//! Invariants:
//! - JSON payloads are checked once and passed on byte for byte; they are never serialized again.
//! - Every event is surfaced at most once, in the order of arrival, and only after its namespace was accepted.
//! - Nothing grows with a number a peer merely claims; everything kept for a peer is bounded by [`Config`].
//! - [`Effect::Close`] comes at most once and is the last effect of [`Connection::handle`].

#![warn(missing_docs)]
#![warn(clippy::wildcard_enum_match_arm)]

mod args;
mod assembly;
mod config;
mod connection;
mod effect;
mod encode;
mod engine;
mod engine_packet;
mod error;
mod inbound;
mod packet;
mod payload;
mod polling;

pub use args::Args;
pub use config::{Config, Rules};
pub use connection::{Accepted, Connection};
pub use effect::{ConnectCause, Effect};
pub use encode::{encode_ack, encode_event, event_prefix};
pub use engine::{Beat, Engine, Input, Received};
pub use engine_packet::{EnginePacket, PING};
pub use error::{CloseReason, Malformed, PacketError};
pub use packet::{AckId, MAX_NAMESPACE_BYTES, Packet};
pub use payload::{Frame, Payload, parse_payload};
pub use polling::{Polled, Polling, PollingEnd, Probed};
