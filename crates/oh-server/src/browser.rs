//! The browsers of conversations, and a runtime that uses one of them.

use std::collections::HashMap;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use oh_browser::{
    Browser, BrowserConfig, BrowserProgram, Connection, Launcher, Live, Report, STEP_LIMIT, Wanted,
};
use oh_event::{
    Action, BrowseObservation, ConfirmationState, ConversationId, DownloadObservation,
    ErrorObservation, Observation, OpaqueJson,
};
use oh_runtime::{
    ActionRequest, Activity, BoxFuture, OpenPort, Program, ProgramNetwork, RunningProgram, Runtime,
};
use oh_session::PreparedRuntime;
use serde_json::json;
use tokio::io::DuplexStream;
use tokio::sync::watch;

use crate::pictures::Pictures;

/// Where downloads go, in the workspace.
const DOWNLOADS: &str = ".downloads";

/// The browsers of live conversations. Clones share them.
#[derive(Debug, Clone)]
pub(crate) struct Browsers {
    live: Arc<Mutex<HashMap<ConversationId, Weak<Browser>>>>,
    /// Tells that a conversation has another browser.
    changes: Arc<watch::Sender<()>>,
    pictures: Pictures,
    /// Pictures with the numbers of elements are made too.
    draws_marks: bool,
}

impl Browsers {
    pub(crate) fn new(pictures: Pictures, draws_marks: bool) -> Self {
        Self { live: Arc::default(), changes: Arc::default(), pictures, draws_marks }
    }

    /// Gives a runtime a browser, if there is one, and a place for the pictures of all its tools.
    pub(crate) fn attach(
        &self,
        prepared: PreparedRuntime,
        id: &ConversationId,
        chromium: Result<&str, String>,
    ) -> PreparedRuntime {
        let browser = chromium.map(|program| {
            let workspace = prepared.runtime.workspace().to_string_lossy().into_owned();
            let config = BrowserConfig {
                program: program.to_owned(),
                downloads: format!("{workspace}/{DOWNLOADS}"),
                workspace,
                draws_marks: self.draws_marks,
            };
            let browser = Arc::new(Browser::new(config, launcher(prepared.runtime.clone())));
            let mut live = self.live.lock().unwrap_or_else(PoisonError::into_inner);
            live.retain(|_, browser| browser.strong_count() > 0);
            live.insert(id.clone(), Arc::downgrade(&browser));
            self.changes.send_replace(());
            browser
        });
        let runtime = Arc::new(BrowserRuntime {
            inner: prepared.runtime,
            browser,
            pictures: self.pictures.clone(),
            id: id.clone(),
        });
        PreparedRuntime { runtime, ..prepared }
    }

    /// Tells when a conversation gets another browser.
    pub(crate) fn changes(&self) -> watch::Receiver<()> {
        self.changes.subscribe()
    }

    /// Lets people look on at the browser of a conversation; `None` if it has none.
    pub(crate) fn watch(&self, id: &ConversationId) -> Option<Live> {
        let live = self.live.lock().unwrap_or_else(PoisonError::into_inner);
        live.get(id)?.upgrade().map(|browser| browser.live())
    }
}

/// Starts the browser in the sandbox of a conversation, with the network of pages.
fn launcher(runtime: Arc<dyn Runtime>) -> Launcher {
    Arc::new(move |BrowserProgram { command, arguments }| {
        let runtime = runtime.clone();
        Box::pin(async move {
            let network = ProgramNetwork::OfPages;
            let program = Program { command, arguments, network, ..Program::default() };
            let RunningProgram { stream, errors } = runtime.start_program(program).await?;
            Ok(Connection { stream, errors: Arc::new(move || errors.text()) })
        })
    })
}

/// A runtime that also browses, and keeps pictures beside the log.
#[derive(Debug)]
struct BrowserRuntime {
    inner: Arc<dyn Runtime>,
    /// Or why there is none.
    browser: Result<Arc<Browser>, String>,
    pictures: Pictures,
    id: ConversationId,
}

