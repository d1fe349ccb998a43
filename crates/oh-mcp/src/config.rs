//! OpenHands' form of a list of servers, which is the same in its configuration and its settings.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Map, Value};
use url::Url;

use crate::naming::sanitized;
use crate::server::{McpServer, McpTransport, StdioProgram};

const TIMEOUT: Duration = Duration::from_secs(60);
const LONGEST_TIMEOUT: u64 = 3600;

/// The servers of a configuration, in its order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct McpConfig {
    /// The servers; no two have the same name.
    pub servers: Vec<McpServer>,
}

/// Says what is wrong with a list of servers.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {problem}")]
pub struct McpConfigError {
    /// Where, such as `stdio_servers[0].command`.
    pub place: String,
    /// What, and what would be right.
    pub problem: String,
}

impl McpConfig {
    /// Reads `{"sse_servers": […], "shttp_servers": […], "stdio_servers": […]}`.
    ///
    /// # Errors
    /// Fails at the first thing that is wrong; the message names it.
    pub fn parse(value: &Value) -> Result<Self, McpConfigError> {
        let fields = Fields::of("mcp", value, &["sse_servers", "shttp_servers", "stdio_servers"])?;
        let mut servers = Vec::new();
        for (key, value) in fields.list("sse_servers")? {
            let server = remote(&key, value, &["url", "api_key"], |url, api_key| {
                McpTransport::Sse { url, api_key }
            })?;
            if servers.iter().any(|known: &McpServer| url_of(known) == url_of(&server)) {
                return Err(wrong(&key, "another entry has the same URL; remove one of them"));
            }
            servers.push(server);
        }
        for (key, value) in fields.list("shttp_servers")? {
            let allowed = ["url", "api_key", "timeout"];
            servers.push(remote(&key, value, &allowed, |url, api_key| {
                McpTransport::StreamableHttp { url, api_key }
            })?);
        }
        for (key, value) in fields.list("stdio_servers")? {
            servers.push(stdio(&key, value)?);
        }
        Ok(Self::of(servers))
    }

    /// Returns these servers and after them those of `other` that are not among them.
    #[must_use]
    pub fn merged(self, other: Self) -> Self {
        let mut servers = self.servers;
        for server in other.servers {
            if !servers.iter().any(|known| known.transport == server.transport) {
                servers.push(server);
            }
        }
        Self::of(servers)
    }

    /// Adds the search of Tavily, if `search_key` is a key of it and no server has its name.
    #[must_use]
    pub fn with_search(mut self, search_key: Option<&str>) -> Self {
        const NAME: &str = "tavily";
        let Some(key) = search_key.filter(|key| key.starts_with("tvly-")) else { return self };
        if self.servers.iter().any(|server| server.name == NAME) {
            return self;
        }
        let program = StdioProgram {
            command: "npx".to_owned(),
            args: vec!["-y".to_owned(), "tavily-mcp@0.2.1".to_owned()],
            env: BTreeMap::from([("TAVILY_API_KEY".to_owned(), key.to_owned())]),
        };
        let (name, transport) = (NAME.to_owned(), McpTransport::Stdio(program));
        self.servers.push(McpServer { name, transport, timeout: Some(TIMEOUT) });
        self
    }

    /// Returns what must be seen nowhere.
    #[must_use]
    pub fn secrets(&self) -> Vec<String> {
        self.servers.iter().flat_map(McpServer::secrets).collect()
    }

    /// Gives servers of the same name different ones.
    fn of(mut servers: Vec<McpServer>) -> Self {
        for index in 1..servers.len() {
            let (before, rest) = servers.split_at_mut(index);
            let is_taken = |name: &str| before.iter().any(|server| server.name == name);
            let name = rest[0].name.clone();
            let mut number = 2;
            while is_taken(&rest[0].name) {
                rest[0].name = format!("{name}_{number}");
                number += 1;
            }
        }
        Self { servers }
    }
}

fn url_of(server: &McpServer) -> Option<&Url> {
    match &server.transport {
        McpTransport::Stdio(_) => None,
        McpTransport::Sse { url, .. } | McpTransport::StreamableHttp { url, .. } => Some(url),
    }
}

fn remote(
    key: &str,
    value: &Value,
    allowed: &[&str],
    transport: fn(Url, Option<String>) -> McpTransport,
) -> Result<McpServer, McpConfigError> {
    let whole;
    let value = match value {
        Value::String(_) => {
            whole = Value::Object(Map::from_iter([("url".to_owned(), value.clone())]));
            &whole
        }
        other => other,
    };
    let fields = Fields::of(key, value, allowed)?;
    let place = format!("{key}.url");
    let text = fields.text("url")?.ok_or_else(|| wrong(&place, "it is missing"))?;
    let url = Url::parse(text.trim()).map_err(|error| {
        wrong(&place, &format!("it is not a URL such as https://example.com/mcp: {error}"))
    })?;
    if !matches!(url.scheme(), "http" | "https" | "ws" | "wss") {
        return Err(wrong(&place, "its scheme must be http, https, ws or wss"));
    }
    let Some(host) = url.host_str().filter(|host| !host.is_empty()) else {
        return Err(wrong(&place, "it names no host"));
    };
    let api_key = fields.text("api_key")?.filter(|key| !key.is_empty());
    Ok(McpServer {
        name: sanitized(host),
        timeout: fields.timeout()?,
        transport: transport(url, api_key),
    })
}

