//! What clients send, on the socket and as the body of a request, and the query they come with.
#![no_main]

use libfuzzer_sys::fuzz_target;
use oh_event::EventSource;
use oh_wire::{ConnectQuery, parse_client_action};

fuzz_target!(|text: &str| {
    match parse_client_action(text) {
        Ok(action) => {
            assert_eq!(action.draft.source, EventSource::User, "nobody speaks for the agent");
            assert!(action.client_id.is_none_or(|id| (1..=64).contains(&id.chars().count())));
        }
        Err(rejection) => assert!(!rejection.message.is_empty()),
    }
    let query = ConnectQuery::parse(text);
    assert!(query.conversation_id.is_none_or(|id| !id.is_empty() && id.len() <= 3 * text.len()));
});
