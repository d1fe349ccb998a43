//! Configuration: `config.toml` and the environment become one [`Config`].
//!
//! It is the only reader of the environment. The names are OpenHands' own: `[core] key`
//! is `KEY` in the environment, `[llm] key` is `LLM_KEY`, and so on; environment beats file.
//! A wrong value costs a warning and the default, never the start; only a runtime that is not here
//! does, because what runs instead could confine less, and a wrong list of MCP servers, because an
//! agent without its tools fails later and harder to see, and half of what HTTPS needs, because the
//! other half would be a server without it.
#![warn(missing_docs)]

mod agent;
mod config;
mod container;
mod known_keys;
mod lifecycle;
mod llm;
mod mcp;
mod not_here;
mod sandbox;
mod secret;
mod server;
mod sockets;
mod source;
mod trajectory;
mod values;

pub use agent::AgentSettings;
pub use config::{Config, ConfigError, Environment};
pub use container::RuntimeKind;
pub use known_keys::known_sections;
pub use lifecycle::{GitIdentity, LifecycleSettings};
pub use llm::LlmSettings;
pub use mcp::McpSettings;
pub use sandbox::SandboxSettings;
pub use secret::Secret;
pub use server::{CorsOrigins, LogFormat, RateLimit, ServerSettings, TlsFiles};
pub use sockets::{ActionPace, SocketSettings};
pub use trajectory::TrajectorySettings;
