use oh_event::{Action, EventSource};
use oh_wire::parse_trajectory;

const HI: &str = r#"{"source":"user","action":"message","args":{"content":"hi"}}"#;
const RUN: &str =
    r#"{"id":7,"source":"agent","action":"run","args":{"command":"ls"},"timeout":5.0}"#;

#[test]
fn what_people_and_agents_did_is_taken() {
    let passed_over = [
        r#"{"source":"environment","observation":"agent_state_changed","content":"","extras":{}}"#,
        r#"{"source":"agent","action":"system","args":{"content":"You are"}}"#,
        r#"{"source":"agent","observation":"of_tomorrow","content":"x"}"#,
        r#"{"source":"environment","action":"change_agent_state","args":{"agent_state":"running"}}"#,
        r#"{"source":"user","action":"recall","args":{"query":"hi"}}"#,
        r#"{"source":"agent","action":"condensation","args":{}}"#,
        r#"{"source":"environment","action":"null","args":{}}"#,
    ];
    let events = passed_over.join(",");
    for text in [
        format!("[{events},{HI},{events},{RUN}]"),
        format!(" {{\"trajectory\":[{events},{HI},{RUN}]}}"),
    ] {
        let trajectory = parse_trajectory(&text).unwrap();
        assert_eq!(trajectory.first_message.source, EventSource::User);
        assert!(
            matches!(trajectory.first_message.action(), Some(Action::Message(m)) if m.content == "hi")
        );
        let [run] = &trajectory.actions[..] else { panic!("{:?}", trajectory.actions) };
        assert!(matches!(run.action(), Some(Action::Run(run)) if run.command == "ls"));
        assert_eq!(run.timeout, Some(5.0));
    }
}

#[test]
fn a_refusal_says_what_is_wrong_and_where() {
    fn check(text: &str, expected: &str) {
        assert_eq!(parse_trajectory(text).unwrap_err().to_string(), expected, "{text}");
    }
    check("[]", "nothing was done in the recording: it has no action");
    check(
        &format!("[{RUN},{HI}]"),
        "the recording must begin with a message of the user, not with `run`",
    );
    let unknown = r#"{"source":"agent","action":"fly","args":{}}"#;
    check(&format!("[{HI},{unknown}]"), "event 1 of the recording: unknown event type `fly`");
    for text in ["7", "{\"a\":[]}", "nonsense"] {
        let refusal = parse_trajectory(text).unwrap_err().to_string();
        assert!(refusal.starts_with("a recording is a JSON list of events"), "{refusal}");
    }
}
