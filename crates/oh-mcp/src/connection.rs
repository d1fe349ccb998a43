//! One connection to a server: the SDK behind what we need of it.

use std::collections::HashMap;
use std::error::Error;
use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use rmcp::model::{
    CallToolRequestParams, ClientCapabilities, ClientConfig, Implementation,
    PaginatedRequestParams, Tool,
};
use rmcp::service::{ClientInitializeError, RunningService};
use rmcp::transport::streamable_http_client::{
    StreamableHttpClientTransportConfig, StreamableHttpError,
};
use rmcp::transport::{DynamicTransportError, StreamableHttpClientTransport};
use rmcp::{RoleClient, ServiceError, ServiceExt};
use serde_json::{Map, Value};
use tokio::io::DuplexStream;
use url::Url;

use crate::result::without_middle;
use crate::server::{McpServer, McpTransport, StdioProgram};
use crate::sse::SseTransport;

const CONNECT_LIMIT: Duration = Duration::from_secs(30);
/// Those who load a program from elsewhere take longer, the first time.
const LOADING_LIMIT: Duration = Duration::from_secs(120);
const LOADERS: [&str; 6] = ["npx", "uvx", "pipx", "bunx", "pnpm", "docker"];
const LIST_LIMIT: Duration = Duration::from_secs(30);
const TCP_LIMIT: Duration = Duration::from_secs(10);
const MAX_PAGES: usize = 50;
const MAX_TOOLS: usize = 500;
/// Longest reason for a failure, in characters.
const MAX_REASON: usize = 1000;

/// A future that can be sent to another thread.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Starts a program where the conversation's programs run.
pub type Launcher =
    Arc<dyn Fn(StdioProgram) -> BoxFuture<'static, io::Result<StdioConnection>> + Send + Sync>;

/// A program that was started. Dropping the stream ends it.
pub struct StdioConnection {
    /// Its standard input and output.
    pub stream: DuplexStream,
    /// Returns what it said last on its standard error.
    pub errors: Arc<dyn Fn() -> String + Send + Sync>,
}

impl fmt::Debug for StdioConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StdioConnection").finish_non_exhaustive()
    }
}

type Service = RunningService<RoleClient, ClientConfig>;
type Errors = Arc<dyn Fn() -> String + Send + Sync>;

/// A connection. Dropping it ends it, and a program with it.
pub(crate) struct Connection {
    service: Service,
    errors: Option<Errors>,
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").field("is_open", &self.is_open()).finish_non_exhaustive()
    }
}

impl Connection {
    /// Connects to a server; if that fails, returns why.
    pub(crate) async fn open(
        server: &McpServer,
        launcher: &Launcher,
        conversation: &str,
    ) -> Result<Self, String> {
        let (limit, opened) = match &server.transport {
            McpTransport::Stdio(program) => {
                let limit = connect_limit(program);
                (limit, Self::open_stdio(program, launcher, limit).await)
            }
            McpTransport::Sse { url, api_key } => {
                let open = Self::open_sse(url, api_key.as_deref(), conversation);
                (CONNECT_LIMIT, within(CONNECT_LIMIT, open).await)
            }
            McpTransport::StreamableHttp { url, api_key } => {
                let open = Self::open_http(url, api_key.as_deref(), conversation);
                (CONNECT_LIMIT, within(CONNECT_LIMIT, open).await)
            }
        };
        opened.map_err(|problem| {
            let text = match problem {
                Problem::Late => format!("it did not answer within {} s", limit.as_secs()),
                Problem::Failed(text) => text,
            };
            shortened(&server.masked(&text))
        })
    }

