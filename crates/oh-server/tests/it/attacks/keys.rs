//! The session key: shown once by a browser, changed while the server runs.

use std::time::{Duration, Instant};

use oh_testkit::ScriptedLlm;
use serde_json::json;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use crate::support::{Socket, TestServer, WHOLE_MACHINE};

const STRICT: &[(&str, &str)] = &[("SECURITY_LOCAL_TRUST", "false")];

async fn strict() -> (TestServer, String) {
    let server = TestServer::with(ScriptedLlm::default(), STRICT).await;
    let key = server.server.session_key();
    (server, key)
}

/// Returns the status and the cookie of an attempt to log in.
async fn log_in(server: &TestServer, key: &str) -> (u16, Option<String>) {
    let request = server.http.post(server.url("/api/login"));
    let response = request.body(json!({"key": key}).to_string()).send().await.unwrap();
    let cookie =
        response.headers().get("set-cookie").map(|value| value.to_str().unwrap().to_owned());
    (response.status().as_u16(), cookie)
}

async fn status(server: &TestServer, headers: &[(&str, &str)]) -> u16 {
    let mut request = server.http.get(server.url("/api/conversations"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.send().await.unwrap().status().as_u16()
}

/// Opens a socket with headers and returns it with the answer to its CONNECT.
async fn join(server: &TestServer, headers: &[(&'static str, &str)]) -> (Socket, String) {
    let url = format!(
        "ws://127.0.0.1:{}/socket.io/?EIO=4&transport=websocket&conversation_id=x",
        server.port()
    );
    let mut request = url.into_client_request().unwrap();
    for (name, value) in headers {
        request.headers_mut().insert(*name, value.parse().unwrap());
    }
    let mut socket = Socket(tokio_tungstenite::connect_async(request).await.unwrap().0);
    assert!(socket.text().await.starts_with("0{"));
    socket.send("40").await;
    let answer = socket.text().await;
    (socket, answer)
}

#[tokio::test]
async fn a_browser_that_showed_the_key_is_let_in_by_its_cookie() {
    let (server, key) = strict().await;
    for wrong in ["", "wrong", &key[1..], &format!("{key}0")] {
        let (status, cookie) = log_in(&server, wrong).await;
        assert_eq!((status, cookie), (401, None), "{wrong}");
    }
    let (code, cookie) = log_in(&server, &key).await;
    assert_eq!(code, 200);
    let cookie = cookie.unwrap();
    assert!(cookie.ends_with("; HttpOnly; SameSite=Strict"), "{cookie}");
    assert!(!cookie.contains(&key), "{cookie}");
    let pair = cookie.split(';').next().unwrap();

    assert_eq!(status(&server, &[]).await, 401);
    assert_eq!(status(&server, &[("cookie", pair)]).await, 200);
    let own = format!("http://localhost:{}", server.port());
    let from = |origin: &str| vec![("cookie", pair.to_owned()), ("origin", origin.to_owned())];
    for (origin, expected) in [(own.as_str(), 200), ("http://localhost:1", 401), ("null", 401)] {
        let headers = from(origin);
        let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        assert_eq!(status(&server, &headers).await, expected, "{origin}");
        let (_, answer) = join(&server, &headers).await;
        assert_eq!(answer.starts_with("40{"), expected == 200, "{origin}: {answer}");
    }
    assert_eq!(status(&server, &[("cookie", pair), ("sec-fetch-site", "same-site")]).await, 401);

    let logout = server.http.post(server.url("/api/logout")).send().await.unwrap();
    let gone = logout.headers().get("set-cookie").unwrap().to_str().unwrap();
    assert!(gone.contains("=; Path=/; Max-Age=0;"), "{gone}");
}

#[tokio::test]
async fn keys_cannot_be_tried_in_great_numbers() {
    let (server, key) = strict().await;
    let mut answers = Vec::new();
    for _ in 0..20 {
        answers.push(log_in(&server, "wrong").await.0);
    }
    assert!(answers[..10].iter().all(|status| *status == 401), "{answers:?}");
    assert!(answers[10..].contains(&429), "{answers:?}");
    // Who has the key needs no login.
    assert_eq!(status(&server, &[("x-session-api-key", &key)]).await, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_key_ends_what_the_old_one_opened_within_a_second() {
    let _quiet = WHOLE_MACHINE.lock().await;
    let (server, old) = strict().await;
    let (_, cookie) = log_in(&server, &old).await;
    let cookie = cookie.unwrap().split(';').next().unwrap().to_owned();
    let (mut by_key, answer) = join(&server, &[("x-session-api-key", &old)]).await;
    assert!(answer.starts_with("40{"), "{answer}");
    let (mut by_cookie, answer) = join(&server, &[("cookie", &cookie)]).await;
    assert!(answer.starts_with("40{"), "{answer}");

    let new = oh_server::rotate_session_key(server.folder.path()).unwrap();
    let changed = Instant::now();
    assert_eq!(by_key.close_code().await, Some(1008));
    assert_eq!(by_cookie.close_code().await, Some(1008));
    assert!(changed.elapsed() <= Duration::from_secs(1), "{:?}", changed.elapsed());
    assert_eq!(status(&server, &[("x-session-api-key", &old)]).await, 401);
    assert_eq!(status(&server, &[("cookie", &cookie)]).await, 401);
    assert_eq!(status(&server, &[("x-session-api-key", &new)]).await, 200);
    let (_, answer) = join(&server, &[("x-session-api-key", &old)]).await;
    assert_eq!(answer, r#"44{"message":"invalid_session_api_key"}"#);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_needs_no_key_does_not_notice_a_new_one() {
    let server = TestServer::start().await;
    let (mut socket, answer) = join(&server, &[]).await;
    assert!(answer.starts_with("40{"), "{answer}");
    let new = oh_server::rotate_session_key(server.folder.path()).unwrap();
    while status(&server, &[("x-session-api-key", &new)]).await != 200 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    server.say("x", "still here").await;
    let events = socket.events_until(|event| event["args"]["content"] == "still here").await;
    assert!(!events.is_empty());
}

#[tokio::test]
async fn figures_are_shown_to_those_who_may_see_them() {
    let (server, key) = strict().await;
    assert_eq!(server.http.get(server.url("/metrics")).send().await.unwrap().status(), 401);
    let (mut socket, _) = join(&server, &[("x-session-api-key", &key)]).await;
    socket.event().await;
    let scrape = server.http.get(server.url("/metrics")).header("x-session-api-key", &key);
    let answer = scrape.send().await.unwrap();
    assert_eq!(answer.headers()["content-type"], "text/plain; version=0.0.4; charset=utf-8");
    let text = answer.text().await.unwrap();
    for name in [
        "openhands_events_appended_total ",
        "openhands_events_delivered_total ",
        "openhands_commit_seconds_bucket{le=\"0.001\"}",
        "openhands_delivery_lag_seconds_count ",
        "openhands_sockets 1",
        "openhands_conversations_live 1",
        "process_resident_memory_bytes ",
    ] {
        assert!(text.contains(name), "{name} is missing:\n{text}");
    }
    assert!(!text.contains(&key));
}
