use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use oh_event::{Observation, RunAction};
use oh_runtime::Runtime;

/// A runtime and what is to be known of it.
#[derive(Debug)]
pub struct PreparedRuntime {
    /// Where actions run.
    pub runtime: Arc<dyn Runtime>,
    /// Addresses at which servers of the agent can be seen, with their ports.
    pub hosts: Vec<(String, u16)>,
    /// What the agent is told of the place.
    pub instructions: String,
    /// What people should know before they start.
    pub warning: Option<String>,
    /// What prepares the workspace before the agent begins.
    pub setup: Option<WorkspaceSetup>,
    /// What the conversation occupies as long as it lives.
    pub lease: Option<Box<dyn Lease>>,
}

/// Something that a live conversation occupies; dropping it frees it.
pub trait Lease: Send + Sync + fmt::Debug {}

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
            warning: None,
            setup: None,
            lease: None,
        }
    }
}

impl fmt::Debug for WorkspaceSetup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WorkspaceSetup").field("action", &self.action).finish_non_exhaustive()
    }
}
