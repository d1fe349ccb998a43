//! From the HTTP request to the WebSocket, or to the refusal a Socket.IO client understands.

use std::collections::HashMap;

use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::{Query, WebSocketUpgrade};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use crate::{config, engine_echo, socket_app};

type Parameters = Query<HashMap<String, String>>;
type Upgrade = Result<WebSocketUpgrade, WebSocketUpgradeRejection>;

pub(crate) async fn open_engine(query: Parameters, upgrade: Upgrade) -> Response {
    match check(&query, upgrade) {
        Ok(upgrade) => upgrade.on_upgrade(engine_echo::serve),
        Err(refusal) => refusal,
    }
}

pub(crate) async fn open_socket(query: Parameters, upgrade: Upgrade) -> Response {
    match check(&query, upgrade) {
        Ok(upgrade) => upgrade.on_upgrade(socket_app::serve),
        Err(refusal) => refusal,
    }
}

/// Refuses everything but Engine.IO 4 over WebSocket; an upgrade is forbidden (403), plain HTTP a bad request (400).
#[expect(clippy::result_large_err, reason = "the response is returned at once")]
fn check(query: &HashMap<String, String>, upgrade: Upgrade) -> Result<WebSocketUpgrade, Response> {
    let status = if upgrade.is_ok() { StatusCode::FORBIDDEN } else { StatusCode::BAD_REQUEST };
    let refuse = |reason: &str| Err((status, format!("{reason:?}")).into_response());
    if query.get("EIO").is_none_or(|version| version != "4") {
        return refuse(
            "The client is using an unsupported version of the Socket.IO or Engine.IO protocols",
        );
    }
    if query.get("transport").is_none_or(|transport| transport != "websocket") {
        return refuse("Invalid transport");
    }
    match upgrade {
        // A little above the limit, so that a frame too large reaches the protocol layer and is closed with 1009.
        Ok(upgrade) => Ok(upgrade.max_message_size(config().max_payload * 2)),
        Err(_) => refuse("Invalid websocket upgrade"),
    }
}
