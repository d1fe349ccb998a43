use oh_chat::ToolSpec;
use oh_event::{Action, RunAction};
use serde_json::json;

use super::ParsedCall;
use super::arguments::{Arguments, risk_schema};

pub(crate) const NAME: &str = "execute_bash";

const DESCRIPTION: &str = "Runs a command in a bash shell that stays open: the working directory, variables, functions, virtual environments and background jobs are kept between calls.

- One command per call. Join several with `&&` or `;`.
- Output is returned when the command ends, with its exit code. After 10 seconds without new output you get what there is, with exit code -1: the command is still running. Then call again with an empty `command` to wait for more, with `is_input` \"true\" to type into it, or with `C-c`, `C-d` or `C-z` to send that key; `UP`, `ENTER`, `ESC`, `TAB` and other keys go with `is_input` \"true\".
- Set `timeout` (seconds) for a command that is silent for long, such as a build.
- If the shell is beyond help, set `reset` to get a new one.
- Start servers in the background with their output in a file: `python3 app.py > server.log 2>&1 &`.
- Very long output is shortened in the middle; the result names the file that has all of it.";

pub(crate) fn spec() -> ToolSpec {
    let parameters = json!({
        "type": "object",
        "properties": {
            "command": {
                "type": "string",
                "description": "The command; empty to see more output of the running one; `C-c`, `C-d` or `C-z` to send that key to it.",
            },
            "is_input": {
                "type": "string",
                "enum": ["true", "false"],
                "description": "\"true\" types the text into the running program instead of running it.",
            },
            "timeout": {
                "type": "number",
                "description": "Seconds after which waiting for the command ends.",
            },
            "reset": {
                "type": "boolean",
                "description": "True ends the shell and everything it started; the command, if any, runs in a new one.",
            },
            "security_risk": risk_schema(),
        },
        "required": ["command", "security_risk"],
    });
    ToolSpec {
        name: NAME.to_owned(),
        description: DESCRIPTION.to_owned(),
        parameters: parameters.to_string(),
    }
}

pub(crate) fn parse(arguments: &Arguments<'_>) -> Result<ParsedCall, String> {
    let timeout = arguments.number("timeout")?;
    if timeout.is_some_and(|seconds| !(seconds > 0.0 && seconds <= 86_400.0)) {
        return Err(format!(
            "The argument `timeout` of `{NAME}` must be between 0 and 86400 seconds."
        ));
    }
    let (is_input, reset) = (arguments.flag("is_input")?, arguments.flag("reset")?);
    if is_input && reset {
        return Err(format!("`{NAME}` takes either `is_input` or `reset`, not both."));
    }
    let action = Action::Run(RunAction {
        command: arguments.required_text("command")?,
        is_input,
        reset,
        blocking: timeout.is_some(),
        security_risk: arguments.risk(),
        ..RunAction::default()
    });
    Ok(ParsedCall { action, timeout })
}
