//! The HTTP side of a socket: which requests become one, and what the others are told.

use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::{ConnectInfo, RawQuery, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use oh_wire::ConnectQuery;

use super::context::SocketContext;
use super::inlet;
use crate::auth::Denial;
use crate::listener::RequestConnection;
use crate::state::AppState;

/// Largest frame of a client, in bytes: files of 3 MiB in base64.
pub(crate) const MAX_PAYLOAD: usize = 4 * 1024 * 1024;
/// Room above that, so that a frame that is too large is read and refused in peace; what is
/// larger still ends the connection at once.
const MAX_MESSAGE: usize = 2 * MAX_PAYLOAD;
const READ_BUFFER: usize = 4 * 1024;
/// It grows only as far as what is sent at once: a short history needs less.
const WRITE_BUFFER: usize = 64 * 1024;

const UNSUPPORTED: &str =
    "The client is using an unsupported version of the Socket.IO or Engine.IO protocols";

pub(crate) async fn upgrade(
    State(state): State<AppState>,
    ConnectInfo(RequestConnection(connection)): ConnectInfo<RequestConnection>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response {
    let query = query.unwrap_or_default();
    let is_upgrade = headers
        .get(header::UPGRADE)
        .is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"websocket"));
    if let Err(message) = check_protocol(&query, is_upgrade) {
        return refused(is_upgrade, message);
    }
    let connect = ConnectQuery::parse(&query);
    let key = connect.session_api_key.as_deref();
    let key_changes = state.keys.changes();
    let admission = state.admit(&headers, key, &connection).await;
    if admission == Err(Denial::Origin) {
        let origin = headers.get(header::ORIGIN).and_then(|origin| origin.to_str().ok());
        let message = format!("{} is not an accepted origin.", origin.unwrap_or("null"));
        return refused(is_upgrade, &message);
    }
    let stranger = match &admission {
        Ok(_) => None,
        // A key may still come in the CONNECT packet, but not from everybody at once.
        Err(_) => match state.strangers.clone().try_acquire_owned() {
            Ok(place) => Some(place),
            Err(_) => return full(),
        },
    };
    let Ok(upgrade) = upgrade else { return refused(false, "Invalid websocket upgrade") };
    let context =
        SocketContext { state, connection, query: connect, admission, stranger, key_changes };
    upgrade
        .max_message_size(MAX_MESSAGE)
        .max_frame_size(MAX_MESSAGE)
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(WRITE_BUFFER)
        .on_upgrade(move |socket| inlet::serve(socket, context))
}

/// A missing `transport` is a WebSocket: shells lose what follows an unquoted `&`.
fn check_protocol(query: &str, is_upgrade: bool) -> Result<(), &'static str> {
    let value = |name: &str| {
        let mut pairs = form_urlencoded::parse(query.as_bytes());
        pairs.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    };
    if value("EIO").as_deref() != Some("4") {
        return Err(UNSUPPORTED);
    }
    match value("transport").as_deref() {
        Some("websocket") if !is_upgrade => Err("Invalid websocket upgrade"),
        Some("websocket") => Ok(()),
        None if is_upgrade => Ok(()),
        None | Some(_) => Err("Invalid transport"),
    }
}

fn full() -> Response {
    let body = "\"Too many connections without the key\"";
    let headers = [(header::CONTENT_TYPE, "text/plain"), (header::RETRY_AFTER, "10")];
    (StatusCode::SERVICE_UNAVAILABLE, headers, body).into_response()
}

/// The body is a JSON string, although it says that it is plain text: so does OpenHands'.
fn refused(is_upgrade: bool, message: &str) -> Response {
    let status = if is_upgrade { StatusCode::FORBIDDEN } else { StatusCode::BAD_REQUEST };
    let body = serde_json::Value::from(message).to_string();
    (status, [(header::CONTENT_TYPE, "text/plain")], body).into_response()
}
