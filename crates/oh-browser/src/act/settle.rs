//! Waits until something has come of an act.

use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;

use super::Actor;
use crate::state::{DownloadState, State};

/// How long a page may take to load before it is looked at as it is.
const LOADING: Duration = Duration::from_secs(12);
/// Pages do what follows from an act a moment later.
const MOMENT: Duration = Duration::from_millis(250);
/// How long a page may take to draw what it has.
const DRAWING: Duration = Duration::from_secs(3);
/// How long a download is awaited.
const DOWNLOADING: Duration = Duration::from_secs(30);

impl Actor<'_> {
    /// Waits until the page has loaded and drawn, if it does so in time.
    pub(super) async fn settle(&self) {
        let end = Instant::now() + LOADING;
        tokio::time::sleep(MOMENT).await;
        let is_loaded = |state: &State| state.active_tab().is_none_or(|tab| !tab.is_loading);
        if self.wait_until(end, is_loaded).await {
            self.draw(end).await;
        }
        // Content that takes the place of what was loaded.
        self.wait_until(end, is_loaded).await;
        if self.state.borrow().downloads.iter().any(|file| file.state == DownloadState::Running) {
            self.settle_download().await;
        }
    }

    pub(super) async fn settle_download(&self) {
        let end = Instant::now() + DOWNLOADING;
        let is_done = |state: &State| {
            !state.downloads.is_empty()
                && state.downloads.iter().all(|file| file.state != DownloadState::Running)
        };
        self.wait_until(end, is_done).await;
    }

    /// Waits until the document is whole and was drawn. A page that is new in its process may not
    /// have told of its loading.
    async fn draw(&self, end: Instant) {
        const DRAWN: &str = "new Promise(done => {
            const draw = () => requestAnimationFrame(() => requestAnimationFrame(() => done(0)));
            if (document.readyState === 'complete') draw();
            else addEventListener('load', draw);
        })";
        let Ok(tab) = self.tab() else { return };
        let params = json!({"expression": DRAWN, "awaitPromise": true, "returnByValue": true});
        let patience = end.saturating_duration_since(Instant::now()).min(DRAWING);
        let _: Result<serde_json::Value, _> =
            self.cdp.call_within(patience, Some(&tab.session), "Runtime.evaluate", params).await;
    }

    /// Waits for a state; says whether it came.
    pub(super) async fn wait_until(&self, end: Instant, is_so: impl Fn(&State) -> bool) -> bool {
        let mut states = self.state.subscribe();
        let wait = states.wait_for(|state| state.is_gone || is_so(state));
        tokio::time::timeout_at(end, wait).await.is_ok()
    }
}
