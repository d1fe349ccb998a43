//! Automation that is more than one line: `cargo xtask <task>`.

mod tidy;
mod types;

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

const USAGE: &str = "usage: cargo xtask types [--check]\n       cargo xtask tidy";

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["types"] => types::write(),
        ["types", "--check"] => types::check(),
        ["tidy"] => tidy::run(),
        _ => bail!("{USAGE}"),
    }
}

/// Returns the root of the repository.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}
