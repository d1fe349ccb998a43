//! What the server remembers beside the events: conversations, settings, secrets.
//!
//! - [`Store`]: all of it, in the same SQLite file as the event log;
//! - [`ConversationMetadata`]: title, times, repository of a conversation;
//! - [`ConversationExtras`], [`Feedback`]: what else belongs to one;
//! - [`Settings`]: what the user chose; its secrets are encrypted at rest;
//! - [`CustomSecret`], [`ProviderToken`]: what commands and git hosting need, encrypted as well.
//!
//! It knows neither events nor HTTP. The event log owns the end of each conversation;
//! this crate owns what people call it.
#![warn(missing_docs)]

mod cipher;
mod extras;
mod metadata;
mod secrets;
mod settings;
mod store;

pub use cipher::SecretKey;
pub use extras::{ConversationExtras, Feedback};
pub use metadata::{ConversationMetadata, ListFilter};
pub use secrets::{CustomSecret, ProviderToken, SecretChange};
pub use settings::Settings;
pub use store::{Store, StoreError};
