use oh_agent::{Input, Step};
use oh_chat::CompletionFailure;
use oh_event::{AgentState, EventId, Observation};

use crate::support::{FINISH, Harness, RUN, completion, run_observation, user_run};

#[test]
fn a_task_goes_from_message_to_finish() {
    let mut harness = Harness::started();
    assert_eq!(harness.conversation.next_step(), Step::CallLlm { since: EventId(5) });
    assert_eq!(harness.answer(&[RUN]), ["A run"]);
    assert_eq!(harness.conversation.next_step(), Step::RunAction { action: EventId(7) });
    assert_eq!(harness.ran("a.txt"), ["A :run <7"]);
    assert_eq!(harness.conversation.next_step(), Step::CallLlm { since: EventId(8) });
    assert_eq!(harness.answer(&[FINISH]), ["A finish", "E =finished"]);
    assert_eq!(harness.conversation.next_step(), Step::Wait);
    assert_eq!(harness.say("more"), ["U message", "E =running"]);
    assert!(matches!(harness.conversation.next_step(), Step::CallLlm { .. }));
    assert!((harness.conversation.metrics().accumulated_cost - 1.0).abs() < 1e-9);
}

#[test]
fn text_without_a_call_gives_the_user_the_word() {
    let mut harness = Harness::started();
    let recorded = harness.put(Input::Completion(Ok(completion(1, "Which file?", &[]))));
    assert_eq!(recorded, ["A message", "E =awaiting_user_input"]);
    assert_eq!(harness.conversation.next_step(), Step::Wait);
}

#[test]
fn a_batch_runs_one_after_the_other_and_ends_at_finish() {
    let mut harness = Harness::started();
    assert_eq!(harness.answer(&[RUN, FINISH, RUN]), ["A run"]);
    assert_eq!(harness.ran("x"), ["A :run <7", "A finish", "E =finished"]);
    assert_eq!(harness.conversation.next_step(), Step::Wait);
    assert_eq!(harness.say("go on"), ["U message", "E =running"]);
    assert!(
        matches!(harness.conversation.next_step(), Step::CallLlm { .. }),
        "the last run is gone"
    );
}

