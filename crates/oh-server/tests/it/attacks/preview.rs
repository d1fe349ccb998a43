//! Ports of the agent that people see: by whom, of which conversation, and with what.

use std::sync::Arc;

use futures_util::{SinkExt, StreamExt};
use oh_llm::LlmClient;
use oh_server::Components;
use oh_testkit::ScriptedLlm;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::client_async;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};

use super::raw;
use crate::support::{PATIENCE, TestServer};

const APP: &str = include_str!("preview_app.py");
const COOKIE: &str = "__Host-openhands_preview";

/// A server with real sandboxes, and a model that never answers.
async fn server(variables: &[(&str, &str)]) -> TestServer {
    let llm = Some(Arc::new(ScriptedLlm::default()) as Arc<dyn LlmClient>);
    TestServer::start_with(Components { llm, ..Components::default() }, variables).await
}

/// A conversation whose agent serves a page.
struct App {
    id: String,
    port: u16,
}

impl App {
    async fn start(server: &TestServer) -> Self {
        let id = server.create().await;
        Self::start_in(server, &id).await
    }

    async fn start_in(server: &TestServer, id: &str) -> Self {
        let workspace = server.folder.path().join("workspaces").join(id);
        std::fs::create_dir_all(&workspace).unwrap();
        std::fs::write(workspace.join("app.py"), APP).unwrap();
        let command = "python3 app.py 127.0.0.1 0 2> log &";
        let body = json!({"action": "run", "args": {"command": command}});
        let path = format!("/api/conversations/{id}/events");
        assert_eq!(server.post(&path, body).await.0, 200);
        let port = tokio::time::timeout(PATIENCE, async {
            loop {
                let (_, answer) = server.get(&format!("/api/conversations/{id}/ports")).await;
                let ports = answer["ports"].as_array().unwrap();
                let is_it = |port: &&Value| port["process"].as_str().unwrap().contains("app.py");
                if let Some(port) = ports.iter().find(is_it) {
                    return u16::try_from(port["port"].as_u64().unwrap()).unwrap();
                }
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
        });
        let port = port.await.expect("the app listens in time");
        Self { id: id.to_owned(), port }
    }

    fn host(&self, server: &TestServer) -> String {
        format!("p{}-{}.localhost:{}", self.port, self.id, server.port())
    }

    fn way(&self) -> String {
        format!("/api/conversations/{}/preview/{}", self.id, self.port)
    }

    /// Returns the path that turns a new ticket into a cookie.
    async fn ticket(&self, server: &TestServer) -> String {
        let key = server.server.session_key();
        let way = format!("{}/here?x=1&session_api_key={key}", self.way());
        let answer = open(server, &way, &[]).await;
        assert_eq!(answer.status, 303, "{answer:?}");
        let location = answer.header("location").unwrap();
        assert!(!location.contains(&key), "{location}");
        let origin = format!("http://{}", self.host(server));
        location.strip_prefix(&origin).unwrap_or_else(|| panic!("{location}")).to_owned()
    }

    /// Returns the cookie of somebody who was let in.
    async fn cookie(&self, server: &TestServer) -> String {
        let ticket = self.ticket(server).await;
        let answer = self.ask(server, &ticket, &[]).await;
        assert_eq!((answer.status, answer.header("location")), (303, Some("/here?x=1")));
        let cookie = answer.header("set-cookie").unwrap();
        assert!(cookie.starts_with(&format!("{COOKIE}=")), "{cookie}");
        assert!(cookie.ends_with("; Path=/; HttpOnly; Secure; SameSite=None; Partitioned"));
        cookie.split(';').next().unwrap().to_owned()
    }

    async fn ask(&self, server: &TestServer, path: &str, headers: &[(&str, &str)]) -> Answer {
        ask(server, &self.host(server), path, headers).await
    }

    /// Asks with the cookie and returns what the app was asked.
    async fn report(&self, server: &TestServer, path: &str, headers: &[(&str, &str)]) -> Value {
        let answer = self.ask(server, path, headers).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        serde_json::from_str(&answer.body).unwrap()
    }
}

#[derive(Debug)]
struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Answer {
    fn parse(text: &str) -> Self {
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((text, ""));
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
        Self { status, head: head.to_owned(), body: body.to_owned() }
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then_some(value.trim())
        })
    }
}

