use oh_socketio::{
    AckId, CloseReason, Config, Packet, PacketError, Rules, encode_ack, encode_event, event_prefix,
};

use crate::support::{args, ms};

#[test]
fn open_frame_names_milliseconds_and_bytes_in_the_usual_order() {
    let config =
        Config { ping_timeout: ms(20_000), max_payload: 4_194_304, ..Config::new(Rules::Tolerant) };
    assert_eq!(
        config.open_frame("lpbS\"Gcj"),
        r#"0{"sid":"lpbS\"Gcj","upgrades":[],"pingTimeout":20000,"pingInterval":25000,"maxPayload":4194304}"#,
    );
}

#[test]
fn frames_are_a_prefix_and_the_given_json() {
    let placeholder = r#"{"_placeholder":true,"num":0}"#;
    assert_eq!(encode_event("/", "hi", &[], 0), r#"42["hi"]"#);
    assert_eq!(encode_event("/", "h\"i", &["1", "{ }"], 0), r#"42["h\"i",1,{ }]"#);
    assert_eq!(encode_event("/a", "hi", &["1"], 0), r#"42/a,["hi",1]"#);
    assert_eq!(
        encode_event("/a", "hi", &[placeholder], 1),
        format!(r#"451-/a,["hi",{placeholder}]"#)
    );
    assert_eq!(encode_ack("/", AckId(7), &[], 0), "437[]");
    assert_eq!(encode_ack("/a", AckId(7), &["1", "2"], 0), "43/a,7[1,2]");
    assert_eq!(encode_ack("/", AckId(7), &[placeholder], 1), format!("461-7[{placeholder}]"));
    assert_eq!(event_prefix("/", "hi"), r#"42["hi","#);
    assert_eq!(
        format!("{}{}]", event_prefix("/a", "hi"), r#"{"id":1}"#),
        encode_event("/a", "hi", &[r#"{"id":1}"#], 0),
    );
}

#[test]
fn packets_encode_to_whole_frames() {
    let check = |packet: Packet, frame: &str| assert_eq!(packet.to_frame(), frame);
    let main = || "/".to_owned();
    let other = || "/a".to_owned();
    check(Packet::Connect { namespace: main(), payload: None }, "40");
    check(Packet::Connect { namespace: other(), payload: Some("{}".to_owned()) }, "40/a,{}");
    check(Packet::Disconnect { namespace: main() }, "41");
    check(Packet::Disconnect { namespace: other() }, "41/a,");
    check(Packet::ConnectError { namespace: main(), payload: r#""no""#.to_owned() }, r#"44"no""#);
    check(
        Packet::Event {
            namespace: other(),
            ack: Some(AckId(3)),
            name: "x".to_owned(),
            args: args(&["1", " [2] "]),
            attachments: 2,
        },
        r#"452-/a,3["x",1,[2]]"#,
    );
    check(
        Packet::Ack { namespace: main(), id: AckId(3), args: args(&[]), attachments: 0 },
        "433[]",
    );
}

#[test]
fn close_reasons_map_to_websocket_status_codes() {
    let check = |reason: CloseReason, code: u16, text: &str| {
        assert_eq!((reason.code(), reason.to_string().as_str()), (code, text));
    };
    check(CloseReason::PeerClosed, 1000, "closed by peer");
    check(CloseReason::Protocol(PacketError::UnknownType('\n')), 1002, "unknown packet type `\\n`");
    check(CloseReason::PingTimeout, 1008, "ping timeout");
    check(CloseReason::TooLarge, 1009, "message too big");
}
