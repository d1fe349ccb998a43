use std::time::Duration;

use oh_socketio::{
    AckId, Args, ConnectCause, Connection, Effect, EnginePacket, Input, Packet, Rules,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use crate::support::config;

fn rules() -> impl Strategy<Value = Rules> {
    prop_oneof![Just(Rules::Strict), Just(Rules::Tolerant)]
}

fn namespace() -> impl Strategy<Value = String> {
    prop_oneof![Just("/".to_owned()), "/[^,]{0,20}"]
}

/// JSON texts, with white space and strings that look like structure.
fn json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        Just(r#"{"_placeholder":true,"num":0}"#.to_owned()),
        any::<i64>().prop_map(|number| number.to_string()),
        any::<String>().prop_map(|text| serde_json::Value::from(text).to_string()),
        r#"[\[\]{},:\\" ]{0,8}"#.prop_map(|text| serde_json::Value::from(text).to_string()),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(|items| format!("[{} ]", items.join(" ,"))),
            inner.prop_map(|item| format!("{{\"k,]\": {item}\n}}")),
        ]
    })
}

fn args() -> impl Strategy<Value = Args> {
    vec(json(), 0..4).prop_map(|texts| texts.iter().map(String::as_str).collect())
}

fn packet() -> impl Strategy<Value = Packet> {
    let ack_id = || any::<u64>().prop_map(AckId);
    let object = json().prop_map(|text| format!("{{\"a\":{text}}}"));
    prop_oneof![
        (namespace(), option::of(object))
            .prop_map(|(namespace, payload)| Packet::Connect { namespace, payload }),
        namespace().prop_map(|namespace| Packet::Disconnect { namespace }),
        (namespace(), option::of(ack_id()), any::<String>(), args(), 0..100_usize).prop_map(
            |(namespace, ack, name, args, attachments)| Packet::Event {
                namespace,
                ack,
                name,
                args,
                attachments
            }
        ),
        (namespace(), ack_id(), args(), 0..100_usize).prop_map(
            |(namespace, id, args, attachments)| Packet::Ack { namespace, id, args, attachments }
        ),
        (namespace(), json())
            .prop_map(|(namespace, payload)| Packet::ConnectError { namespace, payload }),
    ]
}

#[derive(Debug, Clone)]
enum Frame {
    Text(String),
    Binary(Vec<u8>),
    Pong,
    Tick,
    Accept,
    Refuse,
    Leave,
}

