use oh_agent::{AgentConfig, Condenser, Input, LlmCondenser, LlmForm, Sizes, Step};
use oh_chat::{ChatMessage, CompletionFailure, ToolCall};
use oh_event::{
    Action, AgentState, CondensationAction, CondensationRequestAction, EventDraft, EventId,
    EventSource,
};

use crate::support::{Harness, RUN, completion};

fn with(condensers: Vec<Condenser>) -> Harness {
    Harness::started_with(AgentConfig { condensers, ..AgentConfig::default() })
}

fn sizes(max_size: usize) -> Sizes {
    Sizes { max_size, ..Sizes::default() }
}

fn llm(max_size: usize, form: LlmForm) -> Condenser {
    Condenser::Llm(LlmCondenser {
        form,
        sizes: sizes(max_size),
        max_event_length: 10_000,
        llm_config: None,
    })
}

fn step(harness: &mut Harness) {
    let arguments = format!(r#"{{"command":"echo {}"}}"#, harness.log.len());
    harness.answer(&[("execute_bash", &arguments)]);
    harness.ran("output");
}

fn too_long(harness: &mut Harness) -> Vec<String> {
    let message = "prompt is too long".to_owned();
    harness.put(Input::Completion(Err(CompletionFailure::ContextWindow { message })))
}

fn request(harness: &mut Harness) -> Vec<String> {
    let action = Action::CondensationRequest(CondensationRequestAction {});
    harness.put(Input::UserAction(EventDraft::of_action(EventSource::User, action)))
}

fn condensation(harness: &Harness) -> CondensationAction {
    let Action::Condensation(action) = harness.last_action("condensation") else { panic!() };
    action.clone()
}

fn texts(harness: &Harness) -> Vec<String> {
    let short = |text: &str| text.chars().take(60).collect::<String>().replace('\n', " ");
    let messages = harness.conversation.completion_request().messages;
    messages
        .iter()
        .map(|message| match message {
            ChatMessage::System { .. } => "system".to_owned(),
            ChatMessage::User { text, .. } => format!("user {}", short(text)),
            ChatMessage::Assistant { tool_calls, .. } => format!("assistant {}", tool_calls.len()),
            ChatMessage::ToolResult { text, .. } => format!("result {}", short(text)),
        })
        .collect()
}

/// A model's answer to the question of a condenser.
fn answer(harness: &mut Harness, text: &str, calls: &[(&str, &str)]) -> Vec<String> {
    let Step::Condense { .. } = harness.conversation.next_step() else { panic!("no question") };
    let work = harness.conversation.condensation_work().expect("a question");
    let result = Ok(completion(harness.log.len(), text, calls));
    harness.put(Input::Condensed { plan: work.plan, result })
}

#[test]
fn the_window_forgets_the_older_half_on_request_only() {
    let mut harness = with(vec![Condenser::ConversationWindow]);
    for _ in 0..300 {
        step(&mut harness);
    }
    assert!(matches!(harness.conversation.next_step(), Step::CallLlm { .. }));
    assert_eq!(too_long(&mut harness), ["A condensation_request", "A condensation"]);
    let messages = texts(&harness);
    assert_eq!(messages[1], "user go");
    assert!(messages[2].starts_with("user <context>"), "{}", messages[2]);
    assert!(messages[3].starts_with("user <summary>"), "{}", messages[3]);
    assert!(messages[4].starts_with("assistant"), "no result without its call");
    assert_eq!(messages.len(), 4 + 300);
    assert!(matches!(harness.conversation.next_step(), Step::CallLlm { .. }));
}

#[test]
fn a_request_of_the_model_is_handled_after_its_batch() {
    let mut config = AgentConfig::default();
    config.tools.has_condensation_request = true;
    let mut harness = Harness::started_with(config);
    for _ in 0..10 {
        step(&mut harness);
    }
    assert_eq!(
        harness.answer(&[("request_condensation", "{}"), RUN]),
        ["A condensation_request", "A run"]
    );
    assert!(harness.ran("x").contains(&"A condensation".to_owned()));
}

#[test]
fn a_user_asks_while_the_model_thinks() {
    let mut harness = with(vec![Condenser::ConversationWindow]);
    for _ in 0..10 {
        step(&mut harness);
    }
    let before = harness.conversation.next_step();
    assert_eq!(request(&mut harness), ["U condensation_request"]);
    assert_eq!(harness.conversation.next_step(), before, "the answer is not thrown away");
    harness.answer(&[RUN]);
    assert!(harness.ran("x").contains(&"A condensation".to_owned()));
}

#[test]
fn a_model_summarizes_the_middle_when_there_is_too_much() {
    let mut harness = with(vec![llm(20, LlmForm::Summary)]);
    while !matches!(harness.conversation.next_step(), Step::Condense { .. }) {
        step(&mut harness);
        assert!(harness.log.len() < 100, "it never comes");
    }
    let work = harness.conversation.condensation_work().unwrap();
    let ChatMessage::User { text, .. } = &work.request.messages[1] else { panic!() };
    assert!(text.contains("<event id=\"7\">"), "{text}");
    assert!(!work.request.is_cached);
    assert_eq!(answer(&mut harness, "What was done.", &[]), ["A condensation"]);
    let action = condensation(&harness);
    assert_eq!(action.summary.as_deref(), Some("What was done."));
    assert_eq!(action.summary_offset, Some(3), "the system prompt is counted");
    assert_eq!(action.forgotten_events_start_id, Some(EventId(7)));
    assert!(texts(&harness)[3].contains("<summary>"));
    let shown = harness.conversation.completion_request().messages.len();
    assert!(shown <= 12, "half stays: {shown}");
    // The cost of the summary is counted.
    let metrics = harness.conversation.metrics();
    let answers = harness.conversation.consumption().llm_calls;
    #[allow(clippy::cast_precision_loss, reason = "few")]
    let expected = answers as f64 * 0.5;
    assert!((metrics.accumulated_cost - expected).abs() < 1e-9);

    // The next question has the summary in it, and its answer takes the summary's place.
    while !matches!(harness.conversation.next_step(), Step::Condense { .. }) {
        step(&mut harness);
    }
    let work = harness.conversation.condensation_work().unwrap();
    let ChatMessage::User { text, .. } = &work.request.messages[1] else { panic!() };
    assert!(text.starts_with("<earlier_summary>\nWhat was done."), "{text}");
    answer(&mut harness, "All of it.", &[]);
    let summaries: Vec<_> =
        texts(&harness).into_iter().filter(|text| text.contains("<summary>")).collect();
    assert_eq!(summaries.len(), 1);
    assert!(summaries[0].contains("This conv") || summaries[0].contains("older part"));
}

#[test]
fn a_condenser_that_fails_leaves_the_outline() {
    let mut harness = with(vec![llm(20, LlmForm::Summary)]);
    while !matches!(harness.conversation.next_step(), Step::Condense { .. }) {
        step(&mut harness);
    }
    let work = harness.conversation.condensation_work().unwrap();
    let result = Err(CompletionFailure::Server { message: "x".to_owned() });
    let recorded = harness.put(Input::Condensed { plan: work.plan, result });
    assert_eq!(recorded, ["A condensation"]);
    let summary = condensation(&harness).summary.unwrap();
    assert!(summary.contains("- Ran: echo"), "{summary}");
    assert!(matches!(harness.conversation.next_step(), Step::CallLlm { .. }));
}

#[test]
fn structured_summaries_come_by_a_tool() {
    let mut harness = with(vec![llm(20, LlmForm::Structured)]);
    while !matches!(harness.conversation.next_step(), Step::Condense { .. }) {
        step(&mut harness);
    }
    let arguments = r#"{"user_context":"wants a parser","completed_tasks":"lexer","pending_tasks":"parser","junk":1}"#;
    answer(&mut harness, "", &[("record_state", arguments)]);
    assert_eq!(
        condensation(&harness).summary.as_deref(),
        Some("USER CONTEXT: wants a parser\nCOMPLETED TASKS: lexer\nPENDING TASKS: parser\n")
    );
}

#[test]
fn a_model_chooses_what_stays_in_whole_turns() {
    let mut harness = with(vec![llm(20, LlmForm::Attention)]);
    while !matches!(harness.conversation.next_step(), Step::Condense { .. }) {
        step(&mut harness);
    }
    // Event 8 is the result of event 7.
    answer(&mut harness, "Sure: {\"ids\": [8, 9999]}", &[]);
    let forgotten = condensation(&harness).forgotten_event_ids.unwrap();
    assert!(!forgotten.contains(&EventId(7)) && !forgotten.contains(&EventId(8)));
    assert!(forgotten.contains(&EventId(9)) && forgotten.contains(&EventId(10)));
    pairs(&harness);
}

#[test]
fn tokens_count_too() {
    let config = AgentConfig {
        condensers: vec![Condenser::Amortized(sizes(1000))],
        max_input_tokens: Some(40_000),
        ..AgentConfig::default()
    };
    let mut harness = Harness::started_with(config);
    let long = "word ".repeat(4000);
    for n in 0..30 {
        let arguments = format!(r#"{{"command":"echo {n}"}}"#);
        let mut answer = completion(harness.log.len(), "", &[("execute_bash", &arguments)]);
        answer.usage.prompt_tokens = tokens(&harness);
        assert!(answer.usage.prompt_tokens < 40_000, "the model could not read that");
        harness.put(Input::Completion(Ok(answer)));
        harness.ran(&long);
    }
    let condensations =
        harness.log.iter().filter(|e| e.action().is_some_and(|a| a.name() == "condensation"));
    assert!(condensations.count() >= 2);
    let shown: usize = texts(&harness).len();
    assert!(shown < 20, "{shown}");
}

/// As a provider would count them.
fn tokens(harness: &Harness) -> u64 {
    let request = harness.conversation.completion_request();
    let length: usize = request
        .messages
        .iter()
        .map(|message| match message {
            ChatMessage::System { text }
            | ChatMessage::User { text, .. }
            | ChatMessage::Assistant { text, .. }
            | ChatMessage::ToolResult { text, .. } => text.len(),
        })
        .sum();
    (length / 4) as u64
}

/// A provider that always says that the request is too long is asked a few times only.
#[test]
fn an_endless_overflow_ends() {
    for condenser in [Condenser::ConversationWindow, llm(240, LlmForm::Summary)] {
        let mut harness = with(vec![condenser]);
        for _ in 0..30 {
            step(&mut harness);
        }
        let mut calls = 0;
        loop {
            match harness.conversation.next_step() {
                Step::CallLlm { .. } => {
                    calls += 1;
                    too_long(&mut harness);
                }
                Step::Condense { .. } => {
                    calls += 1;
                    answer(&mut harness, "Shorter.", &[]);
                }
                Step::Wait | Step::RunAction { .. } => break,
            }
            assert!(calls <= 4, "asked {calls} times");
        }
        assert_eq!(harness.conversation.agent_state(), AgentState::Error);
        assert!(harness.reason().contains("LLMContextWindowExceedError"));
        assert!(harness.reason().contains("max_output_tokens"));
        // The user may try again, with another model for instance.
        harness.say("again");
        assert!(matches!(harness.conversation.next_step(), Step::CallLlm { .. }));
    }
}

#[test]
fn an_overflow_with_nothing_to_forget_ends_too() {
    let mut harness = with(vec![Condenser::ConversationWindow]);
    for _ in 0..3 {
        too_long(&mut harness);
    }
    assert_eq!(harness.conversation.agent_state(), AgentState::Error);
}

#[test]
fn after_an_overflow_results_are_shorter() {
    let mut harness = Harness::started();
    harness.answer(&[RUN]);
    harness.ran(&"x".repeat(30_000));
    step(&mut harness);
    let longest = |harness: &Harness| {
        let messages = harness.conversation.completion_request().messages;
        messages
            .iter()
            .map(|message| match message {
                ChatMessage::ToolResult { text, .. } => text.len(),
                ChatMessage::System { .. }
                | ChatMessage::User { .. }
                | ChatMessage::Assistant { .. } => 0,
            })
            .max()
    };
    assert!(longest(&harness) > Some(29_000));
    too_long(&mut harness);
    assert!(longest(&harness) < Some(8000), "{:?}", longest(&harness));
}

#[test]
fn truncation_can_be_turned_off() {
    let config = AgentConfig { truncates_history: false, ..AgentConfig::default() };
    let mut harness = Harness::started_with(config);
    assert_eq!(too_long(&mut harness), ["E =error"]);
}

#[test]
fn views_follow_what_is_recorded() {
    let condense = |action: CondensationAction| {
        let mut harness = Harness::started();
        for _ in 0..4 {
            step(&mut harness);
        }
        let action = Action::Condensation(action);
        harness.record(vec![EventDraft::of_action(EventSource::Agent, action)]);
        texts(&harness)
    };
    // A range, inclusive, with a summary at its place.
    let shown = condense(CondensationAction {
        forgotten_events_start_id: Some(EventId(7)),
        forgotten_events_end_id: Some(EventId(12)),
        summary: Some("short".to_owned()),
        summary_offset: Some(3),
        ..CondensationAction::default()
    });
    assert_eq!(shown.len(), 6, "{shown:?}");
    assert!(shown[3].contains("<summary>"));
    // Ids by name.
    let shown = condense(CondensationAction {
        forgotten_event_ids: Some(vec![EventId(9), EventId(10)]),
        ..CondensationAction::default()
    });
    assert_eq!(shown.len(), 9, "{shown:?}");
    // An offset beyond the end is the end.
    let shown = condense(CondensationAction {
        forgotten_event_ids: Some(vec![]),
        summary: Some("short".to_owned()),
        summary_offset: Some(99),
        ..CondensationAction::default()
    });
    assert!(shown.last().unwrap().contains("<summary>"));
}

#[test]
fn masking_leaves_the_log_alone() {
    let mut harness = with(vec![Condenser::ObservationMasking { attention_window: 2 }]);
    for _ in 0..3 {
        harness.answer(&[("execute_bash", &format!(r#"{{"command":"{}"}}"#, harness.log.len()))]);
        harness.ran(&"long ".repeat(100));
    }
    let results: Vec<_> =
        texts(&harness).into_iter().filter(|text| text.starts_with("result")).collect();
    assert!(results[0].contains("too long ago") && results[1].contains("too long ago"));
    assert!(results[2].starts_with("result long long"));
    pairs(&harness);
}

#[test]
fn recent_shows_the_first_and_the_newest() {
    let mut harness = with(vec![Condenser::Recent { keep_first: 1, max_events: 10 }]);
    for _ in 0..20 {
        step(&mut harness);
    }
    let shown = texts(&harness);
    assert_eq!(shown[1], "user go");
    assert!(shown.len() <= 13, "{}", shown.len());
    pairs(&harness);
}

/// Batches of several calls, with messages between: whatever is forgotten, calls keep their
/// results.
#[test]
fn a_turn_is_never_split() {
    for max_size in 6..40 {
        let mut harness = with(vec![Condenser::Amortized(sizes(max_size))]);
        for n in 0..30 {
            let one = format!(r#"{{"command":"echo {n}"}}"#);
            let two = format!(r#"{{"command":"pwd {n}"}}"#);
            harness.answer(&[("execute_bash", &one), ("execute_bash", &two), ("think", "{}")]);
            harness.ran("one");
            if n % 3 == 0 {
                harness.say("more");
            } else {
                harness.ran("two");
            }
            if let Step::RunAction { .. } = harness.conversation.next_step() {
                harness.ran("late");
            }
            pairs(&harness);
        }
        let shown = harness.conversation.completion_request().messages.len();
        assert!(shown <= 2 * max_size + 12, "{max_size}: {shown}");
    }
}

/// Every call has its result, right behind it, and none comes alone.
fn pairs(harness: &Harness) {
    let mut open: Vec<ToolCall> = Vec::new();
    for message in harness.conversation.completion_request().messages {
        match message {
            ChatMessage::Assistant { tool_calls, .. } => {
                assert!(open.is_empty());
                open = tool_calls;
                open.reverse();
            }
            ChatMessage::ToolResult { call_id, text, .. } => {
                assert_eq!(open.pop().map(|call| call.id), Some(call_id));
                assert_ne!(text, "This call was not executed.", "a result was lost");
            }
            ChatMessage::System { .. } | ChatMessage::User { .. } => assert!(open.is_empty()),
        }
    }
    assert!(open.is_empty());
}
