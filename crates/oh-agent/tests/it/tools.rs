//! How the calls of the model become actions.

use oh_agent::{AgentConfig, ToolChoice, tool_specs};
use oh_event::{
    Action, EditAction, EditImplSource, EventDraft, ReadAction, ReadImplSource, RunAction,
    RunIpythonAction, SecurityRisk,
};

use crate::support::Harness;

/// Returns the draft for a call of the model, or what the model is told of it.
#[allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
fn call(name: &str, arguments: &str) -> Result<EventDraft, String> {
    let mut harness = Harness::started();
    harness.answer(&[(name, arguments)]);
    let event = harness.log.last().unwrap();
    match event.observation() {
        Some(observation) => Err(observation.content().to_owned()),
        None => Ok(event.draft.clone()),
    }
}

fn check_run(arguments: &str, expected: RunAction, timeout: Option<f64>) {
    let told = call("execute_bash", arguments);
    let found = told.as_ref().ok().map(|draft| (draft.action(), draft.timeout));
    assert_eq!(found, Some((Some(&Action::Run(expected)), timeout)), "{arguments}");
}

#[test]
fn a_command_is_taken_with_its_arguments() {
    let run = |command: &str| RunAction { command: command.to_owned(), ..RunAction::default() };
    check_run(
        r#"{"command":"ls","security_risk":"MEDIUM"}"#,
        RunAction { security_risk: SecurityRisk::Medium, ..run("ls") },
        None,
    );
    check_run(r#"{"command":""}"#, run(""), None);
    check_run(r#"{"command":"ls","security_risk":"HUGE"}"#, run("ls"), None);
    for is_input in [r#""true""#, "true"] {
        let arguments = format!(r#"{{"command":"C-c","is_input":{is_input}}}"#);
        check_run(&arguments, RunAction { is_input: true, ..run("C-c") }, None);
    }
    check_run(r#"{"command":"x","is_input":"false"}"#, run("x"), None);
    // Who names a time waits that long: no soft timeout.
    for timeout in ["2.5", "\"2.5\""] {
        let arguments = format!(r#"{{"command":"make","timeout":{timeout}}}"#);
        check_run(&arguments, RunAction { blocking: true, ..run("make") }, Some(2.5));
    }
    check_run(r#"{"command":"","reset":true}"#, RunAction { reset: true, ..run("") }, None);
}

#[test]
fn a_cell_is_taken_only_where_there_is_a_notebook() {
    let call = |has_ipython: bool, arguments: &str| {
        let tools = ToolChoice { has_ipython, ..ToolChoice::default() };
        let mut harness = Harness::started_with(AgentConfig { tools, ..AgentConfig::default() });
        harness.answer(&[("execute_ipython_cell", arguments)]);
        let event = harness.log.last().cloned();
        event.and_then(|event| match event.observation() {
            Some(told) => Some(Err(told.content().to_owned())),
            None => event.action().cloned().map(Ok),
        })
    };
    let expected = RunIpythonAction {
        code: "1 + 1".into(),
        thought: String::new(),
        include_extra: true,
        confirmation_state: oh_event::ConfirmationState::Confirmed,
        security_risk: SecurityRisk::Low,
        kernel_init_code: String::new(),
    };
    let arguments = r#"{"code":"1 + 1","security_risk":"LOW"}"#;
    assert_eq!(call(true, arguments), Some(Ok(Action::RunIpython(expected))));
    let told = call(true, "{}").and_then(Result::err).unwrap_or_default();
    assert!(told.contains("`code` in the call of `execute_ipython_cell`"), "{told}");
    let told = call(false, arguments).and_then(Result::err).unwrap_or_default();
    assert!(told.contains("There is no tool named `execute_ipython_cell`"), "{told}");
}

#[test]
fn the_tools_are_offered_in_their_order() {
    let tools =
        ToolChoice { has_condensation_request: true, has_ipython: true, ..ToolChoice::default() };
    let config = AgentConfig { tools, ..AgentConfig::default() };
    let names: Vec<String> = tool_specs(&config).into_iter().map(|tool| tool.name).collect();
    let expected = [
        "execute_bash",
        "think",
        "finish",
        "request_condensation",
        "execute_ipython_cell",
        "task_tracker",
        "str_replace_editor",
    ];
    assert_eq!(names, expected);
}

#[test]
fn a_bad_call_says_what_would_be_right() {
    let check = |name: &str, arguments: &str, part: &str| {
        let told = call(name, arguments).unwrap_err();
        assert!(told.contains(part), "{arguments}: {told}");
    };
    check("execute_bash", "{", "not valid JSON");
    check("execute_bash", "{}", "`command` in the call of `execute_bash`");
    check("execute_bash", r#"{"command":"x","timeout":"soon"}"#, "`timeout`");
    check("execute_bash", r#"{"command":"x","timeout":0}"#, "between 0 and 86400");
    check("execute_bash", r#"{"command":"x","timeout":90000}"#, "between 0 and 86400");
    check("execute_bash", r#"{"command":"x","is_input":"maybe"}"#, "true or false");
    check("execute_bash", r#"{"command":"x","is_input":true,"reset":true}"#, "not both");
    check("str_replace_editor", r#"{"command":"create"}"#, "`path`");
    check("str_replace_editor", r#"{"path":"/a"}"#, "`command`");
    check(
        "str_replace_editor",
        r#"{"command":"destroy","path":"/a"}"#,
        "view, create, str_replace, insert, undo_edit",
    );
    check(
        "str_replace_editor",
        r#"{"command":"insert","path":"/a","insert_line":"first"}"#,
        "`insert_line`",
    );
    check("str_replace_editor", r#"{"command":"create","path":"/a","mode":1}"#, "Allowed are");
}

#[test]
fn an_edit_is_taken_with_its_arguments() {
    let edit = EditAction {
        path: "/a".into(),
        command: "insert".into(),
        file_text: None,
        old_str: None,
        new_str: Some("x".into()),
        insert_line: Some(3),
        content: String::new(),
        start: 1,
        end: -1,
        thought: String::new(),
        confirmation_state: oh_event::ConfirmationState::Confirmed,
        security_risk: SecurityRisk::Low,
        impl_source: EditImplSource::OhAci,
    };
    for line in ["3", "\"3\""] {
        let arguments = format!(
            r#"{{"command":"insert","path":"/a","insert_line":{line},"new_str":"x","view_range":[1,2],"security_risk":"LOW"}}"#
        );
        let told = call("str_replace_editor", &arguments);
        assert_eq!(told.unwrap().action(), Some(&Action::Edit(edit.clone())));
    }
    let view = ReadAction {
        path: "/a".into(),
        start: 0,
        end: -1,
        thought: String::new(),
        confirmation_state: oh_event::ConfirmationState::Confirmed,
        security_risk: SecurityRisk::Low,
        impl_source: ReadImplSource::OhAci,
        view_range: Some(vec![1, -1]),
    };
    let told = call(
        "str_replace_editor",
        r#"{"command":"view","path":"/a","view_range":[1,-1],"more":1}"#,
    );
    assert_eq!(told.unwrap().action(), Some(&Action::Read(view)));
}
