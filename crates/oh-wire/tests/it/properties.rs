use oh_event::{
    Action, AgentState, AgentStateChangedObservation, CommandMetadata, ConversationId,
    ErrorObservation, Event, EventDraft, EventId, EventSource, MessageAction, ModelResponse,
    Observation, OpaqueJson, PlainObservation, RunAction, RunObservation, SecurityRisk, Timestamp,
    ToolCallId, ToolCallMetadata, ToolCallRecord,
};
use oh_wire::{
    ConnectQuery, EncodedEvent, encode_event, parse_client_action, parse_event, shorten,
};
use proptest::option::of;
use proptest::prelude::*;

fn source() -> impl Strategy<Value = EventSource> {
    prop_oneof![Just(EventSource::User), Just(EventSource::Agent), Just(EventSource::Environment)]
}

fn body() -> impl Strategy<Value = EventDraft> {
    let text = any::<String>;
    let message = (text(), of(prop::collection::vec(text(), 0..3)), any::<bool>()).prop_map(
        |(content, image_urls, wait_for_response)| {
            Action::Message(MessageAction {
                content,
                image_urls,
                wait_for_response,
                ..MessageAction::default()
            })
        },
    );
    let flags = (any::<bool>(), any::<bool>(), any::<bool>());
    let run = (text(), of(text()), flags).prop_map(|(command, cwd, flags)| {
        let (hidden, reset, kill_on_timeout) = flags;
        Action::Run(RunAction {
            command,
            cwd,
            hidden,
            reset,
            kill_on_timeout,
            security_risk: SecurityRisk::Medium,
            ..RunAction::default()
        })
    });
    let ran = (text(), text(), any::<i32>(), of(text())).prop_map(
        |(content, command, exit_code, working_dir)| {
            let metadata = CommandMetadata { exit_code, working_dir, ..CommandMetadata::default() };
            Observation::Run(RunObservation { content, command, metadata, hidden: false })
        },
    );
    let plain = text().prop_map(|content| Observation::Think(PlainObservation { content }));
    let error = (text(), text())
        .prop_map(|(content, error_id)| Observation::Error(ErrorObservation { content, error_id }));
    let state =
        (prop::sample::select(&AgentState::ALL[..]), text()).prop_map(|(agent_state, reason)| {
            Observation::AgentStateChanged(AgentStateChangedObservation {
                content: String::new(),
                agent_state,
                reason,
                fault: None,
            })
        });
    let action = prop_oneof![message, run];
    let observation = prop_oneof![ran, plain, error, state];
    prop_oneof![
        (source(), action).prop_map(|(s, a)| EventDraft::of_action(s, a)),
        (source(), observation).prop_map(|(s, o)| EventDraft::of_observation(s, o)),
    ]
}

fn event() -> impl Strategy<Value = Event> {
    let tool_call = (any::<String>(), any::<String>(), of(any::<String>()), of(any::<String>()))
        .prop_map(|(name, arguments, content, reasoning)| {
            let id = ToolCallId("call_1".to_owned());
            Box::new(ToolCallMetadata {
                function_name: name.clone(),
                tool_call_id: id.clone(),
                model_response: ModelResponse {
                    id: "r1".to_owned(),
                    created: 5,
                    model: "m".to_owned(),
                    finish_reason: "tool_calls".to_owned(),
                    content,
                    tool_calls: vec![ToolCallRecord { id, name, arguments }],
                    reasoning_state: reasoning.clone().map(OpaqueJson::from_json_text),
                    reasoning,
                    prompt_tokens: 3,
                    completion_tokens: 4,
                    recorded: None,
                },
                total_calls_in_response: 1,
            })
        });
    let micros = 0..4_000_000_000_000_000_i64;
    (any::<u32>(), micros, body(), of(any::<u32>()), of(tool_call)).prop_map(
        |(id, micros, mut draft, cause, tool_call)| {
            draft.cause = cause.map(|cause| EventId(u64::from(cause)));
            draft.tool_call = tool_call;
            Event { id: EventId(u64::from(id)), timestamp: Timestamp(micros), draft }
        },
    )
}

fn url_encoded(name: &str, value: &str) -> String {
    form_urlencoded::Serializer::new(String::new()).append_pair(name, value).finish()
}

proptest! {
    #[test]
    fn what_was_encoded_is_read_back(event in event()) {
        let encoding = encode_event(&event).unwrap();
        let view = EncodedEvent {
            payload: &encoding.payload,
            source: event.draft.source,
            is_deliverable: encoding.is_deliverable,
            result_at: encoding.result_at,
        };
        prop_assert_eq!(parse_event(&view.stored_form()).unwrap(), event.clone());
        let wire: serde_json::Value = serde_json::from_str(&encoding.payload).unwrap();
        if encoding.is_deliverable {
            prop_assert_ne!(&wire["source"], "environment");
        }
        if let Some(result) = view.result() {
            let result: String = serde_json::from_str(result).unwrap();
            let content = event.observation().unwrap().content();
            prop_assert_eq!(result, shorten(content));
        }
    }

    #[test]
    fn any_query_is_read(query in any::<String>(), id in "\\PC{1,20}", latest in any::<i64>()) {
        let any = ConnectQuery::parse(&query);
        prop_assert!(any.conversation_id.is_none_or(|id| !id.is_empty()));
        prop_assert!(any.session_api_key.is_none_or(|key| !key.trim().is_empty()));
        let mut query = url_encoded("conversation_id", &id);
        query.push_str(&format!("&latest_event_id={latest}"));
        let parsed = ConnectQuery::parse(&query);
        prop_assert_eq!(parsed.conversation_id, Some(id));
        prop_assert_eq!(parsed.next_event_id, u64::try_from(latest.saturating_add(1)).unwrap_or(0));
    }

    #[test]
    fn an_id_is_taken_only_if_it_is_safe_in_a_path(text in prop_oneof![
        any::<String>(), "[a-z./\\\\\u{0}-]{0,12}", "[a-z0-9-]{90,110}",
    ]) {
        match ConversationId::parse(&text) {
            Ok(id) => {
                prop_assert_eq!(id.as_str(), &text);
                prop_assert!(!text.is_empty() && text.chars().count() <= ConversationId::MAX_CHARS);
                prop_assert!(!text.contains("..") && !text.contains(['/', '\\', '\0']));
                prop_assert!(!text.chars().any(char::is_control));
            }
            Err(error) => prop_assert!(!error.to_string().is_empty()),
        }
    }

    #[test]
    fn any_text_gets_an_answer(text in any::<String>()) {
        let _ = parse_event(&text);
        let _ = parse_client_action(&text);
        let _ = ConnectQuery::parse(&text);
    }

    #[test]
    fn any_json_gets_an_answer(action in any::<String>(), content in any::<String>(), n in any::<i64>()) {
        for args in [serde_json::json!({"content": content, "x": n}), serde_json::json!(n)] {
            let frame = serde_json::json!({"action": action, "type": "message", "args": args});
            let _ = parse_client_action(&frame.to_string());
        }
    }

    #[test]
    fn a_long_text_keeps_its_ends(count in 29_990..30_100_usize, letters in "[a-zä€]{1,50}") {
        let text: String = letters.chars().cycle().take(count).collect();
        let short = shorten(&text);
        prop_assert!(short.chars().count() <= 30_000 + 50);
        if count <= 30_000 {
            prop_assert_eq!(&*short, &text);
        } else {
            let head: String = text.chars().take(15_000).collect();
            let tail: String = text.chars().skip(count - 15_000).collect();
            prop_assert!(short.starts_with(&head) && short.ends_with(&tail));
        }
    }
}
