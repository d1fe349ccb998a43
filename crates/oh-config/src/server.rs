//! Listeners, trust, limits: `[server]`, parts of `[security]`, and the variables of the guide.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;

use ipnet::IpNet;

use crate::config::ConfigError;
use crate::sockets::{self, SocketSettings};
use crate::source::Source;
use crate::values::{parse_flag, parse_list};

const DEFAULT_RATE: u64 = 100;
const DEFAULT_BURST: u64 = 200;

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
    pub trusted_proxies: Vec<IpNet>,
    /// Pages of other origins that may connect.
    pub cors: CorsOrigins,
    /// Further pages of other origins that may use the REST API.
    pub rest_origins: Vec<String>,
    /// The host below which each port of the agent has a name, with a port of its own or without.
    pub preview_host: Option<String>,
    /// Requests that one client may make, unless there is no limit.
    pub rate_limit: Option<RateLimit>,
    /// Certificate and key, for HTTPS.
    pub tls: Option<TlsFiles>,
    /// How clients reach sockets, and what one client may ask of them.
    pub sockets: SocketSettings,
    /// An unknown conversation id makes a conversation.
    pub allows_implicit_conversations: bool,
    /// The web interface does not offer to choose a model.
    pub hides_llm_settings: bool,
    /// Clients may choose the id of a new conversation.
    pub allows_set_conversation_id: bool,
    /// Level of the log, such as `info`.
    pub log_level: String,
    /// Form of the log.
    pub log_format: LogFormat,
    /// The log has colors, if it goes to a terminal.
    pub has_colors: bool,
}

/// Pages of other origins that may connect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CorsOrigins {
    /// Any, with the key.
    Any,
    /// These.
    Listed(Vec<String>),
}

/// Requests that one client may make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimit {
    /// In a second, in the long run.
    pub per_second: NonZeroU32,
    /// At once.
    pub burst: NonZeroU32,
}

/// What HTTPS needs. Both files are PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate and those that vouch for it.
    pub certificate: PathBuf,
    /// The private key.
    pub key: PathBuf,
}

/// Form of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Pretty,
    /// For machines.
    Json,
}

pub(crate) fn read(s: &mut Source<'_>) -> Result<ServerSettings, ConfigError> {
    let own_port = port(s, &["BACKEND_PORT", "PORT", "port"]);
    let frontend_port = port(s, &["VITE_FRONTEND_PORT"]);
    let cors = match s.variable("CORS_ALLOWED_ORIGINS") {
        None => CorsOrigins::Any,
        Some(text) if text.trim() == "*" => CorsOrigins::Any,
        Some(text) => CorsOrigins::Listed(parse_list(text)),
    };
    let rest_origins = s.variable("PERMITTED_CORS_ORIGINS").map(parse_list).unwrap_or_default();
    let is_debug = s.flag("core", "debug").unwrap_or(false);
    let default_level = if is_debug { "debug" } else { "info" };
    let is_json =
        s.variable("LOG_FORMAT").is_some_and(|format| format.eq_ignore_ascii_case("json"))
            || s.variable("LOG_JSON").is_some_and(parse_flag);
    Ok(ServerSettings {
        host: s.variable("BACKEND_HOST").unwrap_or("127.0.0.1").to_owned(),
        port: own_port.unwrap_or(3000),
        frontend_port,
        frontend_dir: None,
        serves_frontend: s.variable("SERVE_FRONTEND").is_none_or(parse_flag),
        session_api_key: s.variable("SESSION_API_KEY").map(str::to_owned),
        local_trust: s.flag("security", "local_trust").unwrap_or(true),
        trusted_proxies: trusted_proxies(s),
        cors,
        rest_origins,
        preview_host: preview_host(s),
        rate_limit: rate_limit(s),
        tls: tls(s)?,
        sockets: sockets::read(s),
        allows_implicit_conversations: s
            .variable("ALLOW_IMPLICIT_CONVERSATIONS")
            .map(parse_flag)
            .or_else(|| s.flag("server", "allow_implicit_conversations"))
            .unwrap_or(true),
        hides_llm_settings: s.variable("HIDE_LLM_SETTINGS").is_some_and(parse_flag),
        allows_set_conversation_id: s.variable("ALLOW_SET_CONVERSATION_ID").is_some_and(parse_flag),
        log_level: log_level(s).unwrap_or(default_level).to_owned(),
        has_colors: !s.flag("core", "disable_color").unwrap_or(false)
            && s.variable("NO_COLOR").is_none(),
        log_format: if is_json { LogFormat::Json } else { LogFormat::Pretty },
    })
}

