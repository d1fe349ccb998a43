//! What the model is told: the system prompt and the history as chat messages.

mod history;
mod recall;
mod system;

pub(crate) use history::messages;
pub(crate) use system::system_prompt;
