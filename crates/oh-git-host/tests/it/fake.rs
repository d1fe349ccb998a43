use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use oh_git_host::{GitAddress, GitHost, Provider};
use serde_json::Value;

/// What is answered to a request, `METHOD /path`.
#[derive(Debug, Clone)]
pub(crate) struct Script {
    pub(crate) request: &'static str,
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: String,
}

/// A request that came in.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) line: String,
    pub(crate) authorization: String,
    pub(crate) body: Value,
}

#[derive(Clone)]
pub(crate) struct Fake {
    pub(crate) address: String,
    shared: Arc<(Vec<Script>, Mutex<Vec<Seen>>)>,
}

pub(crate) fn answer(request: &'static str, body: &Value) -> Script {
    Script { request, status: 200, headers: Vec::new(), body: body.to_string() }
}

impl Script {
    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(crate) fn status(self, status: u16) -> Self {
        Self { status, ..self }
    }
}

impl Fake {
    pub(crate) async fn start(scripts: Vec<Script>) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let fake = Self { address, shared: Arc::new((scripts, Mutex::default())) };
        let router = Router::new().fallback(reply).with_state(fake.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        fake
    }

    pub(crate) fn host(&self, provider: Provider) -> GitHost {
        GitHost::new(GitAddress::new(provider, Some(&self.address)).unwrap(), "token-4711").unwrap()
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.shared.1.lock().unwrap().clone()
    }

    /// The requests so far, without the method of a GET.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.seen()
            .into_iter()
            .map(|seen| seen.line.trim_start_matches("GET ").to_owned())
            .collect()
    }
}

async fn reply(
    State(fake): State<Fake>,
    method: axum::http::Method,
    uri: Uri,
    headers: HeaderMap,
    request: Request,
) -> Response {
    let body = axum::body::to_bytes(request.into_body(), 1 << 20).await.unwrap_or(Bytes::new());
    let authorization = headers.get(header::AUTHORIZATION).map(|value| value.to_str().unwrap());
    fake.shared.1.lock().unwrap().push(Seen {
        line: format!("{method} {uri}"),
        authorization: authorization.unwrap_or_default().to_owned(),
        body: serde_json::from_slice(&body).unwrap_or_default(),
    });
    let line = format!("{method} {}", uri.path());
    let Some(script) = fake.shared.0.iter().find(|script| script.request == line) else {
        return (StatusCode::NOT_FOUND, format!(r#"{{"message":"no {line}"}}"#)).into_response();
    };
    let status = StatusCode::from_u16(script.status).unwrap();
    let mut response = (status, script.body.clone()).into_response();
    for (name, value) in &script.headers {
        response.headers_mut().insert(*name, value.parse().unwrap());
    }
    response
}
