//! The HTTP side of a socket: which requests become one, and what the others are told.

use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use oh_socketio::Rules;
use oh_wire::ConnectQuery;

use super::context::{Carrier, SocketContext};
use super::inlet;
use crate::auth::{Denial, random_text};
use crate::listener::RequestConnection;
use crate::state::AppState;
use crate::transport::{
    Ask, PollingOptions, PollingSession, Standing, Transports, ask_of, of_websocket, refusal,
    refusal_with, unknown_session,
};

/// Largest frame of a client, in bytes: files of 3 MiB in base64.
pub(crate) const MAX_PAYLOAD: usize = 4 * 1024 * 1024;
/// Room above that, so that a frame that is too large is read and refused in peace; what is
/// larger still ends the connection at once.
const MAX_MESSAGE: usize = 2 * MAX_PAYLOAD;
const READ_BUFFER: usize = 4 * 1024;
/// It grows only as far as what is sent at once: a short history needs less.
const WRITE_BUFFER: usize = 64 * 1024;
/// Most packets of a client in one request.
const MAX_PACKETS: usize = 1000;
/// Most bytes that a WebSocket may send before it shows the key.
const STRANGER_BYTES: u64 = 32 * 1024;
/// Bytes of a session id, before they are written as digits.
const SID_BYTES: usize = 10;

type Upgrade = Result<WebSocketUpgrade, WebSocketUpgradeRejection>;

pub(crate) async fn answer(
    State(state): State<AppState>,
    ConnectInfo(RequestConnection(connection)): ConnectInfo<RequestConnection>,
    upgrade: Upgrade,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let query = parts.uri.query().unwrap_or_default();
    let is_upgrade = is_upgrade(&parts.headers);
    let sockets = &state.server().sockets;
    let transports = Transports { websocket: sockets.has_websocket, polling: sockets.has_polling };
    let ask = match ask_of(&parts.method, query, is_upgrade, transports, Rules::Tolerant) {
        Ok(ask) => ask,
        Err(message) => return refusal(is_upgrade, &message),
    };
    let connect = ConnectQuery::parse(query);
    // Every request answers for itself: the id of a session is no authority.
    let key = connect.session_api_key.as_deref();
    let key_changes = state.keys.changes();
    let admission = state.admit(&parts.headers, key, &connection).await;
    if admission == Err(Denial::Origin) {
        let origin = parts.headers.get(header::ORIGIN).and_then(|origin| origin.to_str().ok());
        let message = format!("{} is not an accepted origin.", origin.unwrap_or("null"));
        return refusal(is_upgrade, &message);
    }
    let standing = if admission.is_ok() { Standing::Admitted } else { Standing::Stranger };
    let find = |sid: &str| {
        let session = state.polling.find(sid);
        session
            .filter(|session| session.standing() == standing && session.is_open())
            .ok_or_else(|| refusal(is_upgrade, &unknown_session(sid)))
    };
    let written = connection.written.clone();
    match ask {
        Ask::Poll(sid) => match find(&sid) {
            Ok(session) => session.poll(written).await,
            Err(refusal) => refusal,
        },
        Ask::Post(sid) => match find(&sid) {
            Ok(session) => session.post(body).await,
            Err(refusal) => refusal,
        },
        Ask::Upgrade(sid) => match (find(&sid), upgrade) {
            (Ok(session), Ok(upgrade)) => configured(upgrade)
                .on_upgrade(async move |socket| session.probe(socket, written).await),
            (Ok(_), Err(_)) => refusal(false, "Invalid websocket upgrade"),
            (Err(refusal), _) => refusal,
        },
        Ask::Open | Ask::WebSocket => {
            let (Ok(place), Ok(sid)) =
                (state.socket_places.clone().try_acquire_owned(), random_text(SID_BYTES))
            else {
                return full("Too many connections");
            };
            let stranger = match &admission {
                Ok(_) => None,
                // A key may still come in the CONNECT packet, but not from everybody at once.
                Err(_) => match state.strangers.clone().try_acquire_owned() {
                    Ok(place) => Some(place),
                    Err(_) => return full("Too many connections without the key"),
                },
            };
            let carrier = match ask == Ask::Open {
                true if transports.websocket => Carrier::Polling { upgrades: &["websocket"] },
                true => Carrier::Polling { upgrades: &[] },
                false => Carrier::WebSocket,
            };
            let context = SocketContext {
                state: state.clone(),
                connection: connection.clone(),
                sid,
                carrier,
                query: connect,
                admission,
                _place: place,
                stranger,
                key_changes,
            };
            if ask == Ask::Open {
                return open(context, standing).poll(written).await;
            }
            let Ok(upgrade) = upgrade else { return refusal(false, "Invalid websocket upgrade") };
            if standing == Standing::Stranger {
                connection.limit_reading(STRANGER_BYTES);
            }
            configured(upgrade).on_upgrade(async move |socket| {
                let (incoming, outgoing) = of_websocket(socket, written);
                inlet::serve(incoming, outgoing, context).await;
            })
        }
    }
}

fn full(message: &str) -> Response {
    let mut response = refusal_with(StatusCode::SERVICE_UNAVAILABLE, message);
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("10"));
    response
}

/// Starts a session over HTTP.
fn open(context: SocketContext, standing: Standing) -> std::sync::Arc<PollingSession> {
    let sessions = context.state.polling.clone();
    let written = context.connection.written.clone();
    let options = PollingOptions { standing, max_payload: MAX_PAYLOAD, max_packets: MAX_PACKETS };
    sessions.open(context.sid.clone(), options, written, |incoming, outgoing| {
        inlet::serve(incoming, outgoing, context)
    })
}

fn configured(upgrade: WebSocketUpgrade) -> WebSocketUpgrade {
    upgrade
        .max_message_size(MAX_MESSAGE)
        .max_frame_size(MAX_MESSAGE)
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(WRITE_BUFFER)
}

fn is_upgrade(headers: &HeaderMap) -> bool {
    let value = headers.get(header::UPGRADE);
    value.is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"websocket"))
}
