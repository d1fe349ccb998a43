use oh_socketio::{AckId, EnginePacket, MAX_NAMESPACE_BYTES, Packet, PacketError};

use crate::support::{args, malformed};

fn check(message: &str, expected: Packet) {
    assert_eq!(Packet::parse(message), Ok(expected), "{message}");
}

fn check_malformed(message: &str, namespace: &str, ack: Option<u64>, error: PacketError) {
    assert_eq!(Packet::parse(message), Err(malformed(namespace, ack, error)), "{message}");
}

fn check_json_error(message: &str, namespace: &str, ack: Option<u64>) {
    let malformed = Packet::parse(message).unwrap_err();
    assert!(matches!(malformed.error, PacketError::Json(_)), "{message}: {malformed:?}");
    assert_eq!((malformed.namespace.as_str(), malformed.ack), (namespace, ack.map(AckId)));
}

fn connect(namespace: &str, payload: Option<&str>) -> Packet {
    Packet::Connect { namespace: namespace.to_owned(), payload: payload.map(str::to_owned) }
}

fn event(
    namespace: &str,
    ack: Option<u64>,
    name: &str,
    texts: &[&str],
    attachments: usize,
) -> Packet {
    Packet::Event {
        namespace: namespace.to_owned(),
        ack: ack.map(AckId),
        name: name.to_owned(),
        args: args(texts),
        attachments,
    }
}

fn ack(namespace: &str, id: u64, texts: &[&str], attachments: usize) -> Packet {
    Packet::Ack { namespace: namespace.to_owned(), id: AckId(id), args: args(texts), attachments }
}

