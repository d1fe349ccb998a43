use oh_socketio::{
    CloseReason, Config, ConnectCause, Connection, Effect, Input, PacketError, Rules,
};

use crate::support::{
    binary, config, connect, connected, connection, event, event_in, malformed, ms, text, violation,
};

fn check(frame: &str, expected: &[Effect]) {
    assert_eq!(text(&mut connected(Rules::Tolerant), frame), expected, "{frame:?}");
}

fn check_malformed(frame: &str, namespace: &str, ack: Option<u64>, error: PacketError) {
    check(frame, &[Effect::Malformed(malformed(namespace, ack, error))]);
}

#[test]
fn white_space_at_the_end_is_dropped() {
    for frame in ["40\n", "40\r\n", "40{}\n", "40/foo,\n", "40/foo \t"] {
        let effects = text(&mut connection(Rules::Tolerant), frame);
        assert!(matches!(effects.as_slice(), [Effect::Connect { .. }]), "{frame:?}: {effects:?}");
    }
    check("42[\"m\",1]\r\n", &[event("m", &["1"])]);
    check("41\n", &[Effect::Disconnect { namespace: "/".to_owned() }]);
    check("3\n", &[]);
    check("1\n", &[Effect::Close(CloseReason::PeerClosed)]);
    check("2probe\n", &[Effect::Send("3probe".to_owned())]);
}

#[test]
fn harmless_frames_are_ignored() {
    for frame in ["", "\n", "2", "2x", "3", "5", "6", "0{}", "437[]"] {
        let effects = text(&mut connection(Rules::Tolerant), frame);
        assert_eq!(effects, [], "{frame:?}");
    }
    check(r#"42/foo,["m"]"#, &[]);
    check("41/foo", &[]);
    check("43/foo,1[]", &[]);
}

#[test]
fn an_unknown_engine_packet_closes() {
    check("abc", &[violation(PacketError::UnknownType('a'))]);
    check("[]", &[violation(PacketError::UnknownType('['))]);
}

#[test]
fn a_second_connect_gets_the_first_answer_again() {
    check("40", &[Effect::Send(r#"40{"sid":"s"}"#.to_owned())]);
    check(r#"40{"a":1}"#, &[Effect::Send(r#"40{"sid":"s"}"#.to_owned())]);
}

#[test]
fn malformed_packets_are_surfaced_and_the_connection_lives() {
    check_malformed("4", "/", None, PacketError::Empty);
    check_malformed("4abc", "/", None, PacketError::UnknownType('a'));
    check_malformed("4212{}", "/", Some(12), PacketError::NotAnArray);
    check_malformed("42/foo,12{}", "/foo", Some(12), PacketError::NotAnArray);
    check_malformed("44{}", "/", None, PacketError::WrongDirection);
    check_malformed("459-7[\"m\"]", "/", Some(7), PacketError::TooManyAttachments { max: 3 });

    let mut connection = connected(Rules::Tolerant);
    let effects = text(&mut connection, r#"421["m",{broken]"#);
    let [Effect::Malformed(report)] = effects.as_slice() else { panic!("{effects:?}") };
    assert_eq!(report.ack.map(|id| id.0), Some(1));
    assert!(report.error.to_string().starts_with("payload is not JSON: "), "{report}");
    assert_eq!(text(&mut connection, r#"42["m"]"#), [event("m", &[])]);
}

#[test]
fn misplaced_attachments_are_surfaced() {
    let mut connection = connected(Rules::Tolerant);
    let unannounced =
        [Effect::Malformed(malformed("/", None, PacketError::AttachmentNotAnnounced))];
    assert_eq!(binary(&mut connection, &[1]), unannounced);

    assert_eq!(text(&mut connection, r#"452-5["m"]"#), []);
    assert_eq!(binary(&mut connection, &[1]), []);
    assert_eq!(
        text(&mut connection, r#"42["n"]"#),
        [
            Effect::Malformed(malformed("/", Some(5), PacketError::AttachmentMissing)),
            event("n", &[]),
        ]
    );
    assert_eq!(binary(&mut connection, &[1]), unannounced);
}

#[test]
fn the_first_event_of_a_stranger_asks_for_the_connection() {
    let mut connection = connection(Rules::Tolerant);
    assert_eq!(
        text(&mut connection, "421[\"m\",1]\n"),
        [Effect::Connect {
            namespace: "/".to_owned(),
            cause: ConnectCause::Event { name: "m".to_owned() },
        }]
    );
    assert_eq!(text(&mut connection, r#"42["n"]"#), []);
    let accepted = connection.accept("/", "s").unwrap();
    assert_eq!(accepted.frame, r#"40{"sid":"s"}"#);
    assert_eq!(accepted.effects, [event_in("/", "m", &["1"], Some(1)), event("n", &[])]);
    assert_eq!(text(&mut connection, "40"), [Effect::Send(r#"40{"sid":"s"}"#.to_owned())]);
}

#[test]
fn events_after_a_refusal_or_a_disconnect_do_not_connect_again() {
    let mut refused = connection(Rules::Tolerant);
    assert_eq!(text(&mut refused, "40"), [connect("/", None)]);
    refused.refuse("/", "{}").unwrap();
    assert_eq!(text(&mut refused, r#"42["m"]"#), []);
    assert_eq!(text(&mut refused, "40"), [connect("/", None)]);

    let mut left = connected(Rules::Tolerant);
    left.disconnect("/").unwrap();
    assert_eq!(text(&mut left, r#"42["m"]"#), []);
    assert_eq!(text(&mut left, "40"), [connect("/", None)]);
}

#[test]
fn a_silent_peer_is_connected_once_the_timeout_passes() {
    let config = Config { connect_timeout: Some(ms(100)), ..config(Rules::Tolerant) };
    let silence = [Effect::Connect { namespace: "/".to_owned(), cause: ConnectCause::Silence }];

    let mut silent = Connection::new(config.clone(), ms(0));
    assert_eq!(silent.next_deadline(), Some(ms(100)));
    assert_eq!(silent.handle(ms(50), Input::Text("3")), []);
    assert_eq!(silent.handle(ms(100), Input::Tick), silence);
    assert_eq!(silent.next_deadline(), Some(ms(300)));
    assert_eq!(silent.handle(ms(101), Input::Text("40")), []);
    assert_eq!(
        silent.accept("/", "s").unwrap().effects,
        [Effect::Send(r#"40{"sid":"s"}"#.to_owned())]
    );

    let mut refused = Connection::new(config, ms(0));
    assert_eq!(refused.handle(ms(50), Input::Text("40")), [connect("/", None)]);
    refused.refuse("/", "{}").unwrap();
    assert_eq!(refused.handle(ms(100), Input::Tick), []);
}
