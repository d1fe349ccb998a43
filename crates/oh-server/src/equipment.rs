//! What tools of agents need of this machine, and whether it is there.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use oh_config::{Config, RuntimeKind};
use oh_session::PlaceTools;
use serde_json::{Value, json};
use tokio::process::Command;
use tokio::sync::OnceCell;

/// How long a program may take to say what it is.
const PATIENCE: Duration = Duration::from_secs(10);
const PYTHON_NAMES: [&str; 2] = ["python3", "python"];
/// Says the version, and whether there is an ipykernel.
const ASK_PYTHON: &str = "import sys, importlib.util as u
print(\"%d.%d.%d\" % sys.version_info[:3], sys.version_info >= (3, 9), u.find_spec(\"ipykernel\") is not None)";

/// Finds out what is there, once. Clones share what was found.
#[derive(Debug, Clone)]
pub(crate) struct Equipment(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    search_path: Option<OsString>,
    /// Agents work in containers, whose programs are not those of this machine.
    is_elsewhere: bool,
    found: OnceCell<Found>,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    is_elsewhere: bool,
    pub(crate) python: Result<PythonFound, Missing>,
}

/// A Python that can run a notebook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PythonFound {
    pub(crate) path: PathBuf,
    pub(crate) version: String,
    pub(crate) has_ipykernel: bool,
}

/// Something that a tool needs and that is not there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Missing {
    /// What was looked for, and what was found instead.
    pub(crate) what: String,
    /// What installs it.
    pub(crate) fix: &'static str,
}

impl Equipment {
    pub(crate) fn new(config: &Config) -> Self {
        Self(Arc::new(Shared {
            search_path: config.sandbox.host.path.clone(),
            is_elsewhere: config.sandbox.runtime != RuntimeKind::Local,
            found: OnceCell::new(),
        }))
    }

    /// Looks, the first time.
    pub(crate) async fn look(&self) -> &Found {
        let Shared { search_path, is_elsewhere, found } = &*self.0;
        let look = || async {
            let path = search_path.as_deref().unwrap_or_default();
            let folders: Vec<PathBuf> = std::env::split_paths(path).collect();
            Found { is_elsewhere: *is_elsewhere, python: find_python(&folders).await }
        };
        found.get_or_init(look).await
    }

    pub(crate) fn known(&self) -> Option<&Found> {
        self.0.found.get()
    }
}

impl Found {
    /// Returns the tools that can work. What a container has is seen when a tool is used.
    pub(crate) fn tools(&self) -> PlaceTools {
        PlaceTools { has_ipython: self.is_elsewhere || self.python.is_ok() }
    }

    /// Says whether agents work where this was not looked at.
    pub(crate) fn is_elsewhere(&self) -> bool {
        self.is_elsewhere
    }

    /// Returns everything, for health pages.
    pub(crate) fn detail(&self) -> Value {
        if self.is_elsewhere {
            return json!({"ipython": {"is_offered": true, "place": "container"}});
        }
        let ipython = match &self.python {
            Ok(python) => json!({
                "is_offered": true,
                "python": python.path,
                "version": python.version,
                "has_ipykernel": python.has_ipykernel,
            }),
            Err(missing) => {
                json!({"is_offered": false, "missing": missing.what, "fix": missing.fix})
            }
        };
        json!({"ipython": ipython})
    }
}

/// Returns the first Python that can run a notebook.
async fn find_python(folders: &[PathBuf]) -> Result<PythonFound, Missing> {
    let candidates = folders
        .iter()
        .flat_map(|folder| PYTHON_NAMES.map(|name| folder.join(name)))
        .filter(|path| path.is_file());
    let mut unfit = Vec::new();
    for path in candidates {
        match ask_python(&path, folders).await {
            Ok(python) => return Ok(python),
            Err(reason) => unfit.push(format!("{} {reason}", path.display())),
        }
    }
    let what = if unfit.is_empty() { "none on PATH".to_owned() } else { unfit.join(", ") };
    Err(Missing {
        what: format!("no Python 3.9 or later: {what}"),
        fix: "apt-get install python3 (Debian, Ubuntu), or uv python install",
    })
}

async fn ask_python(path: &Path, folders: &[PathBuf]) -> Result<PythonFound, String> {
    let search_path = std::env::join_paths(folders).map_err(|error| error.to_string())?;
    let run = Command::new(path)
        // A module in the current directory must not stand in for another one.
        .args(["-c", ASK_PYTHON])
        .current_dir("/")
        .env_clear()
        .env("PATH", search_path)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .output();
    let said = match tokio::time::timeout(PATIENCE, run).await {
        Ok(Ok(output)) => String::from_utf8_lossy(&output.stdout).into_owned(),
        Ok(Err(error)) => return Err(format!("cannot be run: {error}")),
        Err(_) => return Err(format!("does not answer within {} s", PATIENCE.as_secs())),
    };
    match said.split_whitespace().collect::<Vec<_>>().as_slice() {
        [version, "True", has_ipykernel] => Ok(PythonFound {
            path: path.to_owned(),
            version: (*version).to_owned(),
            has_ipykernel: *has_ipykernel == "True",
        }),
        [version, "False", _] => Err(format!("is {version}")),
        _ => Err("does not say its version".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    /// Looks in one folder with a `python3` that answers like this.
    async fn look(answer: &str) -> Result<PythonFound, Missing> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("python3");
        std::fs::write(&path, format!("#!/bin/sh\necho '{answer}'\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        let found = find_python(&[folder.path().to_owned()]).await;
        found.map(|python| PythonFound { path: "python3".into(), ..python })
    }

    #[tokio::test]
    async fn a_python_is_known_by_what_it_says() {
        for has_ipykernel in [true, false] {
            let answer = format!("3.12.1 True {}", if has_ipykernel { "True" } else { "False" });
            let expected =
                PythonFound { path: "python3".into(), version: "3.12.1".into(), has_ipykernel };
            assert_eq!(look(&answer).await, Ok(expected));
        }
        for (answer, part) in [("3.7.2 False True", "is 3.7.2"), ("what?", "does not say")] {
            let missing = look(answer).await.unwrap_err();
            assert!(missing.what.contains(part), "{missing:?}");
        }
        let missing = find_python(&[]).await.unwrap_err();
        assert_eq!(missing.what, "no Python 3.9 or later: none on PATH");
        assert!(missing.fix.contains("apt-get install python3"));
    }

    #[test]
    fn what_is_missing_is_not_offered() {
        let missing = Missing { what: "no Python".to_owned(), fix: "get one" };
        let found = |is_elsewhere| Found { is_elsewhere, python: Err(missing.clone()) };
        assert!(!found(false).tools().has_ipython && found(true).tools().has_ipython);
        let detail = json!({"is_offered": false, "missing": "no Python", "fix": "get one"});
        assert_eq!(found(false).detail()["ipython"], detail);
    }
}
