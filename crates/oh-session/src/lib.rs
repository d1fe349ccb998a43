//! Live conversations: one task per conversation that turns what comes in into events.
//!
//! - [`ConversationManager`]: id → [`SessionHandle`]; starts, finds and closes sessions;
//! - [`SessionHandle`]: the way to one session: send it actions, follow its log;
//! - [`PreparedRuntime`]: where a session's actions run, and what is to be known of it;
//! - [`Notice`]: what viewers may see pass by; never an event.
//!
//! The session's loop compares the step that is running with the one the conversation
//! wants. If they differ the running one is dropped, which ends its request or kills its
//! process. Then it waits for the step's outcome or for somebody outside, decides,
//! appends, applies, and looks again.
//!
//! A session begins without a runtime, makes one, and works; while there is none, each action of a
//! client is a reason to try again. One that nobody needs is closed, and so is the least recently
//! updated one when there are too many.
//!
//! It knows neither JSON nor HTTP nor sockets.
#![warn(missing_docs)]

mod delegation;
mod draft_edit;
mod handle;
mod idle;
mod manager;
mod meter;
mod notice;
mod opening;
mod prepared;
mod running;
mod session;

pub use handle::{Ending, SessionError, SessionHandle, SessionStatus};
pub use manager::{ConversationManager, ManagerConfig, NewConversation};
pub use notice::Notice;
pub use oh_agent::{
    AgentConfig, Condenser, ConfirmationPolicy, Consumption, Knowledge, Limits, LlmCondenser,
    LlmForm, OWN_TOOLS, Sizes, Skill, SkillFile, SkillForm, SkillInput, SkillKind, SkillProblem,
    ToolChoice,
};
pub use oh_chat::ToolSpec;
pub use prepared::{
    Checkout, CheckoutError, Lease, OfferedTools, PlaceTools, PreparedRuntime, RepositoryPlace,
    ToolSource, WorkspaceSetup,
};
