//! The web interface: embedded files, or those of a folder.

use std::path::Path;

use axum::body::Body;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use rust_embed::RustEmbed;

use crate::listener::{Connection, RequestConnection};
use crate::preview;
use crate::rate_limit;
use crate::rest::ApiError;
use crate::state::AppState;

/// Our own interface needs nothing but its own files. The terminal and the editors make styles of
/// their own; nothing that comes from outside becomes HTML, so that none can come along with it.
const OWN_POLICY: &str = "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; ";
const IMMUTABLE: &str = "public, max-age=2592000, immutable";
const NEVER: &str = "no-cache, no-store, must-revalidate, max-age=0";

#[derive(RustEmbed)]
#[folder = "../../frontend/dist"]
struct Interface;

/// Answers everything that is no route: a file, or the page that finds its own way.
pub(crate) async fn serve(
    State(state): State<AppState>,
    ConnectInfo(RequestConnection(connection)): ConnectInfo<RequestConnection>,
    request: Request,
) -> Response {
    let path = request.uri().path().trim_start_matches('/').to_owned();
    let is_api = ["api", "socket.io", "mcp"]
        .iter()
        .any(|root| path == *root || path.starts_with(&format!("{root}/")));
    if is_api || !state.server().serves_frontend {
        return ApiError::not_found("Not Found").into_response();
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return ApiError::new(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed").into_response();
    }
    let frames = frames(&state, &connection, request.headers());
    let Some(folder) = state.server().frontend_dir.clone() else { return own(&path, &frames) };
    // An interface that knows nothing of our key is shown to those only who need none or gave it.
    let is_page = request
        .headers()
        .get(header::ACCEPT)
        .and_then(|accept| accept.to_str().ok())
        .is_some_and(|accept| accept.contains("text/html"));
    if path == "login" {
        return own(&path, &frames);
    }
    if is_page && state.admit(request.headers(), None, &connection).await.is_err() {
        let next: String =
            form_urlencoded::byte_serialize(request.uri().path().as_bytes()).collect();
        return Redirect::to(&format!("/login?next={next}")).into_response();
    }
    other(&folder, &path, &frames).await
}

/// Serves our own interface.
fn own(path: &str, frames: &str) -> Response {
    let candidates = [path.to_owned(), format!("{path}.html"), "index.html".to_owned()];
    let found = candidates.iter().find_map(|name| Some((name, Interface::get(name)?)));
    match found {
        Some((name, found)) => {
            file(name, found.data.into_owned(), &format!("{OWN_POLICY}{frames}"))
        }
        None => ApiError::not_found(
            "The web interface is not built. Run ./start_openhands.sh --build-only.",
        )
        .into_response(),
    }
}

/// Serves an interface from a folder; what it lacks may be a part of our login page.
async fn other(folder: &Path, path: &str, frames: &str) -> Response {
    if let Some(bytes) = read(folder, path).await {
        let policy =
            if path.ends_with(".html") { policy_of(&bytes) } else { OWN_POLICY.to_owned() };
        return file(path, bytes, &format!("{policy}{frames}"));
    }
    if path.starts_with("assets/") && Interface::get(path).is_some() {
        return own(path, frames);
    }
    match read(folder, "index.html").await {
        Some(bytes) => {
            let policy = policy_of(&bytes);
            file("index.html", bytes, &format!("{policy}{frames}"))
        }
        None => ApiError::not_found("There is no index.html in the folder of --frontend-dir.")
            .into_response(),
    }
}

/// Says what may be shown in a frame: what the agent serves, under the names of its ports.
fn frames(state: &AppState, connection: &Connection, headers: &HeaderMap) -> String {
    let client = state.client(headers, connection);
    let scheme = if client.is_https || state.server().tls.is_some() { "https" } else { "http" };
    let host = client.host.as_deref();
    let host = host.or_else(|| headers.get(header::HOST)?.to_str().ok()).unwrap_or_default();
    match preview::names_for(host, state.server().preview_host.as_deref()) {
        Some(names) => format!("frame-src 'self' {scheme}://{names}"),
        None => "frame-src 'self'".to_owned(),
    }
}

/// An interface of others may have scripts and styles in its page: those scripts are named by
/// their digest, so that no other one runs.
fn policy_of(page: &[u8]) -> String {
    let digests: String = inline_scripts(&String::from_utf8_lossy(page))
        .map(|script| {
            let digest = ring::digest::digest(&ring::digest::SHA256, script.as_bytes());
            format!(" 'sha256-{}'", BASE64_STANDARD.encode(digest))
        })
        .collect();
    format!(
        "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'{digests}; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; worker-src 'self' blob:; connect-src 'self'; object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'; "
    )
}

/// Returns what stands between the tags of scripts without a source.
fn inline_scripts(page: &str) -> impl Iterator<Item = &str> {
    page.split("<script").skip(1).filter_map(|rest| {
        let (attributes, rest) = rest.split_once('>')?;
        let (script, _) = rest.split_once("</script")?;
        (!attributes.contains("src=") && !script.is_empty()).then_some(script)
    })
}

/// Adds the headers of every answer: nothing is kept but what says so, and nothing is guessed.
pub(crate) fn complete(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(NEVER));
        headers.insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
        headers.insert(header::EXPIRES, HeaderValue::from_static("0"));
    }
    response
}

