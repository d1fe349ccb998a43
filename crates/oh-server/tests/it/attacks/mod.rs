//! What a stranger may try: everybody else is served meanwhile, and nothing grows without bound.

mod canary;
mod flood;
mod keys;
mod preview;
mod race;
mod trust;

use std::time::{Duration, Instant};

use futures_util::SinkExt;
use oh_testkit::ScriptedLlm;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};

use crate::support::{PATIENCE, Socket, TestServer};

const CANARY: &str = "canary-d41d8cd98f00";

/// Sends bytes and returns the whole answer.
async fn raw(port: u16, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    // A server that has heard enough may hang up while we are still talking.
    let _ = stream.write_all(request).await;
    read(stream).await
}

async fn read(mut stream: TcpStream) -> String {
    let mut answer = Vec::new();
    let read = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await;
    drop(read.expect("the server answers or hangs up"));
    String::from_utf8_lossy(&answer).into_owned()
}

fn head(port: u16, more: &str) -> Vec<u8> {
    format!("GET /api/conversations HTTP/1.1\r\nHost: localhost:{port}\r\n{more}").into_bytes()
}

async fn is_served(server: &TestServer) {
    assert_eq!(server.get("/api/health").await.0, 200);
    let mut socket = server.joined("bystander", -1).await;
    server.say("bystander", "hello").await;
    socket.events_until(|event| event["args"]["content"] == "hello").await;
}

#[tokio::test]
async fn heads_that_are_too_large_are_refused() {
    let server = TestServer::start().await;
    let port = server.port();
    let many: String = (0..5_000).map(|n| format!("x-{n}: y\r\n")).collect();
    let long = format!("x: {}\r\n", "y".repeat(200_000));
    let folded = format!("cookie: {}\r\n", "a=b; ".repeat(30_000));
    for flood in [many, long, folded] {
        let answer = raw(port, &head(port, &format!("{flood}\r\n"))).await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 431 "), "{answer}");
    }
    let path = "a".repeat(200_000);
    let answer = raw(port, format!("GET /{path} HTTP/1.1\r\nHost: x\r\n\r\n").as_bytes()).await;
    let is_refused = ["HTTP/1.1 414 ", "HTTP/1.1 431 "].iter().any(|s| answer.starts_with(s));
    assert!(answer.is_empty() || is_refused, "{answer}");
    for nonsense in [
        &b"\x16\x03\x01\x02\x00\x01"[..],
        b"GET\r\n\r\n",
        b"\0\0\0\0\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\n",
    ] {
        let answer = raw(port, nonsense).await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 400 "), "{answer}");
    }
    // Two lengths, or a length and chunks, are how requests are smuggled past a proxy.
    for smuggled in [
        "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
        "Content-Length: -1\r\n\r\n",
        "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    ] {
        let answer = raw(port, &head(port, smuggled)).await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 400 "), "{answer}");
    }
    is_served(&server).await;
}

#[tokio::test]
async fn who_never_finishes_a_request_is_sent_away() {
    let server = TestServer::start().await;
    let port = server.port();
    let mut slow = Vec::new();
    for _ in 0..200 {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        stream.write_all(&head(port, "x: ")).await.unwrap();
        slow.push(stream);
    }
    slow.push(TcpStream::connect(("127.0.0.1", port)).await.unwrap());
    is_served(&server).await;
    let begin = Instant::now();
    for stream in slow {
        assert!(!read(stream).await.contains("200 OK"));
    }
    assert!(begin.elapsed() < Duration::from_secs(30), "{:?}", begin.elapsed());
}

