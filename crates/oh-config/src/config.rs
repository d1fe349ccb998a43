use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use oh_runtime::UploadRules;

use crate::agent::{self, AgentSettings};
use crate::lifecycle::{self, LifecycleSettings};
use crate::llm::{self, LlmSettings};
use crate::mcp::{self, McpSettings};
use crate::sandbox::{self, SandboxSettings};
use crate::sockets::{self, SocketSettings};
use crate::source::Source;
use crate::trajectory::{self, TrajectorySettings};
use crate::values::{parse_flag, parse_list};

/// The environment variables, by name.
pub type Environment = BTreeMap<String, String>;

/// Everything that can be configured.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// Listeners, trust, limits.
    pub server: ServerSettings,
    /// The model.
    pub llm: LlmSettings,
    /// The agent.
    pub agent: AgentSettings,
    /// Where commands run.
    pub sandbox: SandboxSettings,
    /// MCP servers.
    pub mcp: McpSettings,
    /// How long conversations live.
    pub lifecycle: LifecycleSettings,
    /// Recordings of conversations.
    pub trajectory: TrajectorySettings,
    /// Where the database and the workspaces are.
    pub data_dir: PathBuf,
    /// One workspace for all conversations, instead of one each.
    pub workspace: Option<PathBuf>,
    /// Which files may be uploaded.
    pub uploads: UploadRules,
    /// Commits survive a power cut (`durability = "fsync"`), not only a crash (`"os"`).
    pub survives_power_cut: bool,
    /// Conversations older than this are not listed.
    pub conversation_max_age: Duration,
    /// Odd things that were found and ignored.
    pub warnings: Vec<String>,
}

/// Listeners, trust, limits.
#[derive(Debug, Clone, PartialEq)]
pub struct ServerSettings {
    /// Address to listen on.
    pub host: String,
    /// Port to listen on.
    pub port: u16,
    /// A second port for the web interface.
    pub frontend_port: Option<u16>,
    /// A built web interface to serve instead of our own.
    pub frontend_dir: Option<PathBuf>,
    /// Serve a web interface at all.
    pub serves_frontend: bool,
    /// The session key, if it is set from outside; then it is required everywhere.
    pub session_api_key: Option<String>,
    /// Let this machine's own user in without the key.
    pub local_trust: bool,
    /// Proxies whose forwarding headers are believed.
    pub trusted_proxies: Vec<IpAddr>,
    /// Pages of other origins that may connect.
    pub cors: CorsOrigins,
    /// How clients reach sockets, and what one client may ask of them.
    pub sockets: SocketSettings,
    /// An unknown conversation id makes a conversation.
    pub allows_implicit_conversations: bool,
    /// Clients may choose the id of a new conversation.
    pub allows_set_conversation_id: bool,
    /// Level of the log, such as `info`.
    pub log_level: String,
    /// Form of the log.
    pub log_format: LogFormat,
}

/// Pages of other origins that may connect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CorsOrigins {
    /// Any, with the key.
    Any,
    /// These.
    Listed(Vec<String>),
}

/// Form of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Pretty,
    /// For machines.
    Json,
}

/// Says why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file that was asked for cannot be read.
    #[error("failed to read the configuration `{path}`")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
    /// The file is not TOML.
    #[error("the configuration `{path}` is not valid TOML")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// The cause, with the line.
        #[source]
        source: Box<toml::de::Error>,
    },
    /// The MCP servers are not written as they must be.
    #[error("{reason}")]
    WrongMcp {
        /// Where, what, and what would be right.
        reason: String,
    },
    /// No runtime has this name.
    #[error(
        "core.runtime is \"{name}\", which is unknown; known are \"local\", \"docker\", \"eventstream\", \"cli\", \"remote\" and \"kubernetes\""
    )]
    UnknownRuntime {
        /// The name.
        name: String,
    },
    /// OpenHands has this runtime, and we do not.
    #[error(
        "core.runtime is \"{name}\", which this program does not have; set it to \"local\" or \"docker\""
    )]
    RuntimeNotHere {
        /// The name.
        name: String,
    },
}

