//! The browser of one conversation.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::DuplexStream;
use tokio::sync::{Mutex as AsyncMutex, watch};
use tokio::task::JoinSet;

use crate::act::{ActError, Actor};
use crate::cdp::{Cdp, CdpError, connect};
use crate::history::History;
use crate::live::{Control, Live, LiveHandle};
use crate::marks;
use crate::page::{Capture, Elements, capture};
use crate::report::{Report, Told, Wanted};
use crate::script::{self, Call, Step};
use crate::start::BrowserProgram;
use crate::state::{Answer, DownloadState, State, auto_attach, download_behavior};

/// How long the browser may take to start.
const START: Duration = Duration::from_secs(30);
/// How long a whole script may take, unless another time is given.
pub const STEP_LIMIT: Duration = Duration::from_secs(120);

/// Most pages that are closed in a row because they crashed.
const CRASHES: usize = 20;

/// A future that can be sent to another thread.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Starts programs. Dropping the stream of one ends it.
pub type Launcher =
    Arc<dyn Fn(BrowserProgram) -> BoxFuture<'static, io::Result<Connection>> + Send + Sync>;

/// A program that runs.
pub struct Connection {
    /// Writes to its standard input and reads from its standard output.
    pub stream: DuplexStream,
    /// Returns what it said on its standard error.
    pub errors: Arc<dyn Fn() -> String + Send + Sync>,
}

/// How a browser is set up.
#[derive(Debug, Clone)]
pub struct BrowserConfig {
    /// Name or path of Chromium.
    pub program: String,
    /// The directory that relative paths begin at, as the browser sees it.
    pub workspace: String,
    /// Where downloads go, as the browser sees it.
    pub downloads: String,
    /// Pictures with the numbers of elements are made too.
    pub draws_marks: bool,
}

/// A browser with a profile of its own. It starts when it is first needed.
pub struct Browser {
    config: BrowserConfig,
    launcher: Launcher,
    running: AsyncMutex<Option<Running>>,
    /// The connection, for who looks on.
    pub(crate) live: watch::Sender<Option<LiveHandle>>,
    pub(crate) control: watch::Sender<Control>,
    /// Something to tell the model at the next occasion.
    remarks: Mutex<Vec<String>>,
}

struct Running {
    cdp: Cdp,
    state: Arc<watch::Sender<State>>,
    elements: Elements,
    errors: Arc<dyn Fn() -> String + Send + Sync>,
    /// Carries messages; ends with the browser.
    _connection: JoinSet<()>,
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Connection")
    }
}

impl fmt::Debug for Browser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Browser").field("config", &self.config).finish_non_exhaustive()
    }
}

impl Browser {
    /// Makes a browser, which does not start yet.
    #[must_use]
    pub fn new(config: BrowserConfig, launcher: Launcher) -> Self {
        Self {
            config,
            launcher,
            running: AsyncMutex::new(None),
            live: watch::Sender::new(None),
            control: watch::Sender::new(Control::Agent),
            remarks: Mutex::default(),
        }
    }

    /// Makes the calls of a script, then looks at the page.
    ///
    /// Whatever goes wrong is in the report. While a person uses the browser it is awaited.
    pub async fn perform(&self, code: &str, limit: Duration) -> Report {
        match script::parse(code) {
            Ok(steps) => self.run(&steps, Wanted::Elements, limit).await,
            Err(problem) => Report {
                content: format!("[Error: {problem}. Nothing was done.]"),
                error: problem,
                last_call: code.trim().chars().take(200).collect(),
                ..Report::default()
            },
        }
    }

    /// Opens an address and looks at the page.
    pub async fn open(&self, url: &str, wanted: Wanted, limit: Duration) -> Report {
        let text = format!("goto({url:?})");
        let step = Step { text, call: Call::Goto { url: url.to_owned() } };
        self.run(&[step], wanted, limit).await
    }

    /// Ends the browser. The next script starts it again.
    pub async fn close(&self) {
        *self.running.lock().await = None;
        self.live.send_replace(None);
    }

    pub(crate) fn remark(&self, text: impl Into<String>) {
        self.remarks.lock().unwrap_or_else(PoisonError::into_inner).push(text.into());
    }

    fn take_remarks(&self) -> Vec<String> {
        std::mem::take(&mut *self.remarks.lock().unwrap_or_else(PoisonError::into_inner))
    }

    async fn run(&self, steps: &[Step], wanted: Wanted, limit: Duration) -> Report {
        let mut control = self.control.subscribe();
        let _ = control.wait_for(|control| *control == Control::Agent).await;
        let mut running = self.running.lock().await;
        let work = self.run_now(&mut running, steps, wanted, limit);
        let mut guard = StopLoading { live: self.live.clone(), is_armed: true };
        let report = work.await;
        guard.is_armed = false;
        report
    }

