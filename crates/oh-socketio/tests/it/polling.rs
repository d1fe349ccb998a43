//! What requests of HTTP long-polling are answered with.

use oh_socketio::{
    Frame, PacketError, Payload, Polled, Polling, PollingEnd, Probed, parse_payload,
};

use crate::support::config;

const MAX: usize = 4;

fn packets(text: &str) -> Polled {
    Polled::Packets(text.to_owned())
}

fn polling_with(frames: &[&str]) -> Polling {
    let mut polling = Polling::default();
    frames.iter().for_each(|frame| polling.push_text(frame));
    polling.release();
    polling
}

#[test]
fn a_body_is_its_packets_with_separators_between_them() {
    let mut payload = Payload::default();
    payload.push_text("4hello");
    payload.push_binary(&[1, 2, 3, 4]);
    payload.push_text("2");
    assert_eq!(payload.bytes(), 18);
    let body = payload.into_body();
    assert_eq!(body, "4hello\u{1e}bAQIDBA==\u{1e}2");
    let frames = [Frame::Text("4hello"), Frame::Binary(vec![1, 2, 3, 4]), Frame::Text("2")];
    assert_eq!(parse_payload(&body, MAX), Ok(frames.to_vec()));
}

#[test]
fn a_body_is_taken_or_refused_as_a_whole() {
    fn check(body: &str, expected: Result<Vec<Frame<'_>>, PacketError>) {
        assert_eq!(parse_payload(body, MAX), expected, "{body:?}");
    }
    check("4", Ok(vec![Frame::Text("4")]));
    check("40\n", Ok(vec![Frame::Text("40\n")]));
    check("b", Ok(vec![Frame::Binary(vec![])]));
    check("bAQIDBA", Ok(vec![Frame::Binary(vec![1, 2, 3, 4])]));
    check("bAQIDBA==\r\n", Ok(vec![Frame::Binary(vec![1, 2, 3, 4])]));
    check("", Err(PacketError::Empty));
    check("4a\u{1e}", Err(PacketError::Empty));
    check("\u{1e}4a", Err(PacketError::Empty));
    check("4a\u{1e}abc", Err(PacketError::UnknownType('a')));
    check("bA", Err(PacketError::Base64));
    check("bAQ?=", Err(PacketError::Base64));
    check("4\u{1e}4\u{1e}4\u{1e}4", Ok(vec![Frame::Text("4"); 4]));
    check("4\u{1e}4\u{1e}4\u{1e}4\u{1e}?", Err(PacketError::TooManyPackets { max: MAX }));
}

#[test]
fn a_get_takes_what_waits_or_hangs_until_something_does() {
    let mut polling = polling_with(&["0{}", "40"]);
    assert!(!polling.is_empty());
    assert_eq!(polling.poll(), packets("0{}\u{1e}40"));
    assert!(polling.is_empty());
    assert_eq!(polling.poll(), Polled::Later);
    assert_eq!(polling.answer(), None);
    polling.push_text("2");
    polling.push_binary(&[255]);
    assert_eq!(polling.waiting_bytes(), 7);
    assert_eq!(polling.answer(), None, "there may be more to come");
    polling.release();
    assert_eq!(polling.answer(), Some("2\u{1e}b/w==".to_owned()));
    assert_eq!(polling.poll(), Polled::Later, "it is another GET that hangs now");
}

#[test]
fn two_gets_at_a_time_end_the_session() {
    let mut polling = Polling::default();
    assert_eq!(polling.poll(), Polled::Later);
    assert_eq!(polling.poll(), Polled::Refused);
    assert_eq!(polling.answer(), Some("1".to_owned()));
    assert_eq!(polling.poll(), Polled::Refused);
    assert!(polling.is_over());
}

#[test]
fn a_post_gives_frames_and_a_bad_one_ends_the_session() {
    let mut polling = Polling::default();
    let frames = vec![Frame::Text("4a"), Frame::Binary(vec![1])];
    assert_eq!(polling.receive("4a\u{1e}bAQ==", MAX), Ok(frames));
    assert!(polling.is_open());
    assert_eq!(polling.poll(), Polled::Later);
    assert_eq!(polling.receive("abc", MAX), Err(PacketError::UnknownType('a')));
    assert_eq!(polling.answer(), Some("1".to_owned()));
    assert_eq!(polling.poll(), Polled::Refused);
}

