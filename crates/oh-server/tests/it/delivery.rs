//! Every viewer gets every event once and in order; a viewer that reads nothing costs nobody.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use oh_testkit::ScriptedLlm;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio_tungstenite::tungstenite::Message;

use crate::support::{PATIENCE, Socket, TestServer, WHOLE_MACHINE, parse_event, state_is};

/// Events before the first message; 2, 4 and 5 are not delivered.
const SKIPPED: [u64; 2] = [2, 5];

/// A cheap source of numbers that are not in step with anything.
fn scramble(n: u64) -> u64 {
    let mut x = n.wrapping_add(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x ^ (x >> 27)
}

/// Reads frames of one visit: at most `count` events, with ids that must follow `last`.
async fn visit(socket: &mut Socket, last: &mut Option<u64>, count: u64, end: u64) {
    for _ in 0..count {
        if last.is_some_and(|last| last >= end) {
            return;
        }
        let id = socket.event_id().await;
        let mut expected = last.map_or(0, |last| last + 1);
        while SKIPPED.contains(&expected) {
            expected += 1;
        }
        assert_eq!(id, expected, "no gap, no duplicate, no reordering");
        *last = Some(id);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_viewers_that_come_and_go_see_every_event_once() {
    let _quiet = WHOLE_MACHINE.lock().await;
    const VIEWERS: u64 = 100;
    const MESSAGES: u64 = 20_000;
    let server = Arc::new(TestServer::with(ScriptedLlm::default(), &[]).await);
    drop(server.joined("x", -1).await);
    server.say("x", "first").await;
    // loading, system, request, state, message, recall, running, recall; then the messages.
    let end = 7 + MESSAGES;
    let mut viewers = JoinSet::new();
    for viewer in 0..VIEWERS {
        let server = server.clone();
        viewers.spawn(async move {
            let mut last = None;
            let mut visits = 0;
            while last.is_none_or(|last| last < end) {
                let latest = last.map_or(-1, |last| i64::try_from(last).unwrap());
                let mut socket = server.joined("x", latest).await;
                let count = 1 + scramble(viewer * 1_000 + visits) % 3_000;
                visit(&mut socket, &mut last, count, end).await;
                visits += 1;
            }
            visits
        });
    }
    say_many(&server, "message", MESSAGES).await;
    let visits: u64 = viewers.join_all().await.into_iter().sum();
    assert!(visits > VIEWERS * 3, "viewers came and went: {visits} visits");
}

/// Resident memory of this process, which holds the server, in KiB.
fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.split_whitespace().next().unwrap().parse().unwrap()
}

/// Sends messages from four sides at once.
async fn say_many(server: &Arc<TestServer>, text: &str, count: u64) {
    let sent = Arc::new(AtomicU64::new(0));
    let mut writers = JoinSet::new();
    for _ in 0..4 {
        let (server, sent, text) = (server.clone(), sent.clone(), text.to_owned());
        writers.spawn(async move {
            while sent.fetch_add(1, Ordering::Relaxed) < count {
                server.say("x", &text).await;
            }
        });
    }
    writers.join_all().await;
}

/// In a process of its own: other tests would be measured too.
#[test]
fn a_viewer_that_reads_nothing_delays_nobody_and_is_cut() {
    let _quiet = WHOLE_MACHINE.blocking_lock();
    const ALONE: &str = "delivery::alone::a_viewer_that_reads_nothing";
    let program = std::env::current_exe().unwrap();
    let mut test = std::process::Command::new(program);
    let output = test.args([ALONE, "--exact", "--ignored", "--nocapture"]).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("1 passed"), "{text}{}", String::from_utf8_lossy(&output.stderr));
}

mod alone {
    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    #[ignore = "it is started by the test of the same name, in a process of its own"]
    async fn a_viewer_that_reads_nothing() {
        measure_sleeping_viewers().await;
    }
}

async fn measure_sleeping_viewers() {
    const WARM_UP: u64 = 2_000;
    const MESSAGES: u64 = 10_000;
    const SLEEPERS: u64 = 16;
    let server = Arc::new(TestServer::start().await);
    drop(server.joined("x", -1).await);
    server.say("x", "first").await;
    // A message stands twice in its event, so this makes events of 10 KiB.
    let text = "x".repeat(5 * 1024);
    say_many(&server, &text, 500).await;
    // What a message costs without sleepers: the agent remembers it.
    let before = resident_kib();
    say_many(&server, &text, WARM_UP).await;
    let cost = resident_kib().saturating_sub(before);
    let begin = 7 + 500 + WARM_UP;
    let end = begin + MESSAGES;

    let latest = i64::try_from(begin).unwrap();
    let mut reading = server.joined("x", latest).await;
    // They join and then take nothing from their connections.
    let mut sleepers = Vec::new();
    for _ in 0..SLEEPERS {
        sleepers.push(server.joined("x", latest).await);
    }
    let before = resident_kib();
    let reader = tokio::spawn(async move {
        let mut last = Some(begin);
        visit(&mut reading, &mut last, u64::MAX, end).await;
    });
    say_many(&server, &text, MESSAGES).await;
    reader.await.unwrap();
    let gained = resident_kib().saturating_sub(before);
    let limit = cost * MESSAGES / WARM_UP + SLEEPERS * 1024;
    assert!(gained <= limit, "{gained} KiB gained while viewers slept; {limit} KiB are allowed");

    // The server gives up on them after 30 s without progress.
    tokio::time::timeout(PATIENCE, async {
        while server.get("/api/conversations/x").await.1["num_connections"] != 0 {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    })
    .await
    .expect("the sleepers are cut");
    // What the kernel still held for one is in order, and the rest comes on return.
    let mut sleeping = sleepers.swap_remove(0);
    let mut last = Some(begin);
    while let Some(Ok(frame)) = futures_util::StreamExt::next(&mut sleeping.0).await {
        let Message::Text(text) = frame else { continue };
        let Some(id) = parse_event(&text).and_then(|event| event["id"].as_u64()) else { continue };
        assert_eq!(Some(id), last.map(|last| last + 1));
        last = Some(id);
    }
    assert!(last < Some(end), "it was cut before the end");
    let latest = i64::try_from(last.unwrap()).unwrap();
    let mut returned = server.joined("x", latest).await;
    visit(&mut returned, &mut last, u64::MAX, end).await;
    assert_eq!(last, Some(end));
}

#[tokio::test]
async fn a_viewer_gets_what_it_asks_for_and_nothing_else() {
    async fn ids(server: &TestServer, latest: &str, count: usize) -> Vec<u64> {
        let query = format!("conversation_id=x&latest_event_id={latest}");
        let mut socket = server.socket(&query).await;
        socket.text().await;
        socket.send("40").await;
        socket.text().await;
        let mut ids = Vec::new();
        for _ in 0..count {
            ids.push(socket.event().await["id"].as_u64().unwrap());
        }
        ids
    }
    let server = TestServer::start().await;
    drop(server.joined("x", -1).await);
    server.say("x", "first").await;
    for all in ["-1", "undefined", "null", "", "1.5", "-9"] {
        assert_eq!(ids(&server, all, 6).await, [0, 1, 3, 4, 6, 7], "{all}");
    }
    assert_eq!(ids(&server, "3", 3).await, [4, 6, 7]);
    assert_eq!(ids(&server, "6", 1).await, [7]);
    // Beyond the end nothing comes until ids exceed what was asked.
    let mut ahead = server.joined("x", 9).await;
    for text in ["8", "9", "10"] {
        server.say("x", text).await;
    }
    let event = ahead.event().await;
    assert_eq!((&event["id"], &event["message"]), (&Value::from(10), &Value::from("10")));
}

#[tokio::test]
async fn a_stopped_conversation_sends_its_last_event_and_then_goodbye() {
    let server = TestServer::start().await;
    let mut socket = server.joined("x", -1).await;
    // A session that is stopped while it starts has another last event.
    socket.events_until(state_is("awaiting_user_input")).await;
    let (_, answer) = server.post("/api/conversations/x/stop", Value::Null).await;
    assert_eq!(answer["message"], "Conversation stopped successfully");
    assert_eq!(socket.event().await["extras"]["agent_state"], "stopped");
    let status = parse_event(&socket.text().await).unwrap();
    assert_eq!((&status["id"], &status["type"]), (&json!("STATUS$STOPPED"), &json!("info")));
    assert_eq!(socket.text().await, "41");
    let (_, again) = server.post("/api/conversations/x/stop", Value::Null).await;
    assert_eq!(again["message"], "Conversation was not running");
}

#[tokio::test]
async fn a_server_that_goes_down_tells_its_viewers_to_come_back() {
    let server = TestServer::start().await;
    let mut socket = server.joined("x", 3).await;
    server.server.shut_down().await;
    let mut seen = Vec::new();
    while let Some(frame) = socket.frame().await {
        match frame {
            Message::Close(frame) => {
                assert_eq!(frame.map(|frame| u16::from(frame.code)), Some(1001));
                return;
            }
            other => seen.push(other.to_string()),
        }
    }
    panic!("the socket ended without a close frame: {seen:?}");
}