    async fn run_now(
        &self,
        running: &mut Option<Running>,
        steps: &[Step],
        wanted: Wanted,
        limit: Duration,
    ) -> Report {
        if let Err(problem) = self.ensure(running).await {
            let error = format!("the browser does not start: {problem}");
            return Report { content: format!("[Error: {error}]"), error, ..Report::default() };
        }
        let Some(browser) = running else { return Report::default() };
        browser.state.send_modify(|state| {
            state.downloads.retain(|file| file.state == DownloadState::Running);
            state.answer = Answer::default();
        });
        let mut told = Told { all: steps.len(), ..Told::default() };
        let is_ours = || *self.control.borrow() == Control::Agent;
        let work = browser.follow(&self.config, steps, &mut told, is_ours);
        let finished = tokio::time::timeout(limit, work);
        let failure = match finished.await {
            Ok(failure) => failure,
            Err(_) => {
                told.error = format!("it took longer than {} seconds", limit.as_secs());
                None
            }
        };
        if let Some(failure) = &failure {
            told.error = failure.to_string();
        }
        self.look(running, wanted, told).await
    }

    /// Looks at the page and says what there is; what does not answer is closed.
    async fn look(&self, running: &mut Option<Running>, wanted: Wanted, mut told: Told) -> Report {
        let Some(browser) = running else { return Report::default() };
        let looked = browser.look(&self.config).await;
        let seen = match looked {
            Ok(seen) => Some(seen),
            Err(error) => {
                tracing::debug!(%error, "a page could not be looked at");
                browser.recover(&self.config, &mut told).await
            }
        };
        let is_gone = browser.state.borrow().is_gone;
        if is_gone {
            told.remarks.push(format!(
                "The browser ended{}. The next call starts it again; its pages are gone.",
                last_words(&(browser.errors)())
            ));
        }
        let (tabs, active) = browser.tabs();
        browser.state.send_modify(|state| {
            told.notes.append(&mut state.notes);
            told.downloads.clone_from(&state.downloads);
            told.is_loading = state.active_tab().is_some_and(|tab| tab.is_loading);
        });
        if is_gone {
            *running = None;
            self.live.send_replace(None);
        }
        told.remarks.splice(0..0, self.take_remarks());
        let marks = seen.as_ref().map(Capture::marks);
        let mut report = Report::new(wanted, told, tabs, active, seen);
        if let (true, Some(png), Some(marks)) = (self.config.draws_marks, &report.screenshot, marks)
        {
            let png = png.clone();
            let drawn = tokio::task::spawn_blocking(move || marks::draw(&png, &marks));
            report.marked = drawn.await.ok().flatten();
        }
        report
    }

    async fn ensure(&self, running: &mut Option<Running>) -> Result<(), String> {
        if running.as_ref().is_some_and(|running| !running.state.borrow().is_gone) {
            return Ok(());
        }
        if running.take().is_some() {
            self.remark("The browser had ended and was started again; its pages are gone.");
        }
        self.live.send_replace(None);
        let started = Running::start(&self.config, &self.launcher).await?;
        let (cdp, state) = (started.cdp.clone(), started.state.clone());
        self.live.send_replace(Some(LiveHandle { cdp, state }));
        *running = Some(started);
        Ok(())
    }

    /// Returns what the browser shows, for people who look on.
    pub fn live(self: &Arc<Self>) -> Live {
        Live::new(self.clone())
    }
}

/// Ends what a page is doing if a script is given up.
struct StopLoading {
    live: watch::Sender<Option<LiveHandle>>,
    is_armed: bool,
}

impl Drop for StopLoading {
    fn drop(&mut self) {
        if self.is_armed
            && let Some(LiveHandle { cdp, state }) = &*self.live.borrow()
            && let Some(tab) = state.borrow().active_tab()
        {
            cdp.send(Some(&tab.session), "Page.stopLoading", json!({}));
        }
    }
}

impl Running {
    async fn start(config: &BrowserConfig, launcher: &Launcher) -> Result<Self, String> {
        let program = BrowserProgram::new(&config.program, &config.downloads);
        let Connection { stream, errors } =
            launcher(program).await.map_err(|error| error.to_string())?;
        let state = State::new(config.downloads.clone());
        let state = Arc::new(watch::Sender::new(state));
        let known = state.clone();
        let (cdp, work) = connect(stream, move |cdp, event| {
            known.send_modify(|state| state.apply(cdp, event));
        });
        let mut connection = JoinSet::new();
        let ended = state.clone();
        connection.spawn(async move {
            work.await;
            ended.send_modify(|state| state.is_gone = true);
        });
        let this =
            Self { cdp, state, elements: Elements::default(), errors, _connection: connection };
        match tokio::time::timeout(START, this.set_up(config)).await {
            Ok(Ok(())) => Ok(this),
            Ok(Err(error)) => Err(format!("{error}{}", last_words(&(this.errors)()))),
            Err(_) => Err(format!(
                "it was not ready within {} seconds{}",
                START.as_secs(),
                last_words(&(this.errors)())
            )),
        }
    }

