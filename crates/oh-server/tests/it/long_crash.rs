//! `kill -9` in the middle of long work, again and again: the conversation comes back whole, waits
//! for its user, and goes on.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::crash::Process;
use crate::model_server::{self, Turn, is_agent};
use crate::support::{PATIENCE, WHOLE_MACHINE};

const KILLS: u64 = 20;

/// A client of one conversation.
struct Client {
    http: reqwest::Client,
    url: String,
}

impl Client {
    fn new(port: u16, id: &str) -> Self {
        let url = format!("http://127.0.0.1:{port}/api/conversations/{id}");
        Self { http: reqwest::Client::new(), url }
    }

    async fn post(&self, path: &str, body: Value) {
        let request = self.http.post(format!("{}{path}", self.url)).body(body.to_string());
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200, "{path}");
    }

    async fn say(&self, text: &str) {
        self.post("/message", json!({"message": text})).await;
    }

    async fn events(&self) -> Vec<Value> {
        let mut events: Vec<Value> = Vec::new();
        loop {
            let url = format!("{}/events?limit=100&start_id={}", self.url, events.len());
            let page: Value = self.http.get(url).send().await.unwrap().json().await.unwrap();
            let page = page["events"].as_array().unwrap();
            if page.is_empty() {
                return events;
            }
            events.extend(page.iter().cloned());
        }
    }

    /// Opens the conversation and returns its events once it waits for its user.
    async fn opened(&self) -> Vec<Value> {
        self.post("/start", json!({"providers_set": []})).await;
        let wait = async {
            loop {
                let events = self.events().await;
                if events.last().unwrap()["extras"]["agent_state"] == "awaiting_user_input" {
                    return events;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(PATIENCE, wait).await.expect("the conversation waits for its user")
    }
}

/// Fails unless ids have no hole and every action that runs has one answer.
fn check_whole(events: &[Value]) {
    let mut answers: HashMap<u64, u32> = HashMap::new();
    for (id, event) in (0_u64..).zip(events) {
        assert_eq!(event["id"], json!(id), "ids have no hole");
        if event["observation"].is_string()
            && let Some(cause) = event["cause"].as_u64()
        {
            *answers.entry(cause).or_default() += 1;
        }
    }
    for (action, count) in &answers {
        assert_eq!(*count, 1, "action {action} was answered once");
    }
    for event in events.iter().filter(|event| event["action"] == "run") {
        let id = event["id"].as_u64().unwrap();
        assert!(answers.contains_key(&id), "action {id} was answered");
    }
}

/// Says what is wrong with the calls and results of a request, if anything is.
fn odd_pairs(request: &Value) -> Option<String> {
    let mut open: Vec<&str> = Vec::new();
    for message in request["messages"].as_array()? {
        if message["role"] == "tool" {
            let id = message["tool_call_id"].as_str()?;
            let Some(at) = open.iter().position(|call| *call == id) else {
                return Some(format!("there is no call {id}"));
            };
            open.remove(at);
            continue;
        }
        if !open.is_empty() {
            return Some(format!("{open:?} have no results"));
        }
        for call in message["tool_calls"].as_array().into_iter().flatten() {
            open.push(call["id"].as_str()?);
        }
    }
    (!open.is_empty()).then(|| format!("{open:?} have no results at the end"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_kills_in_long_work_leave_it_whole() {
    let _quiet = WHOLE_MACHINE.lock().await;
    let _ = rustls::crypto::ring::default_provider().install_default();
    let folder = TempDir::new().unwrap();
    let (asked, odd) = (Arc::new(AtomicU64::new(0)), Arc::new(Mutex::new(Vec::new())));
    let model = {
        let (asked, odd) = (asked.clone(), odd.clone());
        model_server::start(move |request| {
            if !is_agent(request) {
                return Turn::Text("A summary of numbers.");
            }
            odd.lock().unwrap().extend(odd_pairs(request));
            let n = asked.fetch_add(1, Ordering::SeqCst);
            let command = format!("sleep 0.0{}; echo {n}", n % 4);
            Turn::Call("execute_bash", json!({"command": command, "security_risk": "LOW"}))
        })
        .await
    };
    let asked_until = async |count: u64| {
        let wait = async {
            while asked.load(Ordering::SeqCst) < count {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        tokio::time::timeout(PATIENCE, wait).await.expect("the agent works");
    };

    let mut server = Process::start(&folder, model).await;
    let http = reqwest::Client::new();
    let api = format!("http://127.0.0.1:{}/api", server.port);
    // As small as the settings let it be, so that every round forgets something.
    let settings = json!({"condenser_max_size": 20}).to_string();
    let saved = http.post(format!("{api}/settings")).body(settings).send().await.unwrap();
    assert_eq!(saved.status(), 200);
    let body = json!({"initial_user_msg": "Print numbers."}).to_string();
    let created = http.post(format!("{api}/conversations")).body(body).send().await.unwrap();
    let created: Value = created.json().await.unwrap();
    let id = created["conversation_id"].as_str().unwrap().to_owned();

    let mut seed = [0_u8; 8];
    getrandom::fill(&mut seed).unwrap();
    let mut random = u64::from_le_bytes(seed) | 1;
    println!("seed {random}");
    for round in 0..KILLS {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        asked_until(asked.load(Ordering::SeqCst) + 1 + random % 12).await;
        // Anywhere between one answer of the model and the next.
        tokio::time::sleep(Duration::from_micros(random % 40_000)).await;
        server.kill();
        server = Process::start(&folder, model).await;
        let client = Client::new(server.port, &id);
        let events = client.opened().await;
        check_whole(&events);
        let asked_before = asked.load(Ordering::SeqCst);
        client.say(&format!("Go on, {round}.")).await;
        // Nothing happened between the opening and the message.
        let next = client.events().await.swap_remove(events.len());
        assert_eq!(next["args"]["content"], json!(format!("Go on, {round}.")), "{next}");
        asked_until(asked_before + 1).await;
    }
    server.kill();
    let mut server = Process::start(&folder, model).await;
    let events = Client::new(server.port, &id).opened().await;
    server.kill();
    check_whole(&events);
    let count = |action: &str| events.iter().filter(|event| event["action"] == action).count();
    assert!(count("run") > 60 && count("condensation") >= 5, "{} runs", count("run"));
    assert_eq!(*odd.lock().unwrap(), Vec::<String>::new());
}
