//! Live conversations: one task per conversation that turns what comes in into events.
//!
//! - [`ConversationManager`]: id → [`SessionHandle`]; starts, finds and closes sessions;
//! - [`SessionHandle`]: the way to one session: send it actions, follow its log;
//! - [`Notice`]: what viewers may see pass by; never an event.
//!
//! The session's loop compares the step that is running with the one the conversation
//! wants. If they differ the running one is dropped, which ends its request or kills its
//! process. Then it waits for the step's outcome or for somebody outside, decides,
//! appends, applies, and looks again.
//!
//! It knows neither JSON nor HTTP nor sockets.
#![warn(missing_docs)]

mod draft_edit;
mod handle;
mod manager;
mod notice;
mod running;
mod session;

pub use handle::{Ending, SessionError, SessionHandle, SessionStatus};
pub use manager::{ConversationManager, ManagerConfig, NewConversation};
pub use notice::Notice;
pub use oh_agent::AgentConfig;
