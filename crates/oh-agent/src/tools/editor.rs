use oh_chat::ToolSpec;
use oh_event::{Action, EditAction, EditImplSource, ReadAction, ReadImplSource};
use serde_json::json;

use super::ParsedCall;
use super::arguments::{Arguments, risk_schema};

pub(crate) const NAME: &str = "str_replace_editor";

const COMMANDS: [&str; 5] = ["view", "create", "str_replace", "insert", "undo_edit"];

const ARGUMENTS: [&str; 9] = [
    "command",
    "path",
    "file_text",
    "old_str",
    "new_str",
    "insert_line",
    "view_range",
    "security_risk",
    "thought",
];

const DESCRIPTION: &str = "Views, creates and edits files. Paths are absolute.

- `view` shows a file with line numbers (a part of it with `view_range`), a picture, or a directory two levels deep.
- `create` writes a new file; it never overwrites one.
- `str_replace` replaces `old_str` by `new_str`. `old_str` must match exactly, white space included, and must occur once: give enough lines around to make it unique. View the file first.
- `insert` puts `new_str` after line `insert_line` (0 for the beginning).
- `undo_edit` takes back the last edit of the file.";

pub(crate) fn spec(workspace: &str) -> ToolSpec {
    let parameters = json!({
        "type": "object",
        "properties": {
            "command": {"type": "string", "enum": COMMANDS, "description": "What to do."},
            "path": {
                "type": "string",
                "description": format!("Absolute path, such as `{workspace}/file.py` or `{workspace}`."),
            },
            "file_text": {"type": "string", "description": "Content of the new file, for `create`."},
            "old_str": {"type": "string", "description": "Text to replace, for `str_replace`."},
            "new_str": {
                "type": "string",
                "description": "New text, for `str_replace` (absent: delete) and `insert`.",
            },
            "insert_line": {"type": "integer", "description": "Line to insert after, for `insert`."},
            "view_range": {
                "type": "array",
                "items": {"type": "integer"},
                "description": "First and last line to view, such as [11, 20]; -1 as last is the end.",
            },
            "security_risk": risk_schema(),
        },
        "required": ["command", "path", "security_risk"],
    });
    ToolSpec {
        name: NAME.to_owned(),
        description: DESCRIPTION.to_owned(),
        parameters: parameters.to_string(),
    }
}

pub(crate) fn parse(arguments: &Arguments<'_>) -> Result<ParsedCall, String> {
    let command = arguments.required_text("command")?;
    let path = arguments.required_text("path")?;
    if command == "view" {
        let action = Action::Read(ReadAction {
            path,
            start: 0,
            end: -1,
            thought: String::new(),
            confirmation_state: oh_event::ConfirmationState::Confirmed,
            security_risk: arguments.risk(),
            impl_source: ReadImplSource::OhAci,
            view_range: arguments.integers("view_range")?,
        });
        return Ok(ParsedCall { action, timeout: None });
    }
    if !COMMANDS.contains(&command.as_str()) {
        return Err(format!(
            "The argument `command` of `{NAME}` must be one of {}.",
            COMMANDS.join(", ")
        ));
    }
    arguments.check_names(&ARGUMENTS)?;
    let action = Action::Edit(EditAction {
        path,
        command,
        file_text: arguments.text("file_text")?,
        old_str: arguments.text("old_str")?,
        new_str: arguments.text("new_str")?,
        insert_line: arguments.integer("insert_line")?,
        content: String::new(),
        start: 1,
        end: -1,
        thought: String::new(),
        confirmation_state: oh_event::ConfirmationState::Confirmed,
        security_risk: arguments.risk(),
        impl_source: EditImplSource::OhAci,
    });
    Ok(ParsedCall { action, timeout: None })
}
