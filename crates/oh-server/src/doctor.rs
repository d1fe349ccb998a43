//! Looks at this machine and says what is missing, and what helps.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::time::Duration;

use oh_config::Config;
use oh_runtime::SandboxMode;
use tokio::net::TcpStream;

use crate::equipment::{Equipment, Found, PythonFound};
use crate::llm_choice::DEMO;
use crate::sandbox::Sandboxes;

const PATIENCE: Duration = Duration::from_secs(5);
/// Where the providers are that are used without an address of their own.
const PROVIDERS: [(&str, &str); 6] = [
    ("openai/", "api.openai.com:443"),
    ("anthropic/", "api.anthropic.com:443"),
    ("gemini/", "generativelanguage.googleapis.com:443"),
    ("openrouter/", "openrouter.ai:443"),
    ("deepseek/", "api.deepseek.com:443"),
    ("ollama/", "localhost:11434"),
];

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// What was looked at.
    pub name: &'static str,
    /// How it is.
    pub state: CheckState,
    /// What was found.
    pub finding: String,
    /// What helps.
    pub fix: Option<String>,
}

/// How something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckState {
    /// As it should be.
    Good,
    /// Something is less than it could be.
    Limited,
    /// The server will not do its work.
    Bad,
}

impl Check {
    fn good(name: &'static str, finding: impl Into<String>) -> Self {
        Self { name, state: CheckState::Good, finding: finding.into(), fix: None }
    }

    fn limited(name: &'static str, finding: impl Into<String>, fix: impl Into<String>) -> Self {
        let (finding, fix) = (finding.into(), Some(fix.into()));
        Self { name, state: CheckState::Limited, finding, fix }
    }

    fn bad(name: &'static str, finding: impl Into<String>, fix: impl Into<String>) -> Self {
        let (finding, fix) = (finding.into(), Some(fix.into()));
        Self { name, state: CheckState::Bad, finding, fix }
    }
}

impl std::fmt::Display for Check {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mark = match self.state {
            CheckState::Good => "ok  ",
            CheckState::Limited => "note",
            CheckState::Bad => "FAIL",
        };
        write!(f, "{mark}  {:<15} {}", self.name, self.finding)?;
        self.fix.as_ref().map_or(Ok(()), |fix| write!(f, "\n{:22}fix: {fix}", ""))
    }
}

/// Looks at everything that a server with this configuration needs.
pub async fn doctor(config: &Config) -> Vec<Check> {
    let mut checks = vec![configuration(config), data_directory(&config.data_dir)];
    checks.push(model(config).await);
    checks.extend(sandbox(config).await);
    let search_path = config.sandbox.host.path.as_deref();
    checks.push(git(search_path));
    let equipment = Equipment::new(config);
    let found = equipment.look().await;
    checks.extend([python(found), browser(found)]);
    let ports = [Some(config.server.port), config.server.frontend_port];
    checks.extend(ports.into_iter().flatten().map(|port| self::port(&config.server.host, port)));
    checks
}

fn configuration(config: &Config) -> Check {
    match config.warnings.as_slice() {
        [] => Check::good("configuration", "no mistakes found"),
        warnings => Check::limited(
            "configuration",
            warnings.join("; "),
            "correct it; config.template.toml has every key",
        ),
    }
}

fn data_directory(path: &Path) -> Check {
    let file = path.join(".doctor");
    let result = std::fs::create_dir_all(path)
        .and_then(|()| std::fs::write(&file, ""))
        .and_then(|()| std::fs::remove_file(&file));
    match result {
        Ok(()) => Check::good("data directory", path.display().to_string()),
        Err(error) => Check::bad(
            "data directory",
            format!("{} cannot be written: {error}", path.display()),
            "choose another one with --data-dir or FILE_STORE_PATH",
        ),
    }
}

async fn model(config: &Config) -> Check {
    const NAME: &str = "model";
    let Some(model) = config.llm.model.as_deref().filter(|model| *model != DEMO) else {
        let is_open = config.llm.model.is_none();
        if let Some(server) = if is_open { oh_llm::find_local_server().await } else { None } {
            let finding = format!("{}: found {} on this machine", server.model, server.name);
            return Check::good(NAME, finding);
        }
        return Check::limited(
            NAME,
            "none is configured, and no model server was found on this machine: the demonstration is used unless the settings page names one",
            "set LLM_MODEL and LLM_API_KEY, or choose a model in the web interface",
        );
    };
    let address = match &config.llm.config.base_url {
        Some(url) => authority(url),
        None => PROVIDERS
            .iter()
            .find(|(prefix, _)| model.starts_with(prefix))
            .map(|(_, address)| (*address).to_owned()),
    };
    let Some(address) = address else {
        return Check::limited(
            NAME,
            format!("{model}: where it is served is not known"),
            "set LLM_BASE_URL",
        );
    };
    match tokio::time::timeout(PATIENCE, TcpStream::connect(&address)).await {
        Ok(Ok(_)) => Check::good(NAME, format!("{model}: {address} can be reached")),
        Ok(Err(error)) => Check::bad(
            NAME,
            format!("{model}: {address} cannot be reached: {error}"),
            "check the network, LLM_BASE_URL, and that the model server runs",
        ),
        Err(_) => Check::bad(
            NAME,
            format!("{model}: {address} does not answer within {} s", PATIENCE.as_secs()),
            "check the network, LLM_BASE_URL, and that the model server runs",
        ),
    }
}

