//! Where a tab has been.

use serde::Deserialize;
use serde_json::json;

use crate::cdp::{Cdp, CdpError, SessionId};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct History {
    pub(crate) current_index: usize,
    pub(crate) entries: Vec<HistoryEntry>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct HistoryEntry {
    pub(crate) id: i64,
    pub(crate) url: String,
}

impl History {
    pub(crate) async fn of(cdp: &Cdp, session: &SessionId) -> Result<Self, CdpError> {
        cdp.call(Some(session), "Page.getNavigationHistory", json!({})).await
    }

    /// Returns the address that is shown.
    pub(crate) fn url(self) -> Option<String> {
        self.entries.into_iter().nth(self.current_index).map(|entry| entry.url)
    }
}
