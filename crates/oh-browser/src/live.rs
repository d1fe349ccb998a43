//! The browser as people see it while it runs, and how they use it themselves for a moment.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::browser::Browser;
use crate::cdp::{Cdp, CdpError, SessionId};
use crate::keys::{Combination, modifiers};
use crate::state::{Frame, HEIGHT, State, WIDTH};

/// Longest text that can be typed at once, in bytes.
const MAX_TYPED: usize = 10_000;
/// How long the page may take for what a person does before the next thing is done. A page that is
/// slow gets it all in order, and a person is not held up by one that hangs.
const PATIENCE: Duration = Duration::from_millis(300);

/// Who uses the browser.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Control {
    /// The agent.
    Agent,
    /// A person; the agent waits.
    User,
}

/// A running browser.
#[derive(Clone)]
pub(crate) struct LiveHandle {
    pub(crate) cdp: Cdp,
    pub(crate) state: Arc<watch::Sender<State>>,
}

/// What the browser shows now.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct View {
    /// Does it run?
    pub is_running: bool,
    /// Who uses it.
    pub control: Control,
    /// Addresses of all tabs.
    pub tabs: Vec<String>,
    /// The tab that is shown.
    pub active: Option<usize>,
    /// The page is loading.
    pub is_loading: bool,
}

impl View {
    /// Returns the view where there is no browser.
    #[must_use]
    pub fn none() -> Self {
        let control = Control::Agent;
        Self { is_running: false, control, tabs: Vec::new(), active: None, is_loading: false }
    }
}

/// What a person does. Places are in CSS pixels of the page.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Input {
    /// The mouse moves.
    Move {
        /// From the left.
        x: f64,
        /// From the top.
        y: f64,
        /// The button that is held meanwhile: pages see that something is dragged.
        #[serde(default)]
        button: Option<Button>,
    },
    /// A button of the mouse goes down.
    Press {
        /// From the left.
        x: f64,
        /// From the top.
        y: f64,
        /// `left`, `middle` or `right`.
        button: Button,
        /// 2 for the second of two clicks.
        #[serde(default = "once")]
        count: u8,
    },
    /// A button of the mouse goes up.
    Release {
        /// From the left.
        x: f64,
        /// From the top.
        y: f64,
        /// `left`, `middle` or `right`.
        button: Button,
        /// 2 for the second of two clicks.
        #[serde(default = "once")]
        count: u8,
    },
    /// The wheel turns.
    Scroll {
        /// From the left.
        x: f64,
        /// From the top.
        y: f64,
        /// To the right.
        dx: f64,
        /// Down.
        dy: f64,
    },
    /// Keys are pressed: `Enter`, `Control+a`.
    Keys {
        /// Their names.
        keys: String,
    },
    /// Text is typed or pasted.
    Text {
        /// The text.
        text: String,
    },
    /// Another tab is shown.
    Tab {
        /// Its place.
        index: usize,
    },
    /// An address is opened.
    Goto {
        /// The address.
        url: String,
    },
    /// One page back.
    Back,
    /// One page forward.
    Forward,
    /// The page is loaded again.
    Reload,
}

/// A button of the mouse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Button {
    /// The left one.
    Left,
    /// The wheel.
    Middle,
    /// The right one.
    Right,
}

/// Looks on at a browser. While one is there, the browser sends pictures.
#[derive(Debug)]
pub struct Live {
    browser: Arc<Browser>,
    handles: watch::Receiver<Option<LiveHandle>>,
    control: watch::Receiver<Control>,
    states: Option<watch::Receiver<State>>,
    filmed: Option<SessionId>,
    shown: Option<Arc<Frame>>,
    told: Option<View>,
}

/// Something new to show.
#[derive(Debug, Clone, PartialEq)]
pub enum LiveUpdate {
    /// What the browser shows, without the picture.
    View(View),
    /// The picture.
    Frame(Arc<Frame>),
}

impl std::fmt::Debug for LiveHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LiveHandle")
    }
}

