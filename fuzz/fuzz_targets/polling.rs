//! Requests of HTTP long-polling, one a line; what is not marked is the body of a POST.
#![no_main]

use libfuzzer_sys::fuzz_target;
use oh_socketio::{Frame, Payload, Polled, Polling, PollingEnd, parse_payload};

const MAX_PACKETS: usize = 8;

fuzz_target!(|text: &str| {
    let mut polling = Polling::default();
    let (mut is_hanging, mut has_ended) = (false, false);
    for line in text.split('\n') {
        match line {
            "~get" => match polling.poll() {
                Polled::Packets(body) => assert!(!has_ended || !body.is_empty()),
                Polled::Later => {
                    assert!(!is_hanging && polling.is_open());
                    is_hanging = true;
                }
                Polled::Refused => {}
            },
            "~release" => polling.release(),
            "~upgrade" => drop(polling.upgrade()),
            "~end" => polling.end_probe(),
            "~close" => polling.close(PollingEnd::Orderly),
            "~cut" => polling.close(PollingEnd::AtOnce),
            _ => match line.split_once('~') {
                Some(("", frame)) => polling.push_text(frame),
                Some((frame, _)) => drop(polling.probe(Some(frame))),
                None => post(&mut polling, line),
            },
        }
        if is_hanging && polling.answer().is_some() {
            is_hanging = false;
        }
        assert!(!(has_ended && polling.is_open()), "an end is for ever");
        has_ended = !polling.is_open();
        assert!(!is_hanging || polling.is_open(), "no GET hangs for ever");
    }
});

fn post(polling: &mut Polling, body: &str) {
    let Ok(frames) = polling.receive(body, MAX_PACKETS) else {
        assert!(!polling.is_open());
        return;
    };
    assert!(frames.len() <= MAX_PACKETS);
    let mut payload = Payload::default();
    for frame in &frames {
        match frame {
            Frame::Text(text) => payload.push_text(text),
            Frame::Binary(data) => payload.push_binary(data),
        }
    }
    assert_eq!(parse_payload(&payload.into_body(), MAX_PACKETS), Ok(frames));
}
