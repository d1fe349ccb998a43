use std::path::PathBuf;

use oh_event::EventSource;
use oh_wire::{EncodedEvent, Encoding, encode_event, parse_event};
use serde_json::Value;

fn frames() -> Vec<(String, String)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/frames");
    let mut frames: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (name, std::fs::read_to_string(path).unwrap())
        })
        .collect();
    frames.sort();
    assert!(frames.len() >= 30, "the recorded frames are there");
    frames
}

fn view(encoding: &Encoding, source: EventSource) -> EncodedEvent<'_> {
    EncodedEvent {
        payload: &encoding.payload,
        source,
        is_deliverable: encoding.is_deliverable,
        result_at: encoding.result_at,
    }
}

/// The recording holds placeholders where a JSON object belongs.
fn without_placeholders(mut frame: Value) -> Value {
    if let Some(hosts) = frame.pointer_mut("/extras/runtime_hosts") {
        *hosts = Value::Object(serde_json::Map::new());
    }
    frame
}

#[test]
fn a_recorded_frame_comes_back_the_same() {
    for (name, text) in frames() {
        let recorded = without_placeholders(serde_json::from_str(&text).unwrap());
        let event = parse_event(&recorded.to_string()).unwrap_or_else(|e| panic!("{name}: {e}"));
        let encoding = encode_event(&event).unwrap();
        let stored = view(&encoding, event.draft.source).stored_form();
        let written: Value = serde_json::from_str(&stored).unwrap();
        assert_eq!(written, recorded, "{name}");
    }
}

#[test]
fn the_wire_form_has_the_decorations_of_the_guide() {
    for (name, text) in frames() {
        let recorded = without_placeholders(serde_json::from_str(&text).unwrap());
        let event = parse_event(&recorded.to_string()).unwrap();
        let encoding = encode_event(&event).unwrap();
        let wire: Value = serde_json::from_str(&encoding.payload).unwrap();
        let is_message = recorded["action"] == "message";
        assert_eq!(wire.get("type"), is_message.then(|| Value::from("message")).as_ref(), "{name}");
        if encoding.is_deliverable {
            assert_ne!(wire["source"], "environment", "{name}");
            let answers = recorded.get("cause").is_some() && recorded.get("observation").is_some();
            assert_eq!(
                wire.get("result"),
                answers.then(|| recorded["content"].clone()).as_ref(),
                "{name}"
            );
        }
    }
}

#[test]
fn an_action_shows_the_result_of_its_observation() {
    let text = r#"{"id":1,"timestamp":"2026-01-02T03:04:05.000001","source":"agent","action":"run","args":{"command":"ls"}}"#;
    let encoding = encode_event(&parse_event(text).unwrap()).unwrap();
    let with_result = view(&encoding, EventSource::Agent).with_result("\"a\\nb\"");
    let wire: Value = serde_json::from_str(&with_result).unwrap();
    assert_eq!(wire["result"], "a\nb");
    assert_eq!(wire["args"]["command"], "ls");
}

#[test]
fn legacy_names_are_read() {
    fn check(text: &str, pointer: &str, expected: &Value) {
        let encoding = encode_event(&parse_event(text).unwrap()).unwrap();
        let wire: Value = serde_json::from_str(&encoding.payload).unwrap();
        assert_eq!(wire.pointer(pointer), Some(expected), "{text}");
    }
    let head = r#""id":1,"timestamp":"2026-01-02T03:04:05","source":"user""#;
    check(
        &format!(r#"{{{head},"action":"message","args":{{"content":"a","images_urls":["b"]}}}}"#),
        "/args/image_urls/0",
        &Value::from("b"),
    );
    check(
        &format!(
            r#"{{{head},"action":"run","args":{{"command":"a","is_confirmed":"rejected","keep_prompt":true,"security_risk":null}}}}"#
        ),
        "/args/confirmation_state",
        &Value::from("rejected"),
    );
    check(
        &format!(r#"{{{head},"action":"finish","args":{{"task_completed":"true"}}}}"#),
        "/args/final_thought",
        &Value::from(""),
    );
    check(
        &format!(r#"{{{head},"observation":"run"}}"#),
        "/extras/metadata/exit_code",
        &Value::from(-1),
    );
}
