//! `kill -9` at any moment loses nothing that anybody saw or was told, and doubles nothing.

use std::collections::HashMap;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio_tungstenite::tungstenite::Message;

use crate::support::{PATIENCE, Socket, WHOLE_MACHINE, parse_event};

const KILLS: u64 = 20;
const SENDERS: u64 = 3;

/// A server in a process of its own; its model is at a port of this machine.
pub(crate) struct Process {
    child: Child,
    pub(crate) port: u16,
}

impl Process {
    pub(crate) async fn start(folder: &TempDir, model: u16) -> Self {
        Self::start_with(folder, model, &[]).await
    }

    pub(crate) async fn start_with(
        folder: &TempDir,
        model: u16,
        variables: &[(&str, &str)],
    ) -> Self {
        let port = free_port().await;
        let child = Command::new(env!("CARGO_BIN_EXE_openhands"))
            .args(["serve", "--port", &port.to_string(), "--log-level", "error"])
            .current_dir(folder.path())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("FILE_STORE_PATH", folder.path())
            .env("LLM_MODEL", "openai/silent")
            .env("LLM_API_KEY", "none-needed")
            .env("LLM_BASE_URL", format!("http://127.0.0.1:{model}/v1"))
            .envs(variables.iter().copied())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let process = Self { child, port };
        let healthy = async {
            while tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(PATIENCE, healthy).await.expect("the server starts");
        process
    }

    /// Returns the resident memory in KiB.
    pub(crate) fn resident_kib(&self) -> u64 {
        let path = format!("/proc/{}/status", self.child.id());
        let status = std::fs::read_to_string(path).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.split_whitespace().next().unwrap().parse().unwrap()
    }

    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // One that was killed already is no trouble.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port()
}

/// Accepts connections and says nothing.
async fn silent_model() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok((stream, _)) = listener.accept().await {
            held.push(stream);
        }
    });
    port
}

/// Sends messages until the connection breaks; returns the ids that were acknowledged by
/// client id, and the last client id that was sent.
async fn send_until_broken(port: u16, round: u64, sender: u64) -> (HashMap<String, u64>, String) {
    let mut acknowledged = HashMap::new();
    let query = "EIO=4&transport=websocket&conversation_id=x&latest_event_id=1000000000";
    let mut last = format!("{round}-{sender}-0");
    let Some(mut socket) = Socket::try_open(port, query).await else { return (acknowledged, last) };
    for n in 0_u64.. {
        last = format!("{round}-{sender}-{n}");
        let action = json!({
            "action": "message",
            "args": {"content": format!("message {last}")},
            "client_id": last,
        });
        let frame = Message::text(format!("42{n}[\"oh_user_action\",{action}]"));
        if futures_util::SinkExt::send(&mut socket.0, frame).await.is_err() {
            break;
        }
        let ack = loop {
            match socket.frame().await {
                Some(Message::Text(text)) => {
                    if let Some(ack) = text.strip_prefix(&format!("43{n}")) {
                        break Some(serde_json::from_str::<Value>(ack).unwrap());
                    }
                }
                Some(_) => {}
                None => break None,
            }
        };
        let Some(ack) = ack else { break };
        acknowledged.insert(last.clone(), ack[0]["id"].as_u64().expect("the action is taken"));
    }
    (acknowledged, last)
}

/// Follows the conversation until the connection breaks; returns the frames by id.
async fn watch_until_broken(port: u16) -> HashMap<u64, String> {
    let query = "EIO=4&transport=websocket&conversation_id=x&latest_event_id=-1";
    let mut seen = HashMap::new();
    let Some(mut socket) = Socket::try_open(port, query).await else { return seen };
    if futures_util::SinkExt::send(&mut socket.0, Message::text("40")).await.is_err() {
        return seen;
    }
    while let Some(frame) = socket.frame().await {
        let Message::Text(text) = frame else { continue };
        let Some(id) = parse_event(&text).and_then(|event| event["id"].as_u64()) else { continue };
        assert_eq!(seen.insert(id, text.to_string()), None, "event {id} came twice");
    }
    seen
}

