//! `delegate`: a piece of work for another agent.

use oh_chat::ToolSpec;
use oh_event::{Action, DelegateAction, OpaqueJson};
use serde_json::json;

use super::ParsedCall;
use super::arguments::Arguments;

pub(crate) const NAME: &str = "delegate";

const DESCRIPTION: &str = "Gives a piece of work to another agent, which works in the same place with a memory of its own, and returns what it reports. Use it for work whose details you need not see, such as a search through many files. It knows nothing of this conversation: the task must say everything. You wait until it is done.";

pub(crate) fn spec() -> ToolSpec {
    ToolSpec {
        name: NAME.to_owned(),
        description: DESCRIPTION.to_owned(),
        parameters: json!({
            "type": "object",
            "properties": {
                "task": {
                    "type": "string",
                    "description": "What is to be done, what is known, and what the report must say.",
                },
            },
            "required": ["task"],
        })
        .to_string(),
    }
}

pub(crate) fn parse(arguments: &Arguments<'_>) -> Result<ParsedCall, String> {
    let task = arguments.required_text("task")?;
    if task.trim().is_empty() {
        return Err(format!("The argument `task` of `{NAME}` must say what is to be done."));
    }
    let inputs = OpaqueJson::from_json_text(json!({"task": task}).to_string());
    let action = Action::Delegate(DelegateAction {
        agent: "CodeActAgent".to_owned(),
        inputs,
        thought: String::new(),
    });
    Ok(ParsedCall { action, timeout: None })
}

/// Returns what a delegation brought, for programs.
#[must_use]
pub fn delegated_outputs(report: &str, conversation: &str) -> OpaqueJson {
    let outputs = json!({"content": report, "conversation_id": conversation});
    OpaqueJson::from_json_text(outputs.to_string())
}

/// Returns the task that a delegation names.
#[must_use]
pub fn delegated_task(action: &DelegateAction) -> Option<String> {
    let inputs: serde_json::Value = serde_json::from_str(action.inputs.as_str()).ok()?;
    let task = inputs.get("task")?.as_str()?.trim();
    (!task.is_empty()).then(|| task.to_owned())
}
