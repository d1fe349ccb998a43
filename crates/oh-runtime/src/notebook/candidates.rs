//! Which Python may be the kernel.

use std::ffi::{OsStr, OsString};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

const NAMES: [&str; 2] = ["python3", "python"];
/// More are not tried.
const MOST: usize = 8;

/// Returns the Python of the shell, if it is known, and then those on the `PATH` of commands.
pub(super) fn candidates(
    shell_python: Option<&str>,
    environment: &[(OsString, OsString)],
) -> Vec<PathBuf> {
    let on_path = search_path(environment)
        .into_iter()
        .flat_map(std::env::split_paths)
        .filter(|folder| folder.is_absolute())
        .flat_map(|folder| NAMES.map(|name| folder.join(name)));
    let mut found: Vec<PathBuf> = Vec::new();
    for path in shell_python.map(PathBuf::from).into_iter().chain(on_path) {
        if found.len() < MOST && !found.contains(&path) && is_program(&path) {
            found.push(path);
        }
    }
    found
}

/// Returns the `PATH` for a kernel, so that programs beside its Python are found first.
pub(super) fn path_for(python: &Path, environment: &[(OsString, OsString)]) -> Option<String> {
    let folder = python.parent()?;
    let path = search_path(environment).unwrap_or_default();
    if std::env::split_paths(path).any(|known| known == folder) {
        return None;
    }
    let folders = std::iter::once(folder.to_owned()).chain(std::env::split_paths(path));
    std::env::join_paths(folders).ok()?.into_string().ok()
}

fn search_path(environment: &[(OsString, OsString)]) -> Option<&OsStr> {
    environment.iter().find(|(name, _)| name == "PATH").map(|(_, value)| value.as_os_str())
}

fn is_program(path: &Path) -> bool {
    path.metadata().is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_python_of_the_shell_comes_first_and_none_twice() {
        let directory = tempfile::tempdir().unwrap();
        let make = |name: &str, mode: u32| {
            let path = directory.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, "").unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            path
        };
        let (venv, first) = (make("venv/python", 0o755), make("a/python", 0o755));
        let second = make("b/python3", 0o755);
        make("b/python", 0o644);
        let folders = ["a", "b", "a", "none"].map(|name| directory.path().join(name));
        let path = std::env::join_paths(folders).unwrap();
        let environment = vec![(OsString::from("PATH"), path.clone())];
        let shell = venv.to_str();
        assert_eq!(candidates(shell, &environment), [venv.clone(), first.clone(), second]);
        let expected = format!("{}:{}", venv.parent().unwrap().display(), path.display());
        assert_eq!(path_for(&venv, &environment), Some(expected));
        assert_eq!(path_for(&first, &environment), None);
    }
}