    async fn open_stdio(
        program: &StdioProgram,
        launcher: &Launcher,
        limit: Duration,
    ) -> Result<Self, Problem> {
        let failed = |error: io::Error| Problem::Failed(error.to_string());
        let launch = async { launcher(with_consent(program)).await.map_err(failed) };
        let StdioConnection { stream, errors } = within(limit, launch).await?;
        let serve = async { client().serve(stream).await.map_err(|error| described(&error)) };
        match within(limit, serve).await {
            Ok(service) => Ok(Self { service, errors: Some(errors) }),
            Err(problem) => {
                let said = errors();
                let text = match problem {
                    Problem::Late => {
                        format!("it did not answer within {} s", limit.as_secs())
                    }
                    Problem::Failed(text) => text,
                };
                Err(Problem::Failed(with_errors(text, &said)))
            }
        }
    }

    async fn open_sse(
        url: &Url,
        api_key: Option<&str>,
        conversation: &str,
    ) -> Result<Self, Problem> {
        check_scheme(url)?;
        let (http, headers) = (http_client(url)?, headers(api_key, conversation)?);
        let transport = SseTransport::connect(http, url, headers).await;
        let transport = transport.map_err(|error| Problem::Failed(chain(&error)))?;
        let service = client().serve(transport).await.map_err(|error| described(&error))?;
        Ok(Self { service, errors: None })
    }

    async fn open_http(
        url: &Url,
        api_key: Option<&str>,
        conversation: &str,
    ) -> Result<Self, Problem> {
        check_scheme(url)?;
        let headers = headers(api_key, conversation)?;
        let headers: HashMap<HeaderName, HeaderValue> =
            headers.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
        let config = StreamableHttpClientTransportConfig::with_uri(url.as_str())
            .custom_headers(headers)
            .reinit_on_expired_session(true);
        let transport = StreamableHttpClientTransport::with_client(http_client(url)?, config);
        let service = client().serve(transport).await.map_err(|error| described(&error))?;
        Ok(Self { service, errors: None })
    }

    pub(crate) fn is_open(&self) -> bool {
        !self.service.is_closed() && !self.service.is_transport_closed()
    }

    /// Returns the tools of the server; if that fails, why.
    pub(crate) async fn tools(&self) -> Result<Vec<Tool>, String> {
        let list = async {
            let mut tools = Vec::new();
            let mut cursor = None;
            for _ in 0..MAX_PAGES {
                let page = PaginatedRequestParams::default().with_cursor(cursor);
                let listed = self.service.list_tools(Some(page)).await;
                let listed = listed.map_err(|error| Problem::Failed(reason(&error)))?;
                tools.extend(listed.tools);
                cursor = listed.next_cursor;
                if cursor.is_none() || tools.len() >= MAX_TOOLS {
                    break;
                }
            }
            tools.truncate(MAX_TOOLS);
            Ok(tools)
        };
        within(LIST_LIMIT, list).await.map_err(|problem| match problem {
            Problem::Late => {
                format!("it did not list its tools within {} s", LIST_LIMIT.as_secs())
            }
            Problem::Failed(text) => {
                shortened(&self.explained(format!("it did not list its tools: {text}")))
            }
        })
    }

    /// Calls a tool. Dropping the future cancels the call.
    pub(crate) async fn call(
        &self,
        tool: &str,
        arguments: Map<String, Value>,
    ) -> Result<Value, String> {
        let params = CallToolRequestParams::new(tool.to_owned()).with_arguments(arguments);
        let result = self.service.call_tool(params).await;
        let result = result.map_err(|error| shortened(&self.explained(reason(&error))))?;
        serde_json::to_value(result).map_err(|error| error.to_string())
    }

    /// Adds what the program said, if it has ended.
    fn explained(&self, text: String) -> String {
        match &self.errors {
            Some(errors) if !self.is_open() => with_errors(text, &errors()),
            Some(_) | None => text,
        }
    }
}

#[derive(Debug)]
enum Problem {
    Late,
    Failed(String),
}

async fn within<T>(
    limit: Duration,
    work: impl Future<Output = Result<T, Problem>>,
) -> Result<T, Problem> {
    tokio::time::timeout(limit, work).await.unwrap_or(Err(Problem::Late))
}

fn client() -> ClientConfig {
    let ourselves = Implementation::new("openhands", env!("CARGO_PKG_VERSION"));
    ClientConfig::new(ClientCapabilities::default(), ourselves)
}