fn stdio(key: &str, value: &Value) -> Result<McpServer, McpConfigError> {
    let fields = Fields::of(key, value, &["name", "command", "args", "env"])?;
    let required = |name: &str| {
        let text = fields.text(name)?.map(|text| text.trim().to_owned());
        text.filter(|text| !text.is_empty())
            .ok_or_else(|| wrong(&format!("{key}.{name}"), "it is missing or empty"))
    };
    let name = required("name")?;
    if !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-') {
        let problem = format!("`{name}` may have letters, digits, `_` and `-` only");
        return Err(wrong(&format!("{key}.name"), &problem));
    }
    let command = required("command")?;
    if command.contains(char::is_whitespace) {
        let problem = "it must be one word; put what follows it into args";
        return Err(wrong(&format!("{key}.command"), problem));
    }
    let program = StdioProgram { command, args: fields.arguments()?, env: fields.environment()? };
    Ok(McpServer { name, transport: McpTransport::Stdio(program), timeout: Some(TIMEOUT) })
}

fn wrong(place: &str, problem: &str) -> McpConfigError {
    McpConfigError { place: place.to_owned(), problem: problem.to_owned() }
}

/// An object with the place where it stands.
struct Fields<'a> {
    place: &'a str,
    fields: Option<&'a Map<String, Value>>,
}

impl<'a> Fields<'a> {
    fn of(place: &'a str, value: &'a Value, allowed: &[&str]) -> Result<Self, McpConfigError> {
        let fields = match value {
            Value::Null => None,
            Value::Object(fields) => Some(fields),
            Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
                return Err(wrong(place, "it must be an object"));
            }
        };
        let unknown =
            fields.into_iter().flat_map(Map::keys).find(|key| !allowed.contains(&key.as_str()));
        match unknown {
            None => Ok(Self { place, fields }),
            Some(key) => {
                let problem = format!("unknown key; known are {}", allowed.join(", "));
                Err(wrong(&format!("{place}.{key}"), &problem))
            }
        }
    }

    fn get(&self, name: &str) -> Option<&'a Value> {
        self.fields?.get(name).filter(|value| !value.is_null())
    }

    fn wrong(&self, name: &str, problem: &str) -> McpConfigError {
        wrong(&format!("{}.{name}", self.place), problem)
    }

    fn list(&self, name: &str) -> Result<Vec<(String, &'a Value)>, McpConfigError> {
        let items = match self.get(name) {
            None => &[],
            Some(Value::Array(items)) => items.as_slice(),
            Some(_) => return Err(wrong(name, "it must be a list")),
        };
        Ok(items.iter().enumerate().map(|(n, item)| (format!("{name}[{n}]"), item)).collect())
    }

    fn text(&self, name: &str) -> Result<Option<String>, McpConfigError> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(self.wrong(name, "it must be a string")),
        }
    }

    /// One that is null is no limit; one that is absent is the default.
    fn timeout(&self) -> Result<Option<Duration>, McpConfigError> {
        let Some(value) = self.fields.and_then(|fields| fields.get("timeout")) else {
            return Ok(Some(TIMEOUT));
        };
        let seconds = value.as_u64().filter(|seconds| (1..=LONGEST_TIMEOUT).contains(seconds));
        match (value, seconds) {
            (Value::Null, _) => Ok(None),
            (_, Some(seconds)) => Ok(Some(Duration::from_secs(seconds))),
            (_, None) => Err(self.wrong("timeout", "it must be 1 to 3600 seconds")),
        }
    }

    fn arguments(&self) -> Result<Vec<String>, McpConfigError> {
        let problem = "it must be a list of strings, or one string as a shell reads it";
        let words = match self.get("args") {
            None => return Ok(Vec::new()),
            Some(Value::String(text)) => shell_words(text),
            Some(Value::Array(items)) => {
                items.iter().map(|item| item.as_str().map(str::to_owned)).collect()
            }
            Some(_) => None,
        };
        words.ok_or_else(|| self.wrong("args", problem))
    }

    fn environment(&self) -> Result<BTreeMap<String, String>, McpConfigError> {
        let pairs: Option<BTreeMap<String, String>> = match self.get("env") {
            None => return Ok(BTreeMap::new()),
            Some(Value::Object(fields)) => fields
                .iter()
                .map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
                .collect(),
            Some(Value::String(text)) => text
                .split(',')
                .map(str::trim)
                .filter(|pair| !pair.is_empty())
                .map(|pair| {
                    let (name, value) = pair.split_once('=')?;
                    Some((name.trim().to_owned(), value.trim().to_owned()))
                })
                .collect(),
            Some(_) => None,
        };
        let is_name = |name: &String| !name.is_empty() && !name.contains(['=', '\0']);
        pairs.filter(|pairs| pairs.keys().all(is_name)).ok_or_else(|| {
            self.wrong("env", "it must be an object of strings, or a string such as `A=1,B=2`")
        })
    }
}

/// Splits a text as a shell does; `None` if a quote is not closed.
fn shell_words(text: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (Some(open), c) if open == c => quote = None,
            (None, '\\') => word.get_or_insert_default().push(chars.next()?),
            (Some('"'), '\\') => {
                let next = chars.next()?;
                if !matches!(next, '"' | '\\') {
                    word.get_or_insert_default().push('\\');
                }
                word.get_or_insert_default().push(next);
            }
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    quote.is_none().then_some(words)
}
