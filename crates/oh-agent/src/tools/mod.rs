//! The tools on offer: what the model is told of each, and how a call becomes an action.

mod arguments;
mod bash;
mod draft;
mod editor;
mod mcp;
mod notes;

use oh_chat::ToolSpec;
use oh_event::Action;

use arguments::Arguments;

use crate::config::AgentConfig;

/// An action that a tool call asks for.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ParsedCall {
    pub(crate) action: Action,
    /// Hard time limit in seconds.
    pub(crate) timeout: Option<f64>,
}

/// Names that no tool of others may have, whether or not each is offered.
pub const OWN_TOOLS: [&str; 9] = [
    bash::NAME,
    editor::NAME,
    draft::NAME,
    notes::THINK,
    notes::FINISH,
    "execute_ipython_cell",
    "browser",
    "request_condensation",
    "task_tracker",
];

/// Returns the tools that the model is offered.
#[must_use]
pub fn tool_specs(config: &AgentConfig) -> Vec<ToolSpec> {
    let editor = if config.has_draft_editor { draft::spec } else { editor::spec };
    let own = [bash::spec(), notes::think_spec(), notes::finish_spec(), editor(&config.workspace)];
    own.into_iter().chain(config.mcp_tools.iter().map(mcp::spec)).collect()
}

/// Turns a tool call into an action.
///
/// # Errors
/// Returns what to tell the model: what was wrong and what would be right.
pub(crate) fn parse_call(
    config: &AgentConfig,
    name: &str,
    arguments: &str,
) -> Result<ParsedCall, String> {
    if let Some(tool) = config.mcp_tools.iter().find(|tool| tool.name == name) {
        return Ok(mcp::parse(tool, Arguments::parse(name, arguments)?));
    }
    let parse = match name {
        bash::NAME => bash::parse,
        editor::NAME => editor::parse,
        draft::NAME => draft::parse,
        notes::THINK => notes::parse_think,
        notes::FINISH => notes::parse_finish,
        _ => {
            let names: Vec<String> = tool_specs(config).into_iter().map(|tool| tool.name).collect();
            return Err(format!(
                "There is no tool named `{name}`. The tools are: {}.",
                names.join(", ")
            ));
        }
    };
    parse(&Arguments::parse(name, arguments)?)
}

/// Gives an action the words that stood before it, unless it has its own.
pub(crate) fn set_thought(action: &mut Action, text: &str) {
    if text.is_empty() {
        return;
    }
    let thought = match action {
        Action::Run(a) => &mut a.thought,
        Action::Read(a) => &mut a.thought,
        Action::Write(a) => &mut a.thought,
        Action::Edit(a) => &mut a.thought,
        Action::RunIpython(a) => &mut a.thought,
        Action::Browse(a) => &mut a.thought,
        Action::BrowseInteractive(a) => &mut a.thought,
        Action::CallToolMcp(a) => &mut a.thought,
        Action::Think(a) => &mut a.thought,
        Action::Finish(a) => &mut a.thought,
        Action::Reject(a) => &mut a.thought,
        Action::Delegate(a) => &mut a.thought,
        Action::TaskTracking(a) => &mut a.thought,
        Action::Recall(_)
        | Action::ChangeAgentState(_)
        | Action::Message(_)
        | Action::System(_)
        | Action::Condensation(_)
        | Action::CondensationRequest(_)
        | Action::LoopRecovery(_)
        | Action::Null(_) => return,
    };
    if thought.is_empty() {
        text.clone_into(thought);
    } else {
        *thought = format!("{text}\n{thought}");
    }
}
