//! The HTTP side of a socket: which requests become one, and what the others are told.

use std::sync::Arc;

use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use oh_socketio::Rules;
use oh_wire::ConnectQuery;
use tokio::sync::watch;

use super::context::{Carrier, SocketContext};
use super::inlet;
use crate::auth::{Denial, Grant, SessionKey, random_text};
use crate::listener::{Connection, RequestConnection};
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

const INVALID_UPGRADE: &str = "Invalid websocket upgrade";

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
        session.filter(|session| session.standing() == standing && session.is_open())
    };
    let unknown = |sid: &str| refusal(is_upgrade, &unknown_session(sid));
    let written = connection.written.clone();
    let carrier = match &ask {
        Ask::Poll(sid) => match find(sid) {
            Some(session) => return session.poll(written).await,
            None => return unknown(sid),
        },
        Ask::Post(sid) => match find(sid) {
            Some(session) => return session.post(body).await,
            None => return unknown(sid),
        },
        Ask::Upgrade(sid) => match (find(sid), upgrade) {
            (Some(session), Ok(upgrade)) => {
                let probe = async move |socket| session.probe(socket, written).await;
                return configured(upgrade).on_upgrade(probe);
            }
            (Some(_), Err(_)) => return refusal(false, INVALID_UPGRADE),
            (None, _) => return unknown(sid),
        },
        Ask::Open if transports.websocket => Carrier::Polling { upgrades: &["websocket"] },
        Ask::Open => Carrier::Polling { upgrades: &[] },
        Ask::WebSocket => Carrier::WebSocket,
    };
    let opening = Opening { connection, carrier, query: connect, admission, key_changes };
    let context = match opening.context(state) {
        Ok(context) => context,
        Err(message) => return full(message),
    };
    match (carrier, upgrade) {
        (Carrier::Polling { .. }, _) => open(context, standing).poll(written).await,
        (Carrier::WebSocket, Err(_)) => refusal(false, INVALID_UPGRADE),
        (Carrier::WebSocket, Ok(upgrade)) => {
            if standing == Standing::Stranger {
                context.connection.limit_reading(STRANGER_BYTES);
            }
            configured(upgrade).on_upgrade(async move |socket| {
                let (incoming, outgoing) = of_websocket(socket, written);
                inlet::serve(incoming, outgoing, context).await;
            })
        }
    }
}

/// A request that may become a socket if there is room.
struct Opening {
    connection: Arc<Connection>,
    carrier: Carrier,
    query: ConnectQuery,
    admission: Result<Grant, Denial>,
    key_changes: watch::Receiver<SessionKey>,
}

impl Opening {
    /// Takes the socket's places.
    ///
    /// # Errors
    /// Says which ones are all taken.
    fn context(self, state: AppState) -> Result<SocketContext, &'static str> {
        let Self { connection, carrier, query, admission, key_changes } = self;
        let places = state.socket_places.clone();
        let place = places.try_acquire_owned().map_err(|_| "Too many connections")?;
        let stranger = match &admission {
            Ok(_) => None,
            // A key may still come in the CONNECT packet, but not from everybody at once.
            Err(_) => {
                let place = state.strangers.clone().try_acquire_owned();
                Some(place.map_err(|_| "Too many connections without the key")?)
            }
        };
        let sid = random_text(SID_BYTES).map_err(|_| "No random numbers are left")?;
        Ok(SocketContext {
            state,
            connection,
            sid,
            carrier,
            query,
            admission,
            _place: place,
            stranger,
            key_changes,
        })
    }
}

fn full(message: &str) -> Response {
    let mut response = refusal_with(StatusCode::SERVICE_UNAVAILABLE, message);
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("10"));
    response
}

/// Starts a session over HTTP.
fn open(context: SocketContext, standing: Standing) -> Arc<PollingSession> {
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
