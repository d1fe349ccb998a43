use crate::{AgentState, EventId, OpaqueJson};

/// How dangerous the model or an analyzer thinks an action is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum SecurityRisk {
    /// Nobody said (-1 on the wire).
    #[default]
    Unknown,
    /// 0 on the wire.
    Low,
    /// 1 on the wire.
    Medium,
    /// 2 on the wire.
    High,
}

/// Whether an action may run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ConfirmationState {
    /// It may.
    #[default]
    Confirmed,
    /// The user refused it.
    Rejected,
    /// The user has not been heard yet.
    AwaitingConfirmation,
}

/// A text from a client to the agent or from the agent to its user.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MessageAction {
    /// The text.
    pub content: String,
    /// Workspace paths of uploaded files.
    pub file_urls: Option<Vec<String>>,
    /// `data:` or http(s) addresses of pictures.
    pub image_urls: Option<Vec<String>>,
    /// The agent waits for an answer.
    pub wait_for_response: bool,
    /// Always unknown in practice.
    pub security_risk: SecurityRisk,
}

/// What the model is told before anything else.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SystemAction {
    /// The system prompt.
    pub content: String,
    /// Tool definitions in OpenAI's function format.
    pub tools: Option<Vec<OpaqueJson>>,
    /// Version of the server.
    pub openhands_version: Option<String>,
    /// Class of the agent, e.g. `CodeActAgent`.
    pub agent_class: Option<String>,
}

/// A shell command, input for a running one, or a key.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RunAction {
    /// The command; empty shows more output of the running one.
    pub command: String,
    /// The text goes to the running process.
    pub is_input: bool,
    /// The agent's words above the command.
    pub thought: String,
    /// No soft timeout.
    pub blocking: bool,
    /// Run in a process of its own.
    pub is_static: bool,
    /// Directory, only with `is_static`.
    pub cwd: Option<String>,
    /// Neither shown nor given to the model.
    pub hidden: bool,
    /// Whether it may run.
    pub confirmation_state: ConfirmationState,
    /// Risk.
    pub security_risk: SecurityRisk,
    /// End the shell and all its processes first; the command runs in a new one.
    pub reset: bool,
    /// At the hard timeout the command is killed, not left running.
    pub kill_on_timeout: bool,
}

/// A cell for the Python kernel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunIpythonAction {
    /// The code.
    pub code: String,
    /// The agent's words above the cell.
    pub thought: String,
    /// Append working directory and interpreter to the output.
    pub include_extra: bool,
    /// Whether it may run.
    pub confirmation_state: ConfirmationState,
    /// Risk.
    pub security_risk: SecurityRisk,
    /// Code that runs before the cell, if any.
    pub kernel_init_code: String,
}

/// Who reads a file for a [`ReadAction`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ReadImplSource {
    /// The plain reader.
    #[default]
    Default,
    /// The editor's `view`.
    OhAci,
}

/// A look at a file or directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadAction {
    /// The path.
    pub path: String,
    /// First line, 0-based.
    pub start: i64,
    /// Line after the last, -1 for the end.
    pub end: i64,
    /// The agent's words above.
    pub thought: String,
    /// Whether it may run.
    pub confirmation_state: ConfirmationState,
    /// Risk.
    pub security_risk: SecurityRisk,
    /// Who reads.
    pub impl_source: ReadImplSource,
    /// First and last line, 1-based, -1 for the end; only for the editor.
    pub view_range: Option<Vec<i64>>,
}

/// New content of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WriteAction {
    /// The path.
    pub path: String,
    /// The content.
    pub content: String,
    /// First line replaced, 0-based.
    pub start: i64,
    /// Line after the last one replaced, -1 for the end.
    pub end: i64,
    /// The agent's words above.
    pub thought: String,
    /// Whether it may run.
    pub confirmation_state: ConfirmationState,
    /// Risk.
    pub security_risk: SecurityRisk,
}

/// Who edits a file for an [`EditAction`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum EditImplSource {
    /// The editor with `create`, `str_replace`, `insert`, `undo_edit`.
    #[default]
    OhAci,
    /// A draft applied by a model.
    LlmBasedEdit,
}

