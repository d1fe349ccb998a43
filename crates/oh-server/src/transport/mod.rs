//! Engine.IO's transports over axum: WebSocket, HTTP long-polling, and the move from the one to the other.
//!
//! It knows frames and requests, and neither Socket.IO nor OpenHands.
//!
//! 1. [`ask_of`]: what a request wants, or what its refusal says.
//! 2. [`Incoming`] and [`Outgoing`]: the two halves of a session, whatever carries them.
//! 3. [`PollingSessions`]: sessions over HTTP by their id, and the requests that feed them.

mod answer;
mod halves;
mod request;
mod session;
mod sessions;
mod tray;

pub use halves::{Gone, Incoming, Outgoing, Progress, of_websocket};
pub use request::{Ask, Transports, ask_of, refusal};
pub(crate) use request::{refusal_with, unknown_session};
pub use session::PollingSession;
pub use sessions::{PollingOptions, PollingSessions, Standing};
