use crate::{AgentState, EditImplSource, OpaqueJson, ReadImplSource, RecallType, TaskItem};

/// What came of an action, or what the server has to tell.
///
/// One variant per observation type of OpenHands 0.62; fields and defaults as there.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs, reason = "each variant is documented at the struct it holds")]
pub enum Observation {
    Run(RunObservation),
    RunIpython(RunIpythonObservation),
    Read(ReadObservation),
    Write(WriteObservation),
    Edit(EditObservation),
    Browse(BrowseObservation),
    Mcp(McpObservation),
    Think(PlainObservation),
    TaskTracking(TaskTrackingObservation),
    Delegate(DelegateObservation),
    Recall(RecallObservation),
    AgentStateChanged(AgentStateChangedObservation),
    Error(ErrorObservation),
    UserRejected(PlainObservation),
    Success(PlainObservation),
    Condense(PlainObservation),
    Download(DownloadObservation),
    LoopDetection(PlainObservation),
    Null(PlainObservation),
}

impl Observation {
    /// Returns OpenHands' name of the observation type.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Run(_) => "run",
            Self::RunIpython(_) => "run_ipython",
            Self::Read(_) => "read",
            Self::Write(_) => "write",
            Self::Edit(_) => "edit",
            Self::Browse(_) => "browse",
            Self::Mcp(_) => "mcp",
            Self::Think(_) => "think",
            Self::TaskTracking(_) => "task_tracking",
            Self::Delegate(_) => "delegate",
            Self::Recall(_) => "recall",
            Self::AgentStateChanged(_) => "agent_state_changed",
            Self::Error(_) => "error",
            Self::UserRejected(_) => "user_rejected",
            Self::Success(_) => "success",
            Self::Condense(_) => "condense",
            Self::Download(_) => "download",
            Self::LoopDetection(_) => "loop_detection",
            Self::Null(_) => "null",
        }
    }

    /// Returns the main text.
    #[must_use]
    pub fn content(&self) -> &str {
        match self {
            Self::Run(o) => &o.content,
            Self::RunIpython(o) => &o.content,
            Self::Read(o) => &o.content,
            Self::Write(o) => &o.content,
            Self::Edit(o) => &o.content,
            Self::Browse(o) => &o.content,
            Self::Mcp(o) => &o.content,
            Self::TaskTracking(o) => &o.content,
            Self::Delegate(o) => &o.content,
            Self::Recall(o) => &o.content,
            Self::AgentStateChanged(o) => &o.content,
            Self::Error(o) => &o.content,
            Self::Download(o) => &o.content,
            Self::Think(o)
            | Self::UserRejected(o)
            | Self::Success(o)
            | Self::Condense(o)
            | Self::LoopDetection(o)
            | Self::Null(o) => &o.content,
        }
    }
}

/// An observation that is nothing but a text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PlainObservation {
    /// The text.
    pub content: String,
}

/// What a shell command printed and how it ended.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RunObservation {
    /// The output, shortened to 30 000 characters.
    pub content: String,
    /// The command.
    pub command: String,
    /// How it ended and where.
    pub metadata: CommandMetadata,
    /// Neither shown nor given to the model.
    pub hidden: bool,
}

/// How a shell command ended and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandMetadata {
    /// Exit code; -1 means still running or not known.
    pub exit_code: i32,
    /// Process of the last background job, -1 if none.
    pub pid: i64,
    /// User of the shell.
    pub username: Option<String>,
    /// Host of the shell.
    pub hostname: Option<String>,
    /// Directory of the shell after the command.
    pub working_dir: Option<String>,
    /// Python that the shell finds.
    pub py_interpreter_path: Option<String>,
    /// Note to print before the output.
    pub prefix: String,
    /// Note to print after the output.
    pub suffix: String,
}

impl Default for CommandMetadata {
    fn default() -> Self {
        Self {
            exit_code: -1,
            pid: -1,
            username: None,
            hostname: None,
            working_dir: None,
            py_interpreter_path: None,
            prefix: String::new(),
            suffix: String::new(),
        }
    }
}

/// What a Python cell printed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RunIpythonObservation {
    /// The output.
    pub content: String,
    /// The cell.
    pub code: String,
    /// Pictures as `data:` addresses.
    pub image_urls: Option<Vec<String>>,
}

/// A file's text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReadObservation {
    /// The text, a numbered view, or a `data:` address.
    pub content: String,
    /// The path.
    pub path: String,
    /// Who read.
    pub impl_source: ReadImplSource,
    /// Pictures for the model as `data:` addresses.
    pub image_urls: Option<Vec<String>>,
}

/// A file was written.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WriteObservation {
    /// What to tell the model.
    pub content: String,
    /// The path.
    pub path: String,
}

/// A file was changed, or why not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EditObservation {
    /// What to tell the model; begins with `ERROR:` on failure.
    pub content: String,
    /// The path.
    pub path: String,
    /// The file was there before.
    pub prev_exist: bool,
    /// The text replaced.
    pub old_content: Option<String>,
    /// The new text.
    pub new_content: Option<String>,
    /// Who edited.
    pub impl_source: EditImplSource,
    /// Unified diff.
    pub diff: Option<String>,
    /// Kept for old data.
    pub diff_cache: Option<String>,
}

