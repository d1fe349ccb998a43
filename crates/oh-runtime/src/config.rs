use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::processes::MARKER_VARIABLE;

/// How a [`LocalRuntime`](crate::LocalRuntime) is set up.
///
/// Commands do not inherit the environment of the server. They get
///
/// - `PATH` of the server, so that the user's tools are found, and `LANG`;
/// - a private `HOME` in the session directory, so that dotfiles and global git settings of the
///   user are neither read nor written; `CARGO_HOME` and `RUSTUP_HOME` point to the user's, because
///   the rustup shims find no toolchain otherwise;
/// - `TERM`, `TMPDIR`, `SHELL`, `USER`, `LOGNAME`, `PAGER` and `GIT_PAGER`;
/// - a git identity (`GIT_AUTHOR_NAME` and its like);
/// - the variables of [`environment`](Self::environment), which win over all of the above.
#[derive(Clone, Serialize, Deserialize)]
pub struct LocalRuntimeConfig {
    /// The directory the agent works in; created if missing.
    pub workspace: PathBuf,
    /// Kept output, undo history, private home; outside the workspace, created if missing.
    pub session_dir: PathBuf,
    /// `HOME` of commands, instead of a directory in the session directory.
    pub home: Option<PathBuf>,
    /// Stands before each command that is started: a program that confines it, and its arguments.
    pub launcher: Vec<OsString>,
    /// Declared variables: exact names and values.
    pub environment: Vec<(String, String)>,
    /// What commands may know of the server's environment.
    pub host: HostTools,
    /// How pages in a browser reach the network.
    pub page_network: PageNetwork,
    /// Silence after which a command is reported as still running.
    pub soft_timeout: Duration,
    /// Time after which a command is reported as still running if the action names none.
    pub default_timeout: Duration,
    /// Time after which a command is killed, whoever waits for it.
    pub longest_command: Duration,
    /// Time without a request after which the runtime may be closed. Nobody may wait for a
    /// command longer than nine tenths of it.
    pub idle_limit: Option<Duration>,
    /// Width of the terminal.
    pub columns: u16,
    /// Height of the terminal.
    pub rows: u16,
    /// Run several commands on separate lines one after another instead of refusing them.
    pub accept_multiline: bool,
}

/// How pages in a browser reach the network.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum PageNetwork {
    /// It is shared with this machine, so that a proxy of our own has to say what they may reach.
    #[default]
    Shared,
    /// It is a network of its own, out of which this proxy leads; on loopback there is nobody else.
    Proxy(String),
    /// It is a network of its own that leads nowhere.
    Off,
}

/// What commands may know of the server's environment.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostTools {
    /// `PATH`.
    pub path: Option<OsString>,
    /// `LANG`.
    pub lang: Option<OsString>,
    /// `TMPDIR`.
    pub temporary_dir: Option<PathBuf>,
    /// `CARGO_HOME`, or the user's `~/.cargo`.
    pub cargo_home: Option<PathBuf>,
    /// `RUSTUP_HOME`, or the user's `~/.rustup`.
    pub rustup_home: Option<PathBuf>,
}

impl Default for LocalRuntimeConfig {
    fn default() -> Self {
        Self {
            workspace: PathBuf::from("workspace"),
            session_dir: PathBuf::from("session"),
            home: None,
            launcher: Vec::new(),
            environment: Vec::new(),
            host: HostTools::default(),
            page_network: PageNetwork::default(),
            soft_timeout: Duration::from_secs(10),
            default_timeout: Duration::from_secs(120),
            longest_command: Duration::from_secs(24 * 60 * 60),
            idle_limit: None,
            columns: 200,
            rows: 50,
            accept_multiline: false,
        }
    }
}

impl fmt::Debug for LocalRuntimeConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.environment.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("LocalRuntimeConfig")
            .field("workspace", &self.workspace)
            .field("session_dir", &self.session_dir)
            .field("environment", &names)
            .finish_non_exhaustive()
    }
}

const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const GIT_NAME: &str = "openhands";
const GIT_EMAIL: &str = "openhands@all-hands.dev";

impl LocalRuntimeConfig {
    /// Returns the names of the variables that the configuration gives to commands.
    pub(crate) fn given_variables(&self) -> Vec<String> {
        let names = self.environment.iter().map(|(name, _)| name);
        names.filter(|name| is_variable_name(name)).cloned().collect()
    }
}

/// Returns the whole environment of a process of the conversation.
pub(crate) fn command_environment(
    config: &LocalRuntimeConfig,
    home: &Path,
    username: &str,
    marker: &str,
) -> Vec<(OsString, OsString)> {
    let host = &config.host;
    let mut variables: Vec<(OsString, OsString)> = Vec::new();
    let mut set = |name: &str, value: OsString| {
        variables.retain(|(known, _)| known != name);
        variables.push((name.into(), value));
    };
    set("PATH", host.path.clone().unwrap_or_else(|| DEFAULT_PATH.into()));
    set("LANG", host.lang.clone().unwrap_or_else(|| "C.UTF-8".into()));
    set(
        "TMPDIR",
        host.temporary_dir.clone().map_or_else(|| "/tmp".into(), PathBuf::into_os_string),
    );
    set("HOME", home.as_os_str().to_owned());
    for (name, value) in [
        ("TERM", "xterm-256color"),
        ("SHELL", "/bin/bash"),
        ("USER", username),
        ("LOGNAME", username),
        ("PAGER", "cat"),
        ("GIT_PAGER", "cat"),
        ("GIT_AUTHOR_NAME", GIT_NAME),
        ("GIT_AUTHOR_EMAIL", GIT_EMAIL),
        ("GIT_COMMITTER_NAME", GIT_NAME),
        ("GIT_COMMITTER_EMAIL", GIT_EMAIL),
    ] {
        set(name, value.into());
    }
    for (name, path) in [("CARGO_HOME", &host.cargo_home), ("RUSTUP_HOME", &host.rustup_home)] {
        if let Some(path) = path {
            set(name, path.clone().into_os_string());
        }
    }
    for (name, value) in &config.environment {
        if is_variable_name(name) && !value.contains('\0') {
            set(name, value.into());
        } else {
            tracing::warn!(name, "variable is not passed on: not a valid name or value");
        }
    }
    set(MARKER_VARIABLE, marker.into());
    variables
}

fn is_variable_name(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && name.chars().all(|c| c == '_' || c.is_ascii_alphanumeric())
}

/// Returns the name of this machine.
pub(crate) fn hostname() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    name.trim_end().to_owned()
}

/// Returns the name of the user that commands run as.
pub(crate) fn username() -> String {
    let uid = rustix::process::getuid().as_raw().to_string();
    let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    users
        .lines()
        .map(|line| line.split(':').collect::<Vec<_>>())
        .find(|fields| fields.get(2) == Some(&uid.as_str()))
        .and_then(|fields| fields.first().map(|&name| name.to_owned()))
        .unwrap_or(uid)
}