#[tokio::test]
async fn no_path_leads_out_of_the_workspace_or_the_interface() {
    let folder = tempfile::TempDir::new().unwrap();
    let site = folder.path().join("site");
    std::fs::create_dir(&site).unwrap();
    std::fs::write(site.join("index.html"), "<p>page</p>").unwrap();
    std::fs::write(folder.path().join("canary.txt"), CANARY).unwrap();
    let server = TestServer::with_frontend(site).await;
    let conversation = server.create().await;
    let outside = folder.path().join("canary.txt");
    let outside = outside.to_str().unwrap();
    let doubled = "..%252f".repeat(9);
    let names = [
        format!("{}canary.txt", "../".repeat(12)),
        format!("{}canary.txt", "..%2f".repeat(12)),
        format!("{}canary.txt", "%2e%2e/".repeat(12)),
        format!("{}canary.txt", "..%5c".repeat(12)),
        format!("{doubled}canary.txt"),
        format!("{}{outside}", "../".repeat(12)),
        format!("{}{}", "..%2f".repeat(12), &outside[1..]),
        outside.to_owned(),
        outside.replace('/', "%2f"),
        format!("file:{outside}"),
        format!("./../..{outside}"),
        format!("a/../../..{outside}"),
        "/proc/self/environ".to_owned(),
        "%00".to_owned(),
        "..".to_owned(),
        "..%00/..".to_owned(),
        "%c0%ae%c0%ae/canary.txt".to_owned(),
        "\u{ff0e}\u{ff0e}/canary.txt".to_owned(),
    ];
    let mut targets = Vec::new();
    for name in &names {
        targets.push(format!("/{name}"));
        targets.push(format!("/assets/{name}"));
        for route in ["list-files?path=", "select-file?file=", "raw-file?file=", "git/diff?path="] {
            targets.push(format!("/api/conversations/{conversation}/{route}{name}"));
        }
        for route in ["", "/events", "/list-files", "/trajectory", "/config"] {
            targets.push(format!("/api/conversations/{name}{route}"));
        }
    }
    let port = server.port();
    for target in targets {
        // By hand: clients tidy such paths up.
        let target: String = target.chars().map(|c| if c.is_ascii() { c } else { '?' }).collect();
        let request =
            format!("GET {target} HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: close\r\n\r\n");
        let answer = raw(port, request.as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 "), "{target}: {answer}");
        assert!(!answer.contains(CANARY) && !answer.contains("PATH="), "{target}: {answer}");
        assert!(
            !answer.starts_with("HTTP/1.1 5") || target.contains("git/diff"),
            "{target}: {answer}"
        );
    }
    is_served(&server).await;
}

#[tokio::test]
async fn deep_json_is_refused_and_not_climbed() {
    let server = TestServer::start().await;
    let conversation = server.create().await;
    let events = format!("/api/conversations/{conversation}/events");
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let deep = format!("{}1{}", open.repeat(300_000), close.repeat(300_000));
        for path in ["/api/settings", "/api/conversations", "/api/login", &events] {
            let request = server.http.post(server.url(path)).body(deep.clone());
            let status = request.send().await.unwrap().status().as_u16();
            assert!(matches!(status, 400 | 413 | 422), "{path}: {status}");
        }
        let mut socket = server.joined(&conversation, 1_000).await;
        socket.send(&format!("421[\"oh_user_action\",{deep}]")).await;
        let answer = socket.text().await;
        assert!(answer.contains("\"error\":true"), "{answer}");
    }
    let args = json!({"action": "message", "args": {"content": "x", "extra": [[[[[]]]]]}});
    assert_eq!(server.post(&events, args).await.0, 200);
    is_served(&server).await;
}

#[tokio::test]
async fn frames_in_pieces_of_a_byte_are_put_together() {
    let server = TestServer::start().await;
    let mut socket = server.joined("x", -1).await;
    let text = r#"427["oh_user_action",{"action":"message","args":{"content":"piece by piece"}}]"#;
    let bytes = text.as_bytes();
    for (at, byte) in bytes.iter().enumerate() {
        let kind = if at == 0 { Data::Text } else { Data::Continue };
        let frame = Frame::message(vec![*byte], OpCode::Data(kind), at + 1 == bytes.len());
        socket.0.send(Message::Frame(frame)).await.unwrap();
    }
    socket.events_until(|event| event["args"]["content"] == "piece by piece").await;
    is_served(&server).await;
}

