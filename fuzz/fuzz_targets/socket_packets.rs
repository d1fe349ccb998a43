//! Frames through a whole connection, one a line, with decisions of the application between them.
#![no_main]

use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use oh_socketio::{Config, Connection, Effect, Input, Packet, Rules};

const MAX_PAYLOAD: usize = 256;
const MAX_ATTACHMENTS: usize = 3;

fuzz_target!(|text: &str| {
    for rules in [Rules::Strict, Rules::Tolerant] {
        let config = Config {
            max_payload: MAX_PAYLOAD,
            max_attachments: MAX_ATTACHMENTS,
            max_namespaces: 3,
            max_deferred: 4,
            ..Config::new(rules)
        };
        let mut connection = Connection::new(config, Duration::ZERO);
        let mut is_closed = false;
        for line in text.split('\n') {
            if let Some(message) = line.strip_prefix('4')
                && let Ok(packet) = Packet::parse(message)
            {
                let frame = packet.to_frame();
                assert_eq!(Packet::parse(&frame[1..]).as_ref(), Ok(&packet), "{frame}");
            }
            let effects = match line.strip_prefix('~') {
                Some("accept") => connection.accept("/", "s").map_or(Vec::new(), |it| it.effects),
                Some("refuse") => {
                    connection.refuse("/a", "{}");
                    Vec::new()
                }
                Some("leave") => {
                    connection.disconnect("/");
                    Vec::new()
                }
                Some(data) => connection.handle(Duration::ZERO, Input::Binary(data.as_bytes())),
                None => connection.handle(Duration::ZERO, Input::Text(line)),
            };
            for (at, effect) in effects.iter().enumerate() {
                match effect {
                    Effect::Event { attachments, .. } | Effect::Ack { attachments, .. } => {
                        assert!(attachments.len() <= MAX_ATTACHMENTS);
                        assert!(attachments.iter().map(Vec::len).sum::<usize>() <= MAX_PAYLOAD);
                    }
                    Effect::Close(reason) => {
                        assert!(!is_closed && at + 1 == effects.len(), "one close, at the end");
                        assert!(reason.to_string().len() <= 123, "too long for a close frame");
                        is_closed = true;
                    }
                    Effect::Connect { .. }
                    | Effect::Disconnect { .. }
                    | Effect::Malformed(_)
                    | Effect::Send(_)
                    | Effect::SendPing => {}
                }
            }
        }
    }
});
