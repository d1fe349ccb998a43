//! Secrets that are put into every place where people put them, and looked for in every place where
//! others could see them.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD_NO_PAD;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio_tungstenite::tungstenite::Message;

use crate::support::{PATIENCE, Socket};

/// Each of its own, so that a finding says where it comes from.
const MODEL_KEY: &str = "sk-canary+model/9f31";
const SESSION_KEY: &str = "canary session key 77&2c";
const SERVER_KEY: &str = "canary-of-the-mcp-server=51";
const SECRET: &str = "canary/secret+of:commands%42";
const CANARIES: [&str; 4] = [MODEL_KEY, SESSION_KEY, SERVER_KEY, SECRET];

struct Server {
    child: Child,
    port: u16,
    folder: TempDir,
    http: reqwest::Client,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A model that refuses, and repeats the key as providers do.
async fn refusing_model() -> u16 {
    let refuse = async |headers: axum::http::HeaderMap| {
        let sent = headers["authorization"].to_str().unwrap().to_owned();
        let body = json!({"error": {"message": format!("Incorrect API key provided: {sent}")}});
        (axum::http::StatusCode::UNAUTHORIZED, axum::Json(body))
    };
    let app = axum::Router::new().fallback(refuse);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    port
}

impl Server {
    async fn start() -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let folder = TempDir::new().unwrap();
        let model = refusing_model().await;
        let config = format!(
            "[mcp]\nshttp_servers = [{{ url = \"http://127.0.0.1:{model}/mcp\", api_key = \"{SERVER_KEY}\" }}]\n"
        );
        std::fs::write(folder.path().join("config.toml"), config).unwrap();
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let log = std::fs::File::create(folder.path().join("log")).unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_openhands"))
            .args(["serve", "--port", &port.to_string(), "--log-level", "trace"])
            .current_dir(folder.path())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", folder.path())
            .env("FILE_STORE_PATH", folder.path().join("data"))
            .env("SESSION_API_KEY", SESSION_KEY)
            .env("LLM_MODEL", "openai/refusing")
            .env("LLM_API_KEY", MODEL_KEY)
            .env("LLM_BASE_URL", format!("http://127.0.0.1:{model}/v1"))
            .env("LLM_NUM_RETRIES", "0")
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        let server = Self { child, port, folder, http: reqwest::Client::new() };
        let healthy = async {
            while server.http.get(server.url("/api/health")).send().await.is_err() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(PATIENCE, healthy).await.expect("the server starts");
        server
    }

    fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// Asks with the key and returns what came back, whatever it is.
    async fn ask(&self, method: &str, path: &str, body: Option<Value>) -> String {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let mut request =
            self.http.request(method, self.url(path)).header("x-session-api-key", SESSION_KEY);
        if let Some(body) = body {
            request = request.body(body.to_string());
        }
        request.send().await.unwrap().text().await.unwrap()
    }
}

/// How a secret may look. What base64 makes of it depends on what stands before it.
fn forms(secret: &str) -> Vec<String> {
    let hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
    let address: String = secret
        .bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => {
                char::from(byte).to_string()
            }
            other => format!("%{other:02X}"),
        })
        .collect();
    let mut forms = vec![secret.to_owned(), address, hex.to_uppercase(), hex];
    for before in 0..3 {
        let bytes = [&b"xx"[..before], secret.as_bytes()].concat();
        let encoded = BASE64_STANDARD_NO_PAD.encode(&bytes);
        let core = &encoded[(before * 8).div_ceil(6)..bytes.len() * 8 / 6];
        forms.push(core.to_owned());
        forms.push(core.replace('+', "-").replace('/', "_"));
    }
    forms
}

fn look_for_canaries(place: &str, bytes: &[u8]) {
    for canary in CANARIES {
        for form in forms(canary) {
            let found = bytes.windows(form.len()).position(|window| window == form.as_bytes());
            if let Some(at) = found {
                let around = &bytes[at.saturating_sub(300)..(at + 300).min(bytes.len())];
                panic!("`{form}` is in {place}: …{}…", String::from_utf8_lossy(around));
            }
        }
    }
}

