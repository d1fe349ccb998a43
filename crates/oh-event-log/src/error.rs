use oh_event::ConversationId;

/// Says why the log could not be read or written, by what can be done about it.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The database refuses: disk full, file damaged, no permission.
    #[error("failed to {action} the event database")]
    Database {
        /// What was tried.
        action: &'static str,
        /// The cause.
        #[source]
        source: rusqlite::Error,
    },
    /// Somebody else writes this conversation now; this writer must not.
    #[error("conversation `{0}` has a newer writer")]
    Superseded(ConversationId),
    /// An event could not be encoded.
    #[error("failed to encode an event of conversation `{conversation}`")]
    Encode {
        /// The conversation.
        conversation: ConversationId,
        /// The cause.
        #[source]
        source: serde_json::Error,
    },
    /// A stored event cannot be read.
    #[error("failed to read event {id} of conversation `{conversation}`")]
    Corrupt {
        /// The conversation.
        conversation: ConversationId,
        /// The event.
        id: u64,
        /// The cause.
        #[source]
        source: oh_wire::EventError,
    },
    /// The log is shut down.
    #[error("the event log is closed")]
    Closed,
}
