//! Events of elsewhere, with the ids and times they have.

use oh_event::{ConversationId, Event, EventId, EventSource, Timestamp};
use tokio::sync::oneshot;

use crate::database::NewRow;
use crate::entry::LogEntry;
use crate::error::LogError;
use crate::log::EventLog;
use crate::writer_thread::{Append, Job};

/// An event that was recorded elsewhere.
#[derive(Debug, Clone, PartialEq)]
pub enum ImportedEvent {
    /// One that we understand; boxed, because it is large.
    Known(Box<Event>),
    /// One of a type that we do not know: it is kept as it is and delivered to nobody.
    Unknown {
        /// Its place in the log.
        id: EventId,
        /// Time of its append.
        timestamp: Timestamp,
        /// Who caused it.
        source: EventSource,
        /// The whole event as compact JSON.
        json: String,
    },
}

impl ImportedEvent {
    /// Returns its place in the log.
    #[must_use]
    pub fn id(&self) -> EventId {
        match self {
            Self::Known(event) => event.id,
            Self::Unknown { id, .. } => *id,
        }
    }
}

impl EventLog {
    /// Writes events into a conversation that has none, all or nothing; ids that are missing stay
    /// missing. Returns false, and changes nothing, if the conversation has events.
    ///
    /// The order of `events` is of no account; of two with the same id the first counts.
    ///
    /// # Errors
    /// Fails if the database cannot be written.
    pub async fn import(
        &self,
        conversation: &ConversationId,
        mut events: Vec<ImportedEvent>,
    ) -> Result<bool, LogError> {
        if self.head(conversation).await?.is_some_and(|head| head.next_event_id > 0) {
            return Ok(false);
        }
        events.sort_by_key(ImportedEvent::id);
        events.dedup_by_key(|event| event.id());
        let (writer, _) = self.open_conversation(conversation).await?;
        let mut rows = Vec::with_capacity(events.len());
        for event in events {
            rows.push(match event {
                ImportedEvent::Known(mut event) => writer.encode(&mut event)?,
                ImportedEvent::Unknown { id, timestamp, source, json } => NewRow {
                    entry: LogEntry::of_unknown(id, source, &json, self.framing()),
                    created_at: timestamp,
                    kind: String::new(),
                },
            });
        }
        let (reply, answer) = oneshot::channel();
        let append = Append {
            conversation: conversation.clone(),
            fence: writer.fence(),
            expected_next: 0,
            rows,
            receipt: None,
            reply,
        };
        self.send(Job::Append(append)).await?;
        answer.await.map_err(|_| LogError::Closed)??;
        Ok(true)
    }
}