/// Reads the whole conversation as a viewer gets it.
async fn read_all(port: u16) -> HashMap<u64, String> {
    let http = reqwest::Client::new();
    let page = format!("http://127.0.0.1:{port}/api/conversations/x/events?reverse=true&limit=1");
    let page: Value = http.get(page).send().await.unwrap().json().await.unwrap();
    let newest = page["events"][0]["id"].as_u64().unwrap();
    let query = "EIO=4&transport=websocket&conversation_id=x&latest_event_id=-1";
    let mut socket = Socket::open(port, query).await;
    socket.send("40").await;
    let mut events = HashMap::new();
    loop {
        let text = socket.text().await;
        let Some(id) = parse_event(&text).and_then(|event| event["id"].as_u64()) else { continue };
        assert_eq!(events.insert(id, text), None, "event {id} came twice");
        // The last of a session's first events is always delivered.
        if id >= newest {
            return events;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_kills_under_load_lose_nothing() {
    let _quiet = WHOLE_MACHINE.lock().await;
    let _ = rustls::crypto::ring::default_provider().install_default();
    let folder = TempDir::new().unwrap();
    let model = silent_model().await;
    let mut acknowledged: HashMap<String, u64> = HashMap::new();
    let mut seen: HashMap<u64, String> = HashMap::new();
    for round in 0..KILLS {
        let mut server = Process::start(&folder, model).await;
        let port = server.port;
        let viewer = tokio::spawn(watch_until_broken(port));
        let senders: Vec<_> =
            (0..SENDERS).map(|n| tokio::spawn(send_until_broken(port, round, n))).collect();
        // The moment differs from round to round; nothing waits for it.
        tokio::time::sleep(Duration::from_millis(30 + (round * 137) % 400)).await;
        server.kill();
        let mut unanswered = Vec::new();
        for sender in senders {
            let (answered, last) = sender.await.unwrap();
            unanswered.push(last);
            acknowledged.extend(answered);
        }
        for (id, frame) in viewer.await.unwrap() {
            let known = seen.insert(id, frame.clone());
            assert!(known.is_none_or(|known| known == frame), "event {id} changed");
        }
        // A client that was not answered sends again under the same id.
        let mut server = Process::start(&folder, model).await;
        let mut socket = Socket::open(
            server.port,
            "EIO=4&transport=websocket&conversation_id=x&latest_event_id=1000000000",
        )
        .await;
        for client_id in unanswered {
            let action = json!({
                "action": "message",
                "args": {"content": format!("message {client_id}")},
                "client_id": client_id,
            });
            socket.send(&format!("427[\"oh_user_action\",{action}]")).await;
            loop {
                if let Some(ack) = socket.text().await.strip_prefix("437") {
                    let ack: Value = serde_json::from_str(ack).unwrap();
                    acknowledged.insert(client_id, ack[0]["id"].as_u64().unwrap());
                    break;
                }
            }
        }
        server.kill();
    }
    let mut server = Process::start(&folder, model).await;
    let events = read_all(server.port).await;
    server.kill();
    for (id, frame) in &seen {
        assert_eq!(events.get(id), Some(frame), "event {id} was seen");
    }
    let mut recorded: HashMap<String, Vec<u64>> = HashMap::new();
    for (id, frame) in &events {
        let event = parse_event(frame).unwrap();
        if event["action"] == "message" && event["source"] == "user" {
            let text = event["args"]["content"].as_str().unwrap().to_owned();
            recorded.entry(text).or_default().push(*id);
        }
    }
    for (client_id, id) in &acknowledged {
        let found = recorded.get(&format!("message {client_id}"));
        assert_eq!(found, Some(&vec![*id]), "{client_id} was acknowledged");
    }
    assert!(acknowledged.len() > 200, "there was load: {}", acknowledged.len());
}
