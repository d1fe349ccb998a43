use oh_agent::{AgentConfig, Step};
use oh_event::{
    Action, AgentState, CommandMetadata, ErrorObservation, EventDraft, EventSource,
    LoopRecoveryAction, Observation, RunObservation,
};

use crate::support::{Harness, message};

fn run(command: &str) -> String {
    serde_json::json!({"command": command}).to_string()
}

/// One turn: a command and how it ends. Returns whether the agent goes on.
fn turn(harness: &mut Harness, thought: &str, command: &str, exit_code: i32) -> bool {
    let log = harness.log.len();
    let arguments = run(command);
    let completion = crate::support::completion(log, thought, &[("execute_bash", &arguments)]);
    harness.put(oh_agent::Input::Completion(Ok(completion)));
    let metadata = CommandMetadata { exit_code, ..CommandMetadata::default() };
    let content = format!("output {log}");
    let command = command.to_owned();
    let run = RunObservation { content, command, metadata, hidden: false };
    harness.observed(Observation::Run(run));
    goes_on(harness)
}

fn fails(harness: &mut Harness, command: &str, error: &str) -> bool {
    harness.answer(&[("execute_bash", &run(command))]);
    let content = error.to_owned();
    harness.observed(Observation::Error(ErrorObservation { content, error_id: String::new() }));
    goes_on(harness)
}

fn goes_on(harness: &Harness) -> bool {
    matches!(harness.conversation.next_step(), Step::CallLlm { .. })
}

fn headless() -> Harness {
    Harness::started_with(AgentConfig { is_headless: true, ..AgentConfig::default() })
}

#[test]
fn the_same_action_with_the_same_result_four_times() {
    let mut harness = Harness::started();
    // What was thought of it makes no difference, nor does what was printed.
    assert!(turn(&mut harness, "let me see", "ls", 0));
    assert!(turn(&mut harness, "again", "ls", 0));
    assert!(turn(&mut harness, "", "ls", 0));
    assert!(!turn(&mut harness, "", "ls", 0));
    assert_eq!(harness.conversation.agent_state(), AgentState::Paused);
    assert_eq!(harness.reason(), "AgentStuckInLoopError: Agent got stuck in a loop");
}

#[test]
fn another_result_or_another_action_is_no_loop() {
    let mut harness = Harness::started();
    for exit_code in [0, 1, 0, 2, 0, 3] {
        assert!(turn(&mut harness, "", "make", exit_code));
    }
    for command in ["ls", "ls", "ls", "pwd", "ls", "ls", "ls"] {
        assert!(turn(&mut harness, "", command, 0));
    }
}

#[test]
fn a_failure_is_told_to_the_model_first() {
    let mut harness = headless();
    assert!(fails(&mut harness, "x", "no"));
    assert!(fails(&mut harness, "x", "no"));
    assert!(fails(&mut harness, "x", "no"), "the third is told");
    assert_eq!(harness.log.last().unwrap().observation().unwrap().name(), "loop_detection");
    let request = harness.conversation.completion_request();
    let last = format!("{:?}", request.messages.last().unwrap());
    assert!(last.contains("failed 3 times"), "{last}");
    assert!(!fails(&mut harness, "x", "no"), "the fourth is the end");
    assert_eq!(harness.conversation.agent_state(), AgentState::Error);
}

#[test]
fn a_failure_that_is_answered_with_something_else_is_forgiven() {
    let mut harness = headless();
    for _ in 0..3 {
        assert!(fails(&mut harness, "x", "no"));
    }
    assert!(turn(&mut harness, "", "y", 0));
    for _ in 0..3 {
        assert!(fails(&mut harness, "x", "no"));
    }
    assert!(!fails(&mut harness, "x", "no"));
}

#[test]
fn calls_that_cannot_be_read_are_failures_too() {
    let mut harness = headless();
    for _ in 0..3 {
        harness.answer(&[("dance", "{}")]);
        assert!(goes_on(&harness));
    }
    harness.answer(&[("dance", "{}")]);
    assert_eq!(harness.conversation.agent_state(), AgentState::Error);
}

