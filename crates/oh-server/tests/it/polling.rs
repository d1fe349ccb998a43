//! HTTP long-polling, where it is switched on.

use axum::http::header;
use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};

use crate::support::{PATIENCE, Socket, TestServer, parse_event};

const POLLING: (&str, &str) = ("SOCKETIO_TRANSPORTS", "websocket,polling");
const KEY: (&str, &str) = ("SESSION_API_KEY", "right");

/// One session, with the frames it got and were not looked at yet.
struct Session<'a> {
    server: &'a TestServer,
    query: String,
    frames: Vec<String>,
}

fn llm() -> oh_testkit::ScriptedLlm {
    oh_testkit::ScriptedLlm::default()
}

fn request(server: &TestServer, method: Method, query: &str) -> RequestBuilder {
    let url = server.url(&format!("/socket.io/?EIO=4&transport=polling&{query}"));
    server.http.request(method, url).timeout(PATIENCE)
}

async fn status_and_text(response: Response) -> (u16, String) {
    (response.status().as_u16(), response.text().await.unwrap())
}

async fn get(server: &TestServer, query: &str) -> (u16, String) {
    status_and_text(request(server, Method::GET, query).send().await.unwrap()).await
}

async fn post(server: &TestServer, query: &str, body: impl Into<reqwest::Body>) -> (u16, String) {
    status_and_text(request(server, Method::POST, query).body(body).send().await.unwrap()).await
}

fn sid_of(open: &str) -> String {
    let open: Value = serde_json::from_str(open.strip_prefix('0').unwrap()).unwrap();
    open["sid"].as_str().unwrap().to_owned()
}

