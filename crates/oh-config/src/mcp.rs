//! `[mcp]`, and what else decides on MCP servers.

use oh_mcp::McpConfig;
use serde_json::{Map, Value};

use crate::config::ConfigError;
use crate::source::Source;

const LISTS: [&str; 3] = ["sse_servers", "shttp_servers", "stdio_servers"];

/// The MCP servers of every conversation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct McpSettings {
    /// Agents have MCP tools at all.
    pub is_enabled: bool,
    /// The servers.
    pub servers: McpConfig,
    /// The key of a search, of Tavily if it begins with `tvly-`.
    pub search_api_key: Option<String>,
}

pub(crate) fn read(s: &mut Source<'_>) -> Result<McpSettings, ConfigError> {
    let in_file = s
        .section("mcp")
        .map_or(Value::Null, |section| serde_json::to_value(section).unwrap_or(Value::Null));
    let mut lists = match in_file {
        Value::Null => Map::new(),
        Value::Object(lists) => lists,
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            return Err(wrong("[mcp]: it must be a section".to_owned()));
        }
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
        is_enabled: s.flag("agent", "enable_mcp").unwrap_or(true),
        servers: servers.map_err(|error| wrong(format!("[mcp] {error}")))?,
        search_api_key: s.text("core", "search_api_key"),
    })
}

fn wrong(reason: String) -> ConfigError {
    ConfigError::WrongMcp { reason }
}
