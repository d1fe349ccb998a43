use oh_agent::{AgentConfig, ConfirmationPolicy, Conversation, Step};
use oh_event::{
    Action, AgentState, Event, EventDraft, EventSource, LlmMetrics, MessageAction, RunAction,
    SystemAction,
};

use crate::support::{FINISH, Harness, RUN, describe, message};

/// Lets another conversation do again what was recorded; its first message is the
/// recording's.
fn replayed(log: &[Event], config: AgentConfig) -> Harness {
    let mut drafts = log.iter().map(|event| event.draft.clone());
    let first = drafts
        .by_ref()
        .find(|draft| draft.source == EventSource::User)
        .expect("a recording begins with a message");
    let mut harness =
        Harness { conversation: Conversation::new(config), log: Vec::new(), clock: 0 };
    harness.conversation.replay(drafts);
    harness.open_with(first);
    while let Step::RunAction { .. } = harness.conversation.next_step() {
        harness.ran("again");
    }
    harness
}

fn actions(log: &[Event]) -> Vec<String> {
    log.iter()
        .filter(|event| event.draft.source != EventSource::Environment)
        .filter(|event| event.action().is_some_and(|a| !matches!(a, Action::System(_))))
        .map(describe)
        .collect()
}

fn recording() -> Harness {
    let mut harness = Harness::started();
    harness.answer(&[RUN, ("think", r#"{"thought":"hm"}"#), RUN]);
    harness.ran("one");
    harness.ran("two");
    let completion = crate::support::completion(99, "Shall I?", &[]);
    harness.put(oh_agent::Input::Completion(Ok(completion)));
    harness.say("yes");
    harness.answer(&[("dance", "{}"), RUN]);
    harness.ran("three");
    harness.answer(&[RUN, FINISH, RUN]);
    harness.ran("four");
    assert_eq!(harness.conversation.agent_state(), AgentState::Finished);
    harness
}

#[test]
fn a_recording_is_done_again_and_then_messages_are_taken() {
    let recorded = recording();
    let mut again = replayed(&recorded.log, AgentConfig::default());
    assert_eq!(actions(&again.log), actions(&recorded.log));
    assert_eq!(again.conversation.agent_state(), AgentState::Finished);
    assert_eq!(again.conversation.left_to_replay(), 0);
    assert_ne!(recorded.conversation.metrics(), &LlmMetrics::default());
    assert_eq!(again.conversation.metrics(), &LlmMetrics::default(), "nothing is paid twice");
    again.say("more");
    assert!(matches!(again.conversation.next_step(), Step::CallLlm { .. }));
    let request = again.conversation.completion_request();
    assert!(format!("{request:?}").contains("again"), "the model sees the new results");
}

#[test]
fn a_recording_without_the_models_calls_works_too() {
    let run = |command: &str| {
        let command = command.to_owned();
        let action = Action::Run(RunAction { command, ..RunAction::default() });
        EventDraft::of_action(EventSource::Agent, action)
    };
    let say = |content: &str, wait_for_response| {
        let content = content.to_owned();
        let message = MessageAction { content, wait_for_response, ..MessageAction::default() };
        EventDraft::of_action(EventSource::Agent, Action::Message(message))
    };
    let mut harness = Harness::started_with(AgentConfig::default());
    harness.open();
    harness.conversation.replay([
        EventDraft::of_action(EventSource::Agent, Action::System(SystemAction::default())),
        run("ls"),
        say("Go on?", true),
        run("pwd"),
        say("Done.", true),
    ]);
    assert_eq!(harness.say("go"), ["U message", "E =running", "A run"]);
    assert_eq!(harness.ran("x"), ["A :run <12", "A message", "A run"], "nobody is waited for");
    assert_eq!(harness.ran("x"), ["A :run <15", "A message", "E =awaiting_user_input"]);
    let request = harness.conversation.completion_request();
    assert!(format!("{request:?}").contains("Ran: ls"), "the model learns what was done");
}

#[test]
fn limits_and_questions_hold_for_recordings_too() {
    let mut recorded = Harness::started();
    for n in 0..10 {
        let call = format!(r#"{{"command":"echo {n}"}}"#);
        recorded.answer(&[("execute_bash", &call)]);
        recorded.ran("x");
    }
    let mut config = AgentConfig::default();
    config.limits.max_iterations = 3;
    let again = replayed(&recorded.log, config);
    assert_eq!(again.conversation.agent_state(), AgentState::Error);
    let confirmation = ConfirmationPolicy::Always;
    let config = AgentConfig { confirmation, ..AgentConfig::default() };
    let mut again = replayed(&recorded.log, config);
    for _ in 0..10 {
        assert_eq!(again.conversation.agent_state(), AgentState::AwaitingUserConfirmation);
        again.ask_state(AgentState::UserConfirmed);
        again.ran("x");
    }
    assert_eq!(again.conversation.left_to_replay(), 0);
}

#[test]
fn a_recorded_loop_is_no_loop() {
    let mut recorded = Harness::started();
    let fast = AgentConfig {
        stuck: oh_agent::StuckThresholds {
            action_observation: 0,
            action_error: 0,
            monologue: 0,
            alternating: 0,
        },
        ..AgentConfig::default()
    };
    recorded.conversation.configure(fast);
    for _ in 0..6 {
        recorded.answer(&[RUN]);
        recorded.ran("x");
    }
    let again = replayed(&recorded.log, AgentConfig::default());
    assert_eq!(actions(&again.log), actions(&recorded.log));
    let _ = message("go");
}