impl<'a> Session<'a> {
    async fn open(server: &'a TestServer, query: &str) -> Self {
        let (status, body) = get(server, query).await;
        assert_eq!(status, 200, "{body}");
        let mut frames: Vec<_> = body.split('\u{1e}').map(str::to_owned).collect();
        let open = frames.remove(0);
        assert!(open.contains(r#""upgrades":["websocket"],"#), "{open}");
        Self { server, query: format!("sid={}&{query}", sid_of(&open)), frames }
    }

    /// Opens a session and joins, with a message in the same body.
    async fn joined(server: &'a TestServer, conversation: &str, latest: i64) -> Self {
        let query = format!("conversation_id={conversation}&latest_event_id={latest}");
        let mut session = Self::open(server, &query).await;
        session.post("40").await;
        assert!(session.frame().await.starts_with("40{\"sid\":"));
        session
    }

    async fn get(&self) -> (u16, String) {
        get(self.server, &self.query).await
    }

    async fn post(&self, body: &str) {
        assert_eq!(post(self.server, &self.query, body.to_owned()).await, (200, "ok".to_owned()));
    }

    async fn frame(&mut self) -> String {
        while self.frames.is_empty() {
            let (status, body) = self.get().await;
            assert_eq!(status, 200, "{body}");
            self.frames.extend(body.split('\u{1e}').map(str::to_owned));
        }
        self.frames.remove(0)
    }

    async fn event(&mut self) -> Value {
        loop {
            if let Some(event) = parse_event(&self.frame().await)
                && event["id"].is_u64()
            {
                return event;
            }
        }
    }

    async fn ids(&mut self, count: usize) -> Vec<u64> {
        let mut ids = Vec::new();
        for _ in 0..count {
            ids.push(self.event().await["id"].as_u64().unwrap());
        }
        ids
    }
}

#[tokio::test]
async fn polling_is_refused_unless_it_is_switched_on() {
    let server = TestServer::start().await;
    assert_eq!(get(&server, "").await, (400, "\"Invalid transport\"".to_owned()));
    let request = request(&server, Method::OPTIONS, "").header("origin", "https://a.example");
    let response = request.send().await.unwrap();
    assert_eq!(response.headers().get(header::ACCESS_CONTROL_ALLOW_ORIGIN), None);
    let server = TestServer::with(llm(), &[("SOCKETIO_TRANSPORTS", "polling")]).await;
    let (_, open) = get(&server, "").await;
    assert!(open.contains(r#""upgrades":[],"#), "{open}");
    let query = "EIO=4&transport=websocket";
    assert!(Socket::try_open(server.port(), query).await.is_none());
}

#[tokio::test]
async fn a_conversation_goes_over_http() {
    let server = TestServer::with(llm(), &[POLLING]).await;
    let mut session = Session::joined(&server, "x", -1).await;
    assert_eq!(session.ids(3).await, [0, 1, 3]);
    let action = r#"{"action":"message","args":{"content":"over HTTP"}}"#;
    session.post(&format!("421[\"oh_user_action\",{action}]\u{1e}42[\"unknown\"]")).await;
    let mut seen = Vec::new();
    while seen.len() < 2 {
        let frame = session.frame().await;
        if frame == "431[{\"ok\":true,\"id\":4}]" || frame.contains("\"message\":\"over HTTP\"") {
            seen.push(frame);
        }
    }
    // Who comes back goes on where it was.
    session.post("1").await;
    let mut again = Session::joined(&server, "x", 1).await;
    assert_eq!(again.ids(2).await, [3, 4]);
    assert_eq!(session.get().await.0, 400);
}

#[tokio::test]
async fn a_long_history_comes_in_order_and_in_pieces() {
    let server = TestServer::with(llm(), &[POLLING]).await;
    drop(server.joined("x", -1).await);
    server.say("x", "first").await;
    for _ in 0..60 {
        server.say("x", &"x".repeat(10_000)).await;
    }
    let mut session = Session::joined(&server, "x", 7).await;
    assert_eq!(session.ids(60).await, (8..68).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_session_moves_to_a_websocket_without_a_gap() {
    let server = TestServer::with(llm(), &[POLLING]).await;
    let mut session = Session::joined(&server, "x", -1).await;
    assert_eq!(session.ids(3).await, [0, 1, 3]);
    let (sid, query) = session.query.split_once('&').unwrap();
    let socket_query = format!("EIO=4&transport=websocket&{sid}&{query}");
    let mut socket = Socket::open(server.port(), &socket_query).await;
    socket.send("2probe").await;
    assert_eq!(socket.text().await, "3probe");
    // No GET hangs now: what happens meanwhile waits, or goes to one.
    server.say("x", "meanwhile").await;
    socket.send("5").await;
    let mut ids = Vec::new();
    for frame in &session.frames {
        ids.extend(parse_event(frame).and_then(|event| event["id"].as_u64()));
    }
    while ids.last() < Some(&7) {
        ids.push(socket.event().await["id"].as_u64().unwrap());
    }
    assert_eq!(ids, [4, 6, 7]);
    let (status, answer) = session.get().await;
    assert_eq!((status, answer.starts_with("\"Invalid session ")), (400, true), "{answer}");
    assert_eq!(post(&server, &session.query, "3").await.0, 400);
    assert!(Socket::try_open(server.port(), &socket_query).await.is_none());
    server.say("x", "still here?").await;
    assert_eq!(socket.event().await["message"], "still here?");
}

#[tokio::test]
async fn a_websocket_that_only_probes_leaves_the_session_as_it_was() {
    let server = TestServer::with(llm(), &[POLLING]).await;
    let mut session = Session::joined(&server, "x", -1).await;
    assert_eq!(session.ids(3).await, [0, 1, 3]);
    let query = format!("EIO=4&transport=websocket&{}", session.query);
    for frames in [&["2probe", "4x"][..], &["5"], &["42[\"x\"]"], &["2probe", "1"]] {
        let mut socket = Socket::open(server.port(), &query).await;
        for frame in frames {
            socket.send(frame).await;
        }
        while socket.frame().await.is_some() {}
    }
    server.say("x", "still here?").await;
    assert_eq!(session.event().await["message"], "still here?");
}

#[tokio::test]
async fn every_request_of_a_session_needs_the_key_again() {
    let server = TestServer::with(llm(), &[POLLING, KEY]).await;
    let query = "conversation_id=x&latest_event_id=-1";
    let session = Session::open(&server, &format!("{query}&session_api_key=right")).await;
    let sid = session.query.split('&').next().unwrap().to_owned();
    for wrong in ["", "&session_api_key=wrong", "&session_api_key=null"] {
        let query = format!("{sid}&{query}{wrong}");
        assert_eq!(get(&server, &query).await.0, 400, "{wrong}");
        assert_eq!(post(&server, &query, "40").await.0, 400, "{wrong}");
        let query = format!("EIO=4&transport=websocket&{query}");
        assert!(Socket::try_open(server.port(), &query).await.is_none(), "{wrong}");
    }
    session.post("40").await;
    let header = |name, value| request(&server, Method::POST, &sid).header(name, value).body("3");
    for (name, value) in [("x-session-api-key", "right"), ("authorization", "Bearer right")] {
        assert_eq!(header(name, value).send().await.unwrap().status(), 200, "{name}");
    }
}

#[tokio::test]
async fn who_has_no_key_learns_it_and_holds_little() {
    let server = TestServer::with(llm(), &[POLLING, KEY]).await;
    let query = "conversation_id=x&latest_event_id=-1";
    let mut session = Session::open(&server, query).await;
    // The key in the payload opens one socket, and later requests do not carry it.
    session.post("40{\"session_api_key\":\"right\"}").await;
    assert_eq!(session.frame().await, "44{\"message\":\"invalid_session_api_key\"}");
    assert_eq!(session.frame().await, "1");
    let session = Session::open(&server, query).await;
    let large = "4".repeat(17 * 1024);
    assert_eq!(post(&server, &session.query, large).await.0, 413);
    assert_eq!(session.get().await.0, 400);
    // Nobody takes it over who has the key, either.
    let session = Session::open(&server, query).await;
    assert_eq!(get(&server, &format!("{}&session_api_key=right", session.query)).await.0, 400);
}

#[tokio::test]
async fn pages_of_other_origins_are_let_in_as_the_list_says() {
    async fn check(server: &TestServer, origin: &str, expected: Option<u16>) {
        let query = "conversation_id=x&session_api_key=right";
        for method in [Method::GET, Method::OPTIONS] {
            let request = request(server, method.clone(), query).header("origin", origin);
            let response = request.send().await.unwrap();
            let allowed = response.headers().get(header::ACCESS_CONTROL_ALLOW_ORIGIN);
            let allowed = allowed.map(|value| value.to_str().unwrap().to_owned());
            let vary = response.headers()[header::VARY].to_str().unwrap();
            assert!(vary.starts_with("origin"), "{vary}");
            match expected {
                Some(_) => assert_eq!(allowed.as_deref(), Some(origin), "{method}"),
                None => assert_eq!(allowed, None, "{origin} {method}"),
            }
            if method == Method::GET {
                let (status, text) = status_and_text(response).await;
                assert_eq!(status, expected.unwrap_or(400), "{text}");
                let refusal = format!("\"{origin} is not an accepted origin.\"");
                assert!(expected.is_some() || text == refusal, "{text}");
            } else {
                assert_eq!(response.status(), 200);
            }
        }
    }
    let server = TestServer::with(llm(), &[POLLING, KEY]).await;
    check(&server, "https://a.example", Some(200)).await;
    let list = ("CORS_ALLOWED_ORIGINS", "https://a.example");
    let server = TestServer::with(llm(), &[POLLING, KEY, list]).await;
    check(&server, "https://a.example", Some(200)).await;
    check(&server, "https://b.example", None).await;
}

#[tokio::test]
async fn a_page_from_elsewhere_has_no_part_in_local_trust() {
    let server = TestServer::with(llm(), &[POLLING]).await;
    let session = Session::open(&server, "conversation_id=x&latest_event_id=-1").await;
    for (name, value) in [("origin", "http://evil.example"), ("host", "evil.example:80")] {
        let request = request(&server, Method::GET, &session.query).header(name, value);
        assert!(matches!(request.send().await.unwrap().status().as_u16(), 400 | 403), "{name}");
    }
    session.post("40").await;
}

#[tokio::test]
async fn bodies_that_make_no_sense_end_their_session() {
    let server = TestServer::with(llm(), &[POLLING]).await;
    let packets = vec!["4"; 1001].join("\u{1e}");
    for (body, status) in [
        (b"abc".to_vec(), 400),
        (Vec::new(), 400),
        (vec![b'4', 0xff], 400),
        (b"b?".to_vec(), 400),
        (packets.into_bytes(), 400),
        (vec![b'4'; 4 * 1024 * 1024 + 1], 413),
    ] {
        let session = Session::open(&server, "conversation_id=x&latest_event_id=-1").await;
        assert_eq!(post(&server, &session.query, body.clone()).await.0, status);
        assert_eq!(session.get().await.0, 400);
    }
    assert_eq!(get(&server, "sid=unknown").await, (400, "\"Invalid session unknown\"".to_owned()));
    for method in [Method::POST, Method::PUT, Method::DELETE] {
        assert_eq!(request(&server, method, "").body("4").send().await.unwrap().status(), 400);
    }
}

#[tokio::test]
async fn a_client_that_goes_away_ends_its_session() {
    let server = TestServer::with(llm(), &[POLLING]).await;
    let mut session = Session::joined(&server, "x", -1).await;
    assert_eq!(session.ids(3).await, [0, 1, 3]);
    // When everything was taken, a GET hangs until it is given up.
    let short = std::time::Duration::from_millis(300);
    while request(&server, Method::GET, &session.query).timeout(short).send().await.is_ok() {}
    let gone = async {
        while server.get("/api/conversations/x").await.1["num_connections"] != 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, gone).await.expect("the session ends");
    assert_eq!(session.get().await.0, 400);
}

#[tokio::test]
async fn the_end_of_a_session_reaches_the_get_that_hangs() {
    let server = TestServer::with(llm(), &[POLLING]).await;
    let mut session = Session::joined(&server, "x", -1).await;
    assert_eq!(session.ids(3).await, [0, 1, 3]);
    let (_, answer) = server.post("/api/conversations/x/stop", json!(null)).await;
    assert_eq!(answer["message"], "Conversation stopped successfully");
    assert_eq!(session.event().await["extras"]["agent_state"], "stopped");
    while session.frame().await != "41" {}
    assert!(session.frames.is_empty());
    // Who does not leave by itself is sent away.
    assert_eq!(session.frame().await, "1");
    assert_eq!(session.get().await.0, 400);
}
