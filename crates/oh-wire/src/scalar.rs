//! Small values that OpenHands spells in its own way.

use oh_event::{
    AgentState, ConfirmationState, EditImplSource, EventSource, FaultKind, OpaqueJson,
    ReadImplSource, RecallType, Remedy, SecurityRisk, TaskStatus, Timestamp,
};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(remote = "ConfirmationState", rename_all = "snake_case")]
#[cfg_attr(feature = "typescript", ts(rename = "ConfirmationState", rename_all = "snake_case"))]
pub(crate) enum ConfirmationStateDef {
    Confirmed,
    Rejected,
    AwaitingConfirmation,
}

#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(remote = "FaultKind", rename_all = "snake_case")]
#[cfg_attr(feature = "typescript", ts(rename = "FaultKind", rename_all = "snake_case"))]
pub(crate) enum FaultKindDef {
    Auth,
    Quota,
    RateLimit,
    Config,
    Transient,
    AgentAction,
    Internal,
    #[serde(other)]
    Unknown,
}

#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(remote = "Remedy", rename_all = "snake_case")]
#[cfg_attr(feature = "typescript", ts(rename = "Remedy", rename_all = "snake_case"))]
pub(crate) enum RemedyDef {
    Retry,
    Settings,
    #[serde(other)]
    None,
}

#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(remote = "ReadImplSource", rename_all = "snake_case")]
#[cfg_attr(feature = "typescript", ts(rename = "ReadImplSource", rename_all = "snake_case"))]
pub(crate) enum ReadImplSourceDef {
    Default,
    OhAci,
}

#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(remote = "EditImplSource", rename_all = "snake_case")]
#[cfg_attr(feature = "typescript", ts(rename = "EditImplSource", rename_all = "snake_case"))]
pub(crate) enum EditImplSourceDef {
    OhAci,
    LlmBasedEdit,
}

#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(remote = "RecallType", rename_all = "snake_case")]
#[cfg_attr(feature = "typescript", ts(rename = "RecallType", rename_all = "snake_case"))]
pub(crate) enum RecallTypeDef {
    WorkspaceContext,
    Knowledge,
}

#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(remote = "TaskStatus", rename_all = "snake_case")]
#[cfg_attr(feature = "typescript", ts(rename = "TaskStatus", rename_all = "snake_case"))]
pub(crate) enum TaskStatusDef {
    Todo,
    InProgress,
    Done,
}

#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(remote = "EventSource", rename_all = "snake_case")]
#[cfg_attr(feature = "typescript", ts(rename = "EventSource", rename_all = "snake_case"))]
pub(crate) enum EventSourceDef {
    User,
    Agent,
    Environment,
}

#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(remote = "AgentState", rename_all = "snake_case")]
#[cfg_attr(feature = "typescript", ts(rename = "AgentState", rename_all = "snake_case"))]
pub(crate) enum AgentStateDef {
    Loading,
    Running,
    AwaitingUserInput,
    Paused,
    Stopped,
    Finished,
    Rejected,
    Error,
    AwaitingUserConfirmation,
    UserConfirmed,
    UserRejected,
    RateLimited,
}

/// `security_risk` is an integer; anything else than -1..2 counts as unknown.
pub(crate) mod risk {
    use super::{Deserialize, Deserializer, SecurityRisk, Serializer};

    #[allow(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
    pub(crate) fn serialize<S: Serializer>(
        risk: &SecurityRisk,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(match risk {
            SecurityRisk::Unknown => -1,
            SecurityRisk::Low => 0,
            SecurityRisk::Medium => 1,
            SecurityRisk::High => 2,
        })
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<SecurityRisk, D::Error> {
        Ok(match serde_json::Value::deserialize(deserializer)?.as_i64() {
            Some(0) => SecurityRisk::Low,
            Some(1) => SecurityRisk::Medium,
            Some(2) => SecurityRisk::High,
            Some(_) | None => SecurityRisk::Unknown,
        })
    }
}

/// JSON that passes through unread.
pub(crate) mod opaque {
    use super::{Deserialize, Deserializer, OpaqueJson, RawValue, Serialize, Serializer};

    pub(crate) fn serialize<S: Serializer>(
        json: &OpaqueJson,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let raw: &RawValue = serde_json::from_str(json.as_str()).map_err(|error| {
            serde::ser::Error::custom(format!("opaque JSON is not JSON: {error}"))
        })?;
        raw.serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<OpaqueJson, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        Ok(OpaqueJson::from_json_text(raw.get().to_owned()))
    }
}

/// A list of JSON values that pass through unread, or nothing.
pub(crate) mod opaque_list {
    use super::{Deserialize, Deserializer, OpaqueJson, RawValue, Serialize, Serializer, opaque};

    struct Item<'a>(&'a OpaqueJson);

    impl Serialize for Item<'_> {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            opaque::serialize(self.0, serializer)
        }
    }

    pub(crate) fn serialize<S: Serializer>(
        list: &Option<Vec<OpaqueJson>>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match list {
            None => serializer.serialize_none(),
            Some(list) => serializer.collect_seq(list.iter().map(Item)),
        }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Vec<OpaqueJson>>, D::Error> {
        let list = Option::<Vec<Box<RawValue>>>::deserialize(deserializer)?;
        Ok(list.map(|list| {
            list.iter().map(|raw| OpaqueJson::from_json_text(raw.get().to_owned())).collect()
        }))
    }
}

/// Writes a moment as OpenHands does: UTC, no zone, six digits of the second.
#[must_use]
pub fn format_timestamp(timestamp: Timestamp) -> String {
    jiff::Timestamp::from_microsecond(timestamp.0)
        .unwrap_or(jiff::Timestamp::UNIX_EPOCH)
        .strftime("%Y-%m-%dT%H:%M:%S%.6f")
        .to_string()
}

/// Writes a moment as OpenHands' REST API does: UTC, six digits, `Z`.
#[must_use]
pub fn format_rest_time(timestamp: Timestamp) -> String {
    format!("{}Z", format_timestamp(timestamp))
}

/// Reads a moment with or without fraction, `Z` or offset; without a zone it is UTC.
///
/// A year before 0 is refused: it could be written, and not read again.
#[must_use]
pub fn parse_timestamp(text: &str) -> Option<Timestamp> {
    let instant = text.parse::<jiff::Timestamp>().ok().or_else(|| {
        let civil = text.parse::<jiff::civil::DateTime>().ok()?;
        civil.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
    })?;
    let has_year = instant.to_zoned(jiff::tz::TimeZone::UTC).year() >= 0;
    has_year.then(|| Timestamp(instant.as_microsecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamps_are_read_in_every_form_and_written_in_one() {
        fn check(text: &str, expected: Option<&str>) {
            let written = parse_timestamp(text).map(format_timestamp);
            assert_eq!(written.as_deref(), expected, "{text}");
        }
        check("2026-11-21T22:53:02.158908", Some("2026-11-21T22:53:02.158908"));
        check("2026-11-21T22:53:02", Some("2026-11-21T22:53:02.000000"));
        check("2026-11-21T22:53:02Z", Some("2026-11-21T22:53:02.000000"));
        check("2026-11-21T22:53:02.1+01:00", Some("2026-11-21T21:53:02.100000"));
        check("yesterday", None);
        check("0000-01-01T00:00:00Z", Some("0000-01-01T00:00:00.000000"));
        check("-000001-01-01T00:00:00Z", None);
        check("-0002000131", None);
    }
}