fn connect_limit(program: &StdioProgram) -> Duration {
    let is_loader = LOADERS.contains(&file_name(&program.command));
    if is_loader { LOADING_LIMIT } else { CONNECT_LIMIT }
}

/// `npx` asks before it loads, and nobody could answer.
fn with_consent(program: &StdioProgram) -> StdioProgram {
    let mut program = program.clone();
    let has_consent = program.args.iter().any(|arg| arg == "-y" || arg == "--yes");
    if file_name(&program.command) == "npx" && !has_consent {
        program.args.insert(0, "-y".to_owned());
    }
    program
}

fn file_name(command: &str) -> &str {
    command.rsplit('/').next().unwrap_or(command)
}

fn check_scheme(url: &Url) -> Result<(), Problem> {
    match url.scheme() {
        "http" | "https" => Ok(()),
        scheme => Err(Problem::Failed(format!(
            "the scheme {scheme} cannot be used for MCP; use the server's http or https address"
        ))),
    }
}

fn headers(api_key: Option<&str>, conversation: &str) -> Result<HeaderMap, Problem> {
    let value = |text: &str| {
        HeaderValue::from_str(text).map_err(|_| {
            Problem::Failed("the key has characters that no header may have".to_owned())
        })
    };
    let mut headers = HeaderMap::new();
    if let Some(key) = api_key {
        headers.insert(AUTHORIZATION, value(&format!("Bearer {key}"))?);
        headers.insert("s", value(key)?);
        headers.insert("x-session-api-key", value(key)?);
        headers.values_mut().for_each(|value| value.set_sensitive(true));
    }
    headers.insert("x-openhands-serverconversation-id", value(conversation)?);
    Ok(headers)
}

fn http_client(url: &Url) -> Result<reqwest::Client, Problem> {
    // Fails if there is a provider of cryptography already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = || {
        reqwest::Client::builder()
            .user_agent("openhands")
            .connect_timeout(TCP_LIMIT)
            // The key is for the configured address only.
            .redirect(reqwest::redirect::Policy::none())
            .tcp_nodelay(true)
            // A connection whose last answer was not read to its end would stall the next request.
            .pool_max_idle_per_host(0)
    };
    let result = match builder().build() {
        // A server without TLS can be asked where no certificates are installed.
        Err(_) if url.scheme() == "http" => builder().tls_certs_only([]).build(),
        result => result,
    };
    result.map_err(|error| {
        let text = format!("no encrypted connections can be made: {}", chain(&error));
        Problem::Failed(text)
    })
}

fn described(error: &ClientInitializeError) -> Problem {
    Problem::Failed(match error {
        ClientInitializeError::ConnectionClosed(_) => {
            "it ended the connection before it had answered".to_owned()
        }
        ClientInitializeError::TransportError { error, .. } => sending_reason(error),
        other => chain(other),
    })
}

/// Returns why a request failed, without what the SDK adds for itself.
fn reason(error: &ServiceError) -> String {
    match error {
        ServiceError::McpError(error) => format!("{} (code {})", error.message, error.code.0),
        ServiceError::TransportSend(error) => sending_reason(error),
        ServiceError::TransportClosed => {
            "the connection ended; the next call connects again".to_owned()
        }
        other => chain(other),
    }
}

/// The SDK does not give the cause of a failed request as such.
fn sending_reason(error: &DynamicTransportError) -> String {
    match error.error.downcast_ref::<StreamableHttpError<reqwest::Error>>() {
        Some(StreamableHttpError::Client(error)) => chain(error),
        Some(_) | None => chain(&*error.error),
    }
}

/// Returns an error with its causes.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text
}

fn with_errors(text: String, said: &str) -> String {
    if said.is_empty() { text } else { format!("{text}; it said: {said}") }
}

fn shortened(text: &str) -> String {
    without_middle(text, MAX_REASON, |_| " … ".to_owned())
}
