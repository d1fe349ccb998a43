//! The tools on offer: what the model is told of each, and how a call becomes an action.

mod arguments;
mod bash;
mod delegate;
mod draft;
mod editor;
mod ipython;
mod mcp;
mod notes;
mod tasks;

use oh_chat::ToolSpec;
use oh_event::Action;

use arguments::Arguments;
pub use delegate::{delegated_outputs, delegated_task};
pub(crate) use tasks::track;

use crate::config::AgentConfig;

/// An action that a tool call asks for.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ParsedCall {
    pub(crate) action: Action,
    /// Hard time limit in seconds.
    pub(crate) timeout: Option<f64>,
}

/// Names that no tool of others may have, whether or not each is offered.
pub const OWN_TOOLS: [&str; 10] = [
    bash::NAME,
    delegate::NAME,
    editor::NAME,
    draft::NAME,
    notes::THINK,
    notes::FINISH,
    tasks::TRACKER,
    tasks::CONDENSATION,
    ipython::NAME,
    "browser",
];

/// Returns the tools that the model is offered.
#[must_use]
pub fn tool_specs(config: &AgentConfig) -> Vec<ToolSpec> {
    let choice = &config.tools;
    let offered = [
        choice.has_bash.then(bash::spec),
        choice.has_think.then(notes::think_spec),
        choice.has_finish.then(notes::finish_spec),
        choice.has_condensation_request.then(tasks::condensation_spec),
        choice.has_delegate.then(delegate::spec),
        choice.has_ipython.then(ipython::spec),
        choice.has_task_tracker.then(tasks::tracker_spec),
        choice.has_draft_editor.then(|| draft::spec(&config.workspace)),
        (choice.has_editor && !choice.has_draft_editor).then(|| editor::spec(&config.workspace)),
    ];
    offered.into_iter().flatten().chain(config.mcp_tools.iter().map(mcp::spec)).collect()
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
    let choice = &config.tools;
    if let Some(tool) = config.mcp_tools.iter().find(|tool| tool.name == name) {
        return Ok(mcp::parse(tool, Arguments::parse(name, arguments)?));
    }
    let parse = match name {
        bash::NAME if choice.has_bash => bash::parse,
        editor::NAME if choice.has_editor && !choice.has_draft_editor => editor::parse,
        draft::NAME if choice.has_draft_editor => draft::parse,
        notes::THINK if choice.has_think => notes::parse_think,
        notes::FINISH if choice.has_finish => notes::parse_finish,
        delegate::NAME if choice.has_delegate => delegate::parse,
        ipython::NAME if choice.has_ipython => ipython::parse,
        tasks::TRACKER if choice.has_task_tracker => tasks::parse_tracker,
        tasks::CONDENSATION if choice.has_condensation_request => tasks::parse_condensation,
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
    if let Some(thought) = action.thought_mut() {
        if thought.is_empty() {
            text.clone_into(thought);
        } else {
            *thought = format!("{text}\n{thought}");
        }
    }
}
