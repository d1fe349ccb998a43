//! The MCP servers of conversations: which there are, and a runtime that calls their tools.

use std::collections::HashMap;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use oh_config::{Config, McpSettings};
use oh_event::{
    Action, CallToolMcpAction, ConfirmationState, ConversationId, McpObservation, Observation,
};
use oh_mcp::{
    Launcher, McpClients, McpConfig, McpContext, McpResult, McpServer, ServerState, ServerStatus,
    StdioConnection,
};
use oh_runtime::{ActionRequest, Activity, BoxFuture, OpenPort, Program, RunningProgram, Runtime};
use oh_session::{OWN_TOOLS, OfferedTools, PreparedRuntime, ToolSource, ToolSpec};
use oh_store::Settings;
use serde_json::{Value, json};
use tokio::io::DuplexStream;

use crate::pull_requests::{PullRequestTools, ToolDescription};

/// The servers of live conversations. Clones share them.
#[derive(Debug, Clone, Default)]
pub(crate) struct McpServers(Arc<Mutex<HashMap<ConversationId, Weak<Servers>>>>);

/// The servers of one conversation.
#[derive(Debug)]
struct Servers {
    configured: Vec<McpServer>,
    /// Tools that the server itself has for the agent.
    own: Option<PullRequestTools>,
    conversation: ConversationId,
    state: Mutex<State>,
}

#[derive(Debug)]
enum State {
    Connecting,
    Connected(Arc<McpClients>),
    Closed,
}

/// Returns the servers that the user stored.
pub(crate) fn stored_servers(settings: Option<&Settings>) -> McpConfig {
    read_servers(settings.and_then(|settings| settings.mcp_config.as_deref()))
}

/// Reads servers as they are stored.
pub(crate) fn read_servers(text: Option<&str>) -> McpConfig {
    let Some(text) = text else { return McpConfig::default() };
    let parsed = serde_json::from_str(text).map(|value: Value| McpConfig::parse(&value));
    parsed.ok().and_then(Result::ok).unwrap_or_else(|| {
        tracing::warn!("the stored MCP servers cannot be read; they are not used");
        McpConfig::default()
    })
}

/// Returns the servers of a conversation that starts now.
pub(crate) fn servers_now(config: &Config, settings: Option<&Settings>) -> McpConfig {
    let McpSettings { servers, search_api_key } = &config.mcp;
    if !config.agent.enable_mcp {
        return McpConfig::default();
    }
    let chosen = settings.and_then(|settings| settings.search_api_key.as_deref());
    let search = chosen.filter(|key| !key.is_empty()).or(search_api_key.as_deref());
    servers.clone().merged(stored_servers(settings)).with_search(search)
}

impl McpServers {
    /// Gives a runtime the tools of servers. Without servers it stays as it is.
    pub(crate) fn attach(
        &self,
        prepared: PreparedRuntime,
        id: &ConversationId,
        config: McpConfig,
        own: Option<PullRequestTools>,
    ) -> PreparedRuntime {
        if config.servers.is_empty() && own.is_none() {
            return prepared;
        }
        let servers = Arc::new(Servers {
            configured: config.servers,
            own,
            conversation: id.clone(),
            state: Mutex::new(State::Connecting),
        });
        {
            let mut live = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            live.retain(|_, servers| servers.strong_count() > 0);
            live.insert(id.clone(), Arc::downgrade(&servers));
        }
        let context = McpContext {
            conversation: id.as_str().to_owned(),
            reserved: OWN_TOOLS
                .iter()
                .map(|&name| name.to_owned())
                .chain(servers.own_tools().into_iter().map(|tool| tool.name.to_owned()))
                .collect(),
            launcher: launcher(prepared.runtime.clone()),
        };
        let connecting = servers.clone();
        let tools = ToolSource::new(async move { connecting.connect(context).await });
        let runtime = Arc::new(McpRuntime { inner: prepared.runtime, servers });
        PreparedRuntime { runtime, tools: Some(tools), ..prepared }
    }

    /// Returns how the servers of a conversation are; none if it is not live.
    pub(crate) fn status(&self, id: &ConversationId) -> Value {
        let servers = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(id).cloned();
        let servers = servers.and_then(|servers| servers.upgrade());
        let list = servers.map_or_else(Vec::new, |servers| servers.status());
        json!({"servers": list})
    }
}

impl Servers {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn own_tools(&self) -> Vec<ToolDescription> {
        self.own.as_ref().map(PullRequestTools::usable).unwrap_or_default()
    }

    /// Calls a tool that the server itself has; `None` if it has none of that name.
    async fn call_own(&self, name: &str, arguments: &str) -> Option<McpResult> {
        let tools = self.own.as_ref().filter(|_| PullRequestTools::has(name))?;
        let arguments: Value = serde_json::from_str(arguments).unwrap_or_default();
        Some(match tools.call(name, &arguments, Some(&self.conversation)).await {
            Ok(url) => {
                let content = json!({"content": [{"type": "text", "text": url}], "isError": false});
                McpResult { content: content.to_string(), image_urls: Vec::new() }
            }
            Err(problem) => McpResult::failed(&problem),
        })
    }

