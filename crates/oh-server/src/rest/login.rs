//! A browser shows the key once and gets a cookie for it.

use std::time::SystemTime;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::body::Fields;
use super::error::ApiError;
use crate::auth;
use crate::listener::RequestConnection;
use crate::rate_limit::too_many;
use crate::state::AppState;

pub(crate) const MAX_BODY: usize = 4 * 1024;

/// Checks the key and sets the cookie.
pub(crate) async fn login(
    State(state): State<AppState>,
    ConnectInfo(RequestConnection(connection)): ConnectInfo<RequestConnection>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, ApiError> {
    let client = state.client(&headers, &connection);
    if !state.logins.allows(client.address) {
        return Ok(too_many());
    }
    let mut fields = Fields::parse(&body)?;
    if !fields.has("key") {
        fields.problem("missing", "key", "Field required", serde_json::Value::Null);
    }
    let key = fields.text("key");
    fields.finish_strictly()?;
    let current = state.keys.current();
    if !key.is_some_and(|key| current.matches(key.trim())) {
        tracing::warn!(client = %client.address, "somebody gave a wrong key");
        return Err(ApiError::new(StatusCode::UNAUTHORIZED, "This is not the session key"));
    }
    let is_secure = client.is_https || state.server().tls.is_some();
    let cookie = auth::login(&current, SystemTime::now(), is_secure);
    Ok(([(header::SET_COOKIE, cookie)], Json(json!({"status": "ok"}))).into_response())
}

/// Takes the cookie back.
pub(crate) async fn logout(
    State(state): State<AppState>,
    ConnectInfo(RequestConnection(connection)): ConnectInfo<RequestConnection>,
    headers: HeaderMap,
) -> Response {
    let is_https = state.client(&headers, &connection).is_https;
    let is_secure = is_https || state.server().tls.is_some();
    let cookie = auth::logout(&state.keys.current(), is_secure);
    ([(header::SET_COOKIE, cookie)], Json(json!({"status": "ok"}))).into_response()
}
