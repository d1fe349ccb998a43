use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use oh_config::{Config, Environment};
use oh_llm::LlmClient;
use oh_server::{Components, RunningServer, start};
use oh_testkit::{ScriptedLlm, ScriptedRuntime};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// Long enough for a loaded machine; a test that needs it fails anyway.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Held by tests that use the whole machine, and by those that promise a time: the ones
/// must not make the others late.
pub(crate) static WHOLE_MACHINE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

pub(crate) struct TestServer {
    pub(crate) server: RunningServer,
    pub(crate) http: reqwest::Client,
    pub(crate) folder: TempDir,
}

/// The configuration of a test server: any port, a folder of its own.
pub(crate) fn config(folder: &Path, variables: &[(&str, &str)]) -> Config {
    let mut environment = Environment::new();
    environment.insert("PORT".to_owned(), "0".to_owned());
    environment.insert("FILE_STORE_PATH".to_owned(), folder.to_string_lossy().into_owned());
    // Only tests of the limit want one.
    environment.insert("MAX_CONCURRENT_CONVERSATIONS".to_owned(), "0".to_owned());
    environment.insert("SERVER_RATE_LIMIT".to_owned(), "0".to_owned());
    for (name, value) in variables {
        environment.insert((*name).to_owned(), (*value).to_owned());
    }
    Config::parse("", Path::new("config.toml"), &environment).unwrap()
}

impl TestServer {
    /// A server whose model never answers and whose commands do nothing.
    pub(crate) async fn start() -> Self {
        Self::with(ScriptedLlm::default(), &[]).await
    }

    /// A server with a model of its own and no real runtime.
    pub(crate) async fn with(llm: impl LlmClient, variables: &[(&str, &str)]) -> Self {
        let runtime = Arc::new(ScriptedRuntime::new("output"));
        let components = Components {
            llm: Some(Arc::new(llm)),
            runtime: Some(Arc::new(move |_| Ok(runtime.clone()))),
            ..Components::default()
        };
        Self::start_with(components, variables).await
    }

    pub(crate) async fn start_with(components: Components, variables: &[(&str, &str)]) -> Self {
        let folder = TempDir::new().unwrap();
        let config = config(folder.path(), variables);
        Self::start_in(folder, config, components).await
    }

    /// A server with an interface from a folder, and real workspaces.
    pub(crate) async fn with_frontend(site: PathBuf) -> Self {
        let folder = TempDir::new().unwrap();
        let mut config = config(folder.path(), &[]);
        config.server.frontend_dir = Some(site);
        let llm = Some(Arc::new(ScriptedLlm::default()) as Arc<dyn LlmClient>);
        Self::start_in(folder, config, Components { llm, ..Components::default() }).await
    }

    /// A server on data that are there, with the model that never answers.
    pub(crate) async fn on(data_dir: PathBuf, variables: &[(&str, &str)]) -> Self {
        let llm = Some(Arc::new(ScriptedLlm::default()) as Arc<dyn LlmClient>);
        let config = config(&data_dir, variables);
        let components = Components { llm, ..Components::default() };
        Self::start_in(TempDir::new().unwrap(), config, components).await
    }

    async fn start_in(folder: TempDir, config: Config, components: Components) -> Self {
        let program = Some(env!("CARGO_BIN_EXE_openhands").into());
        let components = Components { sandbox_program: program, ..components };
        let server = start(config, components).await.unwrap();
        // The test binary may have installed it already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Self { server, http: reqwest::Client::new(), folder }
    }