impl Button {
    fn name(self) -> &'static str {
        match self {
            Self::Left => "left",
            Self::Middle => "middle",
            Self::Right => "right",
        }
    }

    /// As the protocol counts buttons that are held.
    fn bit(self) -> u8 {
        match self {
            Self::Left => 1,
            Self::Right => 2,
            Self::Middle => 4,
        }
    }
}

fn once() -> u8 {
    1
}

impl Live {
    pub(crate) fn new(browser: Arc<Browser>) -> Self {
        let (handles, control) = (browser.live.subscribe(), browser.control.subscribe());
        Self { browser, handles, control, states: None, filmed: None, shown: None, told: None }
    }

    /// Waits for something new. What came in between is left out.
    pub async fn next(&mut self) -> LiveUpdate {
        loop {
            self.follow();
            let view = self.view();
            if self.told.as_ref() != Some(&view) {
                self.told = Some(view.clone());
                return LiveUpdate::View(view);
            }
            if let Some(frame) = self.frame() {
                return LiveUpdate::Frame(frame);
            }
            let changed = async {
                match &mut self.states {
                    // The next look finds out what ended.
                    Some(states) => drop(states.changed().await),
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = changed => {}
                result = self.handles.changed() => drop(result),
                result = self.control.changed() => drop(result),
            }
        }
    }

    /// Returns what the browser shows.
    #[must_use]
    pub fn view(&self) -> View {
        let control = *self.browser.control.borrow();
        let handle = self.browser.live.borrow();
        let Some(handle) = &*handle else {
            return View { control, ..View::none() };
        };
        let state = handle.state.borrow();
        View {
            is_running: !state.is_gone,
            control,
            tabs: state.tabs.iter().map(|tab| tab.url.clone()).collect(),
            active: state.active_index(),
            is_loading: state.active_tab().is_some_and(|tab| tab.is_loading),
        }
    }

    /// Gives the browser to a person. The agent's next script waits.
    pub fn take_over(&self) {
        self.browser.control.send_if_modified(|control| {
            let was = std::mem::replace(control, Control::User);
            was != Control::User
        });
    }

    /// Gives the browser back to the agent, which is told of it.
    pub fn hand_back(&self) {
        let was_user = self.browser.control.send_if_modified(|control| {
            let was = std::mem::replace(control, Control::Agent);
            was != Control::Agent
        });
        if was_user {
            self.browser.remark("The user has used the browser since your last call.");
        }
    }

    /// Does what a person wants. Nothing happens while the agent uses the browser.
    ///
    /// # Errors
    /// Says what is wrong with the input, or that nothing runs.
    pub async fn input(&self, input: Input) -> Result<(), String> {
        if *self.browser.control.borrow() != Control::User {
            return Err("the agent uses the browser; take it over first".to_owned());
        }
        let handle = self.browser.live.borrow().clone();
        let Some(LiveHandle { cdp, state }) = handle else {
            return Err("the browser does not run".to_owned());
        };
        let tab = state.borrow().active_tab().cloned();
        let Some(tab) = tab else { return Err("there is no tab".to_owned()) };
        let session = Some(&tab.session);
        let send = async |method: &str, params: Value| {
            let sent: Result<Value, _> = cdp.call_within(PATIENCE, session, method, params).await;
            match sent {
                Ok(_) | Err(CdpError::TimedOut) => Ok(()),
                Err(error) => Err(error.to_string()),
            }
        };
        match input {
            Input::Move { x, y, button } => {
                let mut params = mouse("mouseMoved", x, y)?;
                if let Some(button) = button {
                    (params["button"], params["buttons"]) =
                        (json!(button.name()), json!(button.bit()));
                }
                send("Input.dispatchMouseEvent", params).await
            }
            Input::Press { x, y, button, count } => {
                let params = button_event("mousePressed", (x, y), button, count)?;
                send("Input.dispatchMouseEvent", params).await
            }
            Input::Release { x, y, button, count } => {
                let params = button_event("mouseReleased", (x, y), button, count)?;
                send("Input.dispatchMouseEvent", params).await
            }
            Input::Scroll { x, y, dx, dy } => {
                let mut params = mouse("mouseWheel", x, y)?;
                (params["deltaX"], params["deltaY"]) = (json!(dx), json!(dy));
                send("Input.dispatchMouseEvent", params).await
            }
            Input::Keys { keys } => {
                for event in Combination::parse(&keys)?.events() {
                    send("Input.dispatchKeyEvent", event).await?;
                }
                Ok(())
            }
            Input::Text { text } if text.len() > MAX_TYPED => {
                Err(format!("the text is longer than {MAX_TYPED} bytes"))
            }
            Input::Text { text } => send("Input.insertText", json!({"text": text})).await,
            Input::Tab { index } => {
                let target = state.borrow().tabs.get(index).map(|tab| tab.target.clone());
                let Some(target) = target else { return Err(format!("there is no tab {index}")) };
                cdp.send(None, "Target.activateTarget", json!({"targetId": target}));
                state.send_modify(|state| state.active = Some(target));
                Ok(())
            }
            Input::Goto { url } => {
                let url = crate::address::parse(&url)?;
                cdp.send(Some(&tab.session), "Page.navigate", json!({"url": url.as_str()}));
                Ok(())
            }
            Input::Back => send("Runtime.evaluate", json!({"expression": "history.back()"})).await,
            Input::Forward => {
                send("Runtime.evaluate", json!({"expression": "history.forward()"})).await
            }
            Input::Reload => send("Page.reload", json!({})).await,
        }
    }

    /// Films the tab that is shown, whichever that is by now.
    fn follow(&mut self) {
        let handle = self.handles.borrow_and_update().clone();
        let Some(LiveHandle { cdp, state }) = handle else {
            (self.states, self.filmed, self.shown) = (None, None, None);
            return;
        };
        if self.states.as_ref().is_none_or(|states| !states.same_channel(&state.subscribe())) {
            self.states = Some(state.subscribe());
            self.filmed = None;
        }
        if let Some(states) = &mut self.states {
            states.mark_unchanged();
        }
        let session = state.borrow().active_tab().map(|tab| tab.session.clone());
        if session != self.filmed {
            if let Some(before) = &self.filmed {
                cdp.send(Some(before), "Page.stopScreencast", json!({}));
            }
            if let Some(session) = &session {
                let params = json!({
                    "format": "jpeg",
                    "quality": 65,
                    "maxWidth": WIDTH,
                    "maxHeight": HEIGHT,
                    "everyNthFrame": 1,
                });
                cdp.send(Some(session), "Page.startScreencast", params);
            }
            self.filmed = session;
        }
    }

    fn frame(&mut self) -> Option<Arc<Frame>> {
        let frame = self.states.as_ref()?.borrow().frame.clone()?;
        if self.shown.as_ref().is_some_and(|shown| Arc::ptr_eq(shown, &frame)) {
            return None;
        }
        self.shown = Some(frame.clone());
        Some(frame)
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        // The last one to look turns off the light: others keep the film going.
        if self.browser.live.receiver_count() <= 1
            && let Some(LiveHandle { cdp, .. }) = &*self.browser.live.borrow()
            && let Some(session) = &self.filmed
        {
            cdp.send(Some(session), "Page.stopScreencast", json!({}));
        }
    }
}

fn mouse(kind: &str, x: f64, y: f64) -> Result<Value, String> {
    let is_inside = (0.0..=f64::from(WIDTH)).contains(&x) && (0.0..=f64::from(HEIGHT)).contains(&y);
    if !is_inside {
        return Err(format!("the place is outside of the page, which is {WIDTH} by {HEIGHT}"));
    }
    let none = modifiers(std::iter::empty())?;
    Ok(json!({"type": kind, "x": x, "y": y, "modifiers": none}))
}

fn button_event(
    kind: &str,
    (x, y): (f64, f64),
    button: Button,
    count: u8,
) -> Result<Value, String> {
    let mut params = mouse(kind, x, y)?;
    (params["button"], params["clickCount"]) = (json!(button.name()), json!(count.clamp(1, 3)));
    Ok(params)
}
