/// The public state of an agent, as OpenHands names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AgentState {
    /// The session is being set up.
    Loading,
    /// The agent works.
    Running,
    /// The agent waits for a message.
    AwaitingUserInput,
    /// The user paused the agent.
    Paused,
    /// The user or the end of the session stopped the agent.
    Stopped,
    /// The agent says that the task is done.
    Finished,
    /// The agent refused the task.
    Rejected,
    /// The agent cannot go on; the event says why.
    Error,
    /// An action waits for the user's confirmation.
    AwaitingUserConfirmation,
    /// The user confirmed the waiting action.
    UserConfirmed,
    /// The user rejected the waiting action.
    UserRejected,
    /// The model's provider asked for patience; the request is retried.
    RateLimited,
}

impl AgentState {
    /// All states, in the order of OpenHands' documentation.
    pub const ALL: [Self; 12] = [
        Self::Loading,
        Self::Running,
        Self::AwaitingUserInput,
        Self::Paused,
        Self::Stopped,
        Self::Finished,
        Self::Rejected,
        Self::Error,
        Self::AwaitingUserConfirmation,
        Self::UserConfirmed,
        Self::UserRejected,
        Self::RateLimited,
    ];

    /// Returns OpenHands' spelling of the state.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Loading => "loading",
            Self::Running => "running",
            Self::AwaitingUserInput => "awaiting_user_input",
            Self::Paused => "paused",
            Self::Stopped => "stopped",
            Self::Finished => "finished",
            Self::Rejected => "rejected",
            Self::Error => "error",
            Self::AwaitingUserConfirmation => "awaiting_user_confirmation",
            Self::UserConfirmed => "user_confirmed",
            Self::UserRejected => "user_rejected",
            Self::RateLimited => "rate_limited",
        }
    }

    /// Returns the state spelled `name`, or `None` if there is no such state.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == name)
    }
}
