//! `/socket.io/`: the namespaces `/` and `/custom`, an `auth` event on connect, and events that are sent back.

use std::collections::VecDeque;
use std::convert::Infallible;

use oh_socketio::{
    AckId, Args, CloseReason, ConnectCause, Connection, Effect, PING, encode_ack, encode_event,
};

use crate::config;
use crate::transport::{End, Transport, session_id};

const NAMESPACES: [&str; 2] = ["/", "/custom"];

pub(crate) async fn serve(mut transport: Transport) {
    let Err(end) = run(&mut transport).await;
    transport.finish(end).await;
}

async fn run(transport: &mut Transport) -> Result<Infallible, End> {
    let config = config();
    transport.open().await?;
    let mut connection = Connection::new(config, transport.now());
    loop {
        let deadline = connection.next_deadline().ok_or(CloseReason::PeerClosed)?;
        let incoming = transport.receive(deadline).await?;
        let mut effects = VecDeque::from(connection.handle(transport.now(), incoming.input()));
        while let Some(effect) = effects.pop_front() {
            let next = perform(effect, &mut connection, transport).await?;
            next.into_iter().rev().for_each(|effect| effects.push_front(effect));
        }
    }
}

/// Does one thing and returns what comes before all other effects.
async fn perform(
    effect: Effect,
    connection: &mut Connection,
    transport: &mut Transport,
) -> Result<Vec<Effect>, End> {
    match effect {
        Effect::Connect { namespace, cause } => {
            return decide(&namespace, cause, connection, transport).await;
        }
        Effect::Event { namespace, name, args, ack, attachments } => {
            if let Some(frame) = answer(&namespace, &name, &args, ack, attachments.len()) {
                transport.send_text(frame).await?;
                for data in attachments {
                    transport.send_binary(data).await?;
                }
            }
        }
        Effect::Send(frame) => transport.send_text(frame).await?,
        Effect::SendPing => transport.send_text(PING).await?,
        Effect::Ack { .. } | Effect::Disconnect { .. } | Effect::Malformed(_) => {}
        Effect::Close(reason) => return Err(End::Close(reason)),
    }
    Ok(Vec::new())
}

/// Answers a CONNECT and returns what the peer has sent since.
async fn decide(
    namespace: &str,
    cause: ConnectCause,
    connection: &mut Connection,
    transport: &mut Transport,
) -> Result<Vec<Effect>, End> {
    if !NAMESPACES.contains(&namespace) {
        if let Some(frame) = connection.refuse(namespace, r#"{"message":"Invalid namespace"}"#) {
            transport.send_text(frame).await?;
        }
        return Ok(Vec::new());
    }
    let Some(accepted) = connection.accept(namespace, &session_id()) else {
        return Ok(Vec::new());
    };
    let auth = match cause {
        ConnectCause::Packet { payload: Some(payload) } => payload,
        ConnectCause::Packet { payload: None }
        | ConnectCause::Event { .. }
        | ConnectCause::Silence => "{}".to_owned(),
    };
    transport.send_text(accepted.frame).await?;
    transport.send_text(encode_event(namespace, "auth", &[&auth], 0)).await?;
    Ok(accepted.effects)
}

/// Returns the frame that sends the arguments back, if the event asks for that.
fn answer(
    namespace: &str,
    name: &str,
    args: &Args,
    ack: Option<AckId>,
    attachments: usize,
) -> Option<String> {
    let args: Vec<_> = args.iter().collect();
    match (name, ack) {
        ("message", _) => Some(encode_event(namespace, "message-back", &args, attachments)),
        ("message-with-ack", Some(id)) => Some(encode_ack(namespace, id, &args, attachments)),
        _ => None,
    }
}
