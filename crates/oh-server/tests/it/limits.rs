//! What one client may ask of its socket, and what all may together.

use std::time::{Duration, Instant};

use oh_testkit::ScriptedLlm;
use serde_json::json;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::support::{PATIENCE, Socket, TestServer};

async fn server_with(variables: &[(&str, &str)]) -> TestServer {
    TestServer::with(ScriptedLlm::default(), variables).await
}

/// Returns the HTTP status and the body with which an upgrade is refused.
async fn refusal(server: &TestServer, query: &str) -> (u16, String) {
    let url = format!("ws://127.0.0.1:{}/socket.io/?{query}", server.port());
    let Err(Error::Http(response)) = connect_async(url).await else { panic!("{query} is let in") };
    let body = response.body().clone().unwrap_or_default();
    (response.status().as_u16(), String::from_utf8(body).unwrap())
}

fn action(ack: usize) -> String {
    format!(r#"42{ack}["oh_user_action",{{"action":"message","args":{{"content":"{ack}"}}}}]"#)
}

/// Waits for the answers to these actions, which must come in order; returns how long it took.
async fn acknowledged(socket: &mut Socket, acks: std::ops::Range<usize>) -> Duration {
    let start = Instant::now();
    for ack in acks {
        loop {
            let text = socket.text().await;
            if text.starts_with("43") {
                assert!(text.starts_with(&format!("43{ack}[{{\"ok\":true")), "{text}");
                break;
            }
        }
    }
    start.elapsed()
}

#[tokio::test]
async fn actions_that_come_too_fast_wait_and_none_is_lost() {
    let variables = [("SERVER_ACTIONS_PER_SECOND", "10"), ("SERVER_ACTION_BURST", "2")];
    let server = server_with(&variables).await;
    let mut socket = server.joined("x", -1).await;
    let mut other = server.joined("x", -1).await;
    for ack in 0..6 {
        socket.send(&action(ack)).await;
    }
    // What another one says does not wait behind it.
    other.send(&action(0)).await;
    acknowledged(&mut other, 0..1).await;
    let waited = acknowledged(&mut socket, 0..6).await;
    assert!(waited >= Duration::from_millis(350), "four of them had to wait: {waited:?}");
}

#[tokio::test]
async fn what_was_sent_before_a_close_is_taken_without_delay() {
    let variables = [("SERVER_ACTIONS_PER_SECOND", "0.01"), ("SERVER_ACTION_BURST", "1")];
    let server = server_with(&variables).await;
    let mut socket = server.joined("x", -1).await;
    for ack in 0..5 {
        socket.send(&action(ack)).await;
    }
    socket.0.close(None).await.unwrap();
    let mut viewer = server.joined("x", -1).await;
    viewer.events_until(|event| event["message"] == "4").await;
}

#[tokio::test]
async fn too_many_actions_that_wait_end_the_socket() {
    let variables = [
        ("SERVER_ACTIONS_PER_SECOND", "0.01"),
        ("SERVER_ACTION_BURST", "1"),
        ("SERVER_MAX_WAITING_ACTIONS", "5"),
    ];
    let server = server_with(&variables).await;
    let mut bystander = server.joined("x", -1).await;
    let mut socket = server.joined("x", -1).await;
    for ack in 0..7 {
        socket.send(&action(ack)).await;
    }
    assert_eq!(socket.close_code().await, Some(1008));
    server.say("x", "still here?").await;
    bystander.events_until(|event| event["message"] == "still here?").await;
    let (_, page) = server.get("/api/conversations/x/events?limit=100").await;
    let events = page["events"].as_array().unwrap();
    assert!(events.iter().any(|event| event["message"] == "0"), "the first one was taken");
    assert!(!events.iter().any(|event| event["message"] == "6"), "the others were not");
}

#[tokio::test]
async fn malformed_packets_are_answered_no_faster_than_actions() {
    let variables = [
        ("SERVER_ACTIONS_PER_SECOND", "0.01"),
        ("SERVER_ACTION_BURST", "3"),
        ("SERVER_MAX_WAITING_ACTIONS", "5"),
    ];
    let server = server_with(&variables).await;
    let mut socket = server.joined("x", -1).await;
    for _ in 0..9 {
        socket.send("42{}").await;
    }
    assert_eq!(socket.close_code().await, Some(1008));
}

#[tokio::test]
async fn sockets_are_counted_over_both_transports() {
    let variables = [("SERVER_MAX_SOCKETS", "2"), ("SOCKETIO_TRANSPORTS", "websocket,polling")];
    let server = server_with(&variables).await;
    let first = server.socket("conversation_id=x").await;
    let polling = server.url("/socket.io/?EIO=4&transport=polling&conversation_id=x");
    let open = server.http.get(&polling).send().await.unwrap();
    assert_eq!(open.status(), 200);
    let full = (503, "\"Too many connections\"".to_owned());
    assert_eq!(refusal(&server, "EIO=4&transport=websocket").await, full);
    let refused = server.http.get(&polling).send().await.unwrap();
    assert_eq!((refused.status().as_u16(), refused.text().await.unwrap()), full);
    // A place is free as soon as its socket is gone.
    drop(first);
    let url = format!("ws://127.0.0.1:{}/socket.io/?EIO=4&transport=websocket", server.port());
    let again = async { while connect_async(&url).await.is_err() {} };
    tokio::time::timeout(PATIENCE, again).await.expect("a place is free");
}

#[tokio::test]
async fn a_conversation_has_so_many_sockets_and_no_more() {
    let server = server_with(&[("SERVER_MAX_SOCKETS_PER_CONVERSATION", "2")]).await;
    let first = server.joined("x", -1).await;
    let _second = server.joined("x", -1).await;
    let _elsewhere = server.joined("y", -1).await;
    let mut third = server.socket("conversation_id=x").await;
    third.text().await;
    third.send("40").await;
    let refusal = json!({"message": "Too many connections; close one and try again"});
    assert_eq!(third.text().await, format!("44{refusal}"));
    assert_eq!(third.close_code().await, Some(1000));
    drop(first);
    let gone = async {
        while server.get("/api/conversations/x").await.1["num_connections"] != 1 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, gone).await.expect("a place is free");
    server.joined("x", -1).await;
}

#[tokio::test]
async fn who_has_no_key_may_send_little_until_it_comes() {
    let server = server_with(&[("SESSION_API_KEY", "right")]).await;
    // A frame that is announced is not waited for, either.
    for (piece, count) in [("x".repeat(1_000), 40), ("x".repeat(100_000), 1)] {
        let mut stranger = server.socket("conversation_id=x").await;
        stranger.text().await;
        for _ in 0..count {
            // The server may have closed before the last one.
            drop(
                futures_util::SinkExt::send(&mut stranger.0, Message::text(format!("6{piece}")))
                    .await,
            );
        }
        assert!(matches!(stranger.close_code().await, Some(1008) | None));
    }
    let mut late = server.socket("conversation_id=x").await;
    late.text().await;
    late.send(r#"40{"session_api_key":"right"}"#).await;
    assert!(late.text().await.starts_with("40{"));
    late.send(&format!("6{}", "x".repeat(100_000))).await;
    late.send(&action(0)).await;
    acknowledged(&mut late, 0..1).await;
}

#[tokio::test]
async fn who_never_shows_the_key_is_sent_away_after_ten_seconds() {
    let server = server_with(&[("SESSION_API_KEY", "right")]).await;
    let mut stranger = server.socket("").await;
    stranger.text().await;
    let start = Instant::now();
    assert_eq!(stranger.close_code().await, Some(1008));
    assert!(start.elapsed() >= Duration::from_secs(9));
}

#[tokio::test]
async fn attachments_are_few_and_small() {
    let server = TestServer::start().await;
    let mut socket = server.joined("x", 3).await;
    socket.send("4511-7[\"oh_user_action\",{}]").await;
    loop {
        let text = socket.text().await;
        if let Some(answer) = text.strip_prefix("437") {
            assert!(answer.contains("packet announces more than 10 attachments"), "{answer}");
            break;
        }
    }
    let mut socket = server.joined("x", 3).await;
    socket.send("453-[\"oh_user_action\",{}]").await;
    for _ in 0..3 {
        futures_util::SinkExt::send(&mut socket.0, Message::binary(vec![0; 2 * 1024 * 1024]))
            .await
            .unwrap();
    }
    assert_eq!(socket.close_code().await, Some(1009));
}

#[tokio::test]
async fn a_session_over_http_that_nobody_asks_for_ends() {
    let server = server_with(&[("SOCKETIO_TRANSPORTS", "websocket,polling")]).await;
    let url = server.url("/socket.io/?EIO=4&transport=polling&conversation_id=x");
    // On a connection of its own: what others write there would count as progress.
    let http = reqwest::Client::new();
    let open = http.get(&url).send().await.unwrap().text().await.unwrap();
    let (_, sid) = open.split_once("\"sid\":\"").unwrap();
    let url = format!("{url}&sid={}", sid.split('"').next().unwrap());
    // It joins by itself, and then its history waits for a GET that does not come.
    let connections = async |expected: u64| {
        while server.get("/api/conversations/x").await.1["num_connections"] != expected {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(PATIENCE, connections(1)).await.expect("it joins");
    tokio::time::timeout(PATIENCE, connections(0)).await.expect("it ends");
    let answer = http.get(&url).send().await.unwrap();
    let status = answer.status();
    assert_eq!(status, 400, "{}", answer.text().await.unwrap());
}