impl BrowserRuntime {
    async fn run(&self, request: ActionRequest) -> Observation {
        let may_run = request.action.confirmation_state() == ConfirmationState::Confirmed;
        let limit = request.timeout.unwrap_or(STEP_LIMIT);
        match request.action {
            Action::BrowseInteractive(action) if may_run => {
                let work =
                    async |browser: &Browser| browser.perform(&action.browser_actions, limit).await;
                self.browse("browse_interactive", action.return_axtree, work).await
            }
            Action::Browse(action) if may_run => {
                let wanted = if action.return_axtree { Wanted::Elements } else { Wanted::Text };
                let work = async |browser: &Browser| browser.open(&action.url, wanted, limit).await;
                self.browse("browse", action.return_axtree, work).await
            }
            action => {
                let observation = self.inner.execute(ActionRequest { action, ..request }).await;
                self.keep_pictures(observation).await
            }
        }
    }

    async fn browse(
        &self,
        action: &'static str,
        returns_tree: bool,
        work: impl AsyncFnOnce(&Browser) -> Report,
    ) -> Observation {
        match &self.browser {
            Ok(browser) => {
                let report = work(browser).await;
                self.observation(action, returns_tree, report).await
            }
            Err(reason) => Observation::Error(ErrorObservation {
                content: format!("There is no browser: {reason}."),
                error_id: String::new(),
            }),
        }
    }

    async fn observation(
        &self,
        action: &'static str,
        returns_tree: bool,
        report: Report,
    ) -> Observation {
        let Report { content, url, screenshot, marked, tabs, active, last_call, error, .. } =
            report;
        if let Some(path) = report.downloads.into_iter().next() {
            return Observation::Download(DownloadObservation { content, file_path: path });
        }
        let (screenshot, set_of_marks) = (self.keep(screenshot).await, self.keep(marked).await);
        let axtree_object = match returns_tree {
            true => OpaqueJson::from_json_text(json!({"text": content}).to_string()),
            false => OpaqueJson::default(),
        };
        Observation::Browse(BrowseObservation {
            url,
            trigger_by_action: action.to_owned(),
            screenshot_path: (!screenshot.is_empty()).then(|| screenshot.clone()),
            screenshot,
            set_of_marks,
            error: !error.is_empty(),
            open_pages_urls: tabs,
            active_page_index: active.and_then(|at| i64::try_from(at).ok()).unwrap_or(-1),
            axtree_object,
            last_browser_action: last_call,
            last_browser_action_error: error,
            focused_element_bid: report.focused.map(|bid| bid.to_string()).unwrap_or_default(),
            content,
            ..BrowseObservation::default()
        })
    }

    /// Keeps a picture; a conversation goes on without one that cannot be kept.
    async fn keep(&self, picture: Option<Vec<u8>>) -> String {
        let Some(bytes) = picture else { return String::new() };
        match self.pictures.keep(&self.id, bytes).await {
            Ok(address) => address,
            Err(error) => {
                tracing::warn!(%error, "a picture of the browser could not be kept");
                String::new()
            }
        }
    }

    async fn keep_pictures(&self, mut observation: Observation) -> Observation {
        let urls = match &mut observation {
            Observation::RunIpython(cell) => &mut cell.image_urls,
            Observation::Mcp(result) => &mut result.image_urls,
            _ => return observation,
        };
        for url in urls.iter_mut().flatten() {
            *url = self.pictures.keep_url(&self.id, std::mem::take(url)).await;
        }
        observation
    }
}

impl Runtime for BrowserRuntime {
    fn execute(&self, request: ActionRequest) -> BoxFuture<'_, Observation> {
        Box::pin(self.run(request))
    }

    fn workspace(&self) -> &Path {
        self.inner.workspace()
    }

    fn stop_processes(&self) -> BoxFuture<'_, ()> {
        self.inner.stop_processes()
    }

    fn activity(&self) -> BoxFuture<'_, Activity> {
        self.inner.activity()
    }

    fn start_program(&self, program: Program) -> BoxFuture<'_, io::Result<RunningProgram>> {
        self.inner.start_program(program)
    }

    fn ports(&self) -> BoxFuture<'_, Vec<OpenPort>> {
        self.inner.ports()
    }

    fn connect(&self, port: u16) -> BoxFuture<'_, io::Result<DuplexStream>> {
        self.inner.connect(port)
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            if let Ok(browser) = &self.browser {
                // A script that runs ends with its processes.
                let _ = tokio::time::timeout(Duration::from_secs(1), browser.close()).await;
            }
            self.inner.close().await;
        })
    }
}