    pub(crate) fn port(&self) -> u16 {
        self.server.address().port()
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port())
    }

    pub(crate) async fn get(&self, path: &str) -> (u16, Value) {
        let response = self.http.get(self.url(path)).send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap_or_default())
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        let request = self.http.post(self.url(path)).body(body.to_string());
        let response = request.send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap_or_default())
    }

    /// Sends a message over REST.
    pub(crate) async fn say(&self, conversation: &str, text: &str) {
        let path = format!("/api/conversations/{conversation}/events");
        let body = json!({"action": "message", "args": {"content": text}});
        let (status, answer) = self.post(&path, body).await;
        assert_eq!(status, 200, "{answer}");
    }

    pub(crate) async fn create(&self) -> String {
        let (status, answer) = self.post("/api/conversations", json!({})).await;
        assert_eq!(status, 200, "{answer}");
        answer["conversation_id"].as_str().unwrap().to_owned()
    }

    /// Opens a socket with the query of a client.
    pub(crate) async fn socket(&self, query: &str) -> Socket {
        Socket::open(self.port(), &format!("EIO=4&transport=websocket&{query}")).await
    }

    /// Opens a socket, joins, and checks the answers to both.
    pub(crate) async fn joined(&self, conversation: &str, latest: i64) -> Socket {
        let query = format!("conversation_id={conversation}&latest_event_id={latest}");
        let mut socket = self.socket(&query).await;
        assert!(socket.text().await.starts_with("0{"));
        socket.send("40").await;
        assert!(socket.text().await.starts_with("40{\"sid\":"));
        socket
    }
}

pub(crate) struct Socket(pub(crate) WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Socket {
    pub(crate) async fn open(port: u16, query: &str) -> Self {
        Self::try_open(port, query).await.unwrap()
    }

    /// Opens a socket of a server that may be gone.
    pub(crate) async fn try_open(port: u16, query: &str) -> Option<Self> {
        let url = format!("ws://127.0.0.1:{port}/socket.io/?{query}");
        Some(Self(connect_async(url).await.ok()?.0))
    }

    pub(crate) async fn send(&mut self, text: &str) {
        self.0.send(Message::text(text)).await.unwrap();
    }

    /// Returns the next frame; pings of both layers are answered or passed over.
    pub(crate) async fn frame(&mut self) -> Option<Message> {
        loop {
            let next = tokio::time::timeout(PATIENCE, self.0.next()).await;
            match next.expect("a frame comes in time")?.ok()? {
                Message::Ping(_) | Message::Pong(_) => {}
                Message::Text(text) if text.as_str() == "2" => self.send("3").await,
                other => return Some(other),
            }
        }
    }

    pub(crate) async fn text(&mut self) -> String {
        match self.frame().await {
            Some(Message::Text(text)) => text.to_string(),
            other => panic!("expected a text frame, got {other:?}"),
        }
    }

    /// Returns the next real event; notices are passed over.
    pub(crate) async fn event(&mut self) -> Value {
        loop {
            let text = self.text().await;
            if let Some(event) = parse_event(&text)
                && event["id"].is_u64()
            {
                return event;
            }
        }
    }

    /// Returns the id of the next event, without reading the rest of it.
    pub(crate) async fn event_id(&mut self) -> u64 {
        loop {
            let text = self.text().await;
            let Some(rest) = text.strip_prefix("42[\"oh_event\",{\"id\":") else { continue };
            let Some((id, _)) = rest.split_once(',') else { continue };
            return id.parse().unwrap();
        }
    }

    /// Returns the events up to the first one that `is_last` accepts.
    pub(crate) async fn events_until(&mut self, is_last: impl Fn(&Value) -> bool) -> Vec<Value> {
        let mut events = Vec::new();
        loop {
            let event = self.event().await;
            events.push(event);
            if is_last(&events[events.len() - 1]) {
                return events;
            }
        }
    }

    /// Returns the code of the close frame that comes next, after any others.
    pub(crate) async fn close_code(&mut self) -> Option<u16> {
        loop {
            match self.frame().await {
                None => return None,
                Some(Message::Close(frame)) => return frame.map(|frame| frame.code.into()),
                Some(_) => {}
            }
        }
    }
}

/// Returns the payload of an `oh_event` frame.
pub(crate) fn parse_event(text: &str) -> Option<Value> {
    let payload = text.strip_prefix("42[\"oh_event\",")?.strip_suffix(']')?;
    Some(serde_json::from_str(payload).unwrap())
}

pub(crate) fn state_is(state: &'static str) -> impl Fn(&Value) -> bool {
    move |event| event["extras"]["agent_state"] == state
}
