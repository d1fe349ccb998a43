//! What the model is told: the system prompt and the history as chat messages.

mod history;
mod system;

pub(crate) use history::messages;
pub(crate) use system::system_prompt;
