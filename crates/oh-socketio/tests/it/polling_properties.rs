use oh_socketio::{
    EnginePacket, Frame, Payload, Polled, Polling, PollingEnd, Probed, parse_payload,
};
use proptest::collection::vec;
use proptest::prelude::*;

#[derive(Debug, Clone, PartialEq)]
enum Sent {
    Text(String),
    Binary(Vec<u8>),
}

fn sent() -> impl Strategy<Value = Sent> {
    prop_oneof![
        "[0-6][^\u{1e}]{0,20}".prop_map(Sent::Text),
        vec(any::<u8>(), 0..20).prop_map(Sent::Binary),
    ]
}

fn sent_of(frame: Frame<'_>) -> Sent {
    match frame {
        Frame::Text(text) => Sent::Text(text.to_owned()),
        Frame::Binary(data) => Sent::Binary(data),
    }
}

fn packets(body: &str) -> Vec<Sent> {
    parse_payload(body, usize::MAX).unwrap().into_iter().map(sent_of).collect()
}

/// What happens to a session, from either side.
#[derive(Debug, Clone)]
enum Step {
    Send(Sent),
    Release,
    Get,
    Post(String),
    Probe(&'static str),
    EndProbe,
    Upgrade,
    Close(PollingEnd),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => sent().prop_map(Step::Send),
        3 => Just(Step::Release),
        6 => Just(Step::Get),
        2 => prop_oneof![Just("3"), Just("4a\u{1e}bAQ=="), Just("40")].prop_map(|body| Step::Post(body.to_owned())),
        1 => prop_oneof![Just("1".to_owned()), any::<String>()].prop_map(Step::Post),
        1 => prop_oneof![Just("2probe"), Just("5"), Just("4")].prop_map(Step::Probe),
        1 => Just(Step::EndProbe),
        1 => Just(Step::Upgrade),
        1 => prop_oneof![Just(PollingEnd::Orderly), Just(PollingEnd::AtOnce)].prop_map(Step::Close),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn bodies_survive_encoding(frames in vec(sent(), 1..20)) {
        let mut payload = Payload::default();
        for frame in &frames {
            match frame {
                Sent::Text(text) => payload.push_text(text),
                Sent::Binary(data) => payload.push_binary(data),
            }
        }
        let bytes = payload.bytes();
        let body = payload.into_body();
        prop_assert_eq!(bytes, body.len());
        prop_assert_eq!(packets(&body), frames);
    }

    #[test]
    fn any_body_is_read_within_its_bounds(body in any::<String>(), separators in 0..50_usize) {
        let body = body + &"\u{1e}4".repeat(separators);
        if let Ok(frames) = parse_payload(&body, 20) {
            prop_assert!(frames.len() <= 20);
            for frame in frames {
                match frame {
                    Frame::Text(text) => prop_assert!(EnginePacket::parse(text).is_ok()),
                    Frame::Binary(data) => prop_assert!(data.len() <= body.len()),
                }
            }
        }
    }

    #[test]
    fn every_frame_is_handed_out_once_and_in_order(steps in vec(step(), 1..80)) {
        let mut polling = Polling::default();
        let (mut sent, mut received) = (Vec::new(), Vec::new());
        let (mut is_hanging, mut is_cut) = (false, false);
        let mut take = |body: &str| received.extend(packets(body).into_iter().filter(|packet| {
            // What the transport says by itself is no frame of the session.
            *packet != Sent::Text("1".to_owned()) && *packet != Sent::Text("6".to_owned())
        }));
        for step in steps {
            match step {
                Step::Send(frame) => {
                    // These two are what the transport says by itself.
                    let is_own = matches!(&frame, Sent::Text(text) if text == "1" || text == "6");
                    if polling.is_open() && !is_own {
                        match &frame {
                            Sent::Text(text) => polling.push_text(text),
                            Sent::Binary(data) => polling.push_binary(data),
                        }
                        sent.push(frame);
                    }
                }
                Step::Release => polling.release(),
                Step::Get => match polling.poll() {
                    Polled::Packets(body) => take(&body),
                    Polled::Later => is_hanging = true,
                    Polled::Refused => is_cut |= is_hanging,
                },
                Step::Post(body) => is_cut |= polling.receive(&body, 100).is_err(),
                Step::Probe(frame) => {
                    let probed = polling.probe(Some(frame));
                    prop_assert!(probed != Probed::Complete || frame == "5");
                }
                Step::EndProbe => polling.end_probe(),
                Step::Upgrade => {
                    if let Some(rest) = polling.upgrade()
                        && !rest.is_empty()
                    {
                        take(&rest.into_body());
                    }
                }
                Step::Close(end) => {
                    is_cut |= end == PollingEnd::AtOnce && !polling.is_upgraded();
                    polling.close(end);
                }
            }
            if is_hanging && let Some(body) = polling.answer() {
                is_hanging = false;
                take(&body);
            }
        }
        // Nothing is repeated or passed over; what was cut off is the tail.
        prop_assert!(received.len() <= sent.len());
        prop_assert_eq!(&received[..], &sent[..received.len()]);
        if polling.is_upgraded() && !is_cut {
            prop_assert_eq!(received, sent);
        }
    }
}
