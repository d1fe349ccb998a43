//! Events as they are stored, and recordings of whole conversations.
#![no_main]

use libfuzzer_sys::fuzz_target;
use oh_wire::{EncodedEvent, encode_event, parse_event, parse_timestamp, parse_trajectory};

fuzz_target!(|text: &str| {
    if let Ok(event) = parse_event(text) {
        let Ok(encoding) = encode_event(&event) else { return };
        let stored = EncodedEvent {
            payload: &encoding.payload,
            source: event.draft.source,
            is_deliverable: encoding.is_deliverable,
            result_at: encoding.result_at,
        };
        assert_eq!(parse_event(&stored.stored_form()).as_ref(), Ok(&event), "{}", encoding.payload);
    }
    if let Err(error) = parse_trajectory(text) {
        assert!(!error.to_string().is_empty());
    }
    let _ = parse_timestamp(text);
});
