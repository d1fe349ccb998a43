//! Which places of this machine nobody inside sees, and which tools they see all the same.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// Directories of tools in a home; what else is there stays private.
const TOOLS: [&str; 24] = [
    ".asdf",
    ".bun",
    ".cargo/bin",
    ".deno",
    ".dotnet",
    ".fnm",
    ".ghcup",
    ".goenv",
    ".juliaup",
    ".local/bin",
    ".local/lib",
    ".local/pipx",
    ".local/share/fnm",
    ".local/share/mise",
    ".local/share/pipx",
    ".local/share/pnpm",
    ".local/share/uv",
    ".nvm",
    ".pyenv",
    ".rbenv",
    ".rustup",
    ".sdkman",
    ".volta",
    "go/bin",
];
/// Places that hold what other people and programs keep to themselves.
const PRIVATE: [&str; 12] = [
    "/home",
    "/root",
    "/run",
    "/tmp",
    "/var/tmp",
    "/etc/shadow",
    "/etc/shadow-",
    "/etc/gshadow",
    "/etc/gshadow-",
    "/etc/sudoers",
    "/var/lib/docker",
    "/var/spool",
];
/// Keys of this machine; those of `sshd` are found by name.
const KEYS: [&str; 2] = ["/etc/ssl/private", "/var/backups"];

/// What of this machine is hidden from commands, and what of the hidden they see all the same.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Places {
    /// The home of the server's user.
    pub home: Option<PathBuf>,
    /// Hidden directories and files.
    pub masked: Vec<PathBuf>,
    /// Directories in hidden ones that can be read.
    pub exposed: Vec<PathBuf>,
}

impl Places {
    /// Finds the places for a server that keeps its data in `data_dir`.
    ///
    /// `path` is the `PATH` of commands: what lies on it must be seen.
    #[must_use]
    pub fn of_this_machine(
        home: Option<&Path>,
        path: Option<&OsStr>,
        data_dir: Option<&Path>,
    ) -> Self {
        let real = |path: &Path| path.canonicalize().ok();
        let home = home.and_then(real).filter(|home| home.parent().is_some());
        let masked: Vec<PathBuf> = PRIVATE
            .iter()
            .chain(&KEYS)
            .filter_map(|path| real(Path::new(path)))
            .chain(host_keys())
            .chain(home.clone())
            .chain(data_dir.and_then(real))
            .filter(|path| path.parent().is_some())
            .collect();
        let is_hidden = |path: &Path| masked.iter().any(|masked| path.starts_with(masked));
        let mut exposed: Vec<PathBuf> = Vec::new();
        if let Some(home) = &home {
            exposed.extend(TOOLS.iter().map(|tool| home.join(tool)).filter(|path| path.is_dir()));
            let on_path =
                path.map(|path| std::env::split_paths(path).collect()).unwrap_or_default();
            exposed.extend(with_siblings(on_path, home).into_iter().filter(|path| is_hidden(path)));
        }
        exposed.sort();
        exposed.dedup();
        // What stands in another one comes with it.
        let all = exposed.clone();
        exposed.retain(|path| !all.iter().any(|other| path != other && path.starts_with(other)));
        Self { home, masked, exposed }
    }
}

fn host_keys() -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir("/etc/ssh") else { return Vec::new() };
    let names = entries.flatten().map(|entry| entry.path());
    names.filter(|path| path.to_string_lossy().ends_with("_key")).collect()
}

/// Returns the directories on `PATH`, those named `bin` with what stands beside them.
fn with_siblings(on_path: Vec<PathBuf>, home: &Path) -> Vec<PathBuf> {
    let too_wide = [home.to_owned(), home.join(".local"), home.join(".cargo"), home.join("go")];
    on_path
        .into_iter()
        .filter(|path| path.is_absolute() && path.is_dir() && path != home)
        .map(|path| match path.parent() {
            Some(parent)
                if path.file_name() == Some(OsStr::new("bin"))
                    && parent.starts_with(home)
                    && !too_wide.contains(&parent.to_owned()) =>
            {
                parent.to_owned()
            }
            Some(_) | None => path,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tools_are_seen_and_secrets_are_not() {
        let directory = tempfile::tempdir().unwrap();
        let home = directory.path().join("ada");
        for path in [".ssh", ".cargo/bin", ".nvm/versions/v20/bin", "tools/bin", "bin", ".data"] {
            std::fs::create_dir_all(home.join(path)).unwrap();
        }
        let on_path = ["bin", "tools/bin", ".nvm/versions/v20/bin", ".cargo/bin", "missing"]
            .map(|path| home.join(path));
        let path =
            std::env::join_paths(on_path.iter().chain([&PathBuf::from("/usr/bin")])).unwrap();
        let data_dir = home.join(".data");
        let places = Places::of_this_machine(Some(&home), Some(&path), Some(&data_dir));
        let home = home.canonicalize().unwrap();
        let expected = [".cargo/bin", ".nvm", "bin", "tools"].map(|path| home.join(path));
        assert_eq!(places.exposed, expected);
        assert!(places.masked.contains(&home) && places.masked.contains(&home.join(".data")));
    }
}
