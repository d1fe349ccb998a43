//! What the rules look at: the tracked files and the crates.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// A text file of the repository.
#[derive(Debug, Clone)]
pub(crate) struct File {
    /// The path from the root, with `/`.
    pub(crate) path: String,
    pub(crate) text: String,
}

/// A crate of the workspace.
#[derive(Debug, Clone)]
pub(crate) struct Crate {
    pub(crate) name: String,
    /// The path of its folder from the root.
    pub(crate) folder: String,
    /// Names of what it depends on, without build and development dependencies.
    pub(crate) dependencies: Vec<String>,
}

#[derive(Debug)]
pub(crate) struct Repository {
    pub(crate) files: Vec<File>,
    pub(crate) crates: Vec<Crate>,
}

impl Repository {
    pub(crate) fn read(root: &Path) -> Result<Self> {
        Ok(Self { files: read_files(root)?, crates: read_crates(root)? })
    }
}

/// Files that are tracked or could be, as far as they are text.
fn read_files(root: &Path) -> Result<Vec<File>> {
    let list = output(root, "git", &["ls-files", "-z", "-co", "--exclude-standard"])?;
    let mut files = Vec::new();
    for path in list.split('\0').filter(|path| !path.is_empty()) {
        // Deleted files are still listed; pictures are no text.
        let Ok(bytes) = std::fs::read(root.join(path)) else { continue };
        if let Ok(text) = String::from_utf8(bytes) {
            files.push(File { path: path.to_owned(), text });
        }
    }
    Ok(files)
}

fn read_crates(root: &Path) -> Result<Vec<Crate>> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let arguments = ["metadata", "--format-version", "1", "--no-deps", "--offline"];
    let metadata: Value = serde_json::from_str(&output(root, &cargo, &arguments)?)
        .context("failed to read the output of `cargo metadata`")?;
    let workspace = metadata["workspace_root"].as_str().unwrap_or_default().to_owned();
    let packages = metadata["packages"].as_array().cloned().unwrap_or_default();
    Ok(packages.iter().map(|package| parse_crate(package, &workspace)).collect())
}

/// Reads a package of `cargo metadata`.
fn parse_crate(package: &Value, workspace: &str) -> Crate {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let manifest = text(&package["manifest_path"]);
    let folder = manifest.strip_prefix(workspace).unwrap_or(&manifest);
    let folder = folder.trim_start_matches('/').trim_end_matches("/Cargo.toml").to_owned();
    let dependencies = package["dependencies"].as_array().map(Vec::as_slice).unwrap_or_default();
    Crate {
        name: text(&package["name"]),
        folder,
        dependencies: dependencies
            .iter()
            .filter(|dependency| dependency["kind"].is_null())
            .map(|dependency| text(&dependency["name"]))
            .collect(),
    }
}

fn output(root: &Path, program: &str, arguments: &[&str]) -> Result<String> {
    let line = || format!("`{program} {}`", arguments.join(" "));
    let output = Command::new(program)
        .args(arguments)
        .current_dir(root)
        .output()
        .with_context(|| format!("failed to run {}", line()))?;
    if !output.status.success() {
        bail!("{} failed: {}", line(), String::from_utf8_lossy(&output.stderr).trim());
    }
    String::from_utf8(output.stdout).with_context(|| format!("{} printed no text", line()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_normal_dependencies_count() {
        let package = json!({
            "name": "oh-x",
            "manifest_path": "/w/crates/oh-x/Cargo.toml",
            "dependencies": [
                {"name": "a", "kind": null},
                {"name": "b", "kind": "dev"},
                {"name": "c", "kind": "build"},
            ],
        });
        let found = parse_crate(&package, "/w");
        assert_eq!((found.name.as_str(), found.folder.as_str()), ("oh-x", "crates/oh-x"));
        assert_eq!(found.dependencies, ["a"]);
    }
}
