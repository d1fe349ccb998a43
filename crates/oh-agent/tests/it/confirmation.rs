use oh_agent::{AgentConfig, ConfirmationPolicy, Input, Step};
use oh_event::{
    Action, AgentState, ChangeAgentStateAction, ConfirmationState, EventDraft, EventSource,
    Observation, SecurityRisk,
};

use crate::support::{FINISH, Harness};

const EDIT: (&str, &str) =
    ("str_replace_editor", r#"{"command":"create","path":"/w/a","file_text":"x"}"#);
const VIEW: (&str, &str) = ("str_replace_editor", r#"{"command":"view","path":"/w/a"}"#);
const LOW: (&str, &str) = ("execute_bash", r#"{"command":"ls","security_risk":"LOW"}"#);
const HIGH: (&str, &str) = ("execute_bash", r#"{"command":"scp a b:","security_risk":"HIGH"}"#);
const RAIL: (&str, &str) = ("execute_bash", r#"{"command":"curl x | sh","security_risk":"LOW"}"#);
const UNKNOWN: (&str, &str) = ("execute_bash", r#"{"command":"ls"}"#);

fn asking() -> Harness {
    let confirmation = ConfirmationPolicy::RISKY;
    Harness::started_with(AgentConfig { confirmation, ..AgentConfig::default() })
}

#[test]
fn what_is_risky_waits_and_what_is_not_runs() {
    let check = |call, waits| {
        let mut harness = asking();
        let recorded = harness.answer(&[call]);
        let state = harness.conversation.agent_state();
        assert_eq!(state == AgentState::AwaitingUserConfirmation, waits, "{call:?} {recorded:?}");
        let step = harness.conversation.next_step();
        assert_eq!(step == Step::Wait, waits, "{call:?} {step:?}");
    };
    check(LOW, false);
    check(VIEW, false);
    check(HIGH, true);
    check(RAIL, true);
    check(UNKNOWN, true);
    check(EDIT, true);
    let mut harness = asking();
    assert_eq!(harness.answer(&[FINISH]), ["A finish", "E =finished"]);
}

#[test]
fn the_record_names_the_higher_risk() {
    let mut harness = asking();
    harness.answer(&[RAIL]);
    let action = harness.last_action("run");
    assert_eq!(action.security_risk(), SecurityRisk::High);
    assert_eq!(action.confirmation_state(), ConfirmationState::AwaitingConfirmation);
}

#[test]
fn a_confirmed_action_runs_once() {
    for call in [EDIT, HIGH] {
        let mut harness = asking();
        let kind = if call == EDIT { "A edit" } else { "A run" };
        assert_eq!(harness.answer(&[call]), ["E =awaiting_user_confirmation", kind]);
        assert_eq!(harness.conversation.next_step(), Step::Wait, "nothing runs before");
        assert_eq!(
            harness.ask_state(AgentState::UserConfirmed),
            ["U change_agent_state", kind, "E =user_confirmed"]
        );
        let Step::RunAction { action } = harness.conversation.next_step() else { panic!() };
        let event = harness.conversation.pending_action(action).unwrap();
        assert_eq!(event.action().unwrap().confirmation_state(), ConfirmationState::Confirmed);
        let cause = format!("A :run <{}", action.0);
        assert_eq!(harness.ran("x"), [cause.as_str(), "E =running"]);
        assert!(matches!(harness.conversation.next_step(), Step::CallLlm { .. }));
        // A second yes is for nothing.
        assert_eq!(harness.ask_state(AgentState::UserConfirmed), ["U change_agent_state"]);
        assert!(matches!(harness.conversation.next_step(), Step::CallLlm { .. }));
    }
}

#[test]
fn a_rejected_action_is_answered_and_the_agent_waits() {
    let mut harness = asking();
    harness.answer(&[EDIT]);
    let thought = "use another name".to_owned();
    let change = ChangeAgentStateAction { agent_state: AgentState::UserRejected, thought };
    let change = EventDraft::of_action(EventSource::User, Action::ChangeAgentState(change));
    assert_eq!(
        harness.put(Input::UserAction(change)),
        [
            "U change_agent_state",
            "A edit",
            "E =user_rejected",
            "A :user_rejected <10",
            "E =awaiting_user_input"
        ]
    );
    assert_eq!(harness.last_action("edit").confirmation_state(), ConfirmationState::Rejected);
    assert_eq!(harness.conversation.next_step(), Step::Wait);
    let request = harness.conversation.completion_request();
    let text = format!("{:?}", request.messages.last().unwrap());
    assert!(text.contains("use another name"), "{text}");
}

#[test]
fn one_risky_call_makes_the_whole_batch_wait() {
    let mut harness = asking();
    assert_eq!(
        harness.answer(&[LOW, ("think", "{}"), HIGH, FINISH]),
        ["E =awaiting_user_confirmation", "A run", "A run"]
    );
    assert_eq!(harness.conversation.next_step(), Step::Wait);
    harness.ask_state(AgentState::UserConfirmed);
    assert_eq!(harness.ran("one"), ["A :run <11", "E =running", "A run"]);
    assert_eq!(
        harness.ran("two"),
        ["A :run <15", "A think", "A :think <17", "A finish", "E =finished"]
    );
}

#[test]
fn a_message_rejects_and_goes_on() {
    let mut harness = asking();
    harness.answer(&[HIGH, HIGH]);
    assert_eq!(
        harness.say("no, do this"),
        ["U message", "A :user_rejected <8", "A :user_rejected <9", "E =running"]
    );
    assert!(matches!(harness.conversation.next_step(), Step::CallLlm { .. }));
}

#[test]
fn a_stop_answers_what_waits() {
    let mut harness = asking();
    harness.answer(&[HIGH]);
    assert_eq!(
        harness.ask_state(AgentState::Stopped),
        ["U change_agent_state", "A :error <8", "E =stopped"]
    );
    let error = harness.log.iter().rev().find_map(|event| match event.observation() {
        Some(Observation::Error(error)) => Some(error.error_id.clone()),
        Some(_) | None => None,
    });
    assert_eq!(error.as_deref(), Some("AGENT_ERROR$ERROR_ACTION_NOT_EXECUTED_STOPPED"));
}

#[test]
fn confirm_and_pause() {
    let mut harness = asking();
    harness.answer(&[HIGH]);
    harness.ask_state(AgentState::UserConfirmed);
    assert_eq!(harness.ask_state(AgentState::Paused), ["U change_agent_state", "E =paused"]);
    assert!(matches!(harness.conversation.next_step(), Step::RunAction { .. }), "it still runs");
    assert_eq!(harness.ran("x").len(), 1);
    assert_eq!(harness.conversation.next_step(), Step::Wait, "and nothing after it");
    harness.ask_state(AgentState::Running);
    assert!(matches!(harness.conversation.next_step(), Step::CallLlm { .. }));
}

#[test]
fn what_the_user_runs_waits_for_nobody() {
    let mut harness = asking();
    harness.ask_state(AgentState::Paused);
    let run = oh_event::RunAction {
        command: "rm -rf /".to_owned(),
        confirmation_state: ConfirmationState::AwaitingConfirmation,
        ..oh_event::RunAction::default()
    };
    let draft = EventDraft::of_action(EventSource::User, Action::Run(run));
    assert_eq!(harness.put(Input::UserAction(draft)), ["U run"]);
    assert!(matches!(harness.conversation.next_step(), Step::RunAction { .. }));
}

#[test]
fn a_resumed_agent_asks_again() {
    let mut harness = asking();
    harness.answer(&[HIGH]);
    harness.ask_state(AgentState::Paused);
    assert_eq!(
        harness.ask_state(AgentState::Running),
        ["U change_agent_state", "E =awaiting_user_confirmation"]
    );
    assert_eq!(harness.conversation.next_step(), Step::Wait);
}

#[test]
fn the_question_outlives_a_restart() {
    let mut harness = asking();
    harness.answer(&[HIGH]);
    let closing = harness.conversation.closing("");
    assert_eq!(harness.record(closing), ["E =stopped"]);
    assert_eq!(
        harness.open(),
        ["E =loading", "E change_agent_state", "E =awaiting_user_confirmation"]
    );
    assert_eq!(harness.conversation.next_step(), Step::Wait);
    harness.ask_state(AgentState::UserConfirmed);
    assert!(matches!(harness.conversation.next_step(), Step::RunAction { .. }));
}
