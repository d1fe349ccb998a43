use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use oh_runtime::UploadRules;

use crate::agent::{self, AgentSettings};
use crate::lifecycle::{self, LifecycleSettings};
use crate::llm::{self, LlmSettings};
use crate::mcp::{self, McpSettings};
use crate::sandbox::{self, SandboxSettings};
use crate::secret::Secret;
use crate::server::{self, ServerSettings};
use crate::source::Source;
use crate::trajectory::{self, TrajectorySettings};

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
    /// The key under which secrets are kept, instead of one in the data directory.
    pub secret_key: Option<Secret>,
    /// Tokens of the environment for git hosting, by the name of the service.
    pub git_tokens: Vec<(&'static str, Secret)>,
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
    /// HTTPS was asked for, but one of the two files is not named.
    #[error("[server] {missing} is missing: HTTPS needs tls_cert and tls_key")]
    HalfTls {
        /// The key that is missing.
        missing: &'static str,
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
            server: server::read(s)?,
            llm: llm::read(s),
            agent: agent::read(s),
            sandbox: sandbox::read(s, environment)?,
            mcp: mcp::read(s)?,
            lifecycle: lifecycle::read(s, environment),
            trajectory: trajectory::read(s),
            git_tokens: git_tokens(s),
            secret_key: s.variable("OH_SECRET_KEY").map(Secret::new),
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

fn git_tokens(s: &Source<'_>) -> Vec<(&'static str, Secret)> {
    let variables = [
        ("github", "GITHUB_TOKEN"),
        ("gitlab", "GITLAB_TOKEN"),
        ("bitbucket", "BITBUCKET_TOKEN"),
        ("forgejo", "FORGEJO_TOKEN"),
    ];
    let token = |(provider, name)| Some((provider, Secret::new(s.variable(name)?)));
    variables.into_iter().filter_map(token).collect()
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
