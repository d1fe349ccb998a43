use oh_chat::ToolSpec;

/// What an agent is told about its task and its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentConfig {
    /// Class of the agent, as OpenHands names it.
    pub agent_class: String,
    /// Version of the server, for the system event.
    pub version: String,
    /// The workspace as commands see it.
    pub workspace: String,
    /// What else is to be known of the place where commands run.
    pub instructions: String,
    /// Addresses at which servers of the agent can be seen, with their ports.
    pub hosts: Vec<(String, u16)>,
    /// Today in UTC, `YYYY-MM-DD`.
    pub date: String,
    /// Most actions before the agent stops with an error; the user's next message adds
    /// as many again.
    pub max_iterations: u64,
    /// Longest text of one observation in a prompt, in characters.
    pub max_message_chars: usize,
    /// Offer the editor whose edits a model drafts, instead of the exact one.
    pub has_draft_editor: bool,
    /// Tools of MCP servers, under names that are unique.
    pub mcp_tools: Vec<ToolSpec>,
}

impl Default for AgentConfig {
    fn default() -> Self {
        Self {
            agent_class: "CodeActAgent".to_owned(),
            version: String::new(),
            workspace: "/workspace".to_owned(),
            instructions: String::new(),
            hosts: Vec::new(),
            date: String::new(),
            max_iterations: 500,
            max_message_chars: 30_000,
            has_draft_editor: false,
            mcp_tools: Vec::new(),
        }
    }
}
