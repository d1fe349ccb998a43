use std::collections::HashMap;

use oh_agent::{
    AgentConfig, Condenser, ConfirmationPolicy, Conversation, Input, LlmCondenser, LlmForm, Sizes,
    Step,
};
use oh_chat::CompletionFailure;
use oh_event::{AgentState, ConfirmationState, EventBody, EventSource};
use proptest::prelude::*;

use crate::support::{FINISH, Harness, RUN, completion, run_observation, user_run};

#[derive(Debug, Clone)]
enum Move {
    Say,
    UserRun,
    State(AgentState),
    Answer(Vec<u8>),
    Fail,
    TooLong,
    Condensed,
    Finished,
    Restart,
}

const HIGH: (&str, &str) = ("execute_bash", r#"{"command":"scp","security_risk":"HIGH"}"#);

/// Everything that changes what runs and what is shown happens often.
fn config() -> AgentConfig {
    let llm = LlmCondenser {
        form: LlmForm::Summary,
        sizes: Sizes { keep_first: 2, max_size: 14, max_tokens: None },
        max_event_length: 100,
        llm_config: None,
    };
    AgentConfig {
        confirmation: ConfirmationPolicy::RISKY,
        condensers: vec![Condenser::ConversationWindow, Condenser::Llm(llm)],
        ..AgentConfig::default()
    }
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let one = prop_oneof![
        2 => Just(Move::Say),
        1 => Just(Move::UserRun),
        1 => prop::sample::select(&AgentState::ALL[..]).prop_map(Move::State),
        6 => prop::collection::vec(0..6_u8, 0..4).prop_map(Move::Answer),
        1 => Just(Move::Fail),
        1 => Just(Move::TooLong),
        3 => Just(Move::Condensed),
        6 => Just(Move::Finished),
        1 => Just(Move::Restart),
    ];
    prop::collection::vec(one, 1..60)
}

fn play(harness: &mut Harness, one: &Move) {
    match one {
        Move::Say => drop(harness.say("more")),
        Move::UserRun => drop(harness.put(Input::UserAction(user_run("ls")))),
        Move::State(state) => drop(harness.ask_state(*state)),
        Move::Answer(calls) => {
            let kinds =
                [RUN, FINISH, ("think", "{}"), ("dance", "{}"), ("execute_bash", "{"), HIGH];
            let calls: Vec<_> = calls.iter().map(|kind| kinds[usize::from(*kind)]).collect();
            let text = if calls.is_empty() { "text" } else { "" };
            let completion = completion(harness.log.len(), text, &calls);
            harness.put(Input::Completion(Ok(completion)));
        }
        Move::Fail => {
            let message = "x".to_owned();
            harness.put(Input::Completion(Err(CompletionFailure::Server { message })));
        }
        Move::TooLong => {
            let message = "x".to_owned();
            harness.put(Input::Completion(Err(CompletionFailure::ContextWindow { message })));
        }
        Move::Condensed => {
            if let Step::Condense { .. } = harness.conversation.next_step() {
                let work = harness.conversation.condensation_work().unwrap();
                let result = Ok(completion(harness.log.len(), "summary", &[]));
                harness.put(Input::Condensed { plan: work.plan, result });
            }
        }
        Move::Finished => {
            if let Step::RunAction { action } = harness.conversation.next_step() {
                harness.put(Input::Observation {
                    action,
                    observation: run_observation("x"),
                    spent: None,
                });
            }
        }
        Move::Restart => {
            let mut conversation = Conversation::new(config());
            for event in &harness.log {
                conversation.apply(event);
            }
            harness.conversation = conversation;
            harness.open();
        }
    }
}

proptest! {
    /// D5: whatever happens, no action is answered twice, and after the end none is open.
    #[test]
    fn every_executed_action_gets_exactly_one_observation(moves in moves()) {
        let mut harness = Harness::started_with(config());
        for one in &moves {
            play(&mut harness, one);
        }
        let closing = harness.conversation.closing("");
        harness.record(closing);
        let mut answers: HashMap<u64, usize> = HashMap::new();
        for event in &harness.log {
            if let EventBody::Action(action) = &event.draft.body
                && (action.is_runnable() && event.draft.source != EventSource::Environment)
                && action.confirmation_state() == ConfirmationState::Confirmed
            {
                answers.insert(event.id.0, 0);
            }
            if let (Some(cause), EventBody::Observation(_)) = (event.draft.cause, &event.draft.body)
                && let Some(count) = answers.get_mut(&cause.0)
            {
                *count += 1;
            }
        }
        prop_assert!(answers.values().all(|count| *count == 1), "{answers:?}");
        prop_assert_eq!(harness.conversation.next_step(), Step::Wait);
    }

    /// State is the fold: replaying the log gives the same next step and the same prompt.
    #[test]
    fn a_replayed_log_gives_the_same_state(moves in moves()) {
        let mut harness = Harness::started_with(config());
        for one in &moves {
            play(&mut harness, one);
        }
        let mut replayed = Conversation::new(config());
        for event in &harness.log {
            replayed.apply(event);
        }
        prop_assert_eq!(replayed.next_step(), harness.conversation.next_step());
        prop_assert_eq!(replayed.agent_state(), harness.conversation.agent_state());
        prop_assert_eq!(replayed.completion_request(), harness.conversation.completion_request());
    }

    /// Providers refuse a request in which a tool call has no result or a result no call.
    #[test]
    fn every_request_pairs_calls_and_results(moves in moves()) {
        let mut harness = Harness::started_with(config());
        for one in &moves {
            play(&mut harness, one);
            let mut open: Vec<String> = Vec::new();
            for message in harness.conversation.completion_request().messages {
                match message {
                    oh_chat::ChatMessage::Assistant { tool_calls, .. } => {
                        prop_assert!(open.is_empty());
                        open = tool_calls.into_iter().map(|call| call.id).collect();
                        open.reverse();
                    }
                    oh_chat::ChatMessage::ToolResult { call_id, .. } => {
                        prop_assert_eq!(open.pop(), Some(call_id));
                    }
                    oh_chat::ChatMessage::System { .. } | oh_chat::ChatMessage::User { .. } => {
                        prop_assert!(open.is_empty());
                    }
                }
            }
            prop_assert!(open.is_empty());
        }
    }
}
