//! The runtime with a real bash and real files.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

mod editor;
mod lifecycle;
mod shell;
mod shell_control;
mod shell_input;
mod shell_output;
mod support;
