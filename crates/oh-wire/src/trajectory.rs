//! Recordings of conversations: what is done again of them.

use oh_event::{Action, EventDraft, EventSource};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::envelope::{EventError, parse_action_draft};

/// Actions that nobody decides on: they come again with what they follow from.
const ARISE_BY_THEMSELVES: [&str; 7] = [
    "system",
    "recall",
    "change_agent_state",
    "condensation",
    "condensation_request",
    "loop_recovery",
    "null",
];

/// What was done in a recorded conversation.
#[derive(Debug, Clone, PartialEq)]
pub struct Trajectory {
    /// The message that began it.
    pub first_message: EventDraft,
    /// The actions of the user and the agent after that, without those that arise by themselves.
    pub actions: Vec<EventDraft>,
}

/// Says why a text is not a recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TrajectoryError {
    /// It is neither a list of events nor an object with one.
    NoList(String),
    /// An event of it cannot be read.
    Event {
        /// Its place, from 0.
        index: usize,
        /// What is wrong with it.
        reason: EventError,
    },
    /// Nothing in it was done by a user or an agent.
    Empty,
    /// Something else was done before the first message.
    NoFirstMessage {
        /// Type of the first action.
        action: &'static str,
    },
}

impl std::fmt::Display for TrajectoryError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NoList(reason) => write!(
                f,
                "a recording is a JSON list of events, or {{\"trajectory\": […]}} with one: {reason}"
            ),
            Self::Event { index, reason } => write!(f, "event {index} of the recording: {reason}"),
            Self::Empty => f.write_str("nothing was done in the recording: it has no action"),
            Self::NoFirstMessage { action } => write!(
                f,
                "the recording must begin with a message of the user, not with `{action}`"
            ),
        }
    }
}

impl std::error::Error for TrajectoryError {}

/// Reads a recording: a list of events, bare or as `trajectory` of an object.
///
/// Ids and times are not needed. Observations, events of the environment and actions that arise
/// by themselves are passed over.
///
/// # Errors
/// Returns what is wrong with the text, and where.
pub fn parse_trajectory(text: &str) -> Result<Trajectory, TrajectoryError> {
    #[derive(Deserialize)]
    struct Object<'a> {
        #[serde(borrow)]
        trajectory: Vec<&'a RawValue>,
    }
    let no_list = |error: serde_json::Error| TrajectoryError::NoList(error.to_string());
    let events: Vec<&RawValue> = if text.trim_start().starts_with('{') {
        serde_json::from_str::<Object<'_>>(text).map_err(no_list)?.trajectory
    } else {
        serde_json::from_str(text).map_err(no_list)?
    };
    let mut actions = Vec::new();
    for (index, event) in events.into_iter().enumerate() {
        let draft = parse_action_draft(event.get(), was_done)
            .map_err(|reason| TrajectoryError::Event { index, reason })?;
        actions.extend(draft);
    }
    let mut actions = actions.into_iter();
    let first_message = actions.next().ok_or(TrajectoryError::Empty)?;
    match (first_message.source, first_message.action()) {
        (EventSource::User, Some(Action::Message(_))) => {}
        (_, action) => {
            let action = action.map_or("null", Action::name);
            return Err(TrajectoryError::NoFirstMessage { action });
        }
    }
    Ok(Trajectory { first_message, actions: actions.collect() })
}

/// Says whether the user or the agent did this on their own account.
fn was_done(source: EventSource, name: &str) -> bool {
    source != EventSource::Environment && !ARISE_BY_THEMSELVES.contains(&name)
}
