//! `think` and `finish`: tools that touch nothing.

use oh_chat::ToolSpec;
use oh_event::{Action, FinishAction, OpaqueJson, ThinkAction};
use serde_json::json;

use super::ParsedCall;
use super::arguments::Arguments;

pub(crate) const THINK: &str = "think";
pub(crate) const FINISH: &str = "finish";

pub(crate) fn think_spec() -> ToolSpec {
    ToolSpec {
        name: THINK.to_owned(),
        description: "Writes a thought into the log without doing anything. Use it to weigh causes, plans or results before a step that is hard to undo.".to_owned(),
        parameters: json!({
            "type": "object",
            "properties": {"thought": {"type": "string", "description": "The thought."}},
            "required": ["thought"],
        })
        .to_string(),
    }
}

pub(crate) fn finish_spec() -> ToolSpec {
    ToolSpec {
        name: FINISH.to_owned(),
        description: "Ends the task. Use it when the work is done and checked, or when you cannot go on. Tell the user what was done, how it was checked, and what is left.".to_owned(),
        parameters: json!({
            "type": "object",
            "properties": {"message": {"type": "string", "description": "What the user should know."}},
            "required": ["message"],
        })
        .to_string(),
    }
}

pub(crate) fn parse_think(arguments: &Arguments<'_>) -> Result<ParsedCall, String> {
    let thought = arguments.text("thought")?.unwrap_or_default();
    Ok(ParsedCall { action: Action::Think(ThinkAction { thought }), timeout: None })
}

pub(crate) fn parse_finish(arguments: &Arguments<'_>) -> Result<ParsedCall, String> {
    let action = Action::Finish(FinishAction {
        final_thought: arguments.text("message")?.unwrap_or_default(),
        outputs: OpaqueJson::empty_object(),
        thought: String::new(),
    });
    Ok(ParsedCall { action, timeout: None })
}