#[test]
fn a_close_packet_releases_the_get_that_hangs() {
    let mut polling = Polling::default();
    assert_eq!(polling.poll(), Polled::Later);
    assert_eq!(polling.receive("4a\u{1e}1", MAX), Ok(vec![Frame::Text("4a"), Frame::Text("1")]));
    polling.close(PollingEnd::AtOnce);
    assert_eq!(polling.answer(), Some("6".to_owned()));
    polling.push_text("4late");
    assert_eq!(polling.poll(), Polled::Refused);
    assert!(polling.is_over());
}

#[test]
fn the_server_ends_a_session_in_order_or_at_once() {
    let mut polling = polling_with(&["44{}"]);
    polling.close(PollingEnd::Orderly);
    polling.push_text("4late");
    assert!(!polling.is_over());
    assert_eq!(polling.poll(), packets("44{}\u{1e}1"));
    assert!(polling.is_over() && polling.is_empty());
    assert_eq!(polling.poll(), Polled::Refused);

    let mut polling = polling_with(&["2"]);
    polling.close(PollingEnd::AtOnce);
    assert_eq!(polling.poll(), Polled::Refused);

    let mut polling = Polling::default();
    assert_eq!(polling.poll(), Polled::Later);
    polling.close(PollingEnd::AtOnce);
    assert_eq!(polling.answer(), Some("1".to_owned()));

    let mut polling = Polling::default();
    polling.close(PollingEnd::Orderly);
    assert!(!polling.is_empty(), "a close packet waits");
    polling.close(PollingEnd::AtOnce);
    assert_eq!(polling.poll(), Polled::Refused);
}

#[test]
fn a_websocket_takes_over_after_a_probe() {
    let mut polling = Polling::default();
    assert_eq!(polling.poll(), Polled::Later);
    assert_eq!(polling.probe(Some("2probe")), Probed::Reply("3probe"));
    assert_eq!(polling.answer(), Some("6".to_owned()), "no GET hangs while a WebSocket is tried");
    assert_eq!(polling.poll(), packets("6"));
    polling.push_text("4a");
    polling.push_binary(&[1]);
    assert_eq!(polling.probe(Some("5")), Probed::Complete);
    assert_eq!(polling.upgrade().map(Payload::into_body), Some("4a\u{1e}bAQ==".to_owned()));
    assert!(polling.is_upgraded() && !polling.is_open() && !polling.is_over());
    assert_eq!(polling.poll(), Polled::Refused);
    polling.close(PollingEnd::AtOnce);
    assert!(polling.is_upgraded(), "the WebSocket ends by itself");
    assert_eq!(polling.upgrade(), None);
}

#[test]
fn a_get_that_hangs_when_the_session_moves_is_released() {
    let mut polling = Polling::default();
    assert_eq!(polling.probe(Some("2probe")), Probed::Reply("3probe"));
    polling.end_probe();
    assert_eq!(polling.poll(), Polled::Later, "GETs hang again after a probe that came to nothing");
    assert_eq!(polling.upgrade(), Some(Payload::default()));
    assert_eq!(polling.answer(), Some("6".to_owned()));
}

#[test]
fn a_websocket_that_does_not_probe_takes_nothing_over() {
    for frame in [Some("5"), Some("4a"), Some("2"), Some("2probes"), Some(""), Some("x"), None] {
        let mut polling = polling_with(&["4a"]);
        assert_eq!(polling.probe(frame), Probed::Failed, "{frame:?}");
        polling.end_probe();
        assert_eq!(polling.poll(), packets("4a"));
    }
    let mut polling = Polling::default();
    polling.close(PollingEnd::Orderly);
    assert_eq!(polling.upgrade(), None, "a session that ends does not move");
}

#[test]
fn only_a_session_over_http_offers_to_move() {
    let config = config(oh_socketio::Rules::Strict);
    let rest = r#""pingTimeout":200,"pingInterval":300,"maxPayload":1000}"#;
    assert_eq!(config.open_frame("s"), format!(r#"0{{"sid":"s","upgrades":[],{rest}"#));
    assert_eq!(
        config.open_frame_with_upgrades("s", &["websocket"]),
        format!(r#"0{{"sid":"s","upgrades":["websocket"],{rest}"#)
    );
}