    async fn set_up(&self, config: &BrowserConfig) -> Result<(), CdpError> {
        let behavior = download_behavior(&config.downloads);
        let _: Value = self.call(START, "Target.setAutoAttach", auto_attach()).await?;
        let _: Value = self.call(START, "Browser.setDownloadBehavior", behavior).await?;
        let pages = json!({"discover": true, "filter": [{"type": "page"}, {"exclude": true}]});
        let _: Value = self.call(START, "Target.setDiscoverTargets", pages).await?;
        let mut states = self.state.subscribe();
        let first = states.wait_for(|state| state.is_gone || !state.tabs.is_empty()).await;
        match first {
            Ok(state) if !state.is_gone => Ok(()),
            Ok(_) | Err(_) => Err(CdpError::Gone),
        }
    }

    async fn call(
        &self,
        patience: Duration,
        method: &str,
        params: Value,
    ) -> Result<Value, CdpError> {
        self.cdp.call_within(patience, None, method, params).await
    }

    fn actor<'a>(&'a self, config: &'a BrowserConfig) -> Actor<'a> {
        Actor {
            cdp: &self.cdp,
            state: &self.state,
            elements: &self.elements,
            workspace: &config.workspace,
        }
    }

    /// Makes the calls until one fails, and returns why it did.
    async fn follow(
        &self,
        config: &BrowserConfig,
        steps: &[Step],
        told: &mut Told,
        is_ours: impl Fn() -> bool,
    ) -> Option<String> {
        let actor = self.actor(config);
        for step in steps {
            told.last_call.clone_from(&step.text);
            if !is_ours() {
                return Some("the user took the browser over; this call was not made".to_owned());
            }
            match actor.perform(&step.call).await {
                Ok(()) => told.done += 1,
                Err(ActError::Said(problem)) => return Some(problem),
                Err(ActError::Browser(error)) => return Some(error.to_string()),
            }
        }
        None
    }

    async fn look(&mut self, config: &BrowserConfig) -> Result<Capture, CdpError> {
        // Pages that crashed are closed first; what takes their place may crash with them.
        for _ in 0..CRASHES {
            let crashed = {
                let state = self.state.borrow();
                state.tabs.iter().find(|tab| tab.is_crashed).map(|tab| tab.target.clone())
            };
            let Some(target) = crashed else { break };
            self.actor(config).end_tab(&target).await.map_err(|_| CdpError::TimedOut)?;
        }
        let (tab, sessions, parents) = {
            let state = self.state.borrow();
            let tab = state.active_tab().ok_or(CdpError::Gone)?.clone();
            (tab.clone(), state.sessions_of(&tab), state.parents_of(&tab))
        };
        let seen = capture(&self.cdp, sessions, &tab, &parents, &mut self.elements).await?;
        // The browser knows where it is, also if the page in a new process was late to tell.
        if let Some(url) = History::of(&self.cdp, &tab.session).await?.url() {
            self.state.send_modify(|state| state.correct(&tab.target, url));
        }
        Ok(seen)
    }

    /// Brings a page that does not answer to an end, by and by with more force.
    async fn recover(&mut self, config: &BrowserConfig, told: &mut Told) -> Option<Capture> {
        let tab = self.state.borrow().active_tab().cloned();
        if let Some(tab) = tab {
            self.cdp.send(Some(&tab.session), "Runtime.terminateExecution", json!({}));
            self.cdp.send(Some(&tab.session), "Page.stopLoading", json!({}));
            if let Ok(seen) = self.look(config).await {
                told.remarks.push("A script of the page did not end and was stopped.".to_owned());
                return Some(seen);
            }
            told.remarks.push(format!("The page {} did not respond and was closed.", tab.url));
            if self.actor(config).end_tab(&tab.target).await.is_ok()
                && let Ok(seen) = self.look(config).await
            {
                return Some(seen);
            }
        }
        // Whatever holds it up, it is ended: the stream is dropped with the connection.
        self.state.send_modify(|state| state.is_gone = true);
        None
    }

    fn tabs(&self) -> (Vec<String>, Option<usize>) {
        let state = self.state.borrow();
        (state.tabs.iter().map(|tab| tab.url.clone()).collect(), state.active_index())
    }
}

/// Returns the last line that says why a program ended.
fn last_words(errors: &str) -> String {
    let line = errors.lines().rev().find(|line| !line.trim().is_empty());
    line.map_or_else(String::new, |line| {
        format!(" ({})", line.trim().chars().take(300).collect::<String>())
    })
}