/// A page as the browser shows it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BrowseObservation {
    /// What to tell the model.
    pub content: String,
    /// The address.
    pub url: String,
    /// Type of the action that led here.
    pub trigger_by_action: String,
    /// Picture as a `data:` address.
    pub screenshot: String,
    /// Where the picture is kept.
    pub screenshot_path: Option<String>,
    /// Picture with marks as a `data:` address.
    pub set_of_marks: String,
    /// Something failed.
    pub error: bool,
    /// Pictures of the goal.
    pub goal_image_urls: Vec<String>,
    /// Addresses of all tabs.
    pub open_pages_urls: Vec<String>,
    /// The tab shown, -1 if none.
    pub active_page_index: i64,
    /// The page's document, a JSON object.
    pub dom_object: OpaqueJson,
    /// The page's accessibility tree, a JSON object.
    pub axtree_object: OpaqueJson,
    /// Facts about elements, a JSON object.
    pub extra_element_properties: OpaqueJson,
    /// The last call.
    pub last_browser_action: String,
    /// How the last call failed.
    pub last_browser_action_error: String,
    /// The element with the focus.
    pub focused_element_bid: String,
    /// Only visible elements are listed.
    pub filter_visible_only: bool,
}

/// What an MCP tool returned.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct McpObservation {
    /// JSON text of the result.
    pub content: String,
    /// The tool.
    pub name: String,
    /// A JSON object.
    pub arguments: OpaqueJson,
    /// Pictures of the result, as data URLs; for the content they are only named.
    pub image_urls: Option<Vec<String>>,
}

/// The plan as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TaskTrackingObservation {
    /// What to tell the model.
    pub content: String,
    /// The command answered.
    pub command: String,
    /// The plan; empty for `view`.
    pub task_list: Vec<TaskItem>,
}

/// What another agent returned.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DelegateObservation {
    /// What to tell the model.
    pub content: String,
    /// A JSON object.
    pub outputs: OpaqueJson,
}

/// Knowledge that was triggered by a word.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MicroagentKnowledge {
    /// Name of the microagent.
    pub name: String,
    /// The word.
    pub trigger: String,
    /// The knowledge.
    pub content: String,
}

/// What the server knows about the workspace or a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecallObservation {
    /// Short text for people.
    pub content: String,
    /// What was asked for.
    pub recall_type: RecallType,
    /// Repository.
    pub repo_name: String,
    /// Its directory.
    pub repo_directory: String,
    /// Its branch.
    pub repo_branch: String,
    /// Its instructions.
    pub repo_instructions: String,
    /// Host to port, a JSON object.
    pub runtime_hosts: OpaqueJson,
    /// The runtime's instructions.
    pub additional_agent_instructions: String,
    /// `YYYY-MM-DD`.
    pub date: String,
    /// Name to description, a JSON object.
    pub custom_secrets_descriptions: OpaqueJson,
    /// Instructions of this conversation.
    pub conversation_instructions: String,
    /// Directory of the workspace.
    pub working_dir: String,
    /// Triggered knowledge.
    pub microagent_knowledge: Vec<MicroagentKnowledge>,
}

/// The agent's state is now this.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentStateChangedObservation {
    /// Empty.
    pub content: String,
    /// The state.
    pub agent_state: AgentState,
    /// Why, for [`AgentState::Error`] and where it is not plain.
    pub reason: String,
    /// What kind of error it is, only for [`AgentState::Error`].
    pub fault: Option<Fault>,
}

/// An error in words that programs understand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Status id, such as `STATUS$ERROR_LLM_AUTHENTICATION`.
    pub id: String,
    /// The kind.
    pub kind: FaultKind,
    /// The same may work later.
    pub is_retryable: bool,
    /// What helps.
    pub remedy: Remedy,
}

/// Kinds of [`Fault`]: a closed list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultKind {
    /// The key is missing or refused.
    Auth,
    /// Money, tokens, time or steps are used up.
    Quota,
    /// Too many requests.
    RateLimit,
    /// The settings cannot work.
    Config,
    /// A connection or a server failed.
    Transient,
    /// The agent cannot go on by itself.
    AgentAction,
    /// This program is at fault.
    Internal,
    /// Nobody knows.
    Unknown,
}

/// What a user can do about a [`Fault`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remedy {
    /// Nothing.
    None,
    /// Send a message: the agent tries again.
    Retry,
    /// Change the settings.
    Settings,
}

/// Something went wrong, for the model and the user to see.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ErrorObservation {
    /// What went wrong.
    pub content: String,
    /// OpenHands' id of the kind of error, or empty.
    pub error_id: String,
}

/// The browser fetched a file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DownloadObservation {
    /// What to tell the model.
    pub content: String,
    /// Where it is.
    pub file_path: String,
}
