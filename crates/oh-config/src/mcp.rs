//! `[mcp]`, and what else decides on MCP servers.

use oh_mcp::McpConfig;
use serde_json::{Map, Value};

use crate::config::ConfigError;
use crate::source::Source;

const LISTS: [&str; 3] = ["sse_servers", "shttp_servers", "stdio_servers"];

/// The MCP servers of every conversation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct McpSettings {
    /// The servers.
    pub servers: McpConfig,
    /// The key of a search, of Tavily if it begins with `tvly-`.
    pub search_api_key: Option<String>,
}

pub(crate) fn read(s: &mut Source<'_>) -> Result<McpSettings, ConfigError> {
    let mut lists = match s.section("mcp").map(serde_json::to_value) {
        Some(Ok(Value::Object(lists))) => lists,
        Some(Ok(_) | Err(_)) | None => Map::new(),
    };
    for list in LISTS {
        let variable = format!("MCP_{}", list.to_ascii_uppercase());
        if let Some(text) = s.variable(&variable) {
            let value = serde_json::from_str(text)
                .map_err(|error| wrong(format!("{variable}: it is not JSON: {error}")))?;
            lists.insert(list.to_owned(), value);
        }
    }
    let servers = McpConfig::parse(&Value::Object(lists));
    Ok(McpSettings {
        servers: servers.map_err(|error| wrong(format!("[mcp] {error}")))?,
        search_api_key: s.text("core", "search_api_key"),
    })
}

fn wrong(reason: String) -> ConfigError {
    ConfigError::WrongMcp { reason }
}
