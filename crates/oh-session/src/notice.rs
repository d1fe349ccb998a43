use std::sync::Arc;

use oh_event::EventId;

/// Something that viewers may see pass by. It has no id and may be lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// The state of the session or of the model, by a status id of OpenHands.
    Status {
        /// The work cannot go on.
        is_error: bool,
        /// Status id, such as `STATUS$READY`.
        id: Arc<str>,
        /// Text for people, possibly empty.
        message: Arc<str>,
    },
    /// The conversation has a new title.
    Title(Arc<str>),
    /// Output of a running command.
    Output {
        /// The action that runs.
        action: EventId,
        /// The output since the last notice, escape sequences included.
        text: Arc<str>,
    },
    /// Text that the model is writing.
    Text {
        /// The newest event that the model has seen.
        after: EventId,
        /// The text since the last notice.
        text: Arc<str>,
    },
    /// What the model is thinking.
    Reasoning {
        /// The newest event that the model has seen.
        after: EventId,
        /// The thoughts since the last notice.
        text: Arc<str>,
    },
    /// The model begins its answer anew: what was shown of it is withdrawn.
    Restart {
        /// The newest event that the model has seen.
        after: EventId,
    },
}

/// Status ids of runtimes.
pub(crate) mod runtime_status {
    pub(crate) const STARTING: &str = "STATUS$STARTING_RUNTIME";
    pub(crate) const SETTING_UP: &str = "STATUS$SETTING_UP_WORKSPACE";
    pub(crate) const READY: &str = "STATUS$READY";
    pub(crate) const STOPPED: &str = "STATUS$STOPPED";
    pub(crate) const ERROR: &str = "STATUS$ERROR";
    /// A repository cannot be had with the token that is known.
    pub(crate) const NO_ACCESS: &str = "STATUS$GIT_PROVIDER_AUTHENTICATION_ERROR";
}
