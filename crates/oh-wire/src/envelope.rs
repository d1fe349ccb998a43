//! A whole event as JSON: encode and parse.

use oh_event::{Event, EventBody, EventDraft, EventId, EventSource, LlmMetrics, Observation};
use serde::ser::SerializeMap;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::RawValue;

use crate::action_json::{Args, parse_action};
use crate::message::message;
use crate::nested::LlmMetricsDef;
use crate::observation_json::{Extras, parse_observation};
use crate::scalar::{EventSourceDef, format_timestamp, parse_timestamp};
use crate::tool_call_json::{ToolCallForm, ToolCallJson};

/// Says why a text is not an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventError {
    /// The text is not JSON, or a key has a value of the wrong type.
    Malformed(String),
    /// There is neither an `action` nor an `observation`.
    NoKind,
    /// The type is none that we know.
    UnknownKind(String),
}

impl std::fmt::Display for EventError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Malformed(reason) => write!(f, "malformed event: {reason}"),
            Self::NoKind => f.write_str("event has neither `action` nor `observation`"),
            Self::UnknownKind(kind) => write!(f, "unknown event type `{kind}`"),
        }
    }
}

impl std::error::Error for EventError {}

/// Reads an event in its stored or its wire form.
///
/// Unknown keys are ignored; `message`, `type`, `result` and `success` are derived and not read.
///
/// # Errors
/// Returns what is wrong with the text.
pub fn parse_event(text: &str) -> Result<Event, EventError> {
    let form = read(text)?;
    let id = form.id.ok_or_else(|| EventError::Malformed("missing field `id`".to_owned()))?;
    let timestamp = form.timestamp.as_deref().unwrap_or_default();
    let timestamp = parse_timestamp(timestamp)
        .ok_or_else(|| EventError::Malformed(format!("bad timestamp `{timestamp}`")))?;
    Ok(Event { id: EventId(id), timestamp, draft: form.into_draft()? })
}

/// Reads an action without a place in a log, such as one of a trajectory; `None` if the event
/// is none or `is_wanted`, by its source and type, says no.
pub(crate) fn parse_action_draft(
    text: &str,
    is_wanted: impl Fn(EventSource, &str) -> bool,
) -> Result<Option<EventDraft>, EventError> {
    let form = read(text)?;
    match &form.action {
        Some(name) if is_wanted(form.source, name) => form.into_draft().map(Some),
        Some(_) | None => Ok(None),
    }
}

#[derive(Deserialize)]
struct Form<'a> {
    id: Option<u64>,
    timestamp: Option<String>,
    #[serde(with = "EventSourceDef")]
    source: EventSource,
    cause: Option<u64>,
    timeout: Option<f64>,
    action: Option<String>,
    #[serde(borrow)]
    args: Option<&'a RawValue>,
    observation: Option<String>,
    content: Option<String>,
    #[serde(borrow)]
    extras: Option<&'a RawValue>,
    tool_call_metadata: Option<ToolCallForm>,
    llm_metrics: Option<Metrics>,
}

#[derive(Deserialize)]
struct Metrics(#[serde(with = "LlmMetricsDef")] LlmMetrics);

fn read(text: &str) -> Result<Form<'_>, EventError> {
    serde_json::from_str(text).map_err(malformed)
}

#[allow(clippy::needless_pass_by_value, reason = "it is the end of the error")]
fn malformed(error: serde_json::Error) -> EventError {
    EventError::Malformed(error.to_string())
}

impl Form<'_> {
    fn into_draft(self) -> Result<EventDraft, EventError> {
        let body = if let Some(name) = self.action {
            let args = self.args.map_or("{}", RawValue::get);
            let action = parse_action(&name, args).ok_or(EventError::UnknownKind(name))?;
            EventBody::Action(action.map_err(malformed)?)
        } else if let Some(name) = self.observation {
            let extras = self.extras.map_or("{}", RawValue::get);
            let content = self.content.unwrap_or_default();
            let observation =
                parse_observation(&name, content, extras).ok_or(EventError::UnknownKind(name))?;
            EventBody::Observation(observation.map_err(malformed)?)
        } else {
            return Err(EventError::NoKind);
        };
        Ok(EventDraft {
            source: self.source,
            cause: self.cause.map(EventId),
            timeout: self.timeout,
            tool_call: self.tool_call_metadata.map(|form| Box::new(form.into_metadata())),
            llm_metrics: self.llm_metrics.map(|metrics| Box::new(metrics.0)),
            body,
        })
    }
}

/// An event's JSON, without the decorations of the wire.
pub(crate) struct EventJson<'a> {
    pub(crate) event: &'a Event,
    /// The source to write, which differs from the event's on the wire.
    pub(crate) source: EventSource,
}

impl Serialize for EventJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Metrics<'a>(#[serde(with = "LlmMetricsDef")] &'a LlmMetrics);

        let Event { id, timestamp, draft } = self.event;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("id", &id.0)?;
        map.serialize_entry("timestamp", &format_timestamp(*timestamp))?;
        map.serialize_entry("source", self.source.as_str())?;
        map.serialize_entry("message", &message(&draft.body))?;
        if let Some(cause) = draft.cause {
            map.serialize_entry("cause", &cause.0)?;
        }
        match &draft.body {
            EventBody::Action(action) => map.serialize_entry("action", action.name())?,
            EventBody::Observation(observation) => {
                map.serialize_entry("observation", observation.name())?;
            }
        }
        if let Some(tool_call) = &draft.tool_call {
            map.serialize_entry("tool_call_metadata", &ToolCallJson(tool_call))?;
        }
        if let Some(metrics) = &draft.llm_metrics {
            map.serialize_entry("llm_metrics", &Metrics(metrics))?;
        }
        match &draft.body {
            EventBody::Action(action) => {
                map.serialize_entry("args", &Args(action))?;
                if let Some(timeout) = draft.timeout {
                    map.serialize_entry("timeout", &timeout)?;
                }
            }
            EventBody::Observation(observation) => {
                map.serialize_entry("content", observation.content())?;
                map.serialize_entry("extras", &Extras(observation))?;
                if let Some(success) = success(observation) {
                    map.serialize_entry("success", &success)?;
                }
            }
        }
        map.end()
    }
}

fn success(observation: &Observation) -> Option<bool> {
    if let Observation::Run(run) = observation {
        Some(run.metadata.exit_code == 0)
    } else if let Observation::RunIpython(_) = observation {
        Some(true)
    } else {
        None
    }
}
