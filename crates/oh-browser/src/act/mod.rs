//! Does what calls say.

mod element;
mod mouse;
mod settle;
mod tabs;

use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde_json::json;
use tokio::sync::watch;
use url::Url;

use crate::address;
use crate::cdp::{Cdp, CdpError, SessionId};
use crate::history::History;
use crate::keys::Combination;
use crate::page::{Element, Elements};
use crate::script::Call;
use crate::state::{Answer, State, Tab};

/// How long the answer of a server is awaited.
const NAVIGATION: Duration = Duration::from_secs(20);

/// Why a call did not do what it says.
#[derive(Debug)]
pub(crate) enum ActError {
    /// For the model to read.
    Said(String),
    /// The page or the browser failed.
    Browser(CdpError),
}

impl From<CdpError> for ActError {
    fn from(error: CdpError) -> Self {
        Self::Browser(error)
    }
}

impl ActError {
    pub(crate) fn said(text: impl Into<String>) -> Self {
        Self::Said(text.into())
    }
}

/// What acts need.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Actor<'a> {
    pub(crate) cdp: &'a Cdp,
    pub(crate) state: &'a watch::Sender<State>,
    pub(crate) elements: &'a Elements,
    /// The directory that relative paths begin at, as the browser sees it.
    pub(crate) workspace: &'a str,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Navigation {
    error_text: Option<String>,
    #[serde(default)]
    is_download: bool,
}

