//! The time of day, as the parts of the server need it.

use std::time::{SystemTime, UNIX_EPOCH};

use oh_event::Timestamp;

pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}

/// Returns today in UTC, `YYYY-MM-DD`.
pub(crate) fn today() -> String {
    oh_wire::format_timestamp(now()).chars().take(10).collect()
}
