use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use url::Url;

/// Stands for a key where it must not be seen.
pub const SECRET_MASK: &str = "**********";
/// Shorter values are too likely to be ordinary words.
const MIN_SECRET_CHARS: usize = 6;
/// Parts of the names of things that are secret.
const SECRET_NAMES: [&str; 6] = ["key", "token", "secret", "password", "auth", "credential"];

/// A server and how it is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct McpServer {
    /// Names it among the servers of a conversation.
    pub name: String,
    /// How it is reached.
    pub transport: McpTransport,
    /// Most time for a call; `None` is an hour.
    pub timeout: Option<Duration>,
}

/// How a server is reached.
#[derive(Clone, PartialEq, Eq)]
pub enum McpTransport {
    /// A program of the conversation's sandbox.
    Stdio(StdioProgram),
    /// The HTTP transport of the protocol's first version.
    Sse {
        /// The address of its events.
        url: Url,
        /// The key.
        api_key: Option<String>,
    },
    /// The HTTP transport of today.
    StreamableHttp {
        /// The address.
        url: Url,
        /// The key.
        api_key: Option<String>,
    },
}

/// A program that speaks the protocol over its standard input and output.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct StdioProgram {
    /// Its name or path.
    pub command: String,
    /// What follows the name.
    pub args: Vec<String>,
    /// Variables; they may be secrets.
    pub env: BTreeMap<String, String>,
}

impl fmt::Debug for McpTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("McpTransport").field(&self.kind()).finish()
    }
}

impl fmt::Debug for StdioProgram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StdioProgram").field("command", &self.command).finish_non_exhaustive()
    }
}

impl McpTransport {
    /// Returns its name in configurations.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Stdio(_) => "stdio",
            Self::Sse { .. } => "sse",
            Self::StreamableHttp { .. } => "shttp",
        }
    }
}

impl McpServer {
    /// Returns what must be seen nowhere.
    #[must_use]
    pub fn secrets(&self) -> Vec<String> {
        let mut secrets: Vec<String> = match &self.transport {
            McpTransport::Stdio(program) => {
                program.env.values().filter(|value| may_be_secret(value)).cloned().collect()
            }
            McpTransport::Sse { url, api_key } | McpTransport::StreamableHttp { url, api_key } => {
                let in_query = url
                    .query_pairs()
                    .filter(|(name, _)| {
                        let name = name.to_ascii_lowercase();
                        SECRET_NAMES.iter().any(|part| name.contains(part))
                    })
                    .map(|(_, value)| value.into_owned());
                let password = url.password().map(str::to_owned);
                in_query.chain(password).chain(api_key.clone()).collect()
            }
        };
        secrets.retain(|secret| secret.chars().count() >= MIN_SECRET_CHARS);
        // One that contains another one is masked first.
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        secrets
    }

    /// Returns `text` without secrets.
    pub(crate) fn masked(&self, text: &str) -> String {
        self.secrets()
            .iter()
            .fold(text.to_owned(), |text, secret| text.replace(secret, SECRET_MASK))
    }
}

/// Paths, addresses without a password and numbers occur everywhere; to mask them would hide too much.
fn may_be_secret(value: &str) -> bool {
    let is_path = value.starts_with('/') || value.starts_with("./") || value.starts_with("~/");
    let is_address = Url::parse(value)
        .is_ok_and(|url| url.has_host() && url.password().is_none() && url.query().is_none());
    let is_number = value.parse::<f64>().is_ok() && value.len() < 12;
    let is_flag = matches!(value, "true" | "false");
    !(is_path || is_address || is_number || is_flag)
}
