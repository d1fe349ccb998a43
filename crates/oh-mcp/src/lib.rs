//! Servers of the Model Context Protocol, and the tools that they offer.
//!
//! - [`McpConfig`]: which servers there are, read from OpenHands' form;
//! - [`McpClients`]: the connections of one conversation; [`McpTool`]: what they offer, under
//!   names that are unique; [`McpResult`]: what came of a call; [`ServerStatus`]: how a server is.
//!
//! It starts no processes: who makes connections brings a [`Launcher`] for programs. It knows no
//! events and no sandbox.
//!
//! What holds: a server that fails disturbs no other one; whatever goes wrong with a call is its
//! result; dropping a call cancels it; the names of tools stay for the life of the connections; no
//! key is in a message, and everything that a server sends is bounded.

mod clients;
mod config;
mod connection;
mod form;
mod naming;
mod result;
mod server;
mod sse;
mod sse_events;

pub use clients::{McpClients, McpContext, McpTool, ServerState, ServerStatus};
pub use config::{McpConfig, McpConfigError};
pub use connection::{BoxFuture, Launcher, StdioConnection};
pub use result::McpResult;
pub use server::{McpServer, McpTransport, SECRET_MASK, StdioProgram};
