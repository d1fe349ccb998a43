//! From the request to a session, or to the refusal a Socket.IO client understands.

use std::future::Future;
use std::sync::Arc;

use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::{Request, State, WebSocketUpgrade};
use axum::response::Response;

use oh_server::transport::{
    Ask, PollingOptions, PollingSessions, Standing, Transports, ask_of, of_websocket, refusal,
};
use oh_socketio::Rules;

use crate::transport::{Transport, session_id};
use crate::{config, engine_echo, socket_app};

type Upgrade = Result<WebSocketUpgrade, WebSocketUpgradeRejection>;

const TRANSPORTS: Transports = Transports { websocket: true, polling: true };

pub(crate) async fn open_engine(
    State(sessions): State<PollingSessions>,
    upgrade: Upgrade,
    request: Request,
) -> Response {
    answer(sessions, upgrade, request, engine_echo::serve).await
}

pub(crate) async fn open_socket(
    State(sessions): State<PollingSessions>,
    upgrade: Upgrade,
    request: Request,
) -> Response {
    answer(sessions, upgrade, request, socket_app::serve).await
}

/// Refuses what is no Engine.IO 4; an upgrade is forbidden (403), plain HTTP a bad request (400).
async fn answer<Served>(
    sessions: PollingSessions,
    upgrade: Upgrade,
    request: Request,
    serve: fn(Transport) -> Served,
) -> Response
where
    Served: Future<Output = ()> + Send + 'static,
{
    let query = request.uri().query().unwrap_or_default();
    let ask = ask_of(request.method(), query, upgrade.is_ok(), TRANSPORTS, Rules::Strict);
    let find = |sid: &str| sessions.find(sid).filter(|session| session.is_open());
    let (sid, written) = (session_id(), Arc::default());
    match (ask, upgrade) {
        (Ok(Ask::Open), _) => {
            let options = PollingOptions {
                standing: Standing::Admitted,
                max_payload: config().max_payload,
                max_packets: 1000,
            };
            let session =
                sessions.open(sid.clone(), options, Arc::default(), |incoming, outgoing| {
                    serve(Transport::new(sid, &["websocket"], (incoming, outgoing)))
                });
            session.poll(written).await
        }
        (Ok(Ask::Poll(sid)), _) => match find(&sid) {
            Some(session) => session.poll(written).await,
            None => refusal(false, "Invalid session"),
        },
        (Ok(Ask::Post(sid)), _) => match find(&sid) {
            Some(session) => session.post(request.into_body()).await,
            None => refusal(false, "Invalid session"),
        },
        (Ok(Ask::Upgrade(sid)), Ok(upgrade)) => match find(&sid) {
            Some(session) => {
                upgrade.on_upgrade(async move |socket| session.probe(socket, written).await)
            }
            None => refusal(true, "Invalid session"),
        },
        // A little above the limit, so that a frame too large reaches the protocol layer and is closed with 1009.
        (Ok(Ask::WebSocket), Ok(upgrade)) => {
            upgrade.max_message_size(config().max_payload * 2).on_upgrade(move |socket| {
                serve(Transport::new(sid, &[], of_websocket(socket, written)))
            })
        }
        (Ok(Ask::WebSocket | Ask::Upgrade(_)), Err(_)) => {
            refusal(false, "Invalid websocket upgrade")
        }
        (Err(message), upgrade) => refusal(upgrade.is_ok(), &message),
    }
}