/// What every request passes: the limit of its client, and a look at the host it asks for.
pub(crate) async fn guard(
    State(state): State<AppState>,
    ConnectInfo(RequestConnection(connection)): ConnectInfo<RequestConnection>,
    request: Request,
    next: Next,
) -> Response {
    if rate_limit::is_exceeded(&state, &connection, &request) {
        return rate_limit::too_many();
    }
    if !is_known_host(&state, &connection, &request) {
        return ApiError::new(
            StatusCode::FORBIDDEN,
            "This host name is not ours. Use http://localhost, give the session key, or name your proxy in [security] trusted_proxies.",
        )
        .into_response();
    }
    next.run(request).await
}

/// A name bound to our address is no way in: see DNS rebinding.
///
/// Where a key is needed everywhere, or a trusted proxy asks, a name opens nothing.
fn is_known_host(state: &AppState, connection: &Connection, request: &Request) -> bool {
    if !matches!(state.server().host.as_str(), "127.0.0.1" | "localhost" | "::1") {
        return true;
    }
    let headers = request.headers();
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let carries_key = || {
        headers.contains_key("x-session-api-key")
            || headers.contains_key(header::AUTHORIZATION)
            || request.uri().query().is_some_and(|query| query.contains("session_api_key="))
    };
    host.is_some_and(|host| state.origins.is_own_host(host))
        || carries_key()
        || request.uri().path() == "/api/login"
        || state.server().session_api_key.is_some()
        || state.proxies.trusts(connection.peer.ip())
        || state.is_logged_in(headers)
}

async fn read(folder: &Path, name: &str) -> Option<Vec<u8>> {
    let is_plain = !name.is_empty()
        && Path::new(name).components().all(|part| matches!(part, std::path::Component::Normal(_)));
    if !is_plain {
        return None;
    }
    tokio::fs::read(folder.join(name)).await.ok()
}

fn file(name: &str, bytes: Vec<u8>, policy: &str) -> Response {
    let mut response = Response::new(Body::from(bytes));
    let headers = response.headers_mut();
    if let Ok(policy) = HeaderValue::from_str(policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    let mut set = |name: header::HeaderName, value: &'static str| {
        headers.insert(name, HeaderValue::from_static(value));
    };
    set(header::CONTENT_TYPE, content_type(name));
    set(header::REFERRER_POLICY, "no-referrer");
    set(header::X_FRAME_OPTIONS, "DENY");
    if name.starts_with("assets/") {
        set(header::CACHE_CONTROL, IMMUTABLE);
    }
    response
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("ico") => "image/x-icon",
        Some("json" | "map") => "application/json",
        Some("webmanifest") => "application/manifest+json",
        Some("woff2") => "font/woff2",
        Some("txt") => "text/plain; charset=utf-8",
        Some(_) | None => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scripts_in_a_page_are_the_only_ones_that_run() {
        let page = "<script>one()</script><script type=\"module\" src=\"/a.js\"></script><script async>two()</script>";
        assert_eq!(inline_scripts(page).collect::<Vec<_>>(), ["one()", "two()"]);
        let policy = policy_of(b"<script>alert(1)</script>");
        // printf 'alert(1)' | openssl dgst -sha256 -binary | base64
        let digest = "'sha256-bhHHL3z2vDgxUt0W3dWQOrprscmda2Y5pLsLg4GF+pI='";
        assert!(policy.contains(digest), "{policy}");
        assert!(!policy.contains("script-src 'self' 'unsafe-inline'"));
    }
}
