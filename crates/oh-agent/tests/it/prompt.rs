use oh_agent::{AgentConfig, Input, tool_specs};
use oh_chat::ChatMessage;
use oh_event::{AgentState, EventId, Observation, ReadImplSource, ReadObservation};

use crate::support::{FINISH, Harness, RUN, completion, message, user_run};

/// The roles of a request: each tool call must be followed by its result.
fn roles(harness: &Harness) -> Vec<String> {
    let request = harness.conversation.completion_request();
    request
        .messages
        .iter()
        .map(|message| match message {
            ChatMessage::System { .. } => "system".to_owned(),
            ChatMessage::User { text, .. } => {
                format!("user {}", text.chars().take(12).collect::<String>())
            }
            ChatMessage::Assistant { text, tool_calls, .. } => {
                format!("assistant {text} {}", tool_calls.len())
            }
            ChatMessage::ToolResult { text, .. } => {
                format!("result {}", text.lines().next().unwrap_or_default())
            }
        })
        .collect()
}

#[test]
fn the_model_sees_what_happened_in_order() {
    let mut harness = Harness::started();
    harness.put(Input::Completion(Ok(completion(1, "Look:", &[RUN, RUN]))));
    harness.ran("one");
    harness.ran("two");
    assert_eq!(
        roles(&harness),
        [
            "system",
            "user go",
            "user <context>\nFa",
            "assistant Look: 2",
            "result one",
            "result two"
        ]
    );
    harness.answer(&[FINISH]);
    harness.say("thanks");
    let roles = roles(&harness);
    assert_eq!(
        roles[6..],
        ["assistant  1", "result The task was reported as finished.", "user thanks"]
    );
}

#[test]
fn a_message_during_a_command_stands_after_its_result() {
    let mut harness = Harness::started();
    harness.answer(&[RUN, RUN]);
    harness.say("hurry");
    harness.ran("one");
    assert_eq!(
        roles(&harness)[3..],
        [
            "assistant  2",
            "result one",
            "result Not executed: the user sent a message before it was this call's turn.",
            "user hurry",
        ]
    );
}

#[test]
fn the_end_of_a_shell_is_told_once() {
    let count = |harness: &Harness| {
        roles(harness).iter().filter(|role| role.starts_with("user [The session")).count()
    };
    let mut harness = Harness::started();
    harness.record(harness.conversation.closing(""));
    harness.open();
    assert_eq!(count(&harness), 0, "there was no shell");
    harness.say("go on");
    harness.answer(&[RUN]);
    harness.ran("one");
    harness.record(harness.conversation.closing("Background processes were ended: python3."));
    for _ in 0..3 {
        harness.open();
        assert_eq!(count(&harness), 1, "{:?}", roles(&harness));
    }
    let messages = harness.conversation.completion_request().messages;
    let told = messages.iter().any(|message| {
        matches!(message, ChatMessage::User { text, .. } if text.contains("were ended: python3."))
    });
    assert!(told, "{messages:?}");
    // A server that was killed could not say goodbye.
    harness.say("go on");
    harness.answer(&[RUN]);
    harness.open();
    assert_eq!(count(&harness), 2, "{:?}", roles(&harness));
}

#[test]
fn the_model_learns_where_it_works() {
    let mut harness = Harness::new(500);
    harness.conversation.configure(AgentConfig {
        instructions: "Commands are confined.".to_owned(),
        hosts: vec![("http://localhost:50001".to_owned(), 50001)],
        ..AgentConfig::default()
    });
    harness.open_with(message("go"));
    let messages = harness.conversation.completion_request().messages;
    let Some(ChatMessage::User { text, .. }) = messages.last() else { panic!() };
    for fact in
        ["Commands are confined.", "0.0.0.0", "CORS", "- port 50001: http://localhost:50001"]
    {
        assert!(text.contains(fact), "{text}");
    }
}

