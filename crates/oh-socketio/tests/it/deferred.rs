use oh_socketio::{CloseReason, ConnectCause, Effect, PacketError, Rules};

use crate::support::{
    binary, connect, connected, connection, event, event_in, malformed, ms, text, violation,
};

#[test]
fn what_comes_during_the_decision_is_kept_in_order() {
    for rules in [Rules::Strict, Rules::Tolerant] {
        let mut connection = connection(rules);
        assert_eq!(text(&mut connection, "40"), [connect("/", None)]);
        assert_eq!(text(&mut connection, r#"42["a"]"#), []);
        assert_eq!(text(&mut connection, r#"451-["b"]"#), []);
        assert_eq!(binary(&mut connection, &[7]), []);
        assert_eq!(text(&mut connection, "41"), []);
        assert_eq!(
            connection.accept("/", "s").unwrap().effects,
            [
                event("a", &[]),
                Effect::Event {
                    namespace: "/".to_owned(),
                    name: "b".to_owned(),
                    args: [].into_iter().collect(),
                    ack: None,
                    attachments: vec![vec![7]],
                },
                Effect::Disconnect { namespace: "/".to_owned() },
            ]
        );
        assert!(!connection.is_connected("/"));
    }
}

#[test]
fn other_namespaces_do_not_wait() {
    let mut connection = connected(Rules::Strict);
    assert_eq!(text(&mut connection, "40/foo"), [connect("/foo", None)]);
    assert_eq!(text(&mut connection, r#"42/foo,["a"]"#), []);
    assert_eq!(text(&mut connection, r#"42["b"]"#), [event("b", &[])]);
    assert_eq!(connection.accept("/foo", "f").unwrap().effects, [event_in("/foo", "a", &[], None)]);
}

#[test]
fn deferred_packets_are_handled_by_the_rules() {
    let mut strict = connection(Rules::Strict);
    assert_eq!(text(&mut strict, "40"), [connect("/", None)]);
    assert_eq!(text(&mut strict, "40"), []);
    assert_eq!(text(&mut strict, r#"42["a"]"#), []);
    assert_eq!(
        strict.accept("/", "s").unwrap().effects,
        [violation(PacketError::AlreadyConnected)]
    );
    assert_eq!(strict.next_deadline(), None);

    let mut tolerant = connection(Rules::Tolerant);
    assert_eq!(text(&mut tolerant, "40"), [connect("/", None)]);
    assert_eq!(text(&mut tolerant, "421{}"), []);
    assert_eq!(text(&mut tolerant, "41"), []);
    assert_eq!(text(&mut tolerant, "40"), []);
    assert_eq!(text(&mut tolerant, r#"42["a"]"#), []);
    assert_eq!(
        tolerant.accept("/", "s").unwrap().effects,
        [
            Effect::Malformed(malformed("/", Some(1), PacketError::NotAnArray)),
            Effect::Disconnect { namespace: "/".to_owned() },
            connect("/", None),
        ]
    );
    assert_eq!(tolerant.accept("/", "t").unwrap().effects, [event("a", &[])]);
}

#[test]
fn a_refusal_drops_what_was_kept() {
    for rules in [Rules::Strict, Rules::Tolerant] {
        let mut connection = connection(rules);
        assert_eq!(text(&mut connection, "40"), [connect("/", None)]);
        assert_eq!(text(&mut connection, r#"42["a"]"#), []);
        connection.refuse("/", "{}").unwrap();
        assert_eq!(text(&mut connection, "40"), [connect("/", None)]);
        assert_eq!(connection.accept("/", "s").unwrap().effects, []);
    }
}

#[test]
fn an_event_before_the_end_is_not_lost() {
    let mut connection = connection(Rules::Tolerant);
    assert_eq!(
        text(&mut connection, r#"42["m"]"#),
        [Effect::Connect {
            namespace: "/".to_owned(),
            cause: ConnectCause::Event { name: "m".to_owned() },
        }]
    );
    assert_eq!(text(&mut connection, "1"), [Effect::Close(CloseReason::PeerClosed)]);
    assert_eq!(connection.accept("/", "s").unwrap().effects, [event("m", &[])]);
}

#[test]
fn only_so_much_is_kept() {
    let overflow = [Effect::Close(CloseReason::TooManyDeferred)];

    let mut many = connection(Rules::Tolerant);
    assert_eq!(text(&mut many, "40"), [connect("/", None)]);
    for _ in 0..4 {
        assert_eq!(text(&mut many, r#"42["a"]"#), []);
    }
    assert_eq!(text(&mut many, r#"42["a"]"#), overflow);
    assert_eq!(many.accept("/", "s").unwrap().effects.len(), 4);

    let mut large = oh_socketio::Connection::new(
        oh_socketio::Config { max_deferred: 1000, ..crate::support::config(Rules::Strict) },
        ms(0),
    );
    assert_eq!(text(&mut large, "40"), [connect("/", None)]);
    let frame = format!(r#"42["{}"]"#, "x".repeat(900));
    for _ in 0..4 {
        assert_eq!(text(&mut large, &frame), []);
    }
    assert_eq!(text(&mut large, &frame), overflow);
}