impl Actor<'_> {
    /// Does one call, and waits until the page has settled.
    pub(crate) async fn perform(&self, call: &Call) -> Result<(), ActError> {
        match call {
            Call::Goto { url } => self.goto(url).await,
            Call::GoBack => self.travel(-1).await,
            Call::GoForward => self.travel(1).await,
            Call::Noop { wait } => {
                tokio::time::sleep(*wait).await;
                Ok(())
            }
            Call::Scroll { dx, dy } => self.scroll(*dx, *dy).await,
            Call::Fill { bid, value } => self.fill(bid, value).await,
            Call::Clear { bid } => self.fill(bid, "").await,
            Call::SelectOption { bid, options } => self.select(bid, options).await,
            Call::Click { bid, click } => self.click(bid, click).await,
            Call::Hover { bid } => self.hover(bid).await,
            Call::Press { bid, keys } => self.press(bid, keys).await,
            Call::Focus { bid } => self.focus(bid).await,
            Call::DragAndDrop { from, to } => self.drag(from, to).await,
            Call::UploadFile { bid, files } => self.upload(bid, files).await,
            Call::NewTab => self.new_tab().await,
            Call::TabFocus { index } => self.show_tab(*index).await,
            Call::TabClose => self.close_tab().await,
            Call::AnswerDialogs { accept, text } => {
                let answer = Answer { accept: *accept, text: text.clone() };
                self.state.send_modify(|state| state.answer = answer);
                Ok(())
            }
        }
    }

    /// Returns the tab that is shown.
    pub(crate) fn tab(&self) -> Result<Tab, ActError> {
        let state = self.state.borrow();
        state.active_tab().cloned().ok_or(ActError::Browser(CdpError::Gone))
    }

    /// Returns an element of the tab that is shown.
    fn element(&self, bid: &str) -> Result<Element, ActError> {
        let element = self.elements.get(bid).map_err(ActError::Said)?.clone();
        let state = self.state.borrow();
        let tab = state.active_tab().ok_or(ActError::Browser(CdpError::Gone))?;
        if !state.sessions_of(tab).iter().any(|(session, _)| *session == element.session) {
            return Err(ActError::said(format!(
                "the element [{bid}] is not in the tab that is shown, or its frame is gone"
            )));
        }
        if !state.is_current(&element.frame, &element.loader) {
            return Err(ActError::said(format!(
                "the element [{bid}] was on a page that is no longer shown; use the numbers of the page as it is now"
            )));
        }
        Ok(element)
    }

    async fn goto(&self, url: &str) -> Result<(), ActError> {
        let url = address::parse(url).map_err(ActError::Said)?;
        self.open(&url).await
    }

    async fn open(&self, url: &Url) -> Result<(), ActError> {
        let tab = self.tab()?;
        let params = json!({"url": url.as_str()});
        let call = self.cdp.call_within(NAVIGATION, Some(&tab.session), "Page.navigate", params);
        let answer: Navigation = match call.await {
            Ok(answer) => answer,
            Err(CdpError::TimedOut) => {
                self.cdp.send(Some(&tab.session), "Page.stopLoading", json!({}));
                return Err(ActError::said(format!(
                    "{url} did not answer within {} seconds; the page before it is still shown",
                    NAVIGATION.as_secs()
                )));
            }
            Err(error) => return Err(error.into()),
        };
        if answer.is_download {
            self.settle_download().await;
            return Ok(());
        }
        match answer.error_text.as_deref() {
            None | Some("") => {
                self.settle().await;
                Ok(())
            }
            Some("net::ERR_ABORTED") if !self.state.borrow().downloads.is_empty() => {
                self.settle_download().await;
                Ok(())
            }
            Some(reason) => {
                // The browser shows a page that says so.
                self.settle().await;
                Err(ActError::said(format!("{url} cannot be opened: {}", explain(reason))))
            }
        }
    }

    async fn travel(&self, by: isize) -> Result<(), ActError> {
        let tab = self.tab()?;
        let history = History::of(self.cdp, &tab.session).await?;
        let wanted = history.current_index.checked_add_signed(by);
        let Some(entry) = wanted.and_then(|index| history.entries.get(index)) else {
            let way = if by < 0 { "before" } else { "after" };
            return Err(ActError::said(format!("there is no page {way} this one")));
        };
        let params = json!({"entryId": entry.id});
        let _: serde_json::Value =
            self.cdp.call(Some(&tab.session), "Page.navigateToHistoryEntry", params).await?;
        self.settle().await;
        Ok(())
    }

    async fn press(&self, bid: &str, keys: &str) -> Result<(), ActError> {
        let combination = Combination::parse(keys).map_err(ActError::Said)?;
        let tab = self.tab()?;
        self.focus(bid).await?;
        self.strike(&tab.session, &combination).await?;
        self.settle().await;
        Ok(())
    }

    async fn strike(&self, session: &SessionId, keys: &Combination) -> Result<(), CdpError> {
        for event in keys.events() {
            let _: serde_json::Value =
                self.cdp.call(Some(session), "Input.dispatchKeyEvent", event).await?;
        }
        Ok(())
    }

    /// Returns how the frames of the tab that is shown lie in each other.
    fn parents(&self) -> std::collections::HashMap<SessionId, (SessionId, Arc<str>)> {
        let state = self.state.borrow();
        state.active_tab().map(|tab| state.parents_of(tab)).unwrap_or_default()
    }
}

/// Puts the browser's names of errors into words.
fn explain(reason: &str) -> String {
    let words = match reason {
        "net::ERR_NAME_NOT_RESOLVED" => "no such host is known",
        "net::ERR_CONNECTION_REFUSED" => "nothing listens there",
        "net::ERR_CONNECTION_TIMED_OUT" | "net::ERR_TIMED_OUT" => "it did not answer in time",
        "net::ERR_INTERNET_DISCONNECTED" | "net::ERR_ADDRESS_UNREACHABLE" => {
            "it cannot be reached from the sandbox"
        }
        "net::ERR_TUNNEL_CONNECTION_FAILED" | "net::ERR_PROXY_CONNECTION_FAILED" => {
            "the network rules of the sandbox do not allow it, or it cannot be reached"
        }
        "net::ERR_FILE_NOT_FOUND" => "there is no such file",
        "net::ERR_ACCESS_DENIED" => "the sandbox does not allow reading it",
        "net::ERR_TOO_MANY_REDIRECTS" => "it redirects in a circle",
        "net::ERR_EMPTY_RESPONSE" => "the server closed the connection without an answer",
        "net::ERR_ABORTED" => "it has nothing to show",
        reason if reason.starts_with("net::ERR_CERT") => "its certificate is not valid",
        _ => return reason.to_owned(),
    };
    format!("{words} ({reason})")
}
