use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use oh_agent::{Knowledge, ToolChoice};
use oh_chat::ToolSpec;
use oh_event::{Observation, RunAction};
use oh_runtime::{BoxFuture, Runtime};
use tokio::sync::watch;

/// A runtime and what is to be known of it.
#[derive(Debug)]
pub struct PreparedRuntime {
    /// Where actions run.
    pub runtime: Arc<dyn Runtime>,
    /// Addresses at which servers of the agent can be seen, with their ports.
    pub hosts: Vec<(String, u16)>,
    /// What the agent is told of the place.
    pub instructions: String,
    /// What the creator of the conversation wants to be observed in it.
    pub conversation_instructions: String,
    /// The repository that the conversation is about.
    pub repository: Option<RepositoryPlace>,
    /// What files tell the agent; what comes later counts from the next action of a client on.
    pub knowledge: watch::Receiver<Arc<Knowledge>>,
    /// What people should know before they start.
    pub warning: Option<String>,
    /// Values of this conversation alone that are masked in its events.
    pub secrets: Vec<String>,
    /// What prepares the workspace before the agent begins.
    pub setup: Option<WorkspaceSetup>,
    /// Which of our own tools can work there.
    pub place_tools: PlaceTools,
    /// Finds the tools of others that the agent is offered.
    pub tools: Option<ToolSource>,
    /// What the conversation occupies as long as it lives.
    pub lease: Option<Box<dyn Lease>>,
}

/// Tools that need something that not every place has. What is not known to be there is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PlaceTools {
    /// A Python, for `execute_ipython_cell`.
    pub has_ipython: bool,
}

impl PlaceTools {
    /// Returns those of a conversation that runs.
    pub(crate) fn of(choice: ToolChoice) -> Self {
        Self { has_ipython: choice.has_ipython }
    }

    /// Returns `choice` without what cannot work.
    pub(crate) fn limit(self, choice: ToolChoice) -> ToolChoice {
        ToolChoice { has_ipython: choice.has_ipython && self.has_ipython, ..choice }
    }
}

/// A repository that is being brought into a workspace; it takes as long as it takes.
pub type Checkout = BoxFuture<'static, Result<(), CheckoutError>>;

/// Says why a repository could not be brought into a workspace.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckoutError {
    /// The service wants a token, or another one.
    #[error("{0}")]
    NoAccess(String),
    /// Something else.
    #[error("{0}")]
    Failed(String),
}

/// A repository in the workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepositoryPlace {
    /// Its name, `owner/name`.
    pub name: String,
    /// Its folder, as commands see it.
    pub directory: String,
    /// The branch that is checked out, if known.
    pub branch: String,
}

/// Something that a live conversation occupies; dropping it frees it.
pub trait Lease: Send + Sync + fmt::Debug {}

/// Tools of others, and what people should know of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OfferedTools {
    /// The tools, under names that are unique and none of [`OWN_TOOLS`](crate::OWN_TOOLS).
    pub tools: Vec<ToolSpec>,
    /// What is missing.
    pub warning: Option<String>,
}

/// Finds tools before the agent begins; it takes as long as it takes.
pub struct ToolSource(Mutex<BoxFuture<'static, OfferedTools>>);

impl ToolSource {
    /// Returns a source that does `find` once.
    #[must_use]
    pub fn new(find: impl Future<Output = OfferedTools> + Send + 'static) -> Self {
        Self(Mutex::new(Box::pin(find)))
    }

    pub(crate) async fn find(self) -> OfferedTools {
        self.0.into_inner().unwrap_or_else(PoisonError::into_inner).await
    }
}

impl fmt::Debug for ToolSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ToolSource")
    }
}

/// A command that prepares a workspace.
pub struct WorkspaceSetup {
    /// The command.
    pub action: RunAction,
    /// How long it may take.
    pub time_limit: Duration,
    /// Takes what came of it, and returns what is wrong with that.
    pub done: Box<dyn FnOnce(Observation) -> Option<String> + Send + Sync>,
}

impl PreparedRuntime {
    /// Returns a runtime of which nothing needs to be known.
    #[must_use]
    pub fn plain(runtime: Arc<dyn Runtime>) -> Self {
        Self {
            runtime,
            hosts: Vec::new(),
            instructions: String::new(),
            conversation_instructions: String::new(),
            repository: None,
            knowledge: watch::channel(Arc::default()).1,
            warning: None,
            secrets: Vec::new(),
            setup: None,
            place_tools: PlaceTools::default(),
            tools: None,
            lease: None,
        }
    }

    /// Adds something that people should know.
    pub fn warn(&mut self, text: String) {
        self.warning = Some(match self.warning.take() {
            Some(warning) => format!("{warning} {text}"),
            None => text,
        });
    }
}

impl fmt::Debug for WorkspaceSetup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WorkspaceSetup").field("action", &self.action).finish_non_exhaustive()
    }
}