    async fn connect(self: Arc<Self>, context: McpContext) -> OfferedTools {
        let clients = Arc::new(McpClients::connect(self.configured.clone(), context).await);
        let failures: Vec<String> = clients
            .status()
            .into_iter()
            .filter_map(|server| match server.state {
                ServerState::Failed { reason } => {
                    Some(format!("The MCP server `{}` cannot be used: {reason}.", server.name))
                }
                ServerState::Connected | ServerState::Disconnected => None,
            })
            .collect();
        let tools = clients.tools().iter().map(|tool| ToolSpec {
            name: tool.name.clone(),
            description: tool.description.clone(),
            parameters: tool.parameters.clone(),
        });
        let own = self.own_tools().into_iter().map(|tool| ToolSpec {
            name: tool.name.to_owned(),
            description: tool.description,
            parameters: tool.schema.to_string(),
        });
        let tools = own.chain(tools).collect();
        let mut state = self.state();
        if matches!(*state, State::Connecting) {
            *state = State::Connected(clients);
        }
        drop(state);
        OfferedTools { tools, warning: (!failures.is_empty()).then(|| failures.join(" ")) }
    }

    fn clients(&self) -> Option<Arc<McpClients>> {
        match &*self.state() {
            State::Connected(clients) => Some(clients.clone()),
            State::Connecting | State::Closed => None,
        }
    }

    fn status(&self) -> Vec<Value> {
        if let Some(clients) = self.clients() {
            return clients.status().into_iter().map(status_json).collect();
        }
        let waiting = |server: &McpServer| {
            let transport = server.transport.kind();
            json!({"name": server.name, "transport": transport, "status": "connecting", "error": null, "tools": []})
        };
        self.configured.iter().map(waiting).collect()
    }
}

fn status_json(server: ServerStatus) -> Value {
    let (status, error) = match server.state {
        ServerState::Connected => ("connected", None),
        ServerState::Disconnected => ("disconnected", None),
        ServerState::Failed { reason } => ("failed", Some(reason)),
    };
    json!({
        "name": server.name,
        "transport": server.transport,
        "status": status,
        "error": error,
        "tools": server.tools,
    })
}

/// Starts programs in the sandbox of a conversation.
fn launcher(runtime: Arc<dyn Runtime>) -> Launcher {
    Arc::new(move |program| {
        let runtime = runtime.clone();
        Box::pin(async move {
            let program = Program {
                command: program.command,
                arguments: program.args,
                environment: program.env.into_iter().collect(),
                ..Program::default()
            };
            let RunningProgram { stream, errors } = runtime.start_program(program).await?;
            Ok(StdioConnection { stream, errors: Arc::new(move || errors.text()) })
        })
    })
}

/// A runtime that also calls tools of MCP servers.
#[derive(Debug)]
struct McpRuntime {
    inner: Arc<dyn Runtime>,
    servers: Arc<Servers>,
}

impl McpRuntime {
    async fn call(&self, action: CallToolMcpAction) -> Observation {
        let CallToolMcpAction { name, arguments, .. } = action;
        let own = self.servers.call_own(&name, arguments.as_str()).await;
        let result = match (own, self.servers.clients()) {
            (Some(result), _) => result,
            (None, Some(clients)) => clients.call(&name, arguments.as_str()).await,
            (None, None) => {
                McpResult::failed("the MCP servers of this conversation are not connected")
            }
        };
        let image_urls = (!result.image_urls.is_empty()).then_some(result.image_urls);
        Observation::Mcp(McpObservation { content: result.content, name, arguments, image_urls })
    }
}

impl Runtime for McpRuntime {
    fn execute(&self, request: ActionRequest) -> BoxFuture<'_, Observation> {
        let may_run = request.action.confirmation_state() == ConfirmationState::Confirmed;
        match request.action {
            Action::CallToolMcp(action) if may_run => Box::pin(self.call(action)),
            action => self.inner.execute(ActionRequest { action, ..request }),
        }
    }

    fn workspace(&self) -> &Path {
        self.inner.workspace()
    }

    fn stop_processes(&self) -> BoxFuture<'_, ()> {
        self.inner.stop_processes()
    }

    fn activity(&self) -> BoxFuture<'_, Activity> {
        self.inner.activity()
    }

    fn start_program(&self, program: Program) -> BoxFuture<'_, io::Result<RunningProgram>> {
        self.inner.start_program(program)
    }

    fn ports(&self) -> BoxFuture<'_, Vec<OpenPort>> {
        self.inner.ports()
    }

    fn connect(&self, port: u16) -> BoxFuture<'_, io::Result<DuplexStream>> {
        self.inner.connect(port)
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        *self.servers.state() = State::Closed;
        self.inner.close()
    }
}
