use std::path::{Path, PathBuf};

use oh_event::{CommandMetadata, Observation, RunObservation};
use oh_runtime::{ActionRequest, BoxFuture, Runtime};

/// A runtime that answers every action at once with the same output.
#[derive(Debug)]
pub struct ScriptedRuntime {
    workspace: PathBuf,
    output: String,
}

impl ScriptedRuntime {
    /// Returns a runtime whose commands print `output`.
    #[must_use]
    pub fn new(output: &str) -> Self {
        Self { workspace: PathBuf::from("/workspace"), output: output.to_owned() }
    }
}

impl Runtime for ScriptedRuntime {
    fn execute(&self, _: ActionRequest) -> BoxFuture<'_, Observation> {
        let metadata = CommandMetadata { exit_code: 0, ..CommandMetadata::default() };
        let content = self.output.clone();
        Box::pin(async move {
            Observation::Run(RunObservation {
                content,
                command: String::new(),
                metadata,
                hidden: false,
            })
        })
    }

    fn workspace(&self) -> &Path {
        &self.workspace
    }

    fn stop_processes(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {})
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {})
    }
}
