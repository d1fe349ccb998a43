//! How long conversations live, and what they find when they begin.

use std::path::PathBuf;
use std::time::Duration;

use crate::config::Environment;
use crate::sandbox::machine_memory;
use crate::source::Source;

const CLOSE_DELAY: u64 = 3600;
/// How many conversations are open unless the configuration says otherwise: one for each of so many bytes of memory.
const MEMORY_OF_CONVERSATION: u64 = 256 * 1024 * 1024;
const LEAST_CONVERSATIONS: u64 = 3;
const MOST_CONVERSATIONS: u64 = 200;
const DAY: u64 = 24 * 60 * 60;

/// How long conversations live, and what they find when they begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LifecycleSettings {
    /// Time after which a conversation that nobody needs is closed.
    pub close_delay: Option<Duration>,
    /// Most conversations that are open at a time.
    pub max_conversations: Option<usize>,
    /// Time after which a command is killed, whoever waits for it.
    pub longest_command: Duration,
    /// Directories in which what repositories say and run takes effect.
    pub trusted_dirs: Vec<PathBuf>,
    /// Ports for servers of the agent, instead of any that are free.
    pub app_ports: [Option<u16>; 2],
    /// Where users find what listens on these ports, without a port, if not through the server.
    pub runtime_url: Option<String>,
    /// Who makes the commits of the agent.
    pub git: GitIdentity,
}

/// Who makes a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GitIdentity {
    /// Name.
    pub name: String,
    /// Address.
    pub email: String,
}

/// As many conversations as this machine can hold with a shell and small programs each.
fn conversations_of_machine() -> u64 {
    (machine_memory() / MEMORY_OF_CONVERSATION).clamp(LEAST_CONVERSATIONS, MOST_CONVERSATIONS)
}

pub(crate) fn read(s: &mut Source<'_>, all: &Environment) -> LifecycleSettings {
    let close_delay = s.integer("sandbox", "close_delay").unwrap_or(CLOSE_DELAY);
    let limit =
        s.integer("core", "max_concurrent_conversations").unwrap_or_else(conversations_of_machine);
    let url = s.text("sandbox", "local_runtime_url");
    LifecycleSettings {
        close_delay: (close_delay > 0).then(|| Duration::from_secs(close_delay)),
        max_conversations: usize::try_from(limit).ok().filter(|limit| *limit > 0),
        longest_command: Duration::from_secs(
            s.integer("sandbox", "longest_command").unwrap_or(DAY).max(1),
        ),
        trusted_dirs: trusted_dirs(s, all),
        app_ports: [app_port(s, 1), app_port(s, 2)],
        runtime_url: url.map(|url| url.trim_end_matches('/').to_owned()),
        git: GitIdentity {
            name: s.text("core", "git_user_name").unwrap_or("openhands".to_owned()),
            email: s.text("core", "git_user_email").unwrap_or("openhands@all-hands.dev".to_owned()),
        },
    }
}

/// A relative directory would mean another one wherever the server is started.
fn trusted_dirs(s: &mut Source<'_>, all: &Environment) -> Vec<PathBuf> {
    let home = all.get("HOME");
    let mut trusted = Vec::new();
    for entry in s.list("sandbox", "trusted_dirs").unwrap_or_default() {
        let below_home = entry.strip_prefix("~/").zip(home);
        let path = below_home
            .map_or_else(|| PathBuf::from(&entry), |(rest, home)| PathBuf::from(home).join(rest));
        if path.is_absolute() && path.parent().is_some() {
            trusted.push(path);
        } else {
            s.warnings.push(format!(
                "[sandbox] trusted_dirs: `{entry}` must be an absolute path below `/`; it is ignored"
            ));
        }
    }
    trusted
}

fn app_port(s: &mut Source<'_>, number: u8) -> Option<u16> {
    [format!("WORK_PORT_{number}"), format!("APP_PORT_{number}")].into_iter().find_map(|name| {
        let text = s.variable(&name)?;
        let port = text.trim().parse().ok().filter(|port| *port > 0);
        if port.is_none() {
            s.warnings.push(format!("{name} must be a port number; its value is ignored"));
        }
        port
    })
}

/// Returns the variables with names that a shell can use; the others cost a warning.
pub(crate) fn with_valid_names(
    s: &mut Source<'_>,
    variables: Vec<(String, String)>,
) -> Vec<(String, String)> {
    let (valid, invalid): (Vec<_>, Vec<_>) =
        variables.into_iter().partition(|(name, value)| is_name(name) && !value.contains('\0'));
    for (name, _) in invalid {
        s.warnings.push(format!(
            "the variable `{name}` of commands must consist of letters, digits and _, not begin with a digit, and have a value without NUL; it is ignored"
        ));
    }
    valid
}

fn is_name(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && name.chars().all(|c| c == '_' || c.is_ascii_alphanumeric())
}