/// Returns the host and port of an address.
fn authority(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?']).next().filter(|authority| !authority.is_empty())?;
    let authority = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let has_port = authority.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
    let port = if scheme == "http" { 80 } else { 443 };
    Some(if has_port { authority.to_owned() } else { format!("{authority}:{port}") })
}

async fn sandbox(config: &Config) -> Vec<Check> {
    let sandboxes = Sandboxes::new(config, None);
    let status = sandboxes.status().await;
    let summary = status.summary();
    match &status.engine {
        Some(Ok(_)) => return vec![Check::good("containers", summary)],
        Some(Err(reason)) => {
            let fix = "docs/container.md says what is needed";
            return vec![Check::bad("containers", reason, fix)];
        }
        None => {}
    }
    let overall = match &status.mode {
        Ok(SandboxMode::Namespaces) => Check::good("sandbox", summary),
        Ok(SandboxMode::Landlock) => Check::limited(
            "sandbox",
            summary,
            "see the layers below; docs/sandbox.md says what this mode does not do",
        ),
        Ok(SandboxMode::Unconfined) => Check::limited(
            "sandbox",
            summary,
            "set sandbox.policy = \"workspace-write\" and sandbox.allow_unsandboxed = false",
        ),
        Err(_) => {
            Check::bad("sandbox", "no command will run", "enable the layers that are missing below")
        }
    };
    let layers = status.report.layers.iter().map(|layer| match layer.fix {
        None => Check::good(layer.name, layer.finding.clone()),
        Some(fix) => Check::limited(layer.name, layer.finding.clone(), fix),
    });
    std::iter::once(overall).chain(layers).collect()
}

fn git(search_path: Option<&std::ffi::OsStr>) -> Check {
    match find(&["git"], search_path) {
        Some(path) => Check::good("git", path.display().to_string()),
        None => Check::bad(
            "git",
            "not found in PATH: changes and diffs cannot be shown",
            "install it, on Debian with `apt-get install git`",
        ),
    }
}

fn python(found: &Found) -> Check {
    const NAME: &str = "Python";
    match &found.python {
        _ if found.is_elsewhere() => Check::good(NAME, "notebooks use that of the container"),
        Ok(python) if python.has_ipykernel => Check::good(NAME, describe(python)),
        Ok(python) => Check::limited(
            NAME,
            format!("{}, without ipykernel: notebooks are plain Python", describe(python)),
            format!("{} -m pip install ipykernel matplotlib", python.path.display()),
        ),
        Err(missing) => Check::limited(
            NAME,
            format!("{}: the agent has no notebook", missing.what),
            missing.fix,
        ),
    }
}

fn describe(python: &PythonFound) -> String {
    format!("{} at {}", python.version, python.path.display())
}

fn browser(found: &Found) -> Check {
    const NAME: &str = "Chromium";
    match &found.chromium {
        Ok(program) => Check::good(NAME, program.clone()),
        Err(missing) => {
            Check::limited(NAME, format!("{}: the agent has no browser", missing.what), missing.fix)
        }
    }
}

fn find(names: &[&str], search_path: Option<&std::ffi::OsStr>) -> Option<PathBuf> {
    let directories: Vec<PathBuf> = std::env::split_paths(search_path?).collect();
    names.iter().find_map(|name| {
        directories.iter().map(|directory| directory.join(name)).find(|path| path.is_file())
    })
}

fn port(host: &str, port: u16) -> Check {
    match TcpListener::bind((host, port)) {
        Ok(_) => Check::good("port", format!("{host}:{port} is free")),
        Err(error) => Check::bad(
            "port",
            format!("{host}:{port} cannot be used: {error}"),
            "end the program that uses it (perhaps this server runs already), or choose another port",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_from_urls() {
        let check = |url: &str, expected: Option<&str>| {
            assert_eq!(authority(url).as_deref(), expected, "{url}");
        };
        check("http://localhost:11434/v1", Some("localhost:11434"));
        check("https://api.example.org/v1", Some("api.example.org:443"));
        check("http://me:secret@host/v1", Some("host:80"));
        check("http://[::1]:80/x", Some("[::1]:80"));
        check("nonsense", None);
    }
}
