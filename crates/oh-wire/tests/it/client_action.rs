use oh_event::{Action, EventSource};
use oh_wire::{RejectionCode, parse_client_action};

#[test]
fn both_documented_forms_are_read() {
    fn check(text: &str, expected: &str) {
        let action = parse_client_action(text).unwrap_or_else(|e| panic!("{text}: {e}"));
        assert_eq!(action.draft.source, EventSource::User);
        let Action::Message(message) = action.draft.action().unwrap() else {
            panic!("{text} is not a message");
        };
        assert_eq!(message.content, expected, "{text}");
    }
    check(r#"{"action":"message","args":{"content":"a"}}"#, "a");
    check(r#"{"type":"message","source":"user","message":"a"}"#, "a");
    check(r#"{"type":"message","source":"agent","content":"a"}"#, "a");
    check(r#"{"type":"message","args":{"content":"a"},"message":"b"}"#, "a");
    check(r#"{"action":"message","args":{"content":"a","timestamp":"x","new":1},"id":7}"#, "a");
    check(r#"{"action":"message","args":{"content":"","image_urls":["data:x"]}}"#, "");
    check(r#"{"type":"message","message":"","file_urls":["/workspace/a"]}"#, "");
}

#[test]
fn bad_input_is_named() {
    fn check(text: &str, code: RejectionCode, words: &str) {
        let rejection = parse_client_action(text).unwrap_err();
        assert_eq!(rejection.code, code, "{text}: {rejection}");
        assert!(rejection.message.contains(words), "{text}: {rejection}");
    }
    use RejectionCode::{InvalidArguments, MalformedAction, NotAllowed, UnknownAction};
    check("", MalformedAction, "not valid JSON");
    check("[]", MalformedAction, "JSON object");
    check("\"x\"", MalformedAction, "JSON object");
    check("{}", MalformedAction, "string `action`");
    check(r#"{"action":7}"#, MalformedAction, "must be a string");
    check(r#"{"type":["message"]}"#, MalformedAction, "must be a string");
    check(r#"{"action":"message"}"#, InvalidArguments, "content");
    check(r#"{"action":"message","args":[]}"#, InvalidArguments, "object");
    check(r#"{"action":"message","args":{"content":5}}"#, InvalidArguments, "string");
    check(r#"{"action":"message","args":{"content":""}}"#, InvalidArguments, "text");
    check(r#"{"type":"message"}"#, InvalidArguments, "text");
    check(r#"{"type":"run"}"#, InvalidArguments, "`args`");
    check(r#"{"type":"dance"}"#, UnknownAction, "dance");
    check(r#"{"action":"initialize"}"#, UnknownAction, "initialize");
    check(r#"{"action":"think","args":{}}"#, NotAllowed, "think");
    check(r#"{"action":"think","args":{"thought":"a"}}"#, NotAllowed, "think");
    check(r#"{"observation":"run","content":""}"#, NotAllowed, "observations");
    check(
        r#"{"action":"change_agent_state","args":{"agent_state":"asleep"}}"#,
        InvalidArguments,
        "asleep",
    );
    check(r#"{"action":"change_agent_state","args":{"agent_state":"error"}}"#, NotAllowed, "error");
    check(r#"{"action":"run","args":{"command":"ls"},"timeout":-1}"#, InvalidArguments, "timeout");
    check(
        r#"{"action":"run","args":{"command":"ls"},"client_id":""}"#,
        InvalidArguments,
        "client_id",
    );
}