#[test]
fn a_thought_is_answered_at_once() {
    let mut harness = Harness::started();
    let think = ("think", r#"{"thought":"hm"}"#);
    assert_eq!(harness.answer(&[think, RUN]), ["A think", "A :think <7", "A run"]);
    assert_eq!(harness.conversation.next_step(), Step::RunAction { action: EventId(9) });
    let mut harness = Harness::started();
    assert_eq!(harness.answer(&[think]), ["A think", "A :think <7"]);
    assert_eq!(harness.conversation.next_step(), Step::CallLlm { since: EventId(8) });
}

#[test]
fn a_bad_call_is_explained_to_the_model_and_the_others_run() {
    let mut harness = Harness::started();
    assert_eq!(harness.answer(&[("dance", "{}"), RUN]), ["A :error", "A run"]);
    assert_eq!(harness.ran("x"), ["A :run <8"]);
    for bad in [("execute_bash", "{"), ("execute_bash", "{}"), ("str_replace_editor", "[]")] {
        assert_eq!(harness.answer(&[bad]), ["A :error"]);
        assert!(matches!(harness.conversation.next_step(), Step::CallLlm { .. }));
    }
}

#[test]
fn a_message_while_the_model_thinks_changes_no_step_and_is_not_lost() {
    let mut harness = Harness::started();
    let step = harness.conversation.next_step();
    assert_eq!(harness.say("wait, use tabs"), ["U message"]);
    assert_eq!(harness.conversation.next_step(), step);
    // The answer was given without the message, so the agent goes on.
    assert_eq!(harness.put(Input::Completion(Ok(completion(1, "Done.", &[])))), ["A message"]);
    assert_ne!(harness.conversation.next_step(), step);
    assert!(matches!(harness.conversation.next_step(), Step::CallLlm { .. }));
    assert_eq!(harness.answer(&[FINISH]), ["A finish", "E =finished"]);

    let mut harness = Harness::started();
    harness.say("one more thing");
    assert_eq!(harness.answer(&[FINISH]), ["A finish"]);
    assert!(matches!(harness.conversation.next_step(), Step::CallLlm { .. }));
}

#[test]
fn a_message_while_a_command_runs_waits_for_it_and_supersedes_the_rest() {
    let mut harness = Harness::started();
    harness.answer(&[RUN, RUN]);
    let step = harness.conversation.next_step();
    assert_eq!(harness.say("stop after this"), ["U message", "A :error"]);
    assert_eq!(harness.conversation.next_step(), step);
    assert_eq!(harness.ran("x"), ["A :run <7"]);
    assert!(matches!(harness.conversation.next_step(), Step::CallLlm { .. }));
}

#[test]
fn stop_answers_the_pending_action_once() {
    let mut harness = Harness::started();
    harness.answer(&[RUN, RUN]);
    assert_eq!(
        harness.ask_state(AgentState::Stopped),
        ["U change_agent_state", "A :error <7", "E =stopped"]
    );
    assert_eq!(harness.conversation.next_step(), Step::Wait);
    let late = Input::Observation {
        action: EventId(7),
        observation: run_observation("late"),
        spent: None,
    };
    assert_eq!(harness.put(late), Vec::<String>::new());
    let Some(Observation::Error(error)) = harness.log[9].observation() else { panic!() };
    assert_eq!(error.error_id, "AGENT_ERROR$ERROR_ACTION_NOT_EXECUTED_STOPPED");
    assert_eq!(harness.log[9].draft.tool_call, harness.log[7].draft.tool_call);
    // The same state again is no event, and the second call of the batch is gone.
    assert_eq!(harness.ask_state(AgentState::Stopped), ["U change_agent_state"]);
    assert_eq!(harness.say("go on"), ["U message", "E =running"]);
    assert!(matches!(harness.conversation.next_step(), Step::CallLlm { .. }));
}

#[test]
fn pause_ends_the_request_and_resume_starts_it_again() {
    let mut harness = Harness::started();
    assert_eq!(harness.ask_state(AgentState::Paused), ["U change_agent_state", "E =paused"]);
    assert_eq!(harness.conversation.next_step(), Step::Wait);
    assert_eq!(
        harness.put(Input::Completion(Ok(completion(1, "late", &[])))),
        Vec::<String>::new()
    );
    assert_eq!(harness.ask_state(AgentState::Running), ["U change_agent_state", "E =running"]);
    assert!(matches!(harness.conversation.next_step(), Step::CallLlm { .. }));
}

#[test]
fn pause_lets_the_command_end_but_asks_the_model_nothing() {
    let mut harness = Harness::started();
    harness.answer(&[RUN, RUN]);
    harness.ask_state(AgentState::Paused);
    assert_eq!(harness.ran("x"), ["A :run <7"]);
    assert_eq!(harness.conversation.next_step(), Step::Wait);
    harness.ask_state(AgentState::Running);
    assert!(matches!(harness.conversation.next_step(), Step::CallLlm { .. }));
}

#[test]
fn only_a_waiting_action_can_be_confirmed() {
    let mut harness = Harness::started();
    for state in [AgentState::UserConfirmed, AgentState::UserRejected] {
        assert_eq!(harness.ask_state(state), ["U change_agent_state"]);
    }
}

#[test]
fn an_agent_without_a_message_has_nothing_to_run_on() {
    let mut harness = Harness::new(500);
    harness.open();
    assert_eq!(harness.ask_state(AgentState::Running), ["U change_agent_state"]);
    assert_eq!(harness.conversation.next_step(), Step::Wait);
}

#[test]
fn the_user_may_run_a_command_at_any_time() {
    let mut harness = Harness::new(500);
    harness.open();
    assert_eq!(harness.put(Input::UserAction(user_run("ls"))), ["U run"]);
    assert_eq!(harness.conversation.next_step(), Step::RunAction { action: EventId(4) });
    assert_eq!(harness.ran("x"), ["U :run <4"]);
    assert_eq!(harness.conversation.next_step(), Step::Wait);
    assert_eq!(harness.conversation.agent_state(), AgentState::AwaitingUserInput);
}

#[test]
fn a_failure_names_its_status() {
    fn check(failure: CompletionFailure, reason: &str) {
        let mut harness = Harness::started();
        assert_eq!(harness.put(Input::Completion(Err(failure))), ["E =error"]);
        let Some(Observation::AgentStateChanged(change)) = harness.log[7].observation() else {
            panic!()
        };
        assert_eq!(change.reason, reason);
        assert_eq!(harness.conversation.next_step(), Step::Wait);
        assert_eq!(harness.say("again"), ["U message", "E =running"]);
        assert!(matches!(harness.conversation.next_step(), Step::CallLlm { .. }));
    }
    let message = || "x".to_owned();
    check(
        CompletionFailure::Authentication { message: message() },
        "STATUS$ERROR_LLM_AUTHENTICATION",
    );
    check(
        CompletionFailure::RateLimited { retry_after: None, message: message() },
        "CHAT_INTERFACE$AGENT_RATE_LIMITED_STOPPED_MESSAGE",
    );
    check(CompletionFailure::BadRequest { message: message() }, "BadRequestError: x");
}

#[test]
fn a_state_that_is_already_there_changes_nothing() {
    let mut harness = Harness::started();
    let step = harness.conversation.next_step();
    assert_eq!(harness.ask_state(AgentState::Running), ["U change_agent_state"]);
    assert_eq!(harness.conversation.next_step(), step);
}

#[test]
fn a_provider_that_asks_for_patience_is_waited_for_in_sight() {
    let limited = |harness: &mut Harness| {
        let reason = "The next attempt is in 8 s.".to_owned();
        harness.put(Input::RateLimited { reason })
    };
    let mut harness = Harness::started();
    let step = harness.conversation.next_step();
    assert_eq!(limited(&mut harness), ["E =rate_limited"]);
    assert_eq!(harness.reason(), "The next attempt is in 8 s.");
    assert_eq!(harness.conversation.next_step(), step, "the request goes on");
    // A message is recorded and changes nothing of that.
    assert_eq!(harness.say("hurry"), ["U message"]);
    assert_eq!(harness.conversation.next_step(), step);
    assert_eq!(harness.answer(&[RUN]), ["E =running", "A run"]);
    // When the attempts are used up it is an error, and a message tries again.
    harness.ran("x");
    limited(&mut harness);
    let failure = CompletionFailure::RateLimited { retry_after: None, message: "no".to_owned() };
    assert_eq!(harness.put(Input::Completion(Err(failure))), ["E =error"]);
    assert_eq!(harness.reason(), "CHAT_INTERFACE$AGENT_RATE_LIMITED_STOPPED_MESSAGE");
    assert_eq!(harness.say("again"), ["U message", "E =running"]);
    // A stop ends the wait.
    limited(&mut harness);
    assert_eq!(harness.ask_state(AgentState::Stopped), ["U change_agent_state", "E =stopped"]);
    assert_eq!(harness.conversation.next_step(), Step::Wait);
}

#[test]
fn an_empty_answer_is_asked_for_again() {
    let mut harness = Harness::started();
    let empty = |harness: &mut Harness| {
        let log = harness.log.len();
        harness.put(Input::Completion(Ok(crate::support::completion(log, " \n", &[]))))
    };
    for _ in 0..3 {
        assert_eq!(empty(&mut harness), ["A :error"]);
        assert!(matches!(harness.conversation.next_step(), Step::CallLlm { .. }));
    }
    assert_eq!(empty(&mut harness), ["A message", "E =awaiting_user_input"]);
    assert_eq!(harness.conversation.consumption().llm_calls, 4);
    harness.say("go on");
    assert_eq!(empty(&mut harness), ["A :error"], "the count begins anew");
}

#[test]
fn exit_ends_without_a_model() {
    let mut harness = Harness::started();
    harness.answer(&[RUN]);
    harness.ran("x");
    harness.ask_state(AgentState::Paused);
    assert_eq!(harness.say(" /exit "), ["U message", "E =running", "A finish", "E =finished"]);
}

#[test]
fn a_plan_is_kept_and_shown() {
    let plan = r#"{"command":"plan","task_list":[{"id":"1","title":"Look","status":"in_progress"},{"title":"Do"}]}"#;
    let mut harness = Harness::started();
    harness.answer(&[("task_tracker", plan)]);
    harness.answer(&[("task_tracker", r#"{"command":"view"}"#)]);
    let shown = harness.log.last().unwrap().observation().unwrap().content().to_owned();
    let shown: serde_json::Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(
        shown,
        serde_json::json!([
            {"id": "1", "title": "Look", "status": "in_progress", "notes": ""},
            {"id": "task-2", "title": "Do", "status": "todo", "notes": ""},
        ])
    );
    assert_eq!(
        harness.answer(&[("task_tracker", r#"{"command":"plan"}"#)]),
        ["A :error"],
        "a plan needs a list"
    );
}

#[test]
fn a_tool_that_is_not_offered_does_nothing() {
    let mut harness = Harness::started();
    assert_eq!(harness.answer(&[("delegate", r#"{"task":"x"}"#)]), ["A :error"]);
    let mut config = oh_agent::AgentConfig::default();
    config.tools.has_bash = false;
    let mut harness = Harness::started_with(config);
    assert_eq!(harness.answer(&[RUN]), ["A :error"]);
}
