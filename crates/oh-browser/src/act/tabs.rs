//! Opens, shows and closes tabs.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use super::{ActError, Actor};

/// How long the browser may take to open or close a tab.
const PATIENCE: Duration = Duration::from_secs(5);

impl Actor<'_> {
    pub(crate) async fn new_tab(&self) -> Result<(), ActError> {
        let before = self.state.borrow().tabs.len();
        let params = json!({"url": "about:blank"});
        let _: Value = self.cdp.call(None, "Target.createTarget", params).await?;
        self.wait_until(Instant::now() + PATIENCE, |state| state.tabs.len() > before).await;
        Ok(())
    }

    pub(super) async fn show_tab(&self, index: usize) -> Result<(), ActError> {
        let (target, count) = {
            let state = self.state.borrow();
            (state.tabs.get(index).map(|tab| tab.target.clone()), state.tabs.len())
        };
        let Some(target) = target else {
            return Err(ActError::said(format!(
                "there is no tab {index}; there are {count}, from 0 to {}",
                count.saturating_sub(1)
            )));
        };
        self.activate(target).await
    }

    pub(crate) async fn activate(&self, target: Arc<str>) -> Result<(), ActError> {
        let params = json!({"targetId": target});
        let _: Value = self.cdp.call(None, "Target.activateTarget", params).await?;
        self.state.send_modify(|state| state.active = Some(target));
        self.settle().await;
        Ok(())
    }

    pub(super) async fn close_tab(&self) -> Result<(), ActError> {
        let tab = self.tab()?;
        self.end_tab(&tab.target).await
    }

    /// Closes a tab; the last one is replaced by an empty one.
    pub(crate) async fn end_tab(&self, target: &str) -> Result<(), ActError> {
        if self.state.borrow().tabs.len() == 1 {
            self.new_tab().await?;
        }
        let params = json!({"targetId": target});
        let _: Value = self.cdp.call(None, "Target.closeTarget", params).await?;
        let is_closed =
            |state: &crate::state::State| state.tabs.iter().all(|tab| *tab.target != *target);
        if !self.wait_until(Instant::now() + PATIENCE, is_closed).await {
            return Err(ActError::Browser(crate::cdp::CdpError::TimedOut));
        }
        let active = self.state.borrow().active.clone();
        if let Some(active) = active {
            let params = json!({"targetId": active});
            let _: Value = self.cdp.call(None, "Target.activateTarget", params).await?;
        }
        Ok(())
    }
}
