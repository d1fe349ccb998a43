//! The bytes of an event: encoded once, sent to every viewer, stored as they are.
//!
//! A deliverable event is kept in its wire form, so that a viewer gets the stored
//! bytes. [`EncodedEvent::stored_form`] takes the decorations off again for REST.

use oh_event::{Action, Event, EventBody, EventSource, Observation};

use crate::envelope::EventJson;

/// Longest `result` on the wire, in characters.
const MAX_RESULT_CHARS: usize = 30_000;
const MESSAGE_DECORATION: &str = r#","type":"message"}"#;
const RESULT_DECORATION: &str = r#","result":"#;

/// What a reader needs beside the bytes of an encoded event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EncodedEvent<'a> {
    /// The bytes: wire form if deliverable, else stored form. Always one JSON object.
    pub payload: &'a str,
    /// The source before it was rewritten for the wire.
    pub source: EventSource,
    /// Whether viewers get the event.
    pub is_deliverable: bool,
    /// Where the value of `result` begins in the payload, if there is one.
    pub result_at: Option<usize>,
}

/// The outcome of [`encode_event`], to be kept with the bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encoding {
    /// See [`EncodedEvent::payload`].
    pub payload: String,
    /// See [`EncodedEvent::is_deliverable`].
    pub is_deliverable: bool,
    /// See [`EncodedEvent::result_at`].
    pub result_at: Option<usize>,
}

/// Says whether viewers get an event.
///
/// It depends on the event alone, so replay and live agree. Not delivered are `null`
/// events, `recall` actions, actions of the environment and `loop_detection`.
#[must_use]
pub fn is_deliverable(source: EventSource, body: &EventBody) -> bool {
    match body {
        EventBody::Action(action) => {
            source != EventSource::Environment
                && !matches!(action, Action::Null(_) | Action::Recall(_))
        }
        EventBody::Observation(observation) => {
            !matches!(observation, Observation::Null(_) | Observation::LoopDetection(_))
        }
    }
}

/// Encodes an event for the log and the wire.
///
/// # Errors
/// Returns the serializer's error if opaque JSON inside the event is not JSON.
pub fn encode_event(event: &Event) -> serde_json::Result<Encoding> {
    let draft = &event.draft;
    let is_deliverable = is_deliverable(draft.source, &draft.body);
    let source = if is_deliverable { wire_source(draft.source) } else { draft.source };
    let mut payload = serde_json::to_string(&EventJson { event, source })?;
    let mut result_at = None;
    if is_deliverable {
        match &draft.body {
            EventBody::Action(Action::Message(_)) => {
                payload.pop();
                payload.push_str(MESSAGE_DECORATION);
            }
            EventBody::Action(_) => {}
            EventBody::Observation(observation) if draft.cause.is_some() => {
                payload.pop();
                payload.push_str(RESULT_DECORATION);
                result_at = Some(payload.len());
                let result = shorten(observation.content());
                payload.push_str(&serde_json::to_string(&result)?);
                payload.push('}');
            }
            EventBody::Observation(_) => {}
        }
    }
    Ok(Encoding { payload, is_deliverable, result_at })
}

/// On Socket.IO the source is `user` or `agent` only.
fn wire_source(source: EventSource) -> EventSource {
    match source {
        EventSource::User => EventSource::User,
        EventSource::Agent | EventSource::Environment => EventSource::Agent,
    }
}

/// Cuts the middle out of a text longer than 30 000 characters.
#[must_use]
pub fn shorten(text: &str) -> std::borrow::Cow<'_, str> {
    const MARKER: &str = "\n[... Observation truncated due to length ...]\n";
    if text.len() <= MAX_RESULT_CHARS {
        return text.into();
    }
    let count = text.chars().count();
    if count <= MAX_RESULT_CHARS {
        return text.into();
    }
    let half = MAX_RESULT_CHARS / 2;
    let at = |n: usize| text.char_indices().nth(n).map_or(text.len(), |(at, _)| at);
    format!("{}{MARKER}{}", &text[..at(half)], &text[at(count - half)..]).into()
}

impl<'a> EncodedEvent<'a> {
    /// Returns the event as REST and exports show it: without the wire's decorations.
    #[must_use]
    pub fn stored_form(&self) -> String {
        let mut text = if let Some(at) = self.result_at {
            format!("{}}}", &self.payload[..at - RESULT_DECORATION.len()])
        } else if let (true, Some(head)) =
            (self.is_deliverable, self.payload.strip_suffix(MESSAGE_DECORATION))
        {
            format!("{head}}}")
        } else {
            self.payload.to_owned()
        };
        if self.is_deliverable && self.source == EventSource::Environment {
            text = text.replacen(r#""source":"agent""#, r#""source":"environment""#, 1);
        }
        text
    }

    /// Returns the JSON text of `result`, if the event has one.
    #[must_use]
    pub fn result(&self) -> Option<&'a str> {
        self.result_at.map(|at| &self.payload[at..self.payload.len() - 1])
    }

    /// Returns the payload of an action with the `result` of its observation added.
    #[must_use]
    pub fn with_result(&self, result: &str) -> String {
        let head = &self.payload[..self.payload.len() - 1];
        format!("{head}{RESULT_DECORATION}{result}}}")
    }
}
