//! Short spellings for frames, times and effects.

use std::time::Duration;

use oh_socketio::{
    AckId, Args, CloseReason, Config, ConnectCause, Connection, Effect, Input, Malformed,
    PacketError, Rules,
};

pub(crate) fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

pub(crate) fn config(rules: Rules) -> Config {
    Config {
        ping_interval: ms(300),
        ping_timeout: ms(200),
        connect_timeout: None,
        max_payload: 1000,
        max_attachments: 3,
        max_namespaces: 3,
        max_deferred: 4,
        rules,
    }
}

pub(crate) fn connection(rules: Rules) -> Connection {
    Connection::new(config(rules), ms(0))
}

/// A connection that is in the main namespace, with session id `s`.
pub(crate) fn connected(rules: Rules) -> Connection {
    let mut connection = connection(rules);
    assert_eq!(text(&mut connection, "40"), [connect("/", None)]);
    let accepted = connection.accept("/", "s").unwrap();
    assert_eq!(accepted.frame, r#"40{"sid":"s"}"#);
    assert_eq!(accepted.effects, []);
    connection
}

pub(crate) fn text(connection: &mut Connection, frame: &str) -> Vec<Effect> {
    connection.handle(ms(0), Input::Text(frame))
}

pub(crate) fn binary(connection: &mut Connection, data: &[u8]) -> Vec<Effect> {
    connection.handle(ms(0), Input::Binary(data))
}

pub(crate) fn args(texts: &[&str]) -> Args {
    texts.iter().copied().collect()
}

pub(crate) fn connect(namespace: &str, payload: Option<&str>) -> Effect {
    Effect::Connect {
        namespace: namespace.to_owned(),
        cause: ConnectCause::Packet { payload: payload.map(str::to_owned) },
    }
}

pub(crate) fn event(name: &str, texts: &[&str]) -> Effect {
    event_in("/", name, texts, None)
}

pub(crate) fn event_in(namespace: &str, name: &str, texts: &[&str], ack: Option<u64>) -> Effect {
    Effect::Event {
        namespace: namespace.to_owned(),
        name: name.to_owned(),
        args: args(texts),
        ack: ack.map(AckId),
        attachments: Vec::new(),
    }
}

pub(crate) fn malformed(namespace: &str, ack: Option<u64>, error: PacketError) -> Malformed {
    Malformed { namespace: namespace.to_owned(), ack: ack.map(AckId), error }
}

pub(crate) fn violation(error: PacketError) -> Effect {
    Effect::Close(CloseReason::Protocol(error))
}
