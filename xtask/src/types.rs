//! The TypeScript declarations of the wire types.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};

fn path() -> PathBuf {
    crate::root().join("frontend/src/wire/generated/events.ts")
}

/// Writes the declarations.
pub(crate) fn write() -> Result<()> {
    let path = path();
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::write(&path, oh_wire::typescript_declarations())
        .with_context(|| format!("failed to write {}", path.display()))
}

/// Fails if the checked-in declarations are not those of the Rust types.
pub(crate) fn check() -> Result<()> {
    let path = path();
    let present = std::fs::read_to_string(&path)
        .with_context(|| format!("failed to read {}", path.display()))?;
    if present != oh_wire::typescript_declarations() {
        bail!("{} is out of date: run `just types`", path.display());
    }
    Ok(())
}
