use oh_event::{ConversationId, Timestamp};

/// What is known of a conversation beside its events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConversationMetadata {
    /// The conversation.
    pub id: ConversationId,
    /// What people call it.
    pub title: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// Repository, `owner/name`.
    pub selected_repository: Option<String>,
    /// Branch of the repository.
    pub selected_branch: Option<String>,
    /// Host of the repository, such as `github`.
    pub git_provider: Option<String>,
    /// What made it, such as `gui`.
    pub trigger: Option<String>,
    /// Numbers of its pull requests.
    pub pr_number: Vec<i64>,
}

/// Which conversations to list. The newest comes first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListFilter {
    /// At most this many.
    pub limit: usize,
    /// After this many.
    pub offset: usize,
    /// Only those made after this moment.
    pub created_after: Timestamp,
    /// Only those of this repository.
    pub selected_repository: Option<String>,
    /// Only those with this trigger.
    pub trigger: Option<String>,
}