/// Frames from nonsense to nearly valid, and what an application does meanwhile.
fn frame() -> impl Strategy<Value = Frame> {
    prop_oneof![
        4 => "[0-6][0-9]{0,4}-?(/[ab],?)?[0-9]{0,21}[\\[{]?\"?[a-z\\\\,]{0,3}\"?[\\]}]?\\s?"
            .prop_map(Frame::Text),
        4 => prop_oneof![
            Just("40"), Just("40/a,"), Just("41"), Just(r#"42["e",1]"#), Just(r#"42/a,7["e"]"#),
            Just(r#"452-["e"]"#), Just("461-3[]"), Just("3"), Just("2probe"), Just("42{}"),
        ].prop_map(|text| Frame::Text(text.to_owned())),
        1 => any::<String>().prop_map(Frame::Text),
        1 => any::<String>().prop_map(|text| Frame::Text(format!("4{text}"))),
        1 => (900..1100_usize).prop_map(|length| Frame::Text(format!("42[\"{}\"]", "x".repeat(length)))),
        2 => vec(any::<u8>(), 0..700).prop_map(Frame::Binary),
        1 => Just(Frame::Pong),
        1 => Just(Frame::Tick),
        2 => Just(Frame::Accept),
        1 => Just(Frame::Refuse),
        1 => Just(Frame::Leave),
    ]
}

/// What holds for any effects, whatever came in.
fn check_bounds(effects: &[Effect], had_close: &mut bool) {
    for (at, effect) in effects.iter().enumerate() {
        match effect {
            Effect::Event { attachments, .. } | Effect::Ack { attachments, .. } => {
                assert!(attachments.len() <= 3);
                assert!(attachments.iter().map(Vec::len).sum::<usize>() <= 1000);
            }
            Effect::Close(reason) => {
                assert!(!*had_close, "a second close");
                assert_eq!(at + 1, effects.len(), "close is not last");
                assert!(reason.to_string().len() <= 123, "too long for a close frame");
                *had_close = true;
            }
            Effect::Connect { .. }
            | Effect::Disconnect { .. }
            | Effect::Malformed(_)
            | Effect::Send(_)
            | Effect::SendPing => {}
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn packets_survive_encoding(packet in packet()) {
        let frame = packet.to_frame();
        let Ok(EnginePacket::Message(message)) = EnginePacket::parse(&frame) else {
            panic!("not a message: {frame}")
        };
        prop_assert_eq!(Packet::parse(message), Ok(packet));
    }

    #[test]
    fn arguments_come_out_as_they_went_in(texts in vec(json(), 0..5)) {
        let args: Args = texts.iter().map(String::as_str).collect();
        let trimmed: Vec<_> = texts.iter().map(|text| text.trim()).collect();
        prop_assert_eq!(args.iter().collect::<Vec<_>>(), trimmed);
    }

    #[test]
    fn hostile_frames_neither_panic_nor_exceed_the_limits(
        rules in rules(),
        steps in vec((frame(), 0..100_u64), 1..60),
    ) {
        let mut connection = Connection::new(config(rules), Duration::ZERO);
        let mut now = Duration::ZERO;
        let mut had_close = false;
        for (frame, pause) in steps {
            now += Duration::from_millis(pause);
            let effects = match &frame {
                Frame::Text(text) => connection.handle(now, Input::Text(text)),
                Frame::Binary(data) => connection.handle(now, Input::Binary(data)),
                Frame::Pong => connection.handle(now, Input::TransportPong),
                Frame::Tick => connection.handle(now, Input::Tick),
                Frame::Accept => ["/", "/a", "/b"]
                    .iter()
                    .find_map(|namespace| connection.accept(namespace, "s"))
                    .map(|accepted| accepted.effects)
                    .unwrap_or_default(),
                Frame::Refuse => {
                    connection.refuse("/a", "{}");
                    Vec::new()
                }
                Frame::Leave => {
                    connection.disconnect("/");
                    Vec::new()
                }
            };
            check_bounds(&effects, &mut had_close);
            prop_assert_eq!(connection.next_deadline().is_none(), had_close);
        }
    }

    #[test]
    fn ticking_at_the_deadline_makes_progress(rules in rules(), pauses in vec(0..400_u64, 1..40)) {
        let mut connection = Connection::new(config(rules), Duration::ZERO);
        let mut now = Duration::ZERO;
        for pause in pauses {
            now += Duration::from_millis(pause);
            connection.handle(now, Input::TransportPong);
            let Some(deadline) = connection.next_deadline() else { break };
            prop_assert!(deadline > now);
            let effects = connection.handle(deadline, Input::Tick);
            prop_assert!(!effects.is_empty());
            now = deadline;
        }
    }

    #[test]
    fn every_event_is_surfaced_once_and_in_order(
        rules in rules(),
        explicit in any::<bool>(),
        accept_after in 0..8_usize,
        sizes in vec(0..3_usize, 0..20),
    ) {
        let settings = oh_socketio::Config { max_deferred: 100, ..config(rules) };
        let mut connection = Connection::new(settings, Duration::ZERO);
        let mut surfaced = Vec::new();
        if explicit || rules == Rules::Strict {
            surfaced.extend(connection.handle(Duration::ZERO, Input::Text("40")));
        }
        for (at, attachments) in sizes.iter().enumerate() {
            if at == accept_after {
                surfaced.extend(connection.accept("/", "s").into_iter().flat_map(|it| it.effects));
            }
            let frame = oh_socketio::encode_event("/", "e", &[&at.to_string()], *attachments);
            surfaced.extend(connection.handle(Duration::ZERO, Input::Text(&frame)));
            for _ in 0..*attachments {
                surfaced.extend(connection.handle(Duration::ZERO, Input::Binary(&[0])));
            }
        }
        surfaced.extend(connection.accept("/", "s").into_iter().flat_map(|it| it.effects));

        let mut numbers = Vec::new();
        for effect in surfaced {
            match effect {
                Effect::Event { args, attachments, .. } => {
                    numbers.push((args.first().unwrap().to_owned(), attachments.len()));
                }
                Effect::Connect {
                    cause: ConnectCause::Packet { .. } | ConnectCause::Event { .. }, ..
                } => {}
                other => panic!("{other:?}"),
            }
        }
        let expected: Vec<_> =
            sizes.iter().enumerate().map(|(at, size)| (at.to_string(), *size)).collect();
        prop_assert_eq!(numbers, expected);
    }
}
