//! Who is let in without the key, and who is not.

use std::os::unix::process::CommandExt;
use std::process::Command;

use oh_testkit::ScriptedLlm;

use crate::support::{Socket, TestServer};

async fn status(server: &TestServer, headers: &[(&str, &str)]) -> u16 {
    let mut request = server.http.get(server.url("/api/conversations"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn this_machines_own_user_is_let_in() {
    let server = TestServer::start().await;
    assert_eq!(status(&server, &[]).await, 200);
    let own = format!("http://localhost:{}", server.port());
    assert_eq!(status(&server, &[("origin", &own), ("sec-fetch-site", "same-origin")]).await, 200);
    let host = format!("localhost:{}", server.port());
    assert_eq!(status(&server, &[("host", &host)]).await, 200);
}

#[tokio::test]
async fn a_page_from_elsewhere_is_not() {
    let server = TestServer::start().await;
    for origin in ["https://evil.com", "http://localhost:1", "null"] {
        assert_eq!(status(&server, &[("origin", origin)]).await, 401, "{origin}");
        let mut request =
            tokio_tungstenite::tungstenite::client::IntoClientRequest::into_client_request(
                format!(
                    "ws://127.0.0.1:{}/socket.io/?EIO=4&transport=websocket&conversation_id=x",
                    server.port()
                ),
            )
            .unwrap();
        request.headers_mut().insert("origin", origin.parse().unwrap());
        let mut socket = Socket(tokio_tungstenite::connect_async(request).await.unwrap().0);
        assert!(socket.text().await.starts_with("0{"));
        socket.send("40").await;
        assert_eq!(socket.text().await, r#"44{"message":"invalid_session_api_key"}"#, "{origin}");
    }
    assert_eq!(status(&server, &[("sec-fetch-site", "cross-site")]).await, 401);
}

#[tokio::test]
async fn what_came_through_a_proxy_is_not() {
    let server = TestServer::start().await;
    for header in ["x-forwarded-for", "forwarded", "x-forwarded-host", "x-real-ip", "via"] {
        assert_eq!(status(&server, &[(header, "127.0.0.1")]).await, 401, "{header}");
    }
}

#[tokio::test]
async fn a_foreign_host_name_is_not() {
    let server = TestServer::start().await;
    for host in ["evil.com", "localhost:1", "127.0.0.1.evil.com"] {
        assert_eq!(status(&server, &[("host", host)]).await, 403, "{host}");
    }
    // With the key any name will do.
    let key = server.server.session_key().to_owned();
    let headers = [("host", "evil.com"), ("x-session-api-key", key.as_str())];
    assert_eq!(status(&server, &headers).await, 200);
}

#[tokio::test]
async fn a_page_that_is_not_listed_is_refused_even_with_the_key() {
    let server =
        TestServer::with(ScriptedLlm::default(), &[("CORS_ALLOWED_ORIGINS", "https://a.com")])
            .await;
    let key = server.server.session_key().to_owned();
    let with = |origin: &'static str| vec![("origin", origin), ("x-session-api-key", key.as_str())];
    assert_eq!(status(&server, &with("https://a.com")).await, 200);
    assert_eq!(status(&server, &with("https://b.com")).await, 403);
    let mut request =
        tokio_tungstenite::tungstenite::client::IntoClientRequest::into_client_request(format!(
            "ws://127.0.0.1:{}/socket.io/?EIO=4&transport=websocket",
            server.port()
        ))
        .unwrap();
    request.headers_mut().insert("origin", "https://b.com".parse().unwrap());
    let error = tokio_tungstenite::connect_async(request).await.unwrap_err();
    assert!(error.to_string().contains("403"), "{error}");
}

/// Asks over a raw connection as another user; returns the status line.
fn ask_as(uid: u32, host: &str, port: u16) -> Option<String> {
    let script = format!(
        "exec 3<>/dev/tcp/{host}/{port}; printf 'GET /api/conversations HTTP/1.1\\r\\nHost: 127.0.0.1:{port}\\r\\nConnection: close\\r\\n\\r\\n' >&3; head -n 1 <&3"
    );
    let output = Command::new("bash").arg("-c").arg(script).uid(uid).output().ok()?;
    Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_user_of_this_machine_is_not() {
    let server = TestServer::start().await;
    let own = rustix::process::getuid().as_raw();
    let port = server.port();
    let ask = move |uid| tokio::task::spawn_blocking(move || ask_as(uid, "127.0.0.1", port));
    assert_eq!(ask(own).await.unwrap().as_deref(), Some("HTTP/1.1 200 OK"));
    if own == 0 {
        let nobody = ask(65_534).await.unwrap();
        assert_eq!(nobody.as_deref(), Some("HTTP/1.1 401 Unauthorized"));
    } else {
        println!("skipped: only root can act as another user");
    }
}

/// An address of this machine that is not loopback.
fn outward_address() -> Option<String> {
    let socket = std::net::UdpSocket::bind("0.0.0.0:0").ok()?;
    // Nothing is sent: connecting a datagram socket only chooses a route.
    socket.connect("192.0.2.1:9").ok()?;
    let address = socket.local_addr().ok()?.ip();
    (!address.is_loopback() && !address.is_unspecified()).then(|| address.to_string())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_address_is_not() {
    let Some(address) = outward_address() else {
        println!("skipped: this machine has no address but loopback");
        return;
    };
    let server = TestServer::with(ScriptedLlm::default(), &[("BACKEND_HOST", "0.0.0.0")]).await;
    let (own, port) = (rustix::process::getuid().as_raw(), server.port());
    let ask = tokio::task::spawn_blocking(move || ask_as(own, &address, port));
    assert_eq!(ask.await.unwrap().as_deref(), Some("HTTP/1.1 401 Unauthorized"));
}

#[tokio::test]
async fn an_explicit_key_is_required_everywhere() {
    let server = TestServer::with(ScriptedLlm::default(), &[("SESSION_API_KEY", "right")]).await;
    assert_eq!(status(&server, &[]).await, 401);
    for wrong in ["wrong", "righ", "rightt", "null"] {
        assert_eq!(status(&server, &[("x-session-api-key", wrong)]).await, 401, "{wrong}");
    }
    assert_eq!(status(&server, &[("x-session-api-key", "right")]).await, 200);
    assert_eq!(status(&server, &[("authorization", "Bearer right")]).await, 200);
    assert_eq!(server.get("/api/health").await.0, 200);
    for (query, payload, joins) in [
        ("conversation_id=x", "40", false),
        ("conversation_id=x&session_api_key=null", "40", false),
        ("conversation_id=x&session_api_key=wrong", "40", false),
        ("conversation_id=x&session_api_key=right", "40", true),
        ("conversation_id=x", r#"40{"session_api_key":"right"}"#, true),
        ("conversation_id=x", r#"40{"token":"right"}"#, true),
        ("conversation_id=x", r#"40{"token":"wrong"}"#, false),
    ] {
        let mut socket = server.socket(query).await;
        assert!(socket.text().await.starts_with("0{"));
        socket.send(payload).await;
        let answer = socket.text().await;
        if joins {
            assert!(answer.starts_with("40{"), "{query} {payload}: {answer}");
        } else {
            assert_eq!(answer, r#"44{"message":"invalid_session_api_key"}"#, "{query} {payload}");
            assert_eq!(socket.close_code().await, Some(1000));
        }
    }
}

#[tokio::test]
async fn the_key_file_is_private_and_local_trust_can_be_turned_off() {
    use std::os::unix::fs::PermissionsExt;

    let server =
        TestServer::with(ScriptedLlm::default(), &[("SECURITY_LOCAL_TRUST", "false")]).await;
    assert_eq!(status(&server, &[]).await, 401);
    let path = server.folder.path().join("session_key");
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let key = std::fs::read_to_string(path).unwrap();
    assert_eq!(key.len(), 64);
    assert_eq!(status(&server, &[("x-session-api-key", &key)]).await, 200);
}