#[tokio::test]
async fn pongs_and_pings_that_nobody_asked_for_change_nothing() {
    let server = TestServer::start().await;
    let mut socket = server.joined("x", -1).await;
    for n in 0..5_000_u32 {
        let noise = n.to_le_bytes().to_vec();
        let frame = if n % 2 == 0 { Message::Pong(noise.into()) } else { Message::text("3") };
        socket.0.feed(frame).await.unwrap();
    }
    socket.0.flush().await.unwrap();
    server.say("x", "after the noise").await;
    socket.events_until(|event| event["args"]["content"] == "after the noise").await;
    is_served(&server).await;
}

#[tokio::test]
async fn packets_that_promise_attachments_end_the_socket_or_are_refused() {
    let server = TestServer::start().await;
    for packet in [
        r#"45100000-["oh_user_action",{"_placeholder":true,"num":0}]"#,
        r#"4599999999999999999999-["oh_user_action"]"#,
        r#"45-["oh_user_action"]"#,
        r#"461-1[{"_placeholder":true,"num":99}]"#,
    ] {
        let mut socket = server.joined("x", 1_000).await;
        socket.send(packet).await;
        // Whatever becomes of the packet, nobody waits for its attachments for ever.
        socket.send(r#"429["oh_user_action",{"action":"nothing"}]"#).await;
        while let Some(Message::Text(text)) = socket.frame().await {
            if text.contains("\"error\":true") {
                break;
            }
        }
    }
    is_served(&server).await;
}

#[tokio::test]
async fn requests_beyond_the_limit_are_told_to_wait() {
    let variables = [("SERVER_RATE_LIMIT", "2"), ("SERVER_RATE_BURST", "5")];
    let server = TestServer::with(ScriptedLlm::default(), &variables).await;
    let mut statuses = Vec::new();
    for _ in 0..12 {
        statuses.push(server.get("/api/conversations").await.0);
    }
    assert!(statuses[..5].iter().all(|status| *status == 200), "{statuses:?}");
    assert!(statuses[5..].contains(&429), "{statuses:?}");
    let answer = loop {
        let answer = server.http.get(server.url("/api/conversations")).send().await.unwrap();
        if answer.status() == 429 {
            break answer;
        }
    };
    assert_eq!(answer.headers()["retry-after"], "1");
    assert_eq!(answer.text().await.unwrap(), r#"{"message":"Too many requests"}"#);
    // Who watches over the server is always answered, and sockets have limits of their own.
    for _ in 0..50 {
        assert_eq!(server.get("/api/health").await.0, 200);
    }
    let mut socket = Socket::open(server.port(), "EIO=4&transport=websocket").await;
    assert!(socket.text().await.starts_with("0{"));
}

#[tokio::test]
async fn pages_of_this_machine_may_read_answers_but_need_the_key() {
    let variables = [("CORS_ALLOWED_ORIGINS", "*")];
    let server = TestServer::with(ScriptedLlm::default(), &variables).await;
    let url = server.url("/api/conversations");
    let preflight = |origin: &'static str| {
        server
            .http
            .request(reqwest::Method::OPTIONS, &url)
            .header("origin", origin)
            .header("access-control-request-method", "DELETE")
            .header("access-control-request-headers", "x-session-api-key")
            .send()
    };
    let answer = preflight("http://localhost:3001").await.unwrap();
    assert_eq!(answer.status(), 200);
    let headers = answer.headers();
    assert_eq!(headers["access-control-allow-origin"], "http://localhost:3001");
    assert_eq!(headers["access-control-allow-credentials"], "true");
    assert_eq!(headers["access-control-allow-headers"], "x-session-api-key");
    assert_eq!(headers["access-control-max-age"], "600");
    let answer = preflight("https://evil.com").await.unwrap();
    assert!(!answer.headers().contains_key("access-control-allow-origin"));

    let get = server.http.get(&url).header("origin", "http://localhost:3001");
    let refused = get.try_clone().unwrap().send().await.unwrap();
    assert_eq!(refused.status(), 401);
    let key = server.server.session_key();
    let answer = get.header("x-session-api-key", key).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["access-control-allow-origin"], "http://localhost:3001");
}
