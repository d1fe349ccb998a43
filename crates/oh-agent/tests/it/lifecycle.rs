use oh_agent::{AgentConfig, Step};
use oh_event::{AgentState, Observation};

use crate::support::{Harness, RUN, message};

#[test]
fn a_new_conversation_begins_in_the_documented_order() {
    let mut harness = Harness::new(500);
    assert_eq!(
        harness.open_with(message("go")),
        [
            "E =loading",
            "A system",
            "U message",
            "E change_agent_state",
            "U recall",
            "E =running",
            "E :recall <4",
        ]
    );
    let mut harness = Harness::new(500);
    assert_eq!(
        harness.open(),
        ["E =loading", "A system", "E change_agent_state", "E =awaiting_user_input"]
    );
    assert_eq!(harness.say("hi"), ["U message", "U recall", "E =running", "E :recall <5"]);
    assert!(matches!(harness.conversation.next_step(), Step::CallLlm { .. }));
}

#[test]
fn a_crash_leaves_no_action_without_an_answer_and_nothing_runs_by_itself() {
    let mut before = Harness::started();
    before.answer(&[RUN, RUN]);
    let mut after = Harness::of(AgentConfig::default());
    for event in &before.log {
        after.conversation.apply(event);
        after.log.push(event.clone());
    }
    assert_eq!(
        after.open(),
        ["E =loading", "A :error <7", "E change_agent_state", "E =awaiting_user_input"]
    );
    let Some(Observation::Error(error)) = after.log[9].observation() else { panic!() };
    assert!(error.content.contains("restarted"), "{}", error.content);
    assert_eq!(after.conversation.next_step(), Step::Wait);
    assert_eq!(after.say("go on"), ["U message", "E =running"]);
    assert!(matches!(after.conversation.next_step(), Step::CallLlm { .. }));
}

#[test]
fn closing_stops_and_answers() {
    let mut harness = Harness::started();
    harness.answer(&[RUN]);
    let closing = harness.conversation.closing("");
    assert_eq!(harness.record(closing), ["A :error <7", "E =stopped"]);
    assert_eq!(harness.conversation.agent_state(), AgentState::Stopped);
    assert!(harness.conversation.closing("").is_empty());
}

#[test]
fn a_start_that_fails_keeps_the_first_message() {
    let mut harness = Harness::new(500);
    harness.record(harness.conversation.loading());
    let failed = harness.conversation.failed_opening(Some(message("go")), "no room");
    assert_eq!(harness.record(failed), ["U message", "E =error"]);
    assert_eq!(harness.conversation.next_step(), Step::Wait);
    assert_eq!(
        harness.open(),
        ["E =loading", "A system", "E change_agent_state", "E =awaiting_user_input"]
    );
    assert_eq!(harness.say("again"), ["U message", "U recall", "E =running", "E :recall <8"]);
    assert!(matches!(harness.conversation.next_step(), Step::CallLlm { .. }));
}
