//! What websocat, wscat and curl send, as the guides write it.

use futures_util::SinkExt;
use serde_json::json;
use tokio_tungstenite::tungstenite::Message;

use crate::support::{Socket, TestServer, parse_event};

#[tokio::test]
async fn wscat_without_quotes_sees_the_handshake() {
    let server = TestServer::start().await;
    for query in ["EIO=4", "EIO=4&transport=websocket"] {
        let mut socket = Socket::open(server.port(), query).await;
        let text = socket.text().await;
        let open: serde_json::Value = serde_json::from_str(&text[1..]).unwrap();
        assert_eq!(&text[..1], "0");
        assert_eq!(open["upgrades"], json!([]));
        assert_eq!((&open["pingTimeout"], &open["pingInterval"]), (&json!(20_000), &json!(25_000)));
        assert_eq!(open["maxPayload"], 4_194_304);
        // The keys stand in the documented order.
        let order = ["sid", "upgrades", "pingTimeout", "pingInterval", "maxPayload"];
        let places: Vec<_> = order.iter().map(|key| text.find(key).unwrap()).collect();
        assert!(places.is_sorted(), "{text}");
    }
}

#[tokio::test]
async fn the_path_may_end_without_a_slash() {
    let server = TestServer::start().await;
    let url = format!("ws://127.0.0.1:{}/socket.io?EIO=4&transport=websocket", server.port());
    let mut socket = Socket(tokio_tungstenite::connect_async(url).await.unwrap().0);
    assert!(socket.text().await.starts_with("0{"));
}

#[tokio::test]
async fn echo_40_prints_the_history_and_ends() {
    let server = TestServer::start().await;
    let mut socket = server.socket("conversation_id=your-conversation-id&latest_event_id=-1").await;
    socket.send("40{}\n").await;
    socket.0.send(Message::Close(None)).await.unwrap();
    assert!(socket.text().await.starts_with("0{"));
    assert!(socket.text().await.starts_with("40{\"sid\":\""));
    let ids: Vec<_> = [socket.event().await, socket.event().await, socket.event().await]
        .iter()
        .map(|event| event["id"].as_u64().unwrap())
        .collect();
    assert_eq!(ids, [0, 1, 3], "the request for a state is not delivered");
    // Only that the runtime is ready may still be said.
    while let Some(Message::Text(text)) = socket.frame().await {
        assert!(text.contains("STATUS$"), "{text}");
    }
}

#[tokio::test]
async fn echo_42_reaches_the_conversation_without_a_join() {
    let server = TestServer::start().await;
    for ending in ["", "\n", "\r\n"] {
        let mut socket = server.socket("conversation_id=x&latest_event_id=-1").await;
        let action = r#"{"type":"message","source":"user","message":"Hello, agent!"}"#;
        socket.send(&format!("42[\"oh_user_action\",{action}]{ending}")).await;
        socket.0.close(None).await.unwrap();
        // The tool is gone at once; what it sent stays.
        while socket.frame().await.is_some() {}
    }
    let (status, page) = server.get("/api/conversations/x/events?limit=100&source=user").await;
    assert_eq!(status, 200);
    let messages: Vec<_> = page["events"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|event| event["action"] == "message")
        .map(|event| event["args"]["content"].clone())
        .collect();
    assert_eq!(messages, vec![json!("Hello, agent!"); 3]);
}

#[tokio::test]
async fn a_silent_socket_joins_by_itself() {
    let server = TestServer::start().await;
    let mut silent = server.socket("conversation_id=x&latest_event_id=-1").await;
    assert!(silent.text().await.starts_with("0{"));
    assert!(silent.text().await.starts_with("40{\"sid\":"));
    server.say("x", "from a second terminal").await;
    let events = silent.events_until(|event| event["source"] == "user").await;
    assert_eq!(events.last().unwrap()["message"], "from a second terminal");
    assert_eq!(events.last().unwrap()["type"], "message");
    // A late CONNECT gets the same sid and no second replay.
    silent.send("40").await;
    loop {
        let text = silent.text().await;
        if text.starts_with("40{\"sid\":") {
            break;
        }
        // Notices, such as the title, have no id.
        let id = parse_event(&text).and_then(|event| event["id"].as_u64());
        assert!(id.is_none_or(|id| id > 4), "{text}");
    }
}

#[tokio::test]
async fn curl_finds_the_server_healthy() {
    let server = TestServer::start().await;
    assert_eq!(server.get("/api/health").await, (200, json!({"status": "ok"})));
    assert_eq!(server.get("/health").await, (200, json!("OK")));
    assert_eq!(server.get("/alive").await, (200, json!({"status": "ok"})));
    assert_eq!(server.get("/ready").await, (200, json!({"status": "ready"})));
}

#[tokio::test]
async fn requests_that_are_no_sockets_are_told_why() {
    let server = TestServer::start().await;
    let unsupported =
        "The client is using an unsupported version of the Socket.IO or Engine.IO protocols";
    for (query, message) in [
        ("", unsupported),
        ("EIO=3&transport=websocket", unsupported),
        ("EIO=4&transport=polling", "Invalid transport"),
        ("EIO=4&transport=carrier-pigeon", "Invalid transport"),
        ("EIO=4&transport=websocket", "Invalid websocket upgrade"),
    ] {
        let response =
            server.http.get(server.url(&format!("/socket.io/?{query}"))).send().await.unwrap();
        assert_eq!(response.status(), 400, "{query}");
        assert_eq!(response.headers()["content-type"], "text/plain");
        assert_eq!(response.text().await.unwrap(), json!(message).to_string());
        if query != "EIO=4&transport=websocket" {
            let url = format!("ws://127.0.0.1:{}/socket.io/?{query}", server.port());
            let error = tokio_tungstenite::connect_async(url).await.unwrap_err();
            assert!(error.to_string().contains("403"), "{query}: {error}");
        }
    }
}
