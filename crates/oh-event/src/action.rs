use crate::{AgentState, EventId, OpaqueJson};

/// Something decided or asked, by the agent, a client or the server.
///
/// One variant per action type of OpenHands 0.62; fields and defaults as there.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs, reason = "each variant is documented at the struct it holds")]
pub enum Action {
    Message(MessageAction),
    System(SystemAction),
    Run(RunAction),
    RunIpython(RunIpythonAction),
    Read(ReadAction),
    Write(WriteAction),
    Edit(EditAction),
    Browse(BrowseAction),
    BrowseInteractive(BrowseInteractiveAction),
    CallToolMcp(CallToolMcpAction),
    Think(ThinkAction),
    Finish(FinishAction),
    Reject(RejectAction),
    Delegate(DelegateAction),
    Recall(RecallAction),
    ChangeAgentState(ChangeAgentStateAction),
    Condensation(CondensationAction),
    CondensationRequest(CondensationRequestAction),
    TaskTracking(TaskTrackingAction),
    LoopRecovery(LoopRecoveryAction),
    Null(NullAction),
}

impl Action {
    /// Returns OpenHands' name of the action type.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Message(_) => "message",
            Self::System(_) => "system",
            Self::Run(_) => "run",
            Self::RunIpython(_) => "run_ipython",
            Self::Read(_) => "read",
            Self::Write(_) => "write",
            Self::Edit(_) => "edit",
            Self::Browse(_) => "browse",
            Self::BrowseInteractive(_) => "browse_interactive",
            Self::CallToolMcp(_) => "call_tool_mcp",
            Self::Think(_) => "think",
            Self::Finish(_) => "finish",
            Self::Reject(_) => "reject",
            Self::Delegate(_) => "delegate",
            Self::Recall(_) => "recall",
            Self::ChangeAgentState(_) => "change_agent_state",
            Self::Condensation(_) => "condensation",
            Self::CondensationRequest(_) => "condensation_request",
            Self::TaskTracking(_) => "task_tracking",
            Self::LoopRecovery(_) => "loop_recovery",
            Self::Null(_) => "null",
        }
    }

    /// Says whether a runtime executes the action and answers it with an observation.
    #[must_use]
    pub fn is_runnable(&self) -> bool {
        match self {
            Self::Run(_)
            | Self::RunIpython(_)
            | Self::Read(_)
            | Self::Write(_)
            | Self::Edit(_)
            | Self::Browse(_)
            | Self::BrowseInteractive(_)
            | Self::CallToolMcp(_) => true,
            Self::Message(_)
            | Self::System(_)
            | Self::Think(_)
            | Self::Finish(_)
            | Self::Reject(_)
            | Self::Delegate(_)
            | Self::Recall(_)
            | Self::ChangeAgentState(_)
            | Self::Condensation(_)
            | Self::CondensationRequest(_)
            | Self::TaskTracking(_)
            | Self::LoopRecovery(_)
            | Self::Null(_) => false,
        }
    }

    /// Returns whether the action may run; what never waits for its user may.
    #[must_use]
    pub fn confirmation_state(&self) -> ConfirmationState {
        match self {
            Self::Run(action) => action.confirmation_state,
            Self::RunIpython(action) => action.confirmation_state,
            Self::Read(action) => action.confirmation_state,
            Self::Write(action) => action.confirmation_state,
            Self::Edit(action) => action.confirmation_state,
            Self::Browse(action) => action.confirmation_state,
            Self::BrowseInteractive(action) => action.confirmation_state,
            Self::CallToolMcp(action) => action.confirmation_state,
            Self::Message(_)
            | Self::System(_)
            | Self::Think(_)
            | Self::Finish(_)
            | Self::Reject(_)
            | Self::Delegate(_)
            | Self::Recall(_)
            | Self::ChangeAgentState(_)
            | Self::Condensation(_)
            | Self::CondensationRequest(_)
            | Self::TaskTracking(_)
            | Self::LoopRecovery(_)
            | Self::Null(_) => ConfirmationState::Confirmed,
        }
    }

    /// Returns how dangerous a runnable action is; nothing else is dangerous.
    #[must_use]
    pub fn security_risk(&self) -> SecurityRisk {
        match self {
            Self::Run(action) => action.security_risk,
            Self::RunIpython(action) => action.security_risk,
            Self::Read(action) => action.security_risk,
            Self::Write(action) => action.security_risk,
            Self::Edit(action) => action.security_risk,
            Self::Browse(action) => action.security_risk,
            Self::BrowseInteractive(action) => action.security_risk,
            Self::CallToolMcp(action) => action.security_risk,
            Self::Message(_)
            | Self::System(_)
            | Self::Think(_)
            | Self::Finish(_)
            | Self::Reject(_)
            | Self::Delegate(_)
            | Self::Recall(_)
            | Self::ChangeAgentState(_)
            | Self::Condensation(_)
            | Self::CondensationRequest(_)
            | Self::TaskTracking(_)
            | Self::LoopRecovery(_)
            | Self::Null(_) => SecurityRisk::Low,
        }
    }

    /// Returns the same runnable action with another risk and another word on whether it
    /// may run. Other actions stay as they are.
    #[must_use]
    pub fn judged(mut self, risk: SecurityRisk, state: ConfirmationState) -> Self {
        let (known_risk, known_state) = match &mut self {
            Self::Run(a) => (&mut a.security_risk, &mut a.confirmation_state),
            Self::RunIpython(a) => (&mut a.security_risk, &mut a.confirmation_state),
            Self::Read(a) => (&mut a.security_risk, &mut a.confirmation_state),
            Self::Write(a) => (&mut a.security_risk, &mut a.confirmation_state),
            Self::Edit(a) => (&mut a.security_risk, &mut a.confirmation_state),
            Self::Browse(a) => (&mut a.security_risk, &mut a.confirmation_state),
            Self::BrowseInteractive(a) => (&mut a.security_risk, &mut a.confirmation_state),
            Self::CallToolMcp(a) => (&mut a.security_risk, &mut a.confirmation_state),
            Self::Message(_)
            | Self::System(_)
            | Self::Think(_)
            | Self::Finish(_)
            | Self::Reject(_)
            | Self::Delegate(_)
            | Self::Recall(_)
            | Self::ChangeAgentState(_)
            | Self::Condensation(_)
            | Self::CondensationRequest(_)
            | Self::TaskTracking(_)
            | Self::LoopRecovery(_)
            | Self::Null(_) => return self,
        };
        (*known_risk, *known_state) = (risk, state);
        self
    }

    /// Returns the agent's words above the action, if it has any, to be changed.
    pub fn thought_mut(&mut self) -> Option<&mut String> {
        match self {
            Self::Run(a) => Some(&mut a.thought),
            Self::Read(a) => Some(&mut a.thought),
            Self::Write(a) => Some(&mut a.thought),
            Self::Edit(a) => Some(&mut a.thought),
            Self::RunIpython(a) => Some(&mut a.thought),
            Self::Browse(a) => Some(&mut a.thought),
            Self::BrowseInteractive(a) => Some(&mut a.thought),
            Self::CallToolMcp(a) => Some(&mut a.thought),
            Self::Think(a) => Some(&mut a.thought),
            Self::Finish(a) => Some(&mut a.thought),
            Self::Reject(a) => Some(&mut a.thought),
            Self::Delegate(a) => Some(&mut a.thought),
            Self::TaskTracking(a) => Some(&mut a.thought),
            Self::Recall(_)
            | Self::ChangeAgentState(_)
            | Self::Message(_)
            | Self::System(_)
            | Self::Condensation(_)
            | Self::CondensationRequest(_)
            | Self::LoopRecovery(_)
            | Self::Null(_) => None,
        }
    }
}

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
    /// Code run in a new kernel.
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
