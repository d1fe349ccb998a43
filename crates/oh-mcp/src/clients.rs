use std::fmt;
use std::sync::{Arc, Mutex as StdMutex, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;
use rmcp::model::Tool;
use serde_json::{Map, Value};
use tokio::sync::Mutex;

use crate::connection::{Connection, Launcher};
use crate::naming;
use crate::result::McpResult;
use crate::server::McpServer;

/// The limit of calls that have none.
const LONGEST_CALL: Duration = Duration::from_secs(3600);
/// Longest description of a tool, in characters.
const MAX_DESCRIPTION: usize = 4_000;
/// Longest schema of a tool, in bytes.
const MAX_SCHEMA: usize = 50_000;

/// What connections need to know.
#[derive(Clone)]
pub struct McpContext {
    /// The conversation, which servers are told.
    pub conversation: String,
    /// Names that no tool may have.
    pub reserved: Vec<String>,
    /// Starts programs.
    pub launcher: Launcher,
}

impl fmt::Debug for McpContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("McpContext")
            .field("conversation", &self.conversation)
            .finish_non_exhaustive()
    }
}

/// The servers of one conversation, connected. Dropping it ends all connections.
#[derive(Debug)]
pub struct McpClients {
    clients: Vec<Client>,
    tools: Vec<McpTool>,
    context: McpContext,
}

/// A tool, as it is offered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct McpTool {
    /// Its name among all tools, at most 64 of `A-Z a-z 0-9 _ -`.
    pub name: String,
    /// What it does.
    pub description: String,
    /// JSON Schema of its arguments.
    pub parameters: String,
    /// Its name at its server.
    own_name: String,
    client: usize,
}

/// How a server is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerStatus {
    /// The server.
    pub name: String,
    /// `stdio`, `sse` or `shttp`.
    pub transport: &'static str,
    /// Whether it can be used.
    pub state: ServerState,
    /// Its tools, under their names among all tools.
    pub tools: Vec<String>,
}

/// Whether a server can be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServerState {
    /// It answers.
    Connected,
    /// The connection ended; the next call connects again.
    Disconnected,
    /// It could not be used.
    Failed {
        /// Why.
        reason: String,
    },
}

#[derive(Debug)]
struct Client {
    server: McpServer,
    connection: Mutex<Option<Arc<Connection>>>,
    failure: StdMutex<Option<String>>,
}

impl McpClients {
    /// Connects to all servers at once and asks for their tools. Those that fail are left out.
    pub async fn connect(servers: Vec<McpServer>, context: McpContext) -> Self {
        let begin = servers.into_iter().map(|server| Client::begin(server, &context));
        let (clients, listed): (Vec<Client>, Vec<Vec<Tool>>) =
            join_all(begin).await.into_iter().unzip();
        let tools = named(&clients, &listed, &context.reserved);
        Self { clients, tools, context }
    }

    /// Returns what is offered.
    #[must_use]
    pub fn tools(&self) -> &[McpTool] {
        &self.tools
    }

    /// Calls a tool; whatever goes wrong is the result. `arguments` is a JSON object.
    ///
    /// Dropping the future cancels the call.
    pub async fn call(&self, name: &str, arguments: &str) -> McpResult {
        let Some(tool) = self.tools.iter().find(|tool| tool.name == name) else {
            return McpResult::failed(&format!("there is no MCP tool named `{name}`"));
        };
        let client = &self.clients[tool.client];
        let server = &client.server.name;
        let Ok(arguments) = serde_json::from_str::<Map<String, Value>>(arguments) else {
            return McpResult::failed(&format!("the arguments of `{name}` must be a JSON object"));
        };
        let connection = match client.connection(&self.context).await {
            Ok(connection) => connection,
            Err(reason) => {
                return McpResult::failed(&format!(
                    "the MCP server `{server}` cannot be reached: {reason}"
                ));
            }
        };
        let limit = client.server.timeout.unwrap_or(LONGEST_CALL);
        match tokio::time::timeout(limit, connection.call(&tool.own_name, arguments)).await {
            Ok(Ok(result)) => McpResult::of(result),
            Ok(Err(reason)) => {
                let reason = client.server.masked(&reason);
                McpResult::failed(&format!("the MCP server `{server}` failed: {reason}"))
            }
            Err(_) => McpResult::failed(&format!(
                "the call of `{name}` was canceled: the MCP server `{server}` did not answer within {} s",
                limit.as_secs()
            )),
        }
    }

