//! What a conversation begins with, kept until its repository is there: nothing that was taken is
//! lost if the server ends meanwhile.

use oh_event::ConversationId;
use oh_session::NewConversation;
use oh_store::{Store, StoreError};
use oh_wire::{Trajectory, parse_trajectory};
use serde::{Deserialize, Serialize};

use crate::rest::user_message;

/// As a client gave it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Beginning {
    pub(crate) text: Option<String>,
    pub(crate) image_urls: Vec<String>,
    /// A recording that is done again, as JSON.
    pub(crate) replay: Option<String>,
}

impl Beginning {
    /// Says whether there is nothing to begin with.
    pub(crate) fn is_empty(&self) -> bool {
        self.text.is_none() && self.image_urls.is_empty() && self.replay.is_none()
    }

    pub(crate) fn into_new(self) -> NewConversation {
        // What is no recording was refused when it came.
        let recording = self.replay.as_deref().and_then(|json| parse_trajectory(json).ok());
        if let Some(Trajectory { first_message, actions }) = recording {
            return NewConversation { first_message: Some(first_message), replay: actions };
        }
        let has_message = self.text.is_some() || !self.image_urls.is_empty();
        let message = || user_message(self.text.unwrap_or_default(), self.image_urls);
        NewConversation { first_message: has_message.then(message), replay: Vec::new() }
    }
}

/// Keeps what a conversation is to begin with.
pub(crate) async fn keep(
    store: &Store,
    conversation: &ConversationId,
    beginning: &Beginning,
) -> Result<(), StoreError> {
    store.save_beginning(conversation, &serde_json::to_string(beginning)?).await
}

/// Returns what a conversation is still to begin with.
pub(crate) async fn stored(store: &Store, conversation: &ConversationId) -> NewConversation {
    match store.beginning(conversation).await {
        Ok(None) => NewConversation::default(),
        Ok(Some(json)) => serde_json::from_str::<Beginning>(&json).unwrap_or_default().into_new(),
        Err(error) => {
            tracing::error!(%error, %conversation, "what the conversation begins with is not known");
            NewConversation::default()
        }
    }
}