/// The names of levels are ours or those of Python.
fn log_level(s: &mut Source<'_>) -> Option<&'static str> {
    let text = s.variable("LOG_LEVEL")?;
    match text.trim().to_ascii_lowercase().as_str() {
        "off" => Some("off"),
        "error" | "critical" | "fatal" => Some("error"),
        "warn" | "warning" => Some("warn"),
        "info" => Some("info"),
        "debug" => Some("debug"),
        "trace" | "notset" => Some("trace"),
        _ => {
            s.warnings.push(format!(
                "LOG_LEVEL must be error, warn, info, debug, trace or off, not \"{text}\"; its value is ignored"
            ));
            None
        }
    }
}

/// Returns the port of the first variable that names one.
fn port(s: &mut Source<'_>, names: &[&str]) -> Option<u16> {
    names.iter().find_map(|name| {
        let text = s.variable(name)?;
        let port = text.trim().parse().ok();
        if port.is_none() {
            s.warnings.push(format!("{name} must be a port number; its value is ignored"));
        }
        port
    })
}

/// Addresses, or networks such as `10.0.0.0/8`.
fn trusted_proxies(s: &mut Source<'_>) -> Vec<IpNet> {
    let mut trusted = Vec::new();
    for proxy in s.list("security", "trusted_proxies").unwrap_or_default() {
        let network = proxy.parse().or_else(|_| proxy.parse::<IpAddr>().map(IpNet::from));
        match network {
            Ok(network) => trusted.push(network),
            Err(_) => s.warnings.push(format!(
                "[security] trusted_proxies: `{proxy}` is neither an IP address nor a network such as 10.0.0.0/8; it is ignored"
            )),
        }
    }
    trusted
}

/// A name such as `preview.example.org`, perhaps with a port; never an address or a name of one word,
/// below which there are no others.
fn preview_host(s: &mut Source<'_>) -> Option<String> {
    let host = s.text("server", "preview_host")?.trim().to_ascii_lowercase();
    let (name, port) =
        host.split_once(':').map_or((&*host, None), |(name, port)| (name, Some(port)));
    let is_label = |label: &str| {
        let is_letter = |c: char| c.is_ascii_alphanumeric() || c == '-';
        (1..=63).contains(&label.len()) && label.chars().all(is_letter) && !label.starts_with('-')
    };
    let is_name = name.contains('.')
        && name.split('.').all(is_label)
        && !name.rsplit('.').next().is_some_and(|last| last.bytes().all(|b| b.is_ascii_digit()));
    if is_name && port.is_none_or(|port| port.parse::<u16>().is_ok()) {
        return Some(host);
    }
    if !host.is_empty() {
        s.warnings.push(format!(
            "[server] preview_host: `{host}` is not the name of a host such as preview.example.org; it is ignored"
        ));
    }
    None
}

/// A rate of 0 is no limit.
fn rate_limit(s: &mut Source<'_>) -> Option<RateLimit> {
    let rate = s.integer("server", "rate_limit").unwrap_or(DEFAULT_RATE);
    let burst = s.integer("server", "rate_burst").unwrap_or(DEFAULT_BURST).max(1);
    let bounded = |n: u64| NonZeroU32::new(u32::try_from(n).unwrap_or(u32::MAX));
    Some(RateLimit { per_second: bounded(rate)?, burst: bounded(burst)? })
}

fn tls(s: &mut Source<'_>) -> Result<Option<TlsFiles>, ConfigError> {
    match (s.text("server", "tls_cert"), s.text("server", "tls_key")) {
        (Some(certificate), Some(key)) => {
            Ok(Some(TlsFiles { certificate: certificate.into(), key: key.into() }))
        }
        (None, None) => Ok(None),
        (Some(_), None) => Err(ConfigError::HalfTls { missing: "tls_key" }),
        (None, Some(_)) => Err(ConfigError::HalfTls { missing: "tls_cert" }),
    }
}
