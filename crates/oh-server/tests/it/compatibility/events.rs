//! What the server says over a socket: events, notices, ids and refusals.

use std::collections::BTreeSet;
use std::path::Path;

use oh_event::{AgentState, ConversationId, EventId};
use oh_wire::{
    StatusLevel, encode_event, error_notice, message_delta, output_delta, parse_event,
    reasoning_delta, restart_delta, status_update, title_update,
};
use serde_json::{Value, json};

use super::{Row, names, rows, sources, sources_in};

/// Declared from the types of oh-wire.
const TYPES: &str = include_str!("../../../../../frontend/src/wire/generated/events.ts");

/// Returns the least that an action has to say.
pub(super) fn args(action: &str) -> Value {
    match action {
        "message" | "system" => json!({"content": "hello"}),
        "run" => json!({"command": "true"}),
        "run_ipython" => json!({"code": "1"}),
        "read" | "edit" => json!({"path": "a.txt"}),
        "write" => json!({"path": "a.txt", "content": "a"}),
        "browse" => json!({"url": "http://localhost"}),
        "browse_interactive" => json!({"browser_actions": "noop()"}),
        "call_tool_mcp" => json!({"name": "tool"}),
        "delegate" => json!({"agent": "CodeActAgent", "inputs": {"task": "look"}}),
        "recall" => json!({"recall_type": "knowledge", "query": "hello"}),
        "change_agent_state" => json!({"agent_state": "paused"}),
        "condensation" => json!({"forgotten_event_ids": [1]}),
        "think"
        | "finish"
        | "reject"
        | "condensation_request"
        | "task_tracking"
        | "loop_recovery"
        | "null" => json!({}),
        // These are no actions.
        "start" | "pause" | "resume" | "stop" | "initialize" => json!({}),
        other => panic!("there is no payload for the action `{other}`"),
    }
}

fn extras(observation: &str) -> Value {
    match observation {
        "agent_state_changed" => json!({"agent_state": "running"}),
        "recall" => json!({"recall_type": "knowledge"}),
        _ => json!({}),
    }
}

fn envelope(kind: Value) -> Value {
    let mut event = json!({"id": 7, "timestamp": "2026-01-02T03:04:05.000001", "source": "agent"});
    event.as_object_mut().unwrap().extend(kind.as_object().unwrap().clone());
    event
}

/// Encodes the event of a row, reads it back, and compares what sockets get of it.
fn check(row: &Row, key: &str, event: &Value) {
    let parsed = parse_event(&event.to_string()).unwrap_or_else(|e| panic!("{row:?}: {e}"));
    let encoding = encode_event(&parsed).unwrap();
    let written: Value = serde_json::from_str(&encoding.payload).unwrap();
    assert_eq!(written[key], row.name());
    assert_eq!(parse_event(&encoding.payload).unwrap(), parsed, "{row:?}");
    assert_eq!(if encoding.is_deliverable { "yes" } else { "no" }, row.cell("sent"), "{row:?}");
}

#[test]
fn every_event_is_sent_as_its_row_says() {
    for row in rows("action") {
        check(&row, "action", &envelope(json!({"action": row.name(), "args": args(row.name())})));
    }
    for row in rows("observation") {
        let (name, extras) = (row.name(), extras(row.name()));
        let observation = json!({"observation": name, "content": "text", "extras": extras});
        check(&row, "observation", &envelope(observation));
    }
}

#[test]
fn every_event_has_a_row() {
    fn declared(interface: &str) -> BTreeSet<&'static str> {
        let start = format!("export interface {interface} {{\n");
        let (body, _) = TYPES.split_once(&start).unwrap().1.split_once('}').unwrap();
        body.lines().filter_map(|line| Some(line.trim().split_once(':')?.0)).collect()
    }
    let actions = rows("action");
    assert_eq!(names(&actions), declared("ActionArgs"));
    assert_eq!(names(&rows("observation")), declared("ObservationExtras"));
    assert!(names(&rows("client action")).is_superset(&names(&actions)));
    let states = rows("agent state");
    let here: BTreeSet<&str> = states.iter().filter(|row| row.is_here()).map(Row::name).collect();
    assert_eq!(here, AgentState::ALL.map(AgentState::as_str).into());
}

#[test]
fn every_notice_has_a_row_and_its_form() {
    let id = ConversationId::parse("abc").unwrap();
    let kinds = [
        (status_update(StatusLevel::Info, "STATUS$READY", ""), "status_update"),
        (title_update(&id, "Title"), "conversation_title"),
        (error_notice("why"), "error"),
        (output_delta(EventId(1), "text"), "output"),
        (message_delta(EventId(1), "text"), "message"),
        (reasoning_delta(EventId(1), "text"), "reasoning"),
        (restart_delta(EventId(1)), "restart"),
    ];
    for (text, name) in &kinds {
        let notice: Value = serde_json::from_str(text).unwrap();
        assert!(notice.get(name).is_some() || notice["type"] == *name, "{text}");
    }
    assert_eq!(names(&rows("notice")), kinds.into_iter().map(|(_, name)| name).collect());
}

#[test]
fn status_ids_and_refusals_are_those_of_the_sources() {
    let text = sources();
    for row in rows("status id") {
        assert_eq!(text.contains(&format!("\"{}\"", row.name())), row.is_here(), "{row:?}");
    }
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let sockets = ["src/socket", "src/transport", "../oh-socketio/src"]
        .map(|path| sources_in(&here.join(path)));
    let sockets = sockets.concat();
    for row in rows("refusal") {
        assert_eq!(sockets.contains(row.name()), row.is_here(), "{row:?}");
    }
    let described = names(&rows("status id"));
    let literals = text.split('"').filter(|literal| {
        let (group, id) = literal.split_once('$').unwrap_or_default();
        let is_name = |name: &str| {
            !name.is_empty() && name.chars().all(|c| c.is_ascii_uppercase() || c == '_')
        };
        is_name(group) && is_name(id) && !id.ends_with('_')
    });
    let missing: BTreeSet<&str> = literals.filter(|id| !described.contains(id)).collect();
    assert_eq!(missing, BTreeSet::new());
}
