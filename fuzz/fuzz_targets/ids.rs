//! Names of conversations that clients choose, and times they ask for.
#![no_main]

use libfuzzer_sys::fuzz_target;
use oh_event::ConversationId;
use oh_wire::{format_timestamp, parse_timestamp};

fuzz_target!(|text: &str| {
    if let Ok(id) = ConversationId::parse(text) {
        let id = id.as_str();
        assert!(!id.is_empty() && id.chars().count() <= ConversationId::MAX_CHARS);
        assert!(!id.contains("..") && !id.contains(['/', '\\', '\0']), "{id}");
    }
    if let Some(time) = parse_timestamp(text) {
        assert_eq!(parse_timestamp(&format_timestamp(time)), Some(time), "{text}");
    }
});
