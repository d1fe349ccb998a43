//! What clients say over a socket: the handshake, the names of messages, actions.

use serde_json::{Value, json};

use super::events::args;
use super::{Row, rows, sources};
use crate::support::{Socket, TestServer};

/// Sends a message with an acknowledgement, and returns the answer.
async fn ask(socket: &mut Socket, message: &str, action: &Value) -> Value {
    socket.send(&format!("421{}", json!([message, action]))).await;
    loop {
        let text = socket.text().await;
        if let Some(answer) = text.strip_prefix("431") {
            return serde_json::from_str::<Value>(answer).unwrap()[0].clone();
        }
    }
}

/// Compares an acknowledgement with what a row says.
fn check(row: &Row, answer: &Value) {
    let found = if answer["ok"] == true { Some("ok") } else { answer["code"].as_str() };
    assert_eq!(found, Some(row.cell("answer")), "{row:?}: {answer}");
    assert_eq!(found == Some("ok"), row.is_here() && row.cell("answer") == "ok", "{row:?}");
}

#[tokio::test]
async fn every_parameter_of_the_handshake_is_taken() {
    let server = TestServer::start().await;
    for row in rows("parameter") {
        let query = format!("{}&EIO=4&transport=websocket&conversation_id=known", row.name());
        let mut socket = Socket::open(server.port(), &query).await;
        assert!(socket.text().await.starts_with("0{"), "{row:?}");
        socket.send("40").await;
        assert!(socket.text().await.starts_with("40{"), "{row:?}");
        assert_ne!(row.state(), "no");
    }
}

#[tokio::test]
async fn every_message_has_its_name() {
    let server = TestServer::start().await;
    let text = sources();
    let hello = json!({"action": "message", "args": args("message")});
    for row in rows("message") {
        assert!(text.contains(&format!("\"{}\"", row.name())), "{row:?}");
        if row.cell("here").contains("to clients") || row.state() == "ours" {
            continue;
        }
        let mut socket = server.joined(&server.create().await, -1).await;
        let answer = ask(&mut socket, row.name(), &hello).await;
        assert_eq!(answer["ok"], true, "{row:?}: {answer}");
        assert!(answer["id"].is_u64(), "{row:?}: {answer}");
    }
}

#[tokio::test]
async fn every_client_action_is_answered_as_its_row_says() {
    let server = TestServer::start().await;
    for row in rows("client action") {
        let mut socket = server.joined(&server.create().await, -1).await;
        let action = json!({"action": row.name(), "args": args(row.name())});
        check(&row, &ask(&mut socket, "oh_user_action", &action).await);
    }
}

#[tokio::test]
async fn every_state_is_set_or_refused_as_its_row_says() {
    let server = TestServer::start().await;
    for row in rows("agent state") {
        let mut socket = server.joined(&server.create().await, -1).await;
        let change = json!({"action": "change_agent_state", "args": {"agent_state": row.name()}});
        check(&row, &ask(&mut socket, "oh_user_action", &change).await);
    }
}
