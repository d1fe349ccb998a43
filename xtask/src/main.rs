//! Automation that is more than one line: `cargo xtask <task>`.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

const USAGE: &str = "usage: cargo xtask types [--check]\n       cargo xtask tidy";

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["types"] => write_types(),
        ["types", "--check"] => check_types(),
        _ => bail!("{USAGE}"),
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn types_path() -> PathBuf {
    root().join("frontend/src/wire/generated/events.ts")
}

/// Writes the TypeScript declarations of the wire types.
fn write_types() -> Result<()> {
    let path = types_path();
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::write(&path, oh_wire::typescript_declarations())
        .with_context(|| format!("failed to write {}", path.display()))
}

/// Fails if the checked-in declarations are not those of the Rust types.
fn check_types() -> Result<()> {
    let path = types_path();
    let present = std::fs::read_to_string(&path)
        .with_context(|| format!("failed to read {}", path.display()))?;
    if present != oh_wire::typescript_declarations() {
        bail!("{} is out of date: run `just types`", path.display());
    }
    Ok(())
}
