//! The binary `openhands`.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    // A process of a sandbox does its part of the work and nothing else.
    oh_server::sandbox_main().unwrap_or_else(cli::run)
}