async fn ask(server: &TestServer, host: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
    let more: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n{more}Connection: close\r\n\r\n");
    Answer::parse(&raw(server.port(), request.as_bytes()).await)
}

/// Asks our API as a browser does that is led to a page.
async fn open(server: &TestServer, path: &str, headers: &[(&str, &str)]) -> Answer {
    let host = format!("localhost:{}", server.port());
    let headers = [&[("accept", "text/html")], headers].concat();
    ask(server, &host, path, &headers).await
}

fn header<'a>(report: &'a Value, name: &str) -> Option<&'a str> {
    let headers = report["headers"].as_array().unwrap();
    headers.iter().find(|header| header[0] == name).and_then(|header| header[1].as_str())
}

#[tokio::test]
async fn what_the_agent_serves_is_seen_in_every_network() {
    for variables in [
        &[][..],
        &[("SANDBOX_NETWORK", "off")],
        &[("SANDBOX_NETWORK", "allow-list"), ("SANDBOX_ALLOWED_HOSTS", "example.org")],
    ] {
        let server = server(variables).await;
        let app = App::start(&server).await;
        let cookie = app.cookie(&server).await;
        let report = app.report(&server, "/a?b=%20", &[("cookie", &cookie)]).await;
        assert_eq!((&report["path"], &report["method"]), (&json!("/a?b=%20"), &json!("GET")));
        let own = format!("localhost:{}", app.port);
        assert_eq!(header(&report, "host"), Some(own.as_str()));

        let (status, hosts) = server.get(&format!("/api/conversations/{}/web-hosts", app.id)).await;
        let url = server.url(&app.way());
        assert_eq!((status, &hosts["hosts"][&url]), (200, &json!(app.port)), "{hosts}");

        let mut socket = websocket(&server, &app, &[("cookie", &cookie)]).await.unwrap();
        for text in ["hello", &"long ".repeat(1000)] {
            socket.send(Message::text(text)).await.unwrap();
            let echo = tokio::time::timeout(PATIENCE, socket.next()).await.unwrap();
            assert_eq!(echo.unwrap().unwrap(), Message::text(text));
        }
        socket.close(None).await.unwrap();
    }
}

type Socket = tokio_tungstenite::WebSocketStream<TcpStream>;

