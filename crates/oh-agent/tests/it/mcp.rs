//! Tools of MCP servers, as the model sees and calls them.

use oh_agent::{AgentConfig, Input, OWN_TOOLS, ToolChoice, tool_specs};
use oh_chat::{ChatMessage, ToolSpec};
use oh_event::{
    Action, CallToolMcpAction, EventId, McpObservation, Observation, OpaqueJson, SecurityRisk,
};
use serde_json::{Value, json};

use crate::support::Harness;

fn tool(name: &str, parameters: Value) -> ToolSpec {
    ToolSpec {
        name: name.to_owned(),
        description: "Does it.".to_owned(),
        parameters: parameters.to_string(),
    }
}

fn config(tools: Vec<ToolSpec>) -> AgentConfig {
    AgentConfig { mcp_tools: tools, ..AgentConfig::default() }
}

/// Returns the schema under which the model is offered a tool.
fn offered(parameters: Value) -> Value {
    let tools = tool_specs(&config(vec![tool("search", parameters)]));
    let [.., last] = tools.as_slice() else { panic!("{tools:?}") };
    assert_eq!((last.name.as_str(), last.description.as_str()), ("search", "Does it."));
    serde_json::from_str(&last.parameters).unwrap()
}

fn started(tools: Vec<ToolSpec>) -> Harness {
    Harness::started_with(config(tools))
}

#[test]
fn a_tool_is_offered_with_an_argument_for_the_risk() {
    let schema = offered(json!({
        "$schema": "x",
        "properties": {"query": {"type": "string"}},
        "required": ["query"],
    }));
    assert_eq!(schema["required"], json!(["query", "security_risk"]));
    assert_eq!(schema["properties"]["query"], json!({"type": "string"}));
    assert_eq!(schema["properties"]["security_risk"]["enum"], json!(["LOW", "MEDIUM", "HIGH"]));
    assert_eq!((&schema["type"], &schema["$schema"]), (&json!("object"), &json!("x")));
    for odd in [json!({}), json!(null), json!({"properties": [], "required": "x"})] {
        assert_eq!(offered(odd)["required"], json!(["security_risk"]));
    }
    let own = json!({"type": "object", "properties": {"security_risk": {"type": "number"}}});
    assert_eq!(offered(own.clone()), own);
}

#[test]
fn a_call_becomes_an_action_without_the_risk_among_its_arguments() {
    let own = json!({"properties": {"security_risk": {"type": "string"}}});
    let mut harness = started(vec![tool("search", json!({})), tool("own", own)]);
    let call = |name: &str, arguments: &str| CallToolMcpAction {
        name: name.to_owned(),
        arguments: OpaqueJson::from_json_text(arguments.to_owned()),
        security_risk: SecurityRisk::High,
        ..CallToolMcpAction::default()
    };
    for (name, passed_on) in
        [("search", r#"{"a":[1,"x"]}"#), ("own", r#"{"a":[1,"x"],"security_risk":"HIGH"}"#)]
    {
        harness.answer(&[(name, r#"{"a":[1,"x"],"security_risk":"HIGH"}"#)]);
        let event = harness.log.last().unwrap();
        assert_eq!(event.action(), Some(&Action::CallToolMcp(call(name, passed_on))));
        let observation = Observation::Mcp(McpObservation::default());
        let action = event.id;
        harness.put(Input::Observation { action, observation, spent: None });
    }
    for (name, arguments, expected) in [
        (
            "gone",
            "{}",
            "There is no tool named `gone`. The tools are: execute_bash, think, finish, task_tracker, str_replace_editor, search, own.",
        ),
        ("search", "[]", "The arguments of `search` must be a JSON object."),
    ] {
        harness.answer(&[(name, arguments)]);
        let told = harness.log.last().unwrap().observation().unwrap().content();
        assert_eq!(told, expected);
    }
}

#[test]
fn the_pictures_of_a_result_follow_it() {
    let mut harness = started(vec![tool("draw", json!({}))]);
    harness.answer(&[("draw", "{}")]);
    let action: EventId = harness.log.last().unwrap().id;
    let image_urls = Some(vec!["data:image/png;base64,AA==".to_owned()]);
    let content = "{\"content\":[]}".to_owned();
    let observation =
        Observation::Mcp(McpObservation { content, image_urls, ..McpObservation::default() });
    harness.put(Input::Observation { action, observation, spent: None });
    let messages = harness.conversation.completion_request().messages;
    let [.., ChatMessage::ToolResult { text: result, .. }, ChatMessage::User { image_urls, .. }] =
        messages.as_slice()
    else {
        panic!("{messages:?}")
    };
    assert_eq!(result, "{\"content\":[]}");
    assert_eq!(image_urls, &["data:image/png;base64,AA=="]);
}

#[test]
fn every_tool_of_our_own_is_named() {
    for has_draft_editor in [true, false] {
        let tools = ToolChoice {
            has_draft_editor,
            has_condensation_request: true,
            has_ipython: true,
            has_task_tracker: true,
            ..ToolChoice::default()
        };
        let config = AgentConfig { tools, ..AgentConfig::default() };
        for tool in tool_specs(&config) {
            assert!(OWN_TOOLS.contains(&tool.name.as_str()), "{}", tool.name);
        }
    }
}
