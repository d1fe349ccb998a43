//! Frames of Engine.IO, one a line, at any pace.
#![no_main]

use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use oh_socketio::{Config, Engine, EnginePacket, Input, Rules};

fuzz_target!(|text: &str| {
    for rules in [Rules::Strict, Rules::Tolerant] {
        let config = Config { max_payload: 64, ..Config::new(rules) };
        let mut engine = Engine::new(&config, Duration::ZERO);
        let mut now = Duration::ZERO;
        for line in text.split('\n') {
            if let Ok(packet) = EnginePacket::parse(line) {
                assert_eq!(EnginePacket::parse(&packet.to_frame()), Ok(packet));
            }
            now += Duration::from_millis(700 * line.len() as u64);
            let input = match line.strip_prefix('~') {
                Some("pong") => Input::TransportPong,
                Some(data) => Input::Binary(data.as_bytes()),
                None => Input::Text(line),
            };
            if engine.receive(now, input).is_err() || engine.beat(now).is_err() {
                break;
            }
            assert!(engine.next_deadline() > now);
        }
    }
});
