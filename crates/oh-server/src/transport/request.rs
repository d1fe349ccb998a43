//! What a request to `/socket.io/` wants.

use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use oh_socketio::Rules;

const UNSUPPORTED: &str =
    "The client is using an unsupported version of the Socket.IO or Engine.IO protocols";
const INVALID_TRANSPORT: &str = "Invalid transport";
const INVALID_UPGRADE: &str = "Invalid websocket upgrade";
const INVALID_METHOD: &str = "Invalid method: a session starts with GET";
/// As much of a session id as a refusal repeats.
const SHOWN_SID: usize = 64;

/// What clients may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Transports {
    /// WebSockets.
    pub websocket: bool,
    /// HTTP long-polling.
    pub polling: bool,
}

/// What a request wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ask {
    /// To become a WebSocket with a session of its own.
    WebSocket,
    /// To become the WebSocket of a session that is over HTTP so far.
    Upgrade(String),
    /// To start a session over HTTP.
    Open,
    /// What waits for this session.
    Poll(String),
    /// To send packets of this session.
    Post(String),
}

/// Returns what a request wants.
///
/// By [`Rules::Tolerant`] an upgrade without `transport` is a WebSocket: shells lose what follows an unquoted `&`.
///
/// # Errors
/// The message for the client, to be sent by [`refusal`].
pub fn ask_of(
    method: &Method,
    query: &str,
    is_upgrade: bool,
    allowed: Transports,
    rules: Rules,
) -> Result<Ask, String> {
    let value = |name: &str| {
        let mut pairs = form_urlencoded::parse(query.as_bytes());
        pairs.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    };
    if value("EIO").as_deref() != Some("4") {
        return Err(UNSUPPORTED.to_owned());
    }
    let is_websocket = match value("transport").as_deref() {
        Some("websocket") if allowed.websocket => true,
        None if is_upgrade && rules == Rules::Tolerant && allowed.websocket => true,
        Some("polling") if allowed.polling && !is_upgrade => false,
        None | Some(_) => return Err(INVALID_TRANSPORT.to_owned()),
    };
    let sid = value("sid").filter(|_| allowed.polling);
    if is_websocket {
        return match sid {
            _ if !is_upgrade => Err(INVALID_UPGRADE.to_owned()),
            Some(sid) => Ok(Ask::Upgrade(sid)),
            None => Ok(Ask::WebSocket),
        };
    }
    match (sid, method) {
        (None, &Method::GET) => Ok(Ask::Open),
        (Some(sid), &Method::GET) => Ok(Ask::Poll(sid)),
        (Some(sid), &Method::POST) => Ok(Ask::Post(sid)),
        (None | Some(_), _) => Err(INVALID_METHOD.to_owned()),
    }
}

/// Returns the message for a session that is not there, or not for this client.
pub(crate) fn unknown_session(sid: &str) -> String {
    format!("Invalid session {}", sid.chars().take(SHOWN_SID).collect::<String>())
}

/// Returns the answer that refuses a request: forbidden for an upgrade, else a bad request.
///
/// The body is a JSON string, although it says that it is plain text: so does OpenHands'.
pub fn refusal(is_upgrade: bool, message: &str) -> Response {
    let status = if is_upgrade { StatusCode::FORBIDDEN } else { StatusCode::BAD_REQUEST };
    refusal_with(status, message)
}

pub(crate) fn refusal_with(status: StatusCode, message: &str) -> Response {
    let body = serde_json::Value::from(message).to_string();
    (status, [(header::CONTENT_TYPE, "text/plain")], body).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOTH: Transports = Transports { websocket: true, polling: true };
    const DEFAULT: Transports = Transports { websocket: true, polling: false };
    const GET: Method = Method::GET;

    fn check(request: (Method, &str, bool), allowed: Transports, expected: Result<Ask, &str>) {
        let (method, query, is_upgrade) = &request;
        let ask = ask_of(method, query, *is_upgrade, allowed, Rules::Tolerant);
        assert_eq!(ask, expected.map_err(str::to_owned), "{request:?}");
    }

    #[test]
    fn only_websockets_are_taken_by_default() {
        for allowed in [DEFAULT, BOTH] {
            check((GET, "EIO=4&transport=websocket", true), allowed, Ok(Ask::WebSocket));
            check((GET, "EIO=4", true), allowed, Ok(Ask::WebSocket));
            check((GET, "transport=websocket", true), allowed, Err(UNSUPPORTED));
            check((GET, "EIO=3&transport=polling", false), allowed, Err(UNSUPPORTED));
            check((GET, "EIO=4&transport=websocket", false), allowed, Err(INVALID_UPGRADE));
            check((GET, "EIO=4&transport=abc", false), allowed, Err(INVALID_TRANSPORT));
            check((GET, "EIO=4", false), allowed, Err(INVALID_TRANSPORT));
        }
        check((GET, "EIO=4&transport=polling", false), DEFAULT, Err(INVALID_TRANSPORT));
        check(
            (Method::POST, "EIO=4&transport=polling&sid=x", false),
            DEFAULT,
            Err(INVALID_TRANSPORT),
        );
        // Without polling there is no session to move: the id says nothing.
        check((GET, "EIO=4&transport=websocket&sid=x", true), DEFAULT, Ok(Ask::WebSocket));
    }

    #[test]
    fn polling_is_get_and_post() {
        let sid = || "x".to_owned();
        check((GET, "EIO=4&transport=polling", false), BOTH, Ok(Ask::Open));
        check((GET, "EIO=4&transport=polling&sid=x", false), BOTH, Ok(Ask::Poll(sid())));
        check((Method::POST, "EIO=4&transport=polling&sid=x", false), BOTH, Ok(Ask::Post(sid())));
        check((GET, "EIO=4&transport=websocket&sid=x", true), BOTH, Ok(Ask::Upgrade(sid())));
        check((Method::POST, "EIO=4&transport=polling", false), BOTH, Err(INVALID_METHOD));
        check((Method::PUT, "EIO=4&transport=polling&sid=x", false), BOTH, Err(INVALID_METHOD));
        check((GET, "EIO=4&transport=polling", true), BOTH, Err(INVALID_TRANSPORT));
        let only = Transports { websocket: false, polling: true };
        check((GET, "EIO=4&transport=websocket", true), only, Err(INVALID_TRANSPORT));
    }
}