impl Config {
    /// Reads the environment of this process, with `.env` of the working directory below it.
    #[must_use]
    pub fn environment() -> Environment {
        let mut environment = std::fs::read_to_string(".env").map_or_else(
            |_| Environment::new(),
            |text| text.lines().filter_map(parse_env_line).collect(),
        );
        // A variable that is not text cannot be one of ours.
        let real = std::env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        });
        environment.extend(real);
        environment
    }

    /// Reads the configuration: `file` if named, else `config.toml` of the working directory,
    /// else of the data directory.
    ///
    /// # Errors
    /// Fails if a named file cannot be read, a file is not TOML, or names a runtime that is not here.
    pub fn load(file: Option<&Path>, environment: &Environment) -> Result<Self, ConfigError> {
        if let Some(path) = file {
            let text = std::fs::read_to_string(path)
                .map_err(|source| ConfigError::Unreadable { path: path.to_owned(), source })?;
            return Self::parse(&text, path, environment);
        }
        let candidates =
            [PathBuf::from("config.toml"), data_dir(None, environment).join("config.toml")];
        for path in candidates {
            if let Ok(text) = std::fs::read_to_string(&path) {
                return Self::parse(&text, &path, environment);
            }
        }
        Self::parse("", Path::new("config.toml"), environment)
    }

    /// Reads the configuration from text; `path` is for messages.
    ///
    /// # Errors
    /// Fails if the text is not TOML or names a runtime that is not here.
    pub fn parse(text: &str, path: &Path, environment: &Environment) -> Result<Self, ConfigError> {
        let table = text.parse::<toml::Table>().map_err(|source| ConfigError::Malformed {
            path: path.to_owned(),
            source: Box::new(source),
        })?;
        let mut source = Source::new(table, environment);
        let s = &mut source;
        let config = Self {
            server: server(s),
            llm: llm::read(s),
            agent: agent::read(s),
            sandbox: sandbox::read(s, environment)?,
            mcp: mcp::read(s)?,
            lifecycle: lifecycle::read(s, environment),
            trajectory: trajectory::read(s),
            data_dir: data_dir(s.text("core", "file_store_path"), environment),
            workspace: sandbox::workspace(s),
            uploads: uploads(s),
            survives_power_cut: survives_power_cut(s),
            conversation_max_age: seconds(s, "core", "conversation_max_age_seconds", 864_000),
            warnings: Vec::new(),
        };
        if let Some(name) = &config.agent.llm_config
            && !config.llm.groups.contains_key(name)
        {
            let warning = format!("[agent] llm_config: there is no [llm.{name}]; [llm] is used");
            source.warnings.push(warning);
        }
        Ok(Self { warnings: source.warnings, ..config })
    }
}

