use oh_agent::{AgentConfig, Step};
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

#[test]
fn without_a_user_the_limit_stays() {
    let mut config = AgentConfig { is_headless: true, ..AgentConfig::default() };
    config.limits.max_iterations = 10;
    let mut harness = Harness::started_with(config);
    assert_eq!(run_until_error(&mut harness), 10);
    harness.say("go on");
    assert_eq!(harness.conversation.agent_state(), AgentState::Error);
    assert_eq!(harness.conversation.limits().max_iterations, 10);
}

#[test]
fn actions_and_answers_are_counted_apart() {
    let mut harness = Harness::started();
    harness.answer(&[RUN, ("think", "{}"), RUN]);
    harness.ran("x");
    harness.ran("x");
    let used = harness.conversation.consumption();
    assert_eq!((used.iterations, used.llm_calls, used.tokens), (3, 1, 15));
}

/// An answer costs half a dollar.
#[test]
fn money_stops_the_agent_and_a_message_extends_it() {
    let mut config = AgentConfig::default();
    config.limits.max_budget = Some(5.0);
    let mut harness = Harness::started_with(config);
    assert_eq!(run_until_error(&mut harness), 10);
    assert!(harness.reason().contains(
        "Agent reached maximum budget for conversation. Current budget: 5.00, max budget: 5.00"
    ));
    harness.say("go on");
    assert_eq!(harness.conversation.limits().max_budget, Some(10.0));
    let spent = harness.conversation.metrics();
    assert_eq!(spent.max_budget_per_task, Some(5.0), "as it was at the last answer");
    assert_eq!(run_until_error(&mut harness), 10);
}

#[test]
fn a_budget_grows_from_what_is_spent() {
    let mut config = AgentConfig::default();
    config.limits.max_budget = Some(5.0);
    let mut harness = Harness::started_with(config);
    let mut answer = crate::support::completion(1, "", &[RUN]);
    answer.cost = Some(6.0);
    harness.put(oh_agent::Input::Completion(Ok(answer)));
    assert_eq!(harness.ran("x"), ["A :run <7", "E =error"]);
    harness.say("go on");
    assert_eq!(harness.conversation.limits().max_budget, Some(11.0));
}

#[test]
fn tokens_stop_the_agent() {
    let mut config = AgentConfig::default();
    config.limits.max_tokens = Some(30);
    let mut harness = Harness::started_with(config);
    assert_eq!(run_until_error(&mut harness), 2);
    assert!(harness.reason().contains("maximum tokens"));
}

#[test]
fn time_stops_the_agent_and_waiting_does_not_count() {
    let mut config = AgentConfig::default();
    config.limits.max_seconds = Some(60);
    let mut harness = Harness::started_with(config);
    harness.answer(&[RUN]);
    harness.clock += 30;
    harness.ran("x");
    harness.ask_state(AgentState::Paused);
    harness.clock += 10_000;
    harness.ask_state(AgentState::Running);
    assert_eq!(harness.conversation.agent_state(), AgentState::Running);
    harness.answer(&[("execute_bash", r#"{"command":"pwd"}"#)]);
    harness.clock += 30;
    harness.ran("x");
    assert_eq!(harness.conversation.agent_state(), AgentState::Error);
    assert!(harness.reason().contains("maximum time"), "{}", harness.reason());
    harness.say("go on");
    assert_eq!(harness.conversation.limits().max_seconds, Some(120));
}

#[test]
fn each_limit_has_an_id() {
    use oh_event::Observation;
    let mut config = AgentConfig::default();
    config.limits.max_iterations = 1;
    let mut harness = Harness::started_with(config);
    harness.answer(&[RUN]);
    harness.ran("x");
    let fault = harness.log.iter().rev().find_map(|event| match event.observation() {
        Some(Observation::AgentStateChanged(change)) => change.fault.clone(),
        Some(_) | None => None,
    });
    assert_eq!(fault.unwrap().id, "STATUS$ERROR_MAX_ITERATIONS");
}
