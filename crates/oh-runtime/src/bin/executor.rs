//! The executor alone, without the server: for containers and tests.

use std::process::ExitCode;

fn main() -> ExitCode {
    oh_runtime::sandbox_main().unwrap_or(ExitCode::from(2))
}
