use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use futures_util::StreamExt;
use oh_mcp::{McpServer, McpTransport, ServerState};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use url::Url;

use crate::support::{connect, in_time, json_of, names, server, text};

/// A server of both HTTP transports.
#[derive(Clone, Default)]
struct Stub {
    /// Where answers go in the first transport.
    events: Arc<Mutex<Option<mpsc::UnboundedSender<String>>>>,
    /// The headers of each request.
    seen: Arc<Mutex<Vec<HeaderMap>>>,
    /// What the stream of events says first.
    endpoint: Arc<Mutex<String>>,
}

impl Stub {
    async fn start() -> (Self, Url) {
        let stub = Self::default();
        *stub.endpoint.lock().unwrap() = "/messages?session=1".to_owned();
        let routes = Router::new()
            .route("/mcp", post(streamable))
            .route("/sse", get(events))
            .route("/messages", post(message))
            .with_state(stub.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        (stub, Url::parse(&url).unwrap())
    }

    fn see(&self, headers: HeaderMap) {
        self.seen.lock().unwrap().push(headers);
    }
}

fn answer(request: &Value) -> Option<Value> {
    let result = match request["method"].as_str()? {
        "initialize" => json!({
            "protocolVersion": "2024-11-05",
            "capabilities": {"tools": {}},
            "serverInfo": {"name": "stub", "version": "1"},
        }),
        "tools/list" if request["params"]["cursor"].is_null() => json!({
            "tools": [{"name": "first", "inputSchema": {"type": "object"}}],
            "nextCursor": "more",
        }),
        "tools/list" => json!({"tools": [{"name": "second", "inputSchema": {"type": "object"}}]}),
        "tools/call" => {
            let words = request["params"]["arguments"]["text"].as_str().unwrap_or_default();
            json!({"content": [{"type": "text", "text": words}]})
        }
        _ => return None,
    };
    Some(json!({"jsonrpc": "2.0", "id": request["id"], "result": result}))
}

async fn streamable(
    State(stub): State<Stub>,
    headers: HeaderMap,
    Json(request): Json<Value>,
) -> Response<Body> {
    stub.see(headers);
    match answer(&request) {
        Some(answer) => Response::builder()
            .header("content-type", "application/json")
            .body(answer.to_string().into())
            .unwrap(),
        None => Response::builder().status(202).body(Body::empty()).unwrap(),
    }
}

async fn events(State(stub): State<Stub>, headers: HeaderMap) -> Response<Body> {
    stub.see(headers);
    let (sender, events) = mpsc::unbounded_channel();
    let endpoint = stub.endpoint.lock().unwrap().clone();
    sender.send(format!("event: endpoint\ndata: {endpoint}\n\n")).unwrap();
    *stub.events.lock().unwrap() = Some(sender);
    let stream = futures_util::stream::unfold(events, |mut events| async {
        Some((Ok::<_, Infallible>(events.recv().await?), events))
    });
    let body = Body::from_stream(stream.boxed());
    Response::builder().header("content-type", "text/event-stream").body(body).unwrap()
}

async fn message(
    State(stub): State<Stub>,
    headers: HeaderMap,
    Json(request): Json<Value>,
) -> Response<Body> {
    stub.see(headers);
    if let (Some(answer), Some(events)) = (answer(&request), &*stub.events.lock().unwrap()) {
        let _ = events.send(format!("event: message\ndata: {answer}\n\n"));
    }
    Response::builder().status(202).body(Body::empty()).unwrap()
}

fn remote(url: Url, is_sse: bool) -> McpServer {
    let api_key = Some("key-of-stub".to_owned());
    let transport = if is_sse {
        McpTransport::Sse { url, api_key }
    } else {
        McpTransport::StreamableHttp { url, api_key }
    };
    server("stub", transport)
}

#[tokio::test]
async fn both_transports_list_and_call_with_the_key_in_every_request() {
    for (path, is_sse) in [("/mcp", false), ("/sse", true)] {
        let (stub, url) = Stub::start().await;
        let clients = connect(vec![remote(url.join(path).unwrap(), is_sse)]).await;
        assert_eq!(names(&clients), ["first", "second"], "{:?}", clients.status());
        let result = in_time(clients.call("second", r#"{"text":"hällo"}"#)).await;
        assert_eq!(json_of(&result), text("hällo"));
        let seen = stub.seen.lock().unwrap();
        assert!(seen.len() >= 4);
        for headers in seen.iter() {
            for (name, value) in [
                ("authorization", "Bearer key-of-stub"),
                ("s", "key-of-stub"),
                ("x-session-api-key", "key-of-stub"),
                ("x-openhands-serverconversation-id", "conversation-1"),
            ] {
                assert_eq!(headers.get(name).unwrap(), value);
            }
        }
    }
}

#[tokio::test]
async fn a_stream_that_ended_is_opened_again() {
    let (stub, url) = Stub::start().await;
    let clients = connect(vec![remote(url.join("/sse").unwrap(), true)]).await;
    *stub.events.lock().unwrap() = None;
    in_time(async {
        while clients.status()[0].state != ServerState::Disconnected {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let result = in_time(clients.call("first", r#"{"text":"again"}"#)).await;
    assert_eq!(json_of(&result), text("again"));
}

#[tokio::test]
async fn a_server_that_is_not_one_is_named_with_the_reason() {
    async fn check(url: Url, is_sse: bool, expected: &str) {
        let clients = connect(vec![remote(url.clone(), is_sse)]).await;
        let ServerState::Failed { reason } = clients.status()[0].state.clone() else {
            panic!("{url} is connected")
        };
        assert!(reason.contains(expected), "{url}: {reason}");
        assert!(!reason.contains("key-of-stub"), "{reason}");
    }
    let (stub, url) = Stub::start().await;
    let at = |path: &str| url.join(path).unwrap();
    check(at("/nothing"), true, "the server answered 404 Not Found").await;
    check(at("/nothing"), false, "404").await;
    check(Url::parse("http://127.0.0.1:1/").unwrap(), true, "Connection refused").await;
    check(Url::parse("http://127.0.0.1:1/").unwrap(), false, "Connection refused").await;
    check(Url::parse("ws://127.0.0.1:1/").unwrap(), false, "the scheme ws cannot be used").await;
    "http://other.example/messages".clone_into(&mut stub.endpoint.lock().unwrap());
    check(at("/sse"), true, "wants messages at another address").await;
}
