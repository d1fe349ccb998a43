//! Configuration: `config.toml` and the environment become one [`Config`].
//!
//! It is the only reader of the environment. The names are OpenHands' own: `[core] key`
//! is `KEY` in the environment, `[llm] key` is `LLM_KEY`, and so on; environment beats file.
//! A wrong value costs a warning and the default, never the start.
#![warn(missing_docs)]

mod config;
mod known_keys;
mod sandbox;
mod source;
mod values;

pub use config::{
    AgentSettings, Config, ConfigError, CorsOrigins, Environment, LlmSettings, LogFormat,
    ServerSettings,
};
pub use sandbox::SandboxSettings;
