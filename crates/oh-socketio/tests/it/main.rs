//! Behavior of the protocol layer, frame by frame.

mod deferred;
mod encoding;
mod heartbeat;
mod packets;
mod properties;
mod strict;
mod support;
mod tolerant;
