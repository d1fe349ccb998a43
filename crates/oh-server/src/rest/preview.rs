//! The ports of a conversation, and the way to each.

use axum::Json;
use axum::extract::{ConnectInfo, Path, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use oh_event::ConversationId;
use oh_runtime::OpenPort;
use serde_json::{Map, Value, json};

use super::conversations::{check_known, parse_id};
use super::error::ApiError;
use crate::listener::{Connection, RequestConnection};
use crate::preview::{self, PATH_ROOT, Proof, Target};
use crate::state::AppState;

/// Lists the ports on which something listens.
pub(crate) async fn ports(
    State(state): State<AppState>,
    Path(id): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let id = parse_id(&id)?;
    check_known(&state, &id).await?;
    let mut open = state.previews.ports(&id).await.unwrap_or_default();
    open.dedup_by_key(|open| open.port);
    let is_reserved = state.sandboxes.app_ports(&id);
    let ports: Vec<Value> = open
        .iter()
        .map(|open| {
            json!({
                "port": open.port,
                "process": open.process,
                "is_app": is_reserved.contains(&open.port),
                "url": way(&id, open.port),
            })
        })
        .collect();
    Ok(Json(json!({"ports": ports})))
}

/// Lists addresses for browsers: the reserved ports, and whatever else listens.
pub(crate) async fn web_hosts(
    State(state): State<AppState>,
    ConnectInfo(RequestConnection(connection)): ConnectInfo<RequestConnection>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Json<Value>, ApiError> {
    let id = parse_id(&id)?;
    check_known(&state, &id).await?;
    let asked = Asked::of(&state, &headers, &connection);
    let mut hosts = Map::new();
    for (url, port) in state.sandboxes.hosts(&id) {
        let url = if state.sandboxes.has_own_urls() { url } else { asked.url(&way(&id, port)) };
        hosts.insert(url, port.into());
    }
    let reserved = state.sandboxes.app_ports(&id);
    let open = state.previews.ports(&id).await.unwrap_or_default();
    for port in open.iter().map(|open| open.port).filter(|port| !reserved.contains(port)) {
        hosts.insert(asked.url(&way(&id, port)), port.into());
    }
    Ok(Json(json!({"hosts": hosts})))
}

/// Leads a browser to a port; others are told the address.
pub(crate) async fn open(
    State(state): State<AppState>,
    ConnectInfo(RequestConnection(connection)): ConnectInfo<RequestConnection>,
    request: Request,
) -> Result<Response, ApiError> {
    let wanted = Wanted::parse(&request)?;
    check_known(&state, &wanted.id).await?;
    let is_browser = text(request.headers(), "accept").is_some_and(|it| it.contains("text/html"));
    let refuse = |status: StatusCode, title: &str, help: &str| {
        if is_browser {
            return Ok(preview::refusal(status, title, help));
        }
        Err(ApiError::new(status, &format!("{title}. {help}")))
    };
    let Some(open) = state.previews.ports(&wanted.id).await else {
        return refuse(
            StatusCode::CONFLICT,
            "The conversation is not running",
            "Open it and ask the agent to start the server.",
        );
    };
    if !open.iter().any(|open| open.port == wanted.port) {
        let title = format!("Nothing listens on port {}", wanted.port);
        return refuse(StatusCode::NOT_FOUND, &title, &listed(&open));
    }
    let asked = Asked::of(&state, request.headers(), &connection);
    let target = Target::new(&wanted.id, wanted.port);
    let name = asked
        .host
        .as_deref()
        .and_then(|host| preview::host_of(&target, host, state.server().preview_host.as_deref()));
    let proof = if name.is_some() { Proof::Cookie } else { Proof::Path };
    let opened = state.previews.open(target, proof, asked.embedder());
    let Some(secret) = opened.map_err(|error| ApiError::internal(&error))? else {
        return refuse(StatusCode::CONFLICT, "The conversation was closed", "Open it again.");
    };
    let Wanted { path, .. } = wanted;
    let to = match name {
        Some(name) => {
            let path: String = form_urlencoded::byte_serialize(path.as_bytes()).collect();
            format!("{}://{name}{}?ticket={secret}&to={path}", asked.scheme, preview::ENTER)
        }
        None => format!("{PATH_ROOT}{secret}{path}"),
    };
    if is_browser {
        return Ok(preview::redirect(&to));
    }
    let url = if to.starts_with('/') { asked.url(&to) } else { to };
    Ok(Json(json!({"url": url, "port": wanted.port})).into_response())
}

/// What a path of [`open`] says.
struct Wanted {
    id: ConversationId,
    port: u16,
    /// The rest, with the query.
    path: String,
}

impl Wanted {
    /// Reads the path as it was sent, so that the rest stays as it is.
    fn parse(request: &Request) -> Result<Self, ApiError> {
        let parts: Vec<&str> = request.uri().path().splitn(7, '/').collect();
        let decode = |text: &str| {
            let pair = format!("id={}", text.replace('+', "%2B"));
            let decoded = form_urlencoded::parse(pair.as_bytes()).next();
            decoded.map(|(_, value)| value.into_owned()).unwrap_or_default()
        };
        let id = parse_id(&decode(parts.get(3).copied().unwrap_or_default()))?;
        let port = parts.get(5).copied().unwrap_or_default();
        let Some(port) = preview::parse_port(port) else {
            let reason = "This is not a port: it is a number from 1 to 65535 without leading zeros";
            return Err(ApiError::bad_request(reason));
        };
        let rest = parts.get(6).copied().unwrap_or_default();
        let query = request.uri().query().map(preview::without_key).filter(|it| !it.is_empty());
        let query = query.map(|query| format!("?{query}")).unwrap_or_default();
        Ok(Self { id, port, path: format!("/{rest}{query}") })
    }
}

/// How a client reached us.
struct Asked {
    scheme: &'static str,
    host: Option<String>,
}

impl Asked {
    fn of(state: &AppState, headers: &HeaderMap, connection: &Connection) -> Self {
        let client = state.client(headers, connection);
        let is_https = client.is_https || state.server().tls.is_some();
        let host = client.host.or_else(|| text(headers, header::HOST.as_str()).map(str::to_owned));
        let is_known =
            |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '[' | ']');
        Self {
            scheme: if is_https { "https" } else { "http" },
            host: host.filter(|host| !host.is_empty() && host.chars().all(is_known)),
        }
    }

    /// Returns the origin of our page.
    fn embedder(&self) -> Option<String> {
        self.host.as_ref().map(|host| format!("{}://{host}", self.scheme))
    }

    /// Returns a path of ours as a whole address, if we know our own.
    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.embedder().unwrap_or_default())
    }
}

/// Returns the path that leads to a port.
fn way(id: &ConversationId, port: u16) -> String {
    let id: String = form_urlencoded::byte_serialize(id.as_str().as_bytes()).collect();
    format!("/api/conversations/{}/preview/{port}", id.replace('+', "%20"))
}

fn listed(open: &[OpenPort]) -> String {
    let mut ports: Vec<String> = open.iter().map(|open| open.port.to_string()).collect();
    ports.dedup();
    match ports.as_slice() {
        [] => "No port of this conversation is open: ask the agent to start the server.".to_owned(),
        _ => format!("Open ports of this conversation: {}.", ports.join(", ")),
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}