#[test]
fn connect_packets_may_have_a_namespace_and_a_payload() {
    check("0", connect("/", None));
    check("0{}", connect("/", Some("{}")));
    check("0{}\n", connect("/", Some("{}")));
    check(r#"0{"token":"123"}"#, connect("/", Some(r#"{"token":"123"}"#)));
    check("0/foo", connect("/foo", None));
    check("0/foo,", connect("/foo", None));
    check(r#"0/foo,{"a":1}"#, connect("/foo", Some(r#"{"a":1}"#)));
    check("0/,{}", connect("/", Some("{}")));
    check("0/a b/c?d=1,", connect("/a b/c?d=1", None));
}

#[test]
fn disconnect_packets_have_nothing_but_a_namespace() {
    check("1", Packet::Disconnect { namespace: "/".to_owned() });
    check("1/foo,", Packet::Disconnect { namespace: "/foo".to_owned() });
    check("1/foo", Packet::Disconnect { namespace: "/foo".to_owned() });
    check_malformed("1{}", "/", None, PacketError::PayloadNotAllowed);
    check_malformed("1\n", "/", None, PacketError::PayloadNotAllowed);
}

#[test]
fn connect_errors_carry_any_json() {
    let error = |payload: &str| Packet::ConnectError {
        namespace: "/foo".to_owned(),
        payload: payload.to_owned(),
    };
    check(r#"4/foo,{"message":"no"}"#, error(r#"{"message":"no"}"#));
    check(r#"4/foo,"no""#, error(r#""no""#));
    check_malformed("4/foo,", "/foo", None, PacketError::PayloadMissing);
}

#[test]
fn event_arguments_are_kept_byte_for_byte() {
    check(r#"2["x"]"#, event("/", None, "x", &[], 0));
    check(r#"21["x"]"#, event("/", Some(1), "x", &[], 0));
    check(r#"2/foo,12["x",1]"#, event("/foo", Some(12), "x", &["1"], 0));
    check(
        r#"2["m","a,]\"\\",["\\\"]"],{"k":",}"}]"#,
        event("/", None, "m", &[r#""a,]\"\\""#, r#"["\\\"]"]"#, r#"{"k":",}"}"#], 0),
    );
    check(r#"2["\u00e9\n"]"#, event("/", None, "é\n", &[], 0));
    check(r#"2["",null]"#, event("/", None, "", &["null"], 0));
    check(
        r#"218446744073709551615["x"]"#,
        event("/", Some(18_446_744_073_709_551_615), "x", &[], 0),
    );
    check(r#"2["x",1e999,123456789012345678901234567890]"#, {
        event("/", None, "x", &["1e999", "123456789012345678901234567890"], 0)
    });
}

#[test]
fn arguments_are_given_without_the_white_space_between_them() {
    let message = "2[\"x\" ,\r\n 1.50 ,\t{ \"a\" : [1, 2] } ] \r\n";
    let Ok(Packet::Event { args, .. }) = Packet::parse(message) else { panic!("not an event") };
    assert_eq!(args.iter().collect::<Vec<_>>(), ["1.50", r#"{ "a" : [1, 2] }"#]);
    assert_eq!(args.first(), Some("1.50"));
    assert_eq!(args.as_json(), "1.50 ,\t{ \"a\" : [1, 2] }");
}

#[test]
fn ack_packets_need_an_id_and_an_array() {
    check("312[]", ack("/", 12, &[], 0));
    check(r#"312[{"ok":true},2]"#, ack("/", 12, &[r#"{"ok":true}"#, "2"], 0));
    check(r#"3/foo,0["x"]"#, ack("/foo", 0, &[r#""x""#], 0));
    check_malformed("3[]", "/", None, PacketError::AckIdMissing);
    check_malformed("37", "/", None, PacketError::PayloadMissing);
    check_malformed("37{}", "/", None, PacketError::NotAnArray);
}

#[test]
fn binary_packets_announce_their_attachments() {
    let placeholder = r#"{"_placeholder":true,"num":0}"#;
    check(&format!(r#"51-["m",{placeholder}]"#), event("/", None, "m", &[placeholder], 1));
    check(&format!(r#"52-/foo,9["m",{placeholder}]"#), {
        event("/foo", Some(9), "m", &[placeholder], 2)
    });
    check(&format!("61-15[{placeholder}]"), ack("/", 15, &[placeholder], 1));
    check(r#"50-["m"]"#, event("/", None, "m", &[], 0));
    check(r#"54000000000-["m"]"#, event("/", None, "m", &[], 4_000_000_000));
    for message in
        ["5", "5-", r#"5["m"]"#, r#"5x-["m"]"#, r#"5+1-["m"]"#, r#"599999999999999999999-["m"]"#]
    {
        check_malformed(message, "/", None, PacketError::AttachmentCount);
    }
}

#[test]
fn malformed_packets_say_what_is_wrong_and_where_the_answer_belongs() {
    check_malformed("", "/", None, PacketError::Empty);
    check_malformed("abc", "/", None, PacketError::UnknownType('a'));
    check_malformed("7", "/", None, PacketError::UnknownType('7'));
    check_malformed("é", "/", None, PacketError::UnknownType('é'));
    check_malformed("2", "/", None, PacketError::PayloadMissing);
    check_malformed("2{}", "/", None, PacketError::NotAnArray);
    check_malformed("2[]", "/", None, PacketError::NameMissing);
    check_malformed("2[ ]", "/", None, PacketError::NameMissing);
    check_malformed("2[1]", "/", None, PacketError::NameMissing);
    check_malformed(r#"25["\ud800"]"#, "/", Some(5), PacketError::NameMissing);
    check_malformed("0[]", "/", None, PacketError::NotAnObject);
    check_malformed(r#"218446744073709551616["x"]"#, "/", None, PacketError::AckIdTooLarge);
    check_json_error(r#"2abc["x"]"#, "/", None);
    check_json_error(r#"2["x""#, "/", None);
    check_json_error(r#"2/foo,3["x",]"#, "/foo", Some(3));
    check_json_error(r#"2["x"]]"#, "/", None);
    check_json_error("0{", "/", None);
    check_json_error("0\n", "/", None);
    check_json_error("0abc", "/", None);
}

#[test]
fn namespaces_are_limited_in_length() {
    let longest = format!("/{}", "n".repeat(MAX_NAMESPACE_BYTES - 1));
    check(&format!("0{longest},"), connect(&longest, None));
    check_malformed(&format!("0{longest}n,"), "/", None, PacketError::NamespaceTooLong);
}

#[test]
fn deeply_nested_payloads_are_only_text() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    check(&format!(r#"2["x",{deep}]"#), event("/", None, "x", &[&deep], 0));
}

#[test]
fn engine_packets_are_one_character_and_data() {
    let check = |frame: &str, expected: Result<EnginePacket<'_>, PacketError>| {
        assert_eq!(EnginePacket::parse(frame), expected, "{frame}");
        if let Ok(packet) = expected {
            assert_eq!(packet.to_frame(), frame);
        }
    };
    check("0{}", Ok(EnginePacket::Open("{}")));
    check("1", Ok(EnginePacket::Close));
    check("2", Ok(EnginePacket::Ping("")));
    check("2probe", Ok(EnginePacket::Ping("probe")));
    check("3probe", Ok(EnginePacket::Pong("probe")));
    check("4", Ok(EnginePacket::Message("")));
    check("4hello", Ok(EnginePacket::Message("hello")));
    check("5", Ok(EnginePacket::Upgrade));
    check("6", Ok(EnginePacket::Noop));
    check("", Err(PacketError::Empty));
    check("abc", Err(PacketError::UnknownType('a')));
    check("bAQIDBA==", Err(PacketError::UnknownType('b')));
    check("\u{1e}", Err(PacketError::UnknownType('\u{1e}')));
}
