use oh_chat::ToolSpec;
use oh_event::{Action, EditAction, EditImplSource};
use serde_json::json;

use super::ParsedCall;
use super::arguments::{Arguments, risk_schema};

pub(crate) const NAME: &str = "edit_file";

const ARGUMENTS: [&str; 6] = ["path", "content", "start", "end", "security_risk", "thought"];

const DESCRIPTION: &str = "Edits a file after a draft. Another model writes the lines from `start` to `end` anew, as `content` sketches them.

- The draft may leave out what stays, with a comment such as `# no changes` in its place.
- A file that does not exist is created with the draft as it is. `start` and `end` of -1 append it.
- At most 301 lines can be edited at once: choose the range of long files.";

pub(crate) fn spec(workspace: &str) -> ToolSpec {
    let parameters = json!({
        "type": "object",
        "properties": {
            "path": {
                "type": "string",
                "description": format!("Absolute path, such as `{workspace}/file.py`."),
            },
            "content": {"type": "string", "description": "The draft of the new lines."},
            "start": {"type": "integer", "description": "First line, from 1; -1 appends. 1 if absent."},
            "end": {"type": "integer", "description": "Last line; -1 is the end of the file. -1 if absent."},
            "security_risk": risk_schema(),
        },
        "required": ["path", "content", "security_risk"],
    });
    ToolSpec {
        name: NAME.to_owned(),
        description: DESCRIPTION.to_owned(),
        parameters: parameters.to_string(),
    }
}

pub(crate) fn parse(arguments: &Arguments<'_>) -> Result<ParsedCall, String> {
    arguments.check_names(&ARGUMENTS)?;
    let action = Action::Edit(EditAction {
        path: arguments.required_text("path")?,
        content: arguments.required_text("content")?,
        start: arguments.integer("start")?.unwrap_or(1),
        end: arguments.integer("end")?.unwrap_or(-1),
        confirmation_state: oh_event::ConfirmationState::Confirmed,
        security_risk: arguments.risk(),
        impl_source: EditImplSource::LlmBasedEdit,
        ..EditAction::default()
    });
    Ok(ParsedCall { action, timeout: None })
}
