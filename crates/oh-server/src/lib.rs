//! The edge: HTTP routes, sockets, authority, and the one place that composes the rest.
//!
//! - [`start`]: a running server from a configuration;
//! - [`run_errand`]: one conversation in the foreground, without a server;
//! - [`import`]: takes over the state directory of OpenHands;
//! - [`Components`]: the model and the runtime, so that tests can bring their own;
//! - [`transport`]: Engine.IO over HTTP and WebSockets, for any application.
//!
//! HTTP and Socket.IO are known nowhere else. Events pass through as bytes.

mod agent_settings;
mod auth;
mod beginning;
mod briefing;
mod browser;
mod checkout;
mod clock;
mod compose;
mod compression;
mod cors;
mod doctor;
mod equipment;
mod git_hooks;
mod git_hosts;
mod headless;
mod import;
mod listener;
mod llm_choice;
mod log;
mod mcp;
mod occupancy;
mod opening;
mod pictures;
mod preview;
mod pull_requests;
mod rate_limit;
mod rest;
mod sandbox;
mod secrets;
mod serve;
mod setup_script;
mod skills;
mod socket;
mod state;
mod titles;
mod tls;
mod trajectory;
pub mod transport;
mod web;

pub use auth::{load_session_key, rotate_session_key};
pub use compose::{Components, RunningServer, start};
pub use doctor::{Check, CheckState, doctor};
pub use headless::{Beginning, Errand, Outcome, Output, User, run_errand};
pub use import::{ImportReport, import};
pub use log::LogWriter;
pub use oh_runtime::sandbox_main;