async fn websocket(
    server: &TestServer,
    app: &App,
    headers: &[(&'static str, &str)],
) -> Result<Socket, Error> {
    let mut request = format!("ws://{}/socket", app.host(server)).into_client_request().unwrap();
    for (name, value) in headers {
        request.headers_mut().insert(*name, value.parse().unwrap());
    }
    let stream = TcpStream::connect(("127.0.0.1", server.port())).await.unwrap();
    let (socket, _) = client_async(request, stream).await?;
    Ok(socket)
}

#[tokio::test]
async fn a_websocket_needs_the_cookie_and_its_own_origin() {
    let server = server(&[]).await;
    let app = App::start(&server).await;
    let cookie = app.cookie(&server).await;
    let own = format!("http://{}", app.host(&server));
    let interface = format!("http://localhost:{}", server.port());
    let sibling = own.replacen(&app.port.to_string(), "1", 1);
    let key = server.server.session_key();
    websocket(&server, &app, &[("cookie", &cookie), ("origin", &own)]).await.unwrap();
    for (headers, status) in [
        (vec![("origin", own.as_str())], 401),
        (vec![("x-session-api-key", key.as_str())], 401),
        (vec![("cookie", "__Host-openhands_preview=x")], 401),
        (vec![("cookie", cookie.as_str()), ("origin", "https://evil.com")], 403),
        (vec![("cookie", cookie.as_str()), ("origin", "null")], 403),
        (vec![("cookie", cookie.as_str()), ("origin", &interface)], 403),
        (vec![("cookie", cookie.as_str()), ("origin", &sibling)], 403),
    ] {
        match websocket(&server, &app, &headers).await {
            Err(Error::Http(answer)) => assert_eq!(answer.status(), status, "{headers:?}"),
            other => panic!("{headers:?}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn a_ticket_opens_one_port_once() {
    let server = server(&[]).await;
    let (app, other) = (App::start(&server).await, App::start(&server).await);
    let ticket = app.ticket(&server).await;
    assert_eq!(app.ask(&server, &ticket, &[]).await.status, 303);
    assert_eq!(app.ask(&server, &ticket, &[]).await.status, 401, "it was used");
    let ticket = app.ticket(&server).await;
    assert_eq!(other.ask(&server, &ticket, &[]).await.status, 401, "it is another app's");
    let neighbor = app.host(&server).replacen(&app.port.to_string(), "1", 1);
    let ticket = app.ticket(&server).await;
    assert_eq!(ask(&server, &neighbor, &ticket, &[]).await.status, 401, "it is another port's");
    for wrong in ["/.openhands/enter", "/.openhands/enter?ticket=&to=/", "/.openhands/enter?to=/"] {
        assert_eq!(app.ask(&server, wrong, &[]).await.status, 401, "{wrong}");
    }
    // Where it leads stays on the same host.
    for to in ["https://evil.com", "//evil.com", "/%5Cevil.com", "/a%0d%0ax:y", "%00"] {
        let ticket = app.ticket(&server).await;
        let (ticket, _) = ticket.split_once("&to=").unwrap();
        let answer = app.ask(&server, &format!("{ticket}&to={to}"), &[]).await;
        assert_eq!((answer.status, answer.header("location")), (303, Some("/")), "{to}");
    }
    let cookie = app.cookie(&server).await;
    assert_eq!(other.ask(&server, "/", &[("cookie", &cookie)]).await.status, 401);
    assert_eq!(ask(&server, &neighbor, "/", &[("cookie", &cookie)]).await.status, 401);
    assert_eq!(app.ask(&server, "/", &[("cookie", &cookie)]).await.status, 200);
    let both = format!("{COOKIE}=tossed; {cookie}");
    assert_eq!(app.ask(&server, "/", &[("cookie", &both)]).await.status, 200);
    // Paths of ours are not the app's.
    for path in ["/.openhands", "/.openhands/x"] {
        assert_eq!(app.ask(&server, path, &[("cookie", &cookie)]).await.status, 404, "{path}");
    }
    // The conversation's end is the end of it, also if it goes on afterwards.
    server.post(&format!("/api/conversations/{}/stop", app.id), Value::Null).await;
    assert_eq!(app.ask(&server, "/", &[("cookie", &cookie)]).await.status, 401);
    let again = App::start_in(&server, &app.id).await;
    assert_eq!(again.ask(&server, "/", &[("cookie", &cookie)]).await.status, 401);
}

#[tokio::test]
async fn only_ports_of_the_conversation_are_opened() {
    let server = server(&[]).await;
    let (app, other) = (App::start(&server).await, App::start(&server).await);
    let foreign = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let foreign_port = foreign.local_addr().unwrap().port();
    for port in [other.port, server.port(), foreign_port, 1] {
        let way = format!("/api/conversations/{}/preview/{port}", app.id);
        let answer = open(&server, &way, &[]).await;
        assert_eq!(answer.status, 404, "{port}: {answer:?}");
        assert!(answer.body.contains(&format!("conversation: {}", app.port)), "{answer:?}");
    }
    foreign.set_nonblocking(true).unwrap();
    assert!(foreign.accept().is_err(), "nobody came");
    let odd = [
        "0",
        "00080",
        "0x50",
        "0120",
        "+80",
        "-1",
        "65536",
        "4294967376",
        "2130706433",
        "80%20",
        "8%30%00",
        "127.0.0.1:80",
        "%5B::1%5D:80",
        "::ffff:127.0.0.1",
        "localhost",
        "%2e%2e",
    ];
    for port in odd {
        let way = format!("/api/conversations/{}/preview/{port}", app.id);
        assert_eq!(open(&server, &way, &[]).await.status, 400, "{port}");
    }
    let unknown = "/api/conversations/0123456789abcdef0123456789abcdef/preview/80";
    assert_eq!(open(&server, unknown, &[]).await.status, 404);
    let idle = server.create().await;
    server.post(&format!("/api/conversations/{idle}/stop"), Value::Null).await;
    let idle = format!("/api/conversations/{idle}/preview/80");
    assert_eq!(open(&server, &idle, &[]).await.status, 409);
    // A port that was closed is told, with those that are open.
    let cookie = app.cookie(&server).await;
    let body = json!({"action": "run", "args": {"command": "pkill -f app.py; sleep 0.2; python3 -m http.server 0 > /dev/null &"}});
    server.post(&format!("/api/conversations/{}/events", app.id), body).await;
    let told = async {
        loop {
            let answer = app.ask(&server, "/", &[("cookie", &cookie)]).await;
            if answer.body.contains("http.server") {
                return answer;
            }
        }
    };
    let answer = tokio::time::timeout(PATIENCE, told).await.expect("it is told");
    assert_eq!(answer.status, 502, "{answer:?}");
}

#[tokio::test]
async fn a_name_of_a_port_leads_to_no_route_of_ours() {
    let server = server(&[("SERVER_PREVIEW_HOST", "preview.example.org")]).await;
    let app = App::start(&server).await;
    let key = server.server.session_key();
    let cookie = app.cookie(&server).await;
    let (id, port) = (&app.id, server.port());
    let paths = [
        "/",
        "/api/health",
        "/api/conversations",
        "/login",
        "/metrics",
        "/health",
        "/socket.io/?EIO=4&transport=websocket",
        "/assets/x",
        "/preview/x",
        "/test",
    ];
    for host in [
        app.host(&server),
        app.host(&server).to_uppercase(),
        format!("{}.", app.host(&server).trim_end_matches(&format!(":{port}"))),
        format!("p{}-{id}.preview.example.org", app.port),
        format!("anything.localhost:{port}"),
        format!("p2130706433-{id}.localhost:{port}"),
        format!("p0{}-{id}.localhost:{port}", app.port),
        format!("p0x50-{id}.localhost:{port}"),
        format!("a.p{}-{id}.localhost:{port}", app.port),
        format!("p{}-0123456789abcdef0123456789abcdef.localhost:{port}", app.port),
    ] {
        for path in paths {
            let answer = ask(&server, &host, path, &[("x-session-api-key", &key)]).await;
            assert!(matches!(answer.status, 401 | 404), "{host}{path}: {answer:?}");
            assert!(answer.body.starts_with("<!doctype html>"), "{host}{path}: {answer:?}");
            assert!(!answer.body.contains(&app.port.to_string()), "{answer:?}");
        }
    }
    let named = app.report(&server, "/api/conversations", &[("cookie", &cookie)]).await;
    assert_eq!(named["path"], "/api/conversations", "it is the app's own path");
    for host in [
        format!("p{}-{id}.localhost.evil.com", app.port),
        format!("p{}-{id}.evil.com:{port}", app.port),
        format!("p{}-{id}:{port}", app.port),
    ] {
        let answer = ask(&server, &host, "/", &[("cookie", &cookie)]).await;
        assert_eq!(answer.status, 403, "{host}: {answer:?}");
    }
    // Two hosts in one request are one too many.
    let own = format!("localhost:{port}");
    let mixed = [
        format!("GET http://{own}/api/conversations HTTP/1.1\r\nHost: {}\r\n", app.host(&server)),
        format!("GET http://{}/api/conversations HTTP/1.1\r\nHost: {own}\r\n", app.host(&server)),
        format!(
            "GET /api/conversations HTTP/1.1\r\nHost: {own}\r\nHost: {}\r\n",
            app.host(&server)
        ),
    ];
    for request in mixed {
        let request = format!("{request}cookie: {cookie}\r\nConnection: close\r\n\r\n");
        let answer = raw(port, request.as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 400 "), "{request}: {answer}");
    }
}

#[tokio::test]
async fn local_trust_and_cookies_of_ours_open_nothing_to_pages_of_an_app() {
    let server = server(&[]).await;
    let app = App::start(&server).await;
    let key = server.server.session_key();
    let login = server.http.post(server.url("/api/login")).body(json!({"key": key}).to_string());
    let answer = login.send().await.unwrap();
    let login =
        answer.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    let own = format!("localhost:{}", server.port());
    let page = format!("http://{}", app.host(&server));
    let referrer = format!("{page}/x");
    assert_eq!(ask(&server, &own, "/api/conversations", &[]).await.status, 200);
    assert_eq!(ask(&server, &own, "/api/conversations", &[("cookie", &login)]).await.status, 200);
    for path in ["/api/conversations", &app.way(), "/api/settings", "/metrics"] {
        for hint in [
            ("origin", page.as_str()),
            ("origin", "null"),
            ("referer", referrer.as_str()),
            ("sec-fetch-site", "same-site"),
            ("sec-fetch-site", "cross-site"),
        ] {
            for headers in [vec![hint], vec![hint, ("cookie", login.as_str())]] {
                let answer = ask(&server, &own, path, &headers).await;
                assert_eq!(answer.status, 401, "{path} {headers:?}: {answer:?}");
                assert_eq!(answer.header("access-control-allow-origin"), None, "{answer:?}");
            }
        }
    }
    // Neither the interface nor the API is shown in a frame of the app.
    let answer = ask(&server, &own, "/", &[("accept", "text/html")]).await;
    assert_eq!(answer.header("x-frame-options"), Some("DENY"), "{answer:?}");
    let policy = answer.header("content-security-policy").unwrap();
    assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
    let frames = format!("frame-src 'self' http://*.localhost:{}", server.port());
    assert!(policy.ends_with(&frames), "{policy}");
}

#[tokio::test]
async fn an_app_gets_nothing_of_ours_and_gives_nothing_that_weakens_us() {
    let server = server(&[]).await;
    let app = App::start(&server).await;
    let key = server.server.session_key();
    let cookie = app.cookie(&server).await;
    let own = format!("http://{}", app.host(&server));
    let cookies = format!("{cookie}; openhands_abcd=login; theirs=1");
    let bearer = format!("Bearer {key}");
    let headers = [
        ("cookie", cookies.as_str()),
        ("x-session-api-key", &key),
        ("authorization", &bearer),
        ("x-forwarded-for", "6.6.6.6"),
        ("referer", &format!("{own}/page")),
        ("sec-fetch-site", "same-origin"),
    ];
    let report = app.report(&server, &format!("/a?session_api_key={key}&b=1"), &headers).await;
    assert_eq!(report["path"], "/a?b=1");
    assert!(!report.to_string().contains(&key), "{report}");
    assert_eq!(header(&report, "cookie"), Some("theirs=1"));
    assert_eq!(header(&report, "x-forwarded-for"), Some("127.0.0.1"));
    let referrer = format!("http://localhost:{}/page", app.port);
    assert_eq!(header(&report, "referer"), Some(referrer.as_str()));

    let answer = app.ask(&server, "/wicked", &[("cookie", &cookie)]).await;
    assert_eq!(
        answer.header("set-cookie"),
        Some("theirs=1; Path=/; Secure; SameSite=None; Partitioned")
    );
    for gone in ["clear-site-data", "strict-transport-security", "x-frame-options"] {
        assert_eq!(answer.header(gone), None, "{answer:?}");
    }
    let policy = answer.header("content-security-policy").unwrap();
    assert!(policy.starts_with("frame-ancestors 'self' http://localhost:*"), "{policy}");
    let answer = app.ask(&server, "/redirect", &[("cookie", &cookie)]).await;
    assert_eq!((answer.status, answer.header("location")), (302, Some("/here")));
    assert_eq!(app.ask(&server, "/odd", &[("cookie", &cookie)]).await.status, 502);

    // Another page may lead here, but neither send nor fetch anything.
    for (site, mode, status) in [
        ("cross-site", "navigate", 200),
        ("same-site", "no-cors", 403),
        ("cross-site", "cors", 403),
    ] {
        let headers =
            [("cookie", cookie.as_str()), ("sec-fetch-site", site), ("sec-fetch-mode", mode)];
        assert_eq!(app.ask(&server, "/", &headers).await.status, status, "{site} {mode}");
    }
    for origin in ["null", "https://evil.com", &format!("http://localhost:{}", server.port())] {
        let headers = [("cookie", cookie.as_str()), ("origin", origin)];
        assert_eq!(app.ask(&server, "/", &headers).await.status, 403, "{origin}");
    }
}

#[tokio::test]
async fn requests_are_not_smuggled_past_the_head() {
    let server = server(&[]).await;
    let app = App::start(&server).await;
    let cookie = app.cookie(&server).await;
    let host = app.host(&server);
    let post = |head: &str, body: &str| {
        format!(
            "POST /in HTTP/1.1\r\nHost: {host}\r\nCookie: {cookie}\r\n{head}Connection: close\r\n\r\n{body}"
        )
    };
    let inner = "GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n";
    let whole = post(&format!("Content-Length: {}\r\n", inner.len()), inner);
    let answer = Answer::parse(&raw(server.port(), whole.as_bytes()).await);
    let report: Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!((&report["path"], &report["body"]), (&json!("/in"), &json!(inner.len())));
    let chunked = post(
        "Transfer-Encoding: chunked\r\n",
        &format!("{:x}\r\n{inner}\r\n0\r\n\r\n", inner.len()),
    );
    let answer = Answer::parse(&raw(server.port(), chunked.as_bytes()).await);
    let report: Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(report["body"], json!(inner.len()), "{report}");
    for (head, body) in [
        ("Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", format!("0\r\n\r\n{inner}")),
        ("Content-Length: 0\r\nContent-Length: 30\r\n", inner.to_owned()),
        ("Transfer-Encoding: chunked, identity\r\n", format!("0\r\n\r\n{inner}")),
        ("Transfer-Encoding : chunked\r\n", format!("0\r\n\r\n{inner}")),
        ("X: a\nY: b\r\nContent-Length: 0\r\n", inner.to_owned()),
        ("X: a\r\n folded: b\r\nContent-Length: 0\r\n", inner.to_owned()),
        ("X: a\0b\r\nContent-Length: 0\r\n", inner.to_owned()),
    ] {
        let answer = raw(server.port(), post(head, &body).as_bytes()).await;
        assert!(!answer.contains("smuggled"), "{head:?}: {answer}");
        assert!(answer.matches("HTTP/1.1 ").count() <= 1, "{head:?}: {answer}");
    }
    let paths =
        ["/../../etc/passwd", "/%2e%2e/x", "/a//evil.com/", "/a%0d%0ab", "/.openhands/../x"];
    for path in paths {
        let answer = app.ask(&server, path, &[("cookie", &cookie)]).await;
        if path.starts_with("/.openhands") {
            assert_eq!(answer.status, 404, "{answer:?}");
        } else {
            assert!(answer.body.contains(&format!("\"path\": \"{path}\"")), "{path}: {answer:?}");
        }
    }
}

#[tokio::test]
async fn where_there_is_no_name_a_path_stands_for_the_port() {
    let server = server(&[]).await;
    let app = App::start(&server).await;
    let key = server.server.session_key();
    let far = format!("server.lan:{}", server.port());
    let headers = [("accept", "text/html"), ("x-session-api-key", key.as_str())];
    let answer = ask(&server, &far, &format!("{}/a?b=1", app.way()), &headers).await;
    let location = answer.header("location").unwrap_or_else(|| panic!("{answer:?}")).to_owned();
    let secret = location.strip_prefix("/preview/").unwrap().strip_suffix("/a?b=1").unwrap();
    assert_eq!(secret.len(), 64);
    // Nobody asks who knows the secret.
    let answer = ask(&server, &far, &location, &[("cookie", "openhands_ab=login; theirs=1")]).await;
    let report: Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(report["path"], "/a?b=1");
    assert_eq!(header(&report, "cookie"), Some("theirs=1"));
    let wicked = format!("/preview/{secret}/wicked");
    let answer = ask(&server, &far, &wicked, &[]).await;
    let policy = answer.header("content-security-policy").unwrap();
    assert!(policy.starts_with("sandbox allow-scripts"), "{policy}");
    assert!(!policy.contains("allow-same-origin") && !policy.contains("allow-top-navigation"));
    for gone in ["set-cookie", "service-worker-allowed", "clear-site-data"] {
        assert_eq!(answer.header(gone), None, "{answer:?}");
    }
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    let answer = ask(&server, &far, &format!("/preview/{secret}/redirect"), &[]).await;
    assert_eq!(answer.header("location"), Some(format!("/preview/{secret}/here").as_str()));

    for (headers, status) in [
        (vec![("origin", "null")], 200),
        (vec![("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "cors")], 200),
        (vec![("sec-fetch-site", "same-origin"), ("sec-fetch-mode", "navigate")], 200),
        // A script of our own page must not come from here.
        (vec![("sec-fetch-site", "same-origin"), ("sec-fetch-mode", "no-cors")], 403),
        (vec![("origin", "https://evil.com")], 403),
    ] {
        let answer = ask(&server, &far, &format!("/preview/{secret}/"), &headers).await;
        assert_eq!(answer.status, status, "{headers:?}: {answer:?}");
    }
    for wrong in ["x".to_owned(), "0".repeat(64), secret[1..].to_owned(), String::new()] {
        let answer =
            ask(&server, &far, &format!("/preview/{wrong}/"), &[("accept", "text/html")]).await;
        assert_eq!(answer.status, 401, "{wrong}: {answer:?}");
    }
    // A secret of a path is no cookie, and none of the API.
    let cookie = format!("{COOKIE}={secret}");
    assert_eq!(app.ask(&server, "/", &[("cookie", &cookie)]).await.status, 401);
    assert_eq!(
        ask(&server, &far, "/api/conversations", &[("x-session-api-key", secret)]).await.status,
        401
    );
}

#[tokio::test]
async fn an_own_host_has_names_for_browsers_elsewhere() {
    let variables =
        [("SERVER_PREVIEW_HOST", "Preview.example.org"), ("SECURITY_TRUSTED_PROXIES", "127.0.0.1")];
    let server = server(&variables).await;
    let app = App::start(&server).await;
    let key = server.server.session_key();
    let proxied = [("x-forwarded-for", "192.0.2.1"), ("x-forwarded-proto", "https")];
    let as_browser =
        [&proxied[..], &[("accept", "text/html"), ("x-session-api-key", key.as_str())]].concat();
    let answer = ask(&server, "openhands.example.org", &app.way(), &as_browser).await;
    let name = format!("p{}-{}.preview.example.org", app.port, app.id);
    let location = answer.header("location").unwrap_or_else(|| panic!("{answer:?}"));
    let ticket = location.strip_prefix(&format!("https://{name}")).unwrap().to_owned();
    let answer = ask(&server, &name, &ticket, &proxied).await;
    let cookie = answer.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    let with_cookie = [&proxied[..], &[("cookie", cookie.as_str())]].concat();
    let answer = ask(&server, &name, "/x", &with_cookie).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let policy = answer.header("content-security-policy").unwrap();
    assert!(policy.ends_with(" https://openhands.example.org"), "{policy}");
    let report: Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(header(&report, "x-forwarded-for"), Some("192.0.2.1"));
    // The proxy may have a name of its own for us.
    let renamed = [&with_cookie[..], &[("x-forwarded-host", name.as_str())]].concat();
    assert_eq!(ask(&server, "127.0.0.1", "/x", &renamed).await.status, 200);
    let page = ask(&server, "openhands.example.org", "/", &as_browser).await;
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.ends_with("frame-src 'self' https://*.preview.example.org"), "{policy}");
}

#[tokio::test]
async fn clients_are_told_the_address() {
    let server = server(&[]).await;
    let app = App::start(&server).await;
    let (status, answer) = server.get(&app.way()).await;
    let url = answer["url"].as_str().unwrap();
    for path in ["/", "/?a=b", "/a"] {
        assert_eq!(open(&server, &format!("{}{path}", app.way()), &[]).await.status, 303, "{path}");
    }
    assert_eq!((status, &answer["port"]), (200, &json!(app.port)));
    assert!(
        url.starts_with(&format!("http://{}/.openhands/enter?ticket=", app.host(&server))),
        "{url}"
    );
    let (status, answer) = server.get(&format!("/api/conversations/{}/preview/1", app.id)).await;
    assert_eq!(status, 404);
    let reason =
        format!("Nothing listens on port 1. Open ports of this conversation: {}.", app.port);
    assert_eq!(answer["detail"], json!(reason));
    let (_, answer) = server.get(&format!("/api/conversations/{}/ports", app.id)).await;
    let [port] = answer["ports"].as_array().unwrap().as_slice() else { panic!("{answer}") };
    assert_eq!((&port["port"], &port["is_app"]), (&json!(app.port), &json!(false)));
    assert_eq!(port["url"], json!(app.way()));
}
