//! A list of servers as clients see it and send it back.

use serde_json::{Value, json};

use crate::config::{McpConfig, McpConfigError};
use crate::server::{McpServer, McpTransport, SECRET_MASK, StdioProgram};

impl McpConfig {
    /// Returns the form that [`McpConfig::parse`] reads, keys included.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let (mut sse, mut shttp, mut stdio) = (Vec::new(), Vec::new(), Vec::new());
        for server in &self.servers {
            match &server.transport {
                McpTransport::Sse { url, api_key } => {
                    sse.push(json!({"url": url.as_str(), "api_key": api_key}));
                }
                McpTransport::StreamableHttp { url, api_key } => {
                    let timeout = server.timeout.map(|timeout| timeout.as_secs());
                    shttp
                        .push(json!({"url": url.as_str(), "api_key": api_key, "timeout": timeout}));
                }
                McpTransport::Stdio(StdioProgram { command, args, env }) => {
                    let name = &server.name;
                    stdio.push(json!({"name": name, "command": command, "args": args, "env": env}));
                }
            }
        }
        json!({"sse_servers": sse, "stdio_servers": stdio, "shttp_servers": shttp})
    }

    /// Returns the same servers with a mask in the place of each key and variable.
    #[must_use]
    pub fn hidden(mut self) -> Self {
        for secret in self.servers.iter_mut().flat_map(secrets_mut) {
            SECRET_MASK.clone_into(secret.1);
        }
        self
    }

    /// Returns the same servers with the values of `known` in the place of masks.
    ///
    /// # Errors
    /// Fails at a mask for which no value is known.
    pub fn revealed(mut self, known: &Self) -> Result<Self, McpConfigError> {
        for server in &mut self.servers {
            let name = server.name.clone();
            let mut old = known.servers.iter().find(|old| is_same(old, server)).cloned();
            let mut values = old.as_mut().map(secrets_mut).unwrap_or_default();
            for (what, secret) in secrets_mut(server) {
                if secret != SECRET_MASK {
                    continue;
                }
                let value = values.iter_mut().find(|(known, _)| *known == what);
                let Some((_, value)) = value else {
                    let problem =
                        format!("the mask stands for no value that is stored; give {what} anew");
                    return Err(McpConfigError { place: name, problem });
                };
                secret.clone_from(value);
            }
        }
        Ok(self)
    }

    /// Returns the servers that are not among `others`.
    #[must_use]
    pub fn without(mut self, others: &Self) -> Self {
        let is_other =
            |server: &McpServer| others.servers.iter().any(|o| o.transport == server.transport);
        self.servers.retain(|server| !is_other(server));
        self
    }
}

/// Returns what must not be shown, with what it is.
fn secrets_mut(server: &mut McpServer) -> Vec<(String, &mut String)> {
    match &mut server.transport {
        McpTransport::Sse { api_key, .. } | McpTransport::StreamableHttp { api_key, .. } => {
            api_key.iter_mut().map(|key| ("api_key".to_owned(), key)).collect()
        }
        McpTransport::Stdio(program) => {
            program.env.iter_mut().map(|(name, value)| (format!("env.{name}"), value)).collect()
        }
    }
}

/// Says whether two entries mean the same server, whatever its keys are.
fn is_same(one: &McpServer, other: &McpServer) -> bool {
    match (&one.transport, &other.transport) {
        (McpTransport::Stdio(_), McpTransport::Stdio(_)) => one.name == other.name,
        (McpTransport::Sse { url: one, .. }, McpTransport::Sse { url: other, .. })
        | (
            McpTransport::StreamableHttp { url: one, .. },
            McpTransport::StreamableHttp { url: other, .. },
        ) => one == other,
        (
            McpTransport::Stdio(_) | McpTransport::Sse { .. } | McpTransport::StreamableHttp { .. },
            _,
        ) => false,
    }
}