/// Everything below a folder but the agent's own files and the keys themselves.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            let name = entry.file_name();
            let is_own = name == "workspaces" || name == "config.toml" || name == "secret_key";
            match entry.file_type().unwrap() {
                _ if is_own => {}
                kind if kind.is_dir() => folders.push(entry.path()),
                kind if kind.is_file() => found.push(entry.path()),
                _ => {}
            }
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_secret_is_seen_anywhere() {
    let server = Server::start().await;
    let secret = json!({"name": "DEPLOY_KEY", "value": SECRET, "description": "to deploy"});
    server.ask("POST", "/api/secrets", Some(secret)).await;
    let made: Value =
        serde_json::from_str(&server.ask("POST", "/api/conversations", Some(json!({}))).await)
            .unwrap();
    let id = made["conversation_id"].as_str().unwrap();
    let key: String = form_urlencoded::byte_serialize(SESSION_KEY.as_bytes()).collect();
    let query = format!(
        "EIO=4&transport=websocket&conversation_id={id}&latest_event_id=-1&deltas=1&session_api_key={key}"
    );
    let mut socket = Socket::open(server.port, &query).await;
    socket.send("40").await;

    let git_url = "https://robot:$DEPLOY_KEY@git.example/owner/name.git";
    let commands = [
        "echo \"key=$DEPLOY_KEY\" | tee key.txt; cat key.txt; rev key.txt | rev".to_owned(),
        "printf %s \"$DEPLOY_KEY\" | base64; printf 'x%s' \"$DEPLOY_KEY\" | base64; printf 'xx%s\\n' \"$DEPLOY_KEY\" | base64 -w0".to_owned(),
        "printf %s \"$DEPLOY_KEY\" | od -An -tx1 | tr -d ' \\n'".to_owned(),
        "printf %s \"$DEPLOY_KEY\" | od -An -tx1 | tr -d ' \\n' | tr a-f A-F".to_owned(),
        "python3 -c 'import os, urllib.parse as u; k = os.environ[\"DEPLOY_KEY\"]; print(u.quote(k, safe=\"\"), u.quote_plus(k), repr(k))' || true".to_owned(),
        // In pieces that come one after the other.
        "for i in $(seq 1 ${#DEPLOY_KEY}); do printf %s \"${DEPLOY_KEY:i-1:1}\"; sleep 0.02; done; echo".to_owned(),
        format!("git init -q r && cd r && git remote add origin \"{git_url}\" && git remote -v; cat .git/config; git fetch 2>&1 | head -3; cd .."),
        "curl -s -m 1 -H \"Authorization: Bearer $DEPLOY_KEY\" \"http://127.0.0.1:9/?k=$DEPLOY_KEY\" -v 2>&1 | head -20; no-such-program \"$DEPLOY_KEY\"".to_owned(),
        "env | sort; cat /proc/self/environ | tr '\\0' '\\n'; ps -ef 2>/dev/null | head -30; cat /proc/1/environ 2>&1 | tr '\\0' '\\n'; cat /proc/1/cmdline | tr '\\0' ' '".to_owned(),
        "set -x; : \"$DEPLOY_KEY\"; set +x; history | tail -5; declare -p DEPLOY_KEY".to_owned(),
    ];
    for (n, command) in commands.iter().enumerate() {
        let action = json!({"action": "run", "args": {"command": command}});
        socket.send(&format!("42{n}[\"oh_user_action\",{action}]")).await;
        let mut frames = Vec::new();
        loop {
            let text = socket.text().await;
            let is_last =
                text.starts_with("42[\"oh_event\"") && text.contains("\"observation\":\"run\"");
            frames.push(text);
            if is_last {
                break;
            }
        }
        for frame in &frames {
            look_for_canaries(&format!("a frame of command {n}"), frame.as_bytes());
        }
        assert!(frames.iter().any(|f| f.contains("oh_delta")) || n > 0, "no live output was seen");
    }
    // What the user writes, what the model's provider answers, and what is wrong with a request.
    let message = json!({"message": format!("use {SECRET} and {MODEL_KEY}")});
    server.ask("POST", &format!("/api/conversations/{id}/message"), Some(message)).await;
    socket.events_until(|event| event["extras"]["agent_state"] == "error").await;
    for (path, body) in [
        (
            "/api/settings",
            json!({"llm_api_key": [1], "mcp_config": {"shttp_servers": [{"url": SERVER_KEY, "api_key": SERVER_KEY}]}}),
        ),
        ("/api/secrets", json!({"name": "not a name", "value": SECRET})),
        ("/api/secrets", json!({"name": "DEPLOY_KEY", "value": SECRET})),
        ("/api/login", json!({"key": "wrong"})),
    ] {
        let answer = server.ask("POST", path, Some(body)).await;
        look_for_canaries(path, answer.as_bytes());
    }
    let wrong = format!("{}?session_api_key={key}x", server.url("/api/settings"));
    look_for_canaries(
        "a refusal",
        server.http.get(wrong).send().await.unwrap().text().await.unwrap().as_bytes(),
    );

    for path in [
        "/api/settings".to_owned(),
        "/api/secrets".to_owned(),
        "/api/options/config".to_owned(),
        "/metrics".to_owned(),
        "/server_info".to_owned(),
        format!("/api/conversations/{id}"),
        format!("/api/conversations/{id}/events?limit=100"),
        format!("/api/conversations/{id}/trajectory"),
        format!("/api/conversations/{id}/mcp-servers"),
        format!("/api/conversations/{id}/microagents"),
        "/api/conversations".to_owned(),
    ] {
        let answer = server.ask("GET", &path, None).await;
        assert!(!answer.is_empty(), "{path}");
        look_for_canaries(&path, answer.as_bytes());
    }
    drop(socket.0.close(None).await);
    while let Some(Message::Text(_)) = socket.frame().await {}

    // What the server keeps and what it says of itself, and the process list.
    for path in files(server.folder.path()) {
        look_for_canaries(&path.display().to_string(), &std::fs::read(&path).unwrap());
    }
    for process in std::fs::read_dir("/proc").unwrap().flatten() {
        let line = std::fs::read(process.path().join("cmdline")).unwrap_or_default();
        look_for_canaries("the process list", &line);
    }
    let log = std::fs::read_to_string(server.folder.path().join("log")).unwrap();
    assert!(log.contains("DEBUG") || log.contains("TRACE"), "the log is not the whole one");
}
