use oh_agent::Step;
use oh_event::AgentState;

use crate::support::{Harness, RUN, message};

fn run_until_error(harness: &mut Harness) -> usize {
    let mut actions = 0;
    while let Step::CallLlm { .. } = harness.conversation.next_step() {
        let arguments = format!(r#"{{"command":"echo {}"}}"#, harness.log.len());
        assert_eq!(harness.answer(&[("execute_bash", &arguments)])[0], "A run");
        actions += 1;
        harness.ran("x");
    }
    actions
}

#[test]
fn the_limit_stops_the_agent_and_a_message_extends_it() {
    let mut harness = Harness::new(10);
    harness.open_with(message("go"));
    assert_eq!(run_until_error(&mut harness), 10);
    assert_eq!(harness.conversation.agent_state(), AgentState::Error);
    assert_eq!(harness.say("go on"), ["U message", "E =running"]);
    assert_eq!(run_until_error(&mut harness), 10, "as many again");
}

#[test]
fn bad_calls_count() {
    let mut harness = Harness::new(5);
    harness.open_with(message("go"));
    let mut answers = 0;
    while let Step::CallLlm { .. } = harness.conversation.next_step() {
        harness.answer(&[(&format!("dance{answers}"), "{}")]);
        answers += 1;
        assert!(answers < 100, "a confused model is stopped");
    }
    assert_eq!(answers, 5);
}

#[test]
fn a_batch_does_not_outrun_the_limit() {
    let mut harness = Harness::new(2);
    harness.open_with(message("go"));
    harness.answer(&[RUN, RUN, RUN]);
    assert_eq!(harness.ran("x"), ["A :run <7", "A run"]);
    assert_eq!(harness.ran("x"), ["A :run <9", "E =error"]);
    assert_eq!(harness.conversation.next_step(), Step::Wait);
}