#[test]
fn every_call_has_a_result_even_after_a_stop() {
    let mut harness = Harness::started();
    harness.answer(&[RUN, RUN]);
    harness.ask_state(AgentState::Stopped);
    harness.say("again");
    let roles = roles(&harness);
    assert_eq!(roles[3], "assistant  2");
    assert!(roles[4].starts_with("result Stop button pressed."), "{roles:?}");
    assert_eq!(
        roles[5..],
        ["result This call was not executed.", "user [The session", "user again"]
    );
}

#[test]
fn commands_of_the_user_are_told() {
    let mut harness = Harness::started();
    harness.put(Input::Completion(Ok(completion(1, "Yes?", &[]))));
    harness.put(Input::UserAction(user_run("ls")));
    harness.ran("a.txt");
    assert_eq!(
        roles(&harness)[3..],
        ["assistant Yes? 0", "user The user ran", "user a.txt\n[Comma"]
    );
}

#[test]
fn the_prompt_keeps_its_promises() {
    let harness = Harness::started();
    let request = harness.conversation.completion_request();
    let ChatMessage::System { text } = &request.messages[0] else { panic!() };
    for promise in [
        "/workspace",
        "finish",
        "LOW",
        "MEDIUM",
        "HIGH",
        "Co-authored-by",
        "git status",
        "pkill",
        "language",
        ".gitignore",
        "pull requests",
        "several possible causes",
        "change nothing unless you are asked",
        "Find the file before you use it",
        "file_v2.py",
        "temporary files",
        "documentation files",
        "`sed`",
        "grep -rn",
        "few comments",
        "imports at the top",
        "openhands@all-hands.dev",
        "force push",
        "main branch",
        "one per task",
        "Ask before you build heavy test machinery",
        "tokens only for what the user would expect",
        "API to its web pages",
        "requirements.txt",
        "exact id",
        "propose another one",
        "is data",
        "`task_tracker`",
        "one task in progress",
    ] {
        assert!(text.contains(promise), "the prompt says nothing of {promise}");
    }
    let names: Vec<_> =
        tool_specs(&AgentConfig::default()).into_iter().map(|tool| tool.name).collect();
    assert_eq!(names, ["execute_bash", "think", "finish", "task_tracker", "str_replace_editor"]);
    for tool in tool_specs(&AgentConfig::default()) {
        // OpenAI's older models take no more.
        assert!(tool.description.len() < 1024, "{} {}", tool.name, tool.description.len());
        let promises: &[&str] = match tool.name.as_str() {
            "execute_bash" => &[
                "stays open",
                "&&",
                "10 seconds",
                "-1",
                "C-c",
                "is_input",
                "timeout",
                "reset",
                "2>&1 &",
            ],
            "str_replace_editor" => &["absolute", "exactly", "create", "view"],
            _ => &[],
        };
        for promise in promises {
            assert!(tool.description.contains(promise), "{} says nothing of {promise}", tool.name);
        }
        let schema: serde_json::Value = serde_json::from_str(&tool.parameters).unwrap();
        assert_eq!(schema["type"], "object", "{}", tool.name);
        for required in schema["required"].as_array().unwrap() {
            assert!(schema["properties"].get(required.as_str().unwrap()).is_some());
        }
    }
}

#[test]
fn a_picture_follows_the_results_of_its_batch() {
    let view = ("str_replace_editor", r#"{"command":"view","path":"/w/a.png"}"#);
    let mut harness = Harness::started();
    harness.answer(&[view, RUN]);
    let read = ReadObservation {
        content: "/w/a.png is a picture".to_owned(),
        path: "/w/a.png".to_owned(),
        impl_source: ReadImplSource::OhAci,
        image_urls: Some(vec!["data:image/png;base64,AA==".to_owned()]),
    };
    harness.put(Input::Observation {
        action: EventId(7),
        observation: Observation::Read(read),
        spent: None,
    });
    harness.ran("one");
    assert_eq!(
        roles(&harness)[3..],
        ["assistant  2", "result /w/a.png is a picture", "result one", "user [What `view`"]
    );
    let messages = harness.conversation.completion_request().messages;
    let Some(ChatMessage::User { image_urls, .. }) = messages.last() else { panic!() };
    assert_eq!(image_urls, &["data:image/png;base64,AA=="]);
}
