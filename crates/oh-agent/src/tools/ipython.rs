use oh_chat::ToolSpec;
use oh_event::{Action, ConfirmationState, RunIpythonAction};
use serde_json::json;

use super::ParsedCall;
use super::arguments::{Arguments, risk_schema};

pub(crate) const NAME: &str = "execute_ipython_cell";

const DESCRIPTION: &str = "Runs a cell in a Python notebook that stays open: variables, imports and functions are kept between calls. It is beside the shell of `execute_bash` and works in the shell's directory.

- You get what the cell prints, the value of its last line and, if it fails, the traceback. Figures of matplotlib are shown as pictures; so is a picture that you pass to `display`.
- `%pip install NAME` installs a package into the notebook's Python, and `!command` runs a shell command.
- A cell cannot ask for input. One that runs too long is interrupted; its output so far and the state of the notebook are kept.
- At hand without an import: open_file(path, line_number), goto_line(line_number), scroll_down() and scroll_up() show 100 lines of a file; search_dir(term, path), search_file(term, path) and find_file(name, path) search; parse_pdf(path), parse_docx(path), parse_latex(path) and parse_pptx(path) print the text of a document.
- Prefer `execute_bash` for commands and the editor for files; use the notebook to compute, to look at data and to plot.";

pub(crate) fn spec() -> ToolSpec {
    let parameters = json!({
        "type": "object",
        "properties": {
            "code": {"type": "string", "description": "The Python code of the cell."},
            "security_risk": risk_schema(),
        },
        "required": ["code", "security_risk"],
    });
    ToolSpec {
        name: NAME.to_owned(),
        description: DESCRIPTION.to_owned(),
        parameters: parameters.to_string(),
    }
}

pub(crate) fn parse(arguments: &Arguments<'_>) -> Result<ParsedCall, String> {
    let action = Action::RunIpython(RunIpythonAction {
        code: arguments.required_text("code")?,
        thought: String::new(),
        include_extra: true,
        confirmation_state: ConfirmationState::Confirmed,
        security_risk: arguments.risk(),
        kernel_init_code: String::new(),
    });
    Ok(ParsedCall { action, timeout: None })
}
