use oh_socketio::{AckId, CloseReason, Config, Connection, Effect, Input, PacketError, Rules};

use crate::support::{
    args, binary, config, connect, connected, connection, event, event_in, ms, text, violation,
};

/// Sends frames to a connection in `/`; all but the last must have no effect.
fn check(frames: &[&str], expected: &[Effect]) {
    let mut connection = connected(Rules::Strict);
    let (last, before) = frames.split_last().unwrap();
    for frame in before {
        assert_eq!(text(&mut connection, frame), []);
    }
    assert_eq!(text(&mut connection, last), expected, "{frames:?}");
}

#[test]
fn events_and_acks_are_surfaced() {
    check(
        &[r#"42["message",1,"2",{"3":[true]}]"#],
        &[event("message", &["1", r#""2""#, r#"{"3":[true]}"#])],
    );
    check(&[r#"42456["message"]"#], &[event_in("/", "message", &[], Some(456))]);
    check(
        &["437[1]"],
        &[Effect::Ack {
            namespace: "/".to_owned(),
            id: AckId(7),
            args: args(&["1"]),
            attachments: vec![],
        }],
    );
    check(&["41"], &[Effect::Disconnect { namespace: "/".to_owned() }]);
}

#[test]
fn attachments_follow_their_packet() {
    let placeholders = [r#"{"_placeholder":true,"num":0}"#, r#"{"_placeholder":true,"num":1}"#];
    let mut connection = connected(Rules::Strict);
    let frame = format!(r#"452-789["m",{},{}]"#, placeholders[0], placeholders[1]);
    assert_eq!(text(&mut connection, &frame), []);
    assert_eq!(binary(&mut connection, &[1, 2, 3]), []);
    assert_eq!(text(&mut connection, "3"), []);
    assert_eq!(
        binary(&mut connection, &[]),
        [Effect::Event {
            namespace: "/".to_owned(),
            name: "m".to_owned(),
            args: args(&placeholders),
            ack: Some(AckId(789)),
            attachments: vec![vec![1, 2, 3], vec![]],
        }]
    );

    assert_eq!(text(&mut connection, "461-15[]"), []);
    assert_eq!(
        binary(&mut connection, &[9]),
        [Effect::Ack {
            namespace: "/".to_owned(),
            id: AckId(15),
            args: args(&[]),
            attachments: vec![vec![9]],
        }]
    );
}

#[test]
fn violations_close_the_connection() {
    let json_error = |frame: &str| {
        let effects = text(&mut connected(Rules::Strict), frame);
        assert!(
            matches!(
                effects.as_slice(),
                [Effect::Close(CloseReason::Protocol(PacketError::Json(_)))]
            ),
            "{frame}: {effects:?}"
        );
    };
    json_error(r#"42abc["m"]"#);
    json_error(r#"42["m""#);
    json_error("40\n");

    check(&["abc"], &[violation(PacketError::UnknownType('a'))]);
    check(&[""], &[violation(PacketError::Empty)]);
    check(&["\n"], &[violation(PacketError::UnknownType('\n'))]);
    check(&["4"], &[violation(PacketError::Empty)]);
    check(&["4abc"], &[violation(PacketError::UnknownType('a'))]);
    check(&["42{}"], &[violation(PacketError::NotAnArray)]);
    check(&["42[]"], &[violation(PacketError::NameMissing)]);
    check(&["40"], &[violation(PacketError::AlreadyConnected)]);
    check(&[r#"42/foo,["m"]"#], &[violation(PacketError::NotConnected)]);
    check(&["43/foo,1[]"], &[violation(PacketError::NotConnected)]);
    check(&["41/foo,"], &[violation(PacketError::NotConnected)]);
    check(&[r#"44{"message":"no"}"#], &[violation(PacketError::WrongDirection)]);
    check(&["0{}"], &[violation(PacketError::WrongDirection)]);
    check(&["2"], &[violation(PacketError::WrongDirection)]);
    check(&[r#"451-["m"]"#, r#"42["n"]"#], &[violation(PacketError::AttachmentMissing)]);
    check(&[r#"454-["m"]"#], &[violation(PacketError::TooManyAttachments { max: 3 })]);
    assert_eq!(
        binary(&mut connected(Rules::Strict), &[1]),
        [violation(PacketError::AttachmentNotAnnounced)]
    );
}

#[test]
fn a_peer_must_connect_first() {
    let check = |frame: &str| {
        let mut connection = connection(Rules::Strict);
        assert_eq!(text(&mut connection, frame), [violation(PacketError::NotConnected)]);
    };
    check(r#"42["m"]"#);
    check("431[]");
    check("41");
}

#[test]
fn a_peer_must_connect_in_time() {
    let config = Config { connect_timeout: Some(ms(100)), ..config(Rules::Strict) };
    let mut silent = Connection::new(config.clone(), ms(5));
    assert_eq!(silent.next_deadline(), Some(ms(105)));
    assert_eq!(silent.handle(ms(104), Input::Tick), []);
    assert_eq!(silent.handle(ms(105), Input::Tick), [Effect::Close(CloseReason::ConnectTimeout)]);

    let mut refused = Connection::new(config.clone(), ms(0));
    assert_eq!(refused.handle(ms(50), Input::Text("40")), [connect("/", None)]);
    assert_eq!(refused.refuse("/", r#"{"message":"no"}"#).unwrap(), r#"44{"message":"no"}"#);
    assert_eq!(refused.handle(ms(100), Input::Tick), [Effect::Close(CloseReason::ConnectTimeout)]);

    let mut deciding = Connection::new(config, ms(0));
    assert_eq!(deciding.handle(ms(50), Input::Text("40")), [connect("/", None)]);
    assert_eq!(deciding.handle(ms(100), Input::Tick), []);
    assert_eq!(deciding.next_deadline(), Some(ms(300)));
}

#[test]
fn namespaces_are_independent() {
    let mut connection = connected(Rules::Strict);
    assert_eq!(text(&mut connection, r#"40/foo,{"a":1}"#), [connect("/foo", Some(r#"{"a":1}"#))]);
    assert_eq!(text(&mut connection, "40/bar"), [connect("/bar", None)]);
    assert_eq!(connection.accept("/foo", "f").unwrap().frame, r#"40/foo,{"sid":"f"}"#);
    assert_eq!(connection.refuse("/bar", r#""no""#).unwrap(), r#"44/bar,"no""#);
    let joined = ["/", "/foo", "/bar"].map(|namespace| connection.is_connected(namespace));
    assert_eq!(joined, [true, true, false]);

    assert_eq!(text(&mut connection, r#"42/foo,["m"]"#), [event_in("/foo", "m", &[], None)]);
    assert_eq!(
        text(&mut connection, "41/foo"),
        [Effect::Disconnect { namespace: "/foo".to_owned() }]
    );
    assert_eq!(text(&mut connection, r#"42["m"]"#), [event("m", &[])]);
    assert_eq!(text(&mut connection, "40/foo"), [connect("/foo", None)]);
}

#[test]
fn the_server_can_disconnect_a_namespace() {
    let mut connection = connected(Rules::Strict);
    assert_eq!(connection.disconnect("/").as_deref(), Some("41"));
    assert_eq!(connection.disconnect("/"), None);
    assert_eq!(text(&mut connection, "40/foo"), [connect("/foo", None)]);
    assert_eq!(connection.disconnect("/foo"), None);
    connection.accept("/foo", "f").unwrap();
    assert_eq!(connection.disconnect("/foo").as_deref(), Some("41/foo,"));
}

#[test]
fn there_is_one_answer_to_a_connect() {
    let mut connection = connected(Rules::Strict);
    assert_eq!(connection.accept("/", "t"), None);
    assert_eq!(connection.refuse("/", "{}"), None);
    assert_eq!(connection.accept("/foo", "t"), None);
    assert_eq!(connection.refuse("/foo", "{}"), None);
}

#[test]
fn a_closed_connection_does_nothing_more() {
    let mut connection = connected(Rules::Strict);
    assert_eq!(text(&mut connection, "1"), [Effect::Close(CloseReason::PeerClosed)]);
    assert_eq!(connection.next_deadline(), None);
    assert_eq!(text(&mut connection, r#"42["m"]"#), []);
    assert_eq!(connection.handle(ms(10_000), Input::Tick), []);
}

#[test]
fn limits_close_the_connection() {
    for rules in [Rules::Strict, Rules::Tolerant] {
        let too_large = [Effect::Close(CloseReason::TooLarge)];
        let padding = "x".repeat(1000 - r#"42[""]"#.len());
        let mut full = connected(rules);
        assert_eq!(text(&mut full, &format!(r#"42["{padding}"]"#)), [event(&padding, &[])]);
        assert_eq!(text(&mut full, &format!(r#"42["{padding}x"]"#)), too_large);
        assert_eq!(binary(&mut connected(rules), &[0; 1001]), too_large);

        let mut attachments = connected(rules);
        assert_eq!(text(&mut attachments, r#"453-["m"]"#), []);
        assert_eq!(binary(&mut attachments, &[0; 600]), []);
        assert_eq!(binary(&mut attachments, &[0; 401]), too_large);

        let mut greedy = connected(rules);
        assert_eq!(text(&mut greedy, "40/a"), [connect("/a", None)]);
        assert_eq!(text(&mut greedy, "40/b"), [connect("/b", None)]);
        assert_eq!(text(&mut greedy, "40/c"), [Effect::Close(CloseReason::TooManyNamespaces)]);
    }
}