/// A change of a file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EditAction {
    /// The path.
    pub path: String,
    /// `create`, `str_replace`, `insert` or `undo_edit`.
    pub command: String,
    /// Content, for `create`.
    pub file_text: Option<String>,
    /// Text to replace, for `str_replace`.
    pub old_str: Option<String>,
    /// New text, for `str_replace` and `insert`.
    pub new_str: Option<String>,
    /// Line after which to insert, for `insert`.
    pub insert_line: Option<i64>,
    /// Draft, for a model's edit.
    pub content: String,
    /// First line, 1-based, for a model's edit; -1 appends.
    pub start: i64,
    /// Last line, for a model's edit; -1 is the end.
    pub end: i64,
    /// The agent's words above.
    pub thought: String,
    /// Whether it may run.
    pub confirmation_state: ConfirmationState,
    /// Risk.
    pub security_risk: SecurityRisk,
    /// Who edits.
    pub impl_source: EditImplSource,
}

/// A page to open.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BrowseAction {
    /// The address.
    pub url: String,
    /// The agent's words above.
    pub thought: String,
    /// Whether it may run.
    pub confirmation_state: ConfirmationState,
    /// Risk.
    pub security_risk: SecurityRisk,
    /// Return the accessibility tree too.
    pub return_axtree: bool,
}

/// A small program for the browser.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BrowseInteractiveAction {
    /// The calls.
    pub browser_actions: String,
    /// The agent's words above.
    pub thought: String,
    /// A message for the user.
    pub browsergym_send_msg_to_user: String,
    /// Whether it may run.
    pub confirmation_state: ConfirmationState,
    /// Risk.
    pub security_risk: SecurityRisk,
    /// Return the accessibility tree too.
    pub return_axtree: bool,
}

/// A call of a tool of an MCP server.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CallToolMcpAction {
    /// The tool.
    pub name: String,
    /// A JSON object.
    pub arguments: OpaqueJson,
    /// The agent's words above.
    pub thought: String,
    /// Whether it may run.
    pub confirmation_state: ConfirmationState,
    /// Risk.
    pub security_risk: SecurityRisk,
}

/// A thought of the agent, logged.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ThinkAction {
    /// The thought.
    pub thought: String,
}

/// The agent says that the task is done.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FinishAction {
    /// What it tells the user.
    pub final_thought: String,
    /// A JSON object.
    pub outputs: OpaqueJson,
    /// The agent's words above.
    pub thought: String,
}

/// The agent refuses the task.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RejectAction {
    /// A JSON object that may hold `reason`.
    pub outputs: OpaqueJson,
    /// The agent's words above.
    pub thought: String,
}

/// A task for another agent.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DelegateAction {
    /// The agent.
    pub agent: String,
    /// A JSON object.
    pub inputs: OpaqueJson,
    /// The agent's words above.
    pub thought: String,
}

/// What a [`RecallAction`] asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecallType {
    /// Facts about the workspace, asked once.
    WorkspaceContext,
    /// Knowledge that fits the message.
    Knowledge,
}

/// A look into the server's knowledge, caused by a user's message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecallAction {
    /// What is asked for.
    pub recall_type: RecallType,
    /// The message.
    pub query: String,
    /// Empty.
    pub thought: String,
}

/// A request to change the agent's state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeAgentStateAction {
    /// The state asked for.
    pub agent_state: AgentState,
    /// Empty.
    pub thought: String,
}

/// Events that the model no longer sees, and what it sees instead.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CondensationAction {
    /// The events by name.
    pub forgotten_event_ids: Option<Vec<EventId>>,
    /// The first of a range.
    pub forgotten_events_start_id: Option<EventId>,
    /// The last of a range.
    pub forgotten_events_end_id: Option<EventId>,
    /// The summary.
    pub summary: Option<String>,
    /// Place of the summary in what the model sees.
    pub summary_offset: Option<i64>,
}

/// A request to condense the history.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CondensationRequestAction {}

/// Progress of a [`TaskItem`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TaskStatus {
    /// Not begun.
    #[default]
    Todo,
    /// Begun.
    InProgress,
    /// Done.
    Done,
}

/// One line of the agent's plan.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TaskItem {
    /// Name within the plan.
    pub id: String,
    /// The task.
    pub title: String,
    /// Progress.
    pub status: TaskStatus,
    /// Remarks.
    pub notes: String,
}

/// A look at the agent's plan or a new one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskTrackingAction {
    /// `view` or `plan`.
    pub command: String,
    /// The plan.
    pub task_list: Vec<TaskItem>,
    /// The agent's words above.
    pub thought: String,
}

/// A way out of a loop, chosen in a terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoopRecoveryAction {
    /// 1 = roll back, 2 = try again, 3 = stop.
    pub option: i64,
}

/// Nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NullAction {}
