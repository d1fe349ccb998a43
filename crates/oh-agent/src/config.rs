use std::sync::Arc;

use oh_chat::ToolSpec;

use crate::condense::Condenser;
use crate::policy::ConfirmationPolicy;
use crate::skills::Knowledge;
use crate::stuck::StuckThresholds;

/// What an agent is told about its task and its place, and what it may do.
#[derive(Debug, Clone, PartialEq)]
pub struct AgentConfig {
    /// Class of the agent, as OpenHands names it.
    pub agent_class: String,
    /// Version of the server, for the system event.
    pub version: String,
    /// The workspace as commands see it.
    pub workspace: String,
    /// What else is to be known of the place where commands run.
    pub instructions: String,
    /// What the creator of the conversation wants to be observed in it.
    pub conversation_instructions: String,
    /// The repository that the conversation is about.
    pub repository: Option<Repository>,
    /// What files of the user and of repositories tell the agent.
    pub knowledge: Arc<Knowledge>,
    /// The model is told of the workspace and what is known.
    pub has_prompt_extensions: bool,
    /// Secrets that commands can use, each with what it is for; never their values.
    pub secrets: Vec<(String, String)>,
    /// Addresses at which servers of the agent can be seen, with their ports.
    pub hosts: Vec<(String, u16)>,
    /// Today in UTC, `YYYY-MM-DD`.
    pub date: String,
    /// Where the agent stops with an error.
    pub limits: Limits,
    /// Longest text of one observation in a prompt, in characters.
    pub max_message_chars: usize,
    /// The tools on offer.
    pub tools: ToolChoice,
    /// Tools of MCP servers, under names that are unique; they take a `security_risk` beside
    /// their own arguments.
    pub mcp_tools: Vec<ToolSpec>,
    /// Which actions wait for the user.
    pub confirmation: ConfirmationPolicy,
    /// What happens when the history grows, in order; the first that forgets something wins.
    pub condensers: Vec<Condenser>,
    /// Tokens that the model can read, if known.
    pub max_input_tokens: Option<u64>,
    /// A request that is too long for the model shortens the history instead of failing.
    pub truncates_history: bool,
    /// When a repetition is a loop.
    pub stuck: StuckThresholds,
    /// Nobody watches: limits are not extended and a loop is an error.
    pub is_headless: bool,
}

/// A repository in the workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repository {
    /// Its name, `owner/name`.
    pub name: String,
    /// Its folder, as commands see it.
    pub directory: String,
    /// The branch that is checked out; empty if it is not known.
    pub branch: String,
}

/// Where the agent stops. A message of the user, after it has, adds as much again.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    /// Actions.
    pub max_iterations: u64,
    /// US dollars.
    pub max_budget: Option<f64>,
    /// Tokens, sent and received.
    pub max_tokens: Option<u64>,
    /// Seconds in which the agent is at work; looked at between steps.
    pub max_seconds: Option<u64>,
}

/// Which tools the model is offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "one switch for each tool, as OpenHands has them")]
pub struct ToolChoice {
    /// `execute_bash`.
    pub has_bash: bool,
    /// `think`.
    pub has_think: bool,
    /// `finish`.
    pub has_finish: bool,
    /// `request_condensation`.
    pub has_condensation_request: bool,
    /// `delegate`.
    pub has_delegate: bool,
    /// `execute_ipython_cell`, where there is a Python.
    pub has_ipython: bool,
    /// `task_tracker`, and the prompt for long work.
    pub has_task_tracker: bool,
    /// `str_replace_editor`.
    pub has_editor: bool,
    /// `edit_file`, whose edits a model drafts, instead of the exact editor.
    pub has_draft_editor: bool,
}

impl Default for AgentConfig {
    fn default() -> Self {
        Self {
            agent_class: "CodeActAgent".to_owned(),
            version: String::new(),
            workspace: "/workspace".to_owned(),
            instructions: String::new(),
            conversation_instructions: String::new(),
            repository: None,
            knowledge: Arc::default(),
            has_prompt_extensions: true,
            secrets: Vec::new(),
            hosts: Vec::new(),
            date: String::new(),
            limits: Limits::default(),
            max_message_chars: 30_000,
            tools: ToolChoice::default(),
            mcp_tools: Vec::new(),
            confirmation: ConfirmationPolicy::Never,
            condensers: vec![Condenser::ConversationWindow],
            max_input_tokens: None,
            truncates_history: true,
            stuck: StuckThresholds::default(),
            is_headless: false,
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_iterations: 500, max_budget: None, max_tokens: None, max_seconds: None }
    }
}

impl Default for ToolChoice {
    fn default() -> Self {
        Self {
            has_bash: true,
            has_think: true,
            has_finish: true,
            has_condensation_request: false,
            has_delegate: false,
            has_ipython: false,
            has_task_tracker: true,
            has_editor: true,
            has_draft_editor: false,
        }
    }
}
