//! The web interface: embedded files, or those of a folder.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use rust_embed::RustEmbed;

use crate::rest::ApiError;
use crate::state::AppState;

const CONTENT_SECURITY_POLICY: &str = "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self' ws: wss:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
const IMMUTABLE: &str = "public, max-age=2592000, immutable";
const NEVER: &str = "no-cache, no-store, must-revalidate, max-age=0";

#[derive(RustEmbed)]
#[folder = "../../frontend/dist"]
struct Interface;

/// Answers everything that is no route: a file, or the page that finds its own way.
pub(crate) async fn serve(State(state): State<AppState>, request: Request) -> Response {
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
    let candidates = [path.clone(), format!("{path}.html"), "index.html".to_owned()];
    for name in candidates.iter().filter(|name| !name.is_empty() && *name != ".html") {
        if let Some(bytes) = read(&state, name).await {
            return file(name, bytes);
        }
    }
    ApiError::not_found("The web interface is not built. Run ./start_openhands.sh --build-only.")
        .into_response()
}

/// A name bound to our address is no way in: see DNS rebinding.
pub(crate) async fn guard_host(
    State(state): State<AppState>,
    request: Request,
    next: Next,
) -> Response {
    let is_loopback = matches!(state.server().host.as_str(), "127.0.0.1" | "localhost" | "::1");
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    let carries_key = request.headers().contains_key("x-session-api-key")
        || request.headers().contains_key(header::AUTHORIZATION)
        || request.uri().query().is_some_and(|query| query.contains("session_api_key="));
    if is_loopback && !carries_key && !host.is_some_and(|host| state.origins.is_own_host(host)) {
        return ApiError::new(
            StatusCode::FORBIDDEN,
            "This host name is not ours. Use http://localhost or give the session key.",
        )
        .into_response();
    }
    next.run(request).await
}

async fn read(state: &AppState, name: &str) -> Option<Vec<u8>> {
    let Some(folder) = &state.server().frontend_dir else {
        return Interface::get(name).map(|file| file.data.into_owned());
    };
    let is_plain = std::path::Path::new(name)
        .components()
        .all(|part| matches!(part, std::path::Component::Normal(_)));
    if !is_plain {
        return None;
    }
    tokio::fs::read(folder.join(name)).await.ok()
}

fn file(name: &str, bytes: Vec<u8>) -> Response {
    let mut response = Response::new(Body::from(bytes));
    let headers = response.headers_mut();
    let mut set = |name: header::HeaderName, value: &'static str| {
        headers.insert(name, HeaderValue::from_static(value));
    };
    set(header::CONTENT_TYPE, content_type(name));
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(header::REFERRER_POLICY, "no-referrer");
    set(header::X_FRAME_OPTIONS, "DENY");
    set(header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY);
    if name.starts_with("assets/") {
        set(header::CACHE_CONTROL, IMMUTABLE);
    } else {
        set(header::CACHE_CONTROL, NEVER);
        set(header::PRAGMA, "no-cache");
        set(header::EXPIRES, "0");
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
