//! Behavior of the protocol layer, frame by frame.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail by panicking too")]

mod deferred;
mod encoding;
mod heartbeat;
mod packets;
mod polling;
mod polling_properties;
mod properties;
mod strict;
mod support;
mod tolerant;