    /// Returns how each server is.
    #[must_use]
    pub fn status(&self) -> Vec<ServerStatus> {
        let status = |(index, client): (usize, &Client)| {
            let tools = self.tools.iter().filter(|tool| tool.client == index);
            ServerStatus {
                name: client.server.name.clone(),
                transport: client.server.transport.kind(),
                state: client.state(),
                tools: tools.map(|tool| tool.name.clone()).collect(),
            }
        };
        self.clients.iter().enumerate().map(status).collect()
    }
}

impl Client {
    /// Connects to a server and returns its tools.
    async fn begin(server: McpServer, context: &McpContext) -> (Self, Vec<Tool>) {
        let client = Self { server, connection: Mutex::default(), failure: StdMutex::default() };
        let listed = match client.connection(context).await {
            Ok(connection) => connection.tools().await,
            Err(reason) => Err(reason),
        };
        let (name, transport) = (&client.server.name, client.server.transport.kind());
        let tools = match listed {
            Ok(tools) => {
                tracing::info!(
                    server = name,
                    transport,
                    tools = tools.len(),
                    "MCP server connected"
                );
                tools
            }
            Err(reason) => {
                let reason = client.server.masked(&reason);
                tracing::warn!(server = name, transport, reason, "an MCP server failed");
                client.set_failure(Some(reason));
                *client.connection.lock().await = None;
                Vec::new()
            }
        };
        (client, tools)
    }

    /// Returns the connection, which is made if there is none or it broke.
    async fn connection(&self, context: &McpContext) -> Result<Arc<Connection>, String> {
        let mut connection = self.connection.lock().await;
        if let Some(open) = connection.as_ref().filter(|known| known.is_open()) {
            return Ok(open.clone());
        }
        // What is left of a broken one ends before its successor begins.
        *connection = None;
        let opened = Connection::open(&self.server, &context.launcher, &context.conversation).await;
        self.set_failure(opened.as_ref().err().cloned());
        let opened = Arc::new(opened?);
        *connection = Some(opened.clone());
        Ok(opened)
    }

    fn set_failure(&self, reason: Option<String>) {
        *self.failure.lock().unwrap_or_else(PoisonError::into_inner) = reason;
    }

    fn state(&self) -> ServerState {
        let failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(reason) = failure {
            return ServerState::Failed { reason };
        }
        match self.connection.try_lock() {
            Ok(connection) if connection.as_ref().is_some_and(|known| known.is_open()) => {
                ServerState::Connected
            }
            // Held means that somebody connects.
            Ok(_) | Err(_) => ServerState::Disconnected,
        }
    }
}

fn named(clients: &[Client], listed: &[Vec<Tool>], reserved: &[String]) -> Vec<McpTool> {
    let kept: Vec<Vec<(&Tool, String)>> = clients
        .iter()
        .zip(listed)
        .map(|(client, tools)| kept(&client.server.name, tools))
        .collect();
    let own_names = |tools: &[(&'_ Tool, String)]| -> Vec<String> {
        tools.iter().map(|(tool, _)| tool.name.to_string()).collect()
    };
    let all: Vec<Vec<String>> = kept.iter().map(|tools| own_names(tools)).collect();
    let servers: Vec<(&str, Vec<&str>)> = clients
        .iter()
        .zip(&all)
        .map(|(client, names)| {
            (client.server.name.as_str(), names.iter().map(String::as_str).collect())
        })
        .collect();
    let reserved: Vec<&str> = reserved.iter().map(String::as_str).collect();
    let names = naming::names(&servers, &reserved);
    let mut named = Vec::new();
    for (client, (tools, names)) in kept.into_iter().zip(names).enumerate() {
        for ((tool, parameters), name) in tools.into_iter().zip(names) {
            let text = tool.description.as_deref().or(tool.title.as_deref()).unwrap_or_default();
            let description = text.chars().take(MAX_DESCRIPTION).collect();
            let own_name = tool.name.to_string();
            named.push(McpTool { name, description, parameters, own_name, client });
        }
    }
    named
}

/// Returns the tools that can be offered, each with its schema.
fn kept<'a>(server: &str, tools: &'a [Tool]) -> Vec<(&'a Tool, String)> {
    let mut kept: Vec<(&Tool, String)> = Vec::new();
    for tool in tools {
        let schema = Value::Object(Map::clone(&tool.input_schema)).to_string();
        let problem = if kept.iter().any(|(known, _)| known.name == tool.name) {
            "the server has another one of this name"
        } else if schema.len() > MAX_SCHEMA {
            "its schema is too long"
        } else {
            kept.push((tool, schema));
            continue;
        };
        tracing::warn!(server, tool = %tool.name, problem, "an MCP tool is left out");
    }
    kept
}