#[test]
fn two_actions_that_take_turns_six_times() {
    let mut harness = Harness::started();
    for n in 0..5 {
        assert!(turn(&mut harness, "", if n % 2 == 0 { "a" } else { "b" }, 0), "turn {n}");
    }
    assert!(!turn(&mut harness, "", "b", 0));
    let mut harness = Harness::started();
    for n in 0..12 {
        let command = ["a", "b", "c"][n % 3];
        assert!(turn(&mut harness, "", command, 0), "three take turns: {n}");
    }
}

#[test]
fn the_same_words_three_times() {
    // An agent that talks to itself: its words are recorded, and nobody answers.
    let say = |harness: &mut Harness, text: &str| {
        let content = text.to_owned();
        let message = oh_event::MessageAction { content, ..oh_event::MessageAction::default() };
        let draft = EventDraft::of_action(EventSource::Agent, Action::Message(message));
        harness.record(vec![draft]);
        goes_on(harness)
    };
    let mut harness = headless();
    assert!(say(&mut harness, "hm"));
    assert!(say(&mut harness, "hm"));
    assert!(!say(&mut harness, "hm"));
    let mut harness = headless();
    assert!(say(&mut harness, "hm"));
    assert!(say(&mut harness, "hm"));
    assert!(turn(&mut harness, "", "ls", 0));
    assert!(say(&mut harness, "hm"), "something came between");
    assert!(say(&mut harness, "hm"));
}

#[test]
fn waiting_for_a_command_is_no_loop_for_a_while() {
    let mut harness = Harness::started();
    for n in 0..20 {
        assert!(turn(&mut harness, "", "", -1), "the output changes: {n}");
    }
    let silent = |harness: &mut Harness| {
        harness.answer(&[("execute_bash", r#"{"command":""}"#)]);
        let run = RunObservation {
            content: "still".to_owned(),
            command: String::new(),
            metadata: CommandMetadata::default(),
            hidden: false,
        };
        harness.observed(Observation::Run(run));
        goes_on(harness)
    };
    for n in 1..9 {
        assert!(silent(&mut harness), "silent: {n}");
    }
    assert!(!silent(&mut harness));
}

#[test]
fn a_message_begins_anew_only_where_somebody_watches() {
    for is_headless in [false, true] {
        let config = AgentConfig { is_headless, ..AgentConfig::default() };
        let mut harness = Harness::started_with(config);
        for _ in 0..3 {
            assert!(turn(&mut harness, "", "ls", 0));
        }
        harness.say("go on");
        assert_eq!(turn(&mut harness, "", "ls", 0), !is_headless);
    }
}

#[test]
fn whoever_resumes_lets_it_try_further() {
    let mut harness = Harness::started();
    while turn(&mut harness, "", "ls", 0) {}
    harness.ask_state(AgentState::Running);
    assert!(goes_on(&harness));
    for _ in 0..3 {
        assert!(turn(&mut harness, "", "ls", 0));
    }
    assert!(!turn(&mut harness, "", "ls", 0));
}

#[test]
fn a_loop_can_be_forgotten() {
    let recover = |option| {
        let mut harness = Harness::started();
        turn(&mut harness, "", "pwd", 0);
        while turn(&mut harness, "", "ls", 0) {}
        let action = Action::LoopRecovery(LoopRecoveryAction { option });
        let draft = EventDraft::of_action(EventSource::User, action);
        harness.put(oh_agent::Input::UserAction(draft));
        let request = harness.conversation.completion_request();
        (harness.conversation.agent_state(), request.messages.len())
    };
    // The system prompt, the message, the facts, the first command and its result.
    assert_eq!(recover(1), (AgentState::AwaitingUserInput, 5));
    assert_eq!(recover(2), (AgentState::Running, 5));
    assert_eq!(recover(3).0, AgentState::Stopped);
    assert_eq!(recover(7).0, AgentState::Paused);
    // Without a loop it does nothing.
    let mut harness = Harness::started();
    let action = Action::LoopRecovery(LoopRecoveryAction { option: 1 });
    let draft = EventDraft::of_action(EventSource::User, action);
    assert_eq!(harness.put(oh_agent::Input::UserAction(draft)), ["U loop_recovery"]);
    assert!(goes_on(&harness));
}

#[test]
fn thresholds_can_be_set() {
    let mut config = AgentConfig::default();
    config.stuck.action_observation = 2;
    let mut harness = Harness::of(config);
    harness.open_with(message("go"));
    assert!(turn(&mut harness, "", "ls", 0));
    assert!(!turn(&mut harness, "", "ls", 0));
}
