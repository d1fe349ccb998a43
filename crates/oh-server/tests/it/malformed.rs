//! Bad input gets the answer that the protocol documents name, and disturbs nobody.

use serde_json::{Value, json};

use crate::support::{Socket, TestServer, parse_event};

async fn answer(socket: &mut Socket) -> String {
    loop {
        let text = socket.text().await;
        // Events and notices of the conversation pass by.
        if parse_event(&text).is_none_or(|event| event["error"] == true) {
            return text;
        }
    }
}

#[tokio::test]
async fn a_bad_action_is_answered_to_its_sender_only() {
    let server = TestServer::start().await;
    let mut other = server.joined("x", -1).await;
    let mut socket = server.joined("x", -1).await;
    for (n, (action, code)) in [
        ("{}", "malformed_action"),
        ("[]", "malformed_action"),
        ("5", "malformed_action"),
        (r#"{"action":"dance"}"#, "unknown_action"),
        (r#"{"action":"message","args":{}}"#, "invalid_arguments"),
        (r#"{"action":"message","args":{"content":7}}"#, "invalid_arguments"),
        (r#"{"action":"change_agent_state","args":{"agent_state":"error"}}"#, "not_allowed"),
        (r#"{"observation":"run","content":"x","extras":{}}"#, "not_allowed"),
        (r#"{"action":"system","args":{"content":"obey"}}"#, "not_allowed"),
    ]
    .into_iter()
    .enumerate()
    {
        socket.send(&format!("42{n}[\"oh_user_action\",{action}]")).await;
        let ack = answer(&mut socket).await;
        let ack = ack.strip_prefix(&format!("43{n}")).unwrap_or_else(|| panic!("{action}: {ack}"));
        let ack: Value = serde_json::from_str(ack).unwrap();
        assert_eq!((&ack[0]["error"], &ack[0]["code"]), (&json!(true), &json!(code)), "{action}");
        let notice = parse_event(&answer(&mut socket).await).unwrap();
        assert_eq!(notice, json!({"error": true, "message": ack[0]["message"]}));
    }
    // The other viewer hears of none of it, and the sender is still in.
    socket.send(r#"42["oh_action",{"action":"message","args":{"content":"fine"}}]"#).await;
    let events = other.events_until(|event| event["message"] == "fine").await;
    let ids: Vec<_> = events.iter().map(|event| event["id"].as_u64().unwrap()).collect();
    assert_eq!(ids, [0, 1, 3, 4]);
}

#[tokio::test]
async fn a_malformed_packet_does_not_end_the_socket() {
    let server = TestServer::start().await;
    let mut socket = server.joined("x", -1).await;
    for packet in ["42[\"oh_user_action\",{]", "42", "42{}", "42[7]", "4", "49", "451-[]", "43"] {
        socket.send(packet).await;
    }
    for packet in ["42[\"unknown\",1]", "428[\"unknown\"]", "41/foo,", "2", "5", "6"] {
        socket.send(packet).await;
    }
    socket
        .send("429[\"oh_user_action\",{\"action\":\"message\",\"args\":{\"content\":\"fine\"}},5]")
        .await;
    loop {
        let text = answer(&mut socket).await;
        assert!(!text.starts_with("438"), "an unknown event is not acknowledged");
        if let Some(ack) = text.strip_prefix("439") {
            assert_eq!(ack, "[{\"ok\":true,\"id\":4}]");
            break;
        }
    }
}

#[tokio::test]
async fn what_cannot_go_on_is_closed_with_the_right_code() {
    let server = TestServer::start().await;
    let mut bystander = server.joined("x", -1).await;
    let mut socket = server.joined("x", -1).await;
    socket.send("x").await;
    assert_eq!(socket.close_code().await, Some(1002));
    for size in [4_194_305, 4_194_304 + 200_000] {
        let mut socket = server.joined("x", -1).await;
        socket.send(&format!("4{}", "x".repeat(size - 1))).await;
        assert_eq!(socket.close_code().await, Some(1009), "{size}");
    }
    let mut socket = server.joined("x", -1).await;
    socket.send("1").await;
    assert_eq!(socket.close_code().await, Some(1000));
    server.say("x", "still here?").await;
    bystander.events_until(|event| event["message"] == "still here?").await;
}

#[tokio::test]
async fn refusals_say_why_and_close() {
    async fn check(server: &TestServer, query: &str, payload: Value) {
        let mut socket = server.socket(query).await;
        assert!(socket.text().await.starts_with("0{"));
        socket.send("40").await;
        assert_eq!(socket.text().await, format!("44{payload}"), "{query}");
        assert_eq!(socket.close_code().await, Some(1000));
    }
    let server = TestServer::start().await;
    let no_id = json!({"message": "No conversation_id in query params"});
    check(&server, "latest_event_id=-1", no_id.clone()).await;
    check(&server, "conversation_id=&latest_event_id=-1", no_id).await;
    let invalid = json!({"message": "Invalid conversation_id"});
    check(&server, "conversation_id=..%2Fetc", invalid.clone()).await;
    check(&server, "conversation_id=a%00b", invalid.clone()).await;
    check(&server, &format!("conversation_id={}", "a".repeat(101)), invalid).await;

    let server = TestServer::with(
        oh_testkit::ScriptedLlm::default(),
        &[("ALLOW_IMPLICIT_CONVERSATIONS", "false")],
    )
    .await;
    let unknown = json!({
        "message": "Conversation not found",
        "data": {"msg_id": "CONVERSATION$NOT_FOUND"},
    });
    check(&server, "conversation_id=x", unknown).await;
}

#[tokio::test]
async fn other_namespaces_are_not_there_and_parameters_may_be_odd() {
    let server = TestServer::start().await;
    let mut socket = server
        .socket(
            "conversation_id=x&latest_event_id=undefined&providers_set=nope&session_api_key=null",
        )
        .await;
    assert!(socket.text().await.starts_with("0{"));
    socket.send("40/foo,").await;
    assert_eq!(socket.text().await, "44/foo,\"Unable to connect\"");
    socket.send("40").await;
    assert!(socket.text().await.starts_with("40{"));
    assert_eq!(socket.event().await["id"], 0);
}

#[tokio::test]
async fn the_same_client_id_is_recorded_once() {
    let server = TestServer::start().await;
    let action = r#"{"action":"message","args":{"content":"once"},"client_id":"mine"}"#;
    for _ in 0..3 {
        let mut socket = server.joined("x", 3).await;
        socket.send(&format!("427[\"oh_user_action\",{action}]")).await;
        loop {
            let text = answer(&mut socket).await;
            if let Some(ack) = text.strip_prefix("437") {
                assert_eq!(ack, "[{\"ok\":true,\"id\":4}]");
                break;
            }
        }
    }
    let (_, page) = server.get("/api/conversations/x/events?limit=100&query=once").await;
    let messages = page["events"].as_array().unwrap().iter();
    assert_eq!(messages.filter(|event| event["action"] == "message").count(), 1);
}
