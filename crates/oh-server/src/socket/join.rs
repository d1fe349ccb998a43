//! The way into a conversation: every check that can refuse, then the session.

use oh_event::{ConversationId, EventDraft, EventId};
use oh_session::{SessionError, SessionHandle};
use serde_json::{Value, json};

use super::context::{Carrier, SocketContext};
use crate::state::{AppState, SocketPlace, plain_metadata};

/// A socket that is in its conversation.
#[derive(Debug)]
pub(crate) struct Joined {
    pub(crate) conversation: ConversationId,
    pub(crate) session: SessionHandle,
    /// Frees the socket's place when the socket leaves.
    _place: SocketPlace,
}

/// What a peer is told that may not join.
#[derive(Debug)]
pub(crate) struct Refusal(Value);

impl Refusal {
    fn new(message: &str) -> Self {
        Self(json!({"message": message}))
    }

    fn with_id(message: &str, id: &str) -> Self {
        Self(json!({"message": message, "data": {"msg_id": id}}))
    }

    pub(crate) fn payload(&self) -> String {
        self.0.to_string()
    }
}

/// Joins the conversation that the handshake names.
pub(crate) async fn join(
    context: &SocketContext,
    payload: Option<&str>,
) -> Result<Joined, Refusal> {
    let state = &context.state;
    let Some(id) = &context.query.conversation_id else {
        return Err(Refusal::new("No conversation_id in query params"));
    };
    // Over HTTP the later requests would not carry it.
    let has_payload_key = context.carrier == Carrier::WebSocket
        && payload.and_then(payload_key).is_some_and(|key| state.keys.current().matches(&key));
    if context.admission.is_err() && !has_payload_key {
        return Err(Refusal::new("invalid_session_api_key"));
    }
    let id = ConversationId::parse(id).map_err(|_| Refusal::new("Invalid conversation_id"))?;
    let internal = |error: &dyn std::error::Error| {
        tracing::error!(%error, "a socket could not join");
        Refusal::new("Internal error")
    };
    let known = state.store.conversation(&id).await.map_err(|error| internal(&error))?;
    if known.is_none() {
        if !state.server().allows_implicit_conversations {
            let message = "Conversation not found";
            return Err(Refusal::with_id(message, "CONVERSATION$NOT_FOUND"));
        }
        // Somebody else may have made it meanwhile, which is as well.
        state.create(plain_metadata(id.clone(), None)).await.map_err(|error| internal(&error))?;
    }
    let place = state
        .take_place(&id)
        .ok_or_else(|| Refusal::new("Too many connections; close one and try again"))?;
    let session = state.open(&id).await.map_err(|error| {
        tracing::error!(%error, %id, "a session could not be started");
        Refusal::new("Failed to join conversation")
    })?;
    Ok(Joined { conversation: id, session, _place: place })
}

/// Records an action whose session ended meanwhile: unless the conversation was deleted, it starts again.
pub(crate) async fn act_again(
    state: &AppState,
    conversation: &ConversationId,
    draft: EventDraft,
    client_id: Option<String>,
) -> Result<Option<EventId>, SessionError> {
    match state.store.conversation(conversation).await {
        Ok(Some(_)) => state.act(conversation, draft, client_id).await,
        Ok(None) | Err(_) => Err(SessionError::Ended),
    }
}

/// `40{"session_api_key":"…"}` or `40{"token":"…"}`.
fn payload_key(payload: &str) -> Option<String> {
    let payload: Value = serde_json::from_str(payload).ok()?;
    let key = payload.get("session_api_key").or_else(|| payload.get("token"))?;
    key.as_str().map(str::to_owned)
}