fn server(s: &mut Source<'_>) -> ServerSettings {
    let port = ["BACKEND_PORT", "PORT", "port"].into_iter().find_map(|name| {
        let text = s.variable(name)?;
        let port = text.trim().parse().ok();
        if port.is_none() {
            s.warnings.push(format!("{name} must be a port number; its value is ignored"));
        }
        port
    });
    let frontend_port = s.variable("VITE_FRONTEND_PORT").and_then(|text| text.trim().parse().ok());
    let cors = match s.variable("CORS_ALLOWED_ORIGINS") {
        None => CorsOrigins::Any,
        Some(text) if text.trim() == "*" => CorsOrigins::Any,
        Some(text) => CorsOrigins::Listed(parse_list(text)),
    };
    let proxies = s.list("security", "trusted_proxies").unwrap_or_default();
    let mut trusted_proxies = Vec::new();
    for proxy in proxies {
        match proxy.parse() {
            Ok(address) => trusted_proxies.push(address),
            Err(_) => s.warnings.push(format!(
                "[security] trusted_proxies: `{proxy}` is not an IP address; it is ignored"
            )),
        }
    }
    let is_debug = s.flag("core", "debug").unwrap_or(false);
    let default_level = if is_debug { "debug" } else { "info" };
    let is_json =
        s.variable("LOG_FORMAT").is_some_and(|format| format.eq_ignore_ascii_case("json"))
            || s.variable("LOG_JSON").is_some_and(parse_flag);
    ServerSettings {
        host: s.variable("BACKEND_HOST").unwrap_or("127.0.0.1").to_owned(),
        port: port.unwrap_or(3000),
        frontend_port,
        frontend_dir: None,
        serves_frontend: s.variable("SERVE_FRONTEND").is_none_or(parse_flag),
        session_api_key: s.variable("SESSION_API_KEY").map(str::to_owned),
        local_trust: s.flag("security", "local_trust").unwrap_or(true),
        trusted_proxies,
        cors,
        sockets: sockets::read(s),
        allows_implicit_conversations: s
            .variable("ALLOW_IMPLICIT_CONVERSATIONS")
            .map(parse_flag)
            .or_else(|| s.flag("server", "allow_implicit_conversations"))
            .unwrap_or(true),
        allows_set_conversation_id: s.variable("ALLOW_SET_CONVERSATION_ID").is_some_and(parse_flag),
        log_level: s.variable("LOG_LEVEL").unwrap_or(default_level).to_ascii_lowercase(),
        log_format: if is_json { LogFormat::Json } else { LogFormat::Pretty },
    }
}

fn uploads(s: &mut Source<'_>) -> UploadRules {
    let megabytes = s.integer("core", "file_uploads_max_file_size_mb").unwrap_or(0);
    let is_restricted = s.flag("core", "file_uploads_restrict_file_types").unwrap_or(false);
    let extensions = s.list("core", "file_uploads_allowed_extensions");
    let normal = |extension: String| {
        let extension = extension.trim().to_lowercase();
        if extension.starts_with('.') { extension } else { format!(".{extension}") }
    };
    UploadRules {
        max_bytes: (megabytes > 0).then(|| megabytes.saturating_mul(1024 * 1024)),
        allowed_extensions: extensions
            .filter(|_| is_restricted)
            .map(|extensions| extensions.into_iter().map(normal).collect()),
    }
}

fn survives_power_cut(s: &mut Source<'_>) -> bool {
    match s.text("core", "durability").as_deref() {
        None | Some("fsync") => true,
        Some("os") => false,
        Some(other) => {
            s.warnings.push(format!(
                "[core] durability must be \"fsync\" or \"os\", not \"{other}\"; \"fsync\" is used"
            ));
            true
        }
    }
}

pub(crate) fn seconds(s: &mut Source<'_>, section: &str, key: &str, default: u64) -> Duration {
    Duration::from_secs(s.integer(section, key).unwrap_or(default))
}

fn data_dir(configured: Option<String>, environment: &Environment) -> PathBuf {
    let home = environment.get("HOME").map_or_else(|| PathBuf::from("."), PathBuf::from);
    let chosen = environment.get("FILE_STORE_PATH").filter(|path| !path.is_empty()).cloned();
    match chosen.or(configured) {
        None => home.join(".openhands-rs"),
        Some(path) => match path.strip_prefix("~/") {
            Some(rest) => home.join(rest),
            None => PathBuf::from(path),
        },
    }
}

fn parse_env_line(line: &str) -> Option<(String, String)> {
    let line = line.trim();
    if line.starts_with('#') {
        return None;
    }
    let (name, value) = line.strip_prefix("export ").unwrap_or(line).split_once('=')?;
    let value = value.trim();
    let unquoted =
        ['"', '\''].into_iter().find_map(|quote| value.strip_prefix(quote)?.strip_suffix(quote));
    Some((name.trim().to_owned(), unquoted.unwrap_or(value).to_owned()))
}
