//! What is known of the browser, folded from its events.

use std::collections::HashMap;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::cdp::{Cdp, CdpEvent, SessionId};

/// Size of the page's window, in CSS pixels.
pub(crate) const WIDTH: u32 = 1280;
pub(crate) const HEIGHT: u32 = 720;
/// Most tabs that stay open.
const MAX_TABS: usize = 12;
/// Most notes of one kind between two looks.
const MAX_NOTES: usize = 20;
/// Longest text of a dialog that is kept, in characters.
const DIALOG_CHARS: usize = 1000;

/// The browser as it is now.
#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) tabs: Vec<Tab>,
    /// The tab that is shown.
    pub(crate) active: Option<Arc<str>>,
    sessions: HashMap<SessionId, Session>,
    /// The documents that frames show, by loader.
    loaders: HashMap<String, String>,
    pub(crate) downloads: Vec<Download>,
    /// Where downloads go; each but the first has a directory of its own in there.
    downloads_dir: String,
    fetched: usize,
    pub(crate) notes: Vec<Note>,
    /// How dialogs are answered.
    pub(crate) answer: Answer,
    pub(crate) drag: Option<Value>,
    pub(crate) frame: Option<Arc<Frame>>,
    /// The browser has ended.
    pub(crate) is_gone: bool,
}

/// A page of the browser.
#[derive(Debug, Clone)]
pub(crate) struct Tab {
    pub(crate) target: Arc<str>,
    pub(crate) session: SessionId,
    pub(crate) url: String,
    pub(crate) is_loading: bool,
    pub(crate) is_crashed: bool,
}

/// A session with a page, or with a frame of another site in it.
#[derive(Debug, Clone)]
struct Session {
    target: Arc<str>,
    parent: Option<SessionId>,
}

/// A file that the browser fetches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Download {
    guid: String,
    pub(crate) name: String,
    pub(crate) path: Option<String>,
    pub(crate) received: u64,
    pub(crate) state: DownloadState,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DownloadState {
    Running,
    Completed,
    Canceled,
}

/// Something to tell the model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Note {
    Dialog { kind: String, message: String, is_accepted: bool },
    FileChooser,
    NewTab { url: String },
    TabsClosed,
    Crashed,
}

/// How the next dialogs are answered.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) accept: bool,
    pub(crate) text: String,
}

/// A picture of the page as it passes by.
#[derive(Debug, Clone, PartialEq)]
pub struct Frame {
    /// A JPEG picture.
    pub jpeg: Vec<u8>,
    /// Width of the page in CSS pixels.
    pub width: f64,
    /// Height of the page in CSS pixels.
    pub height: f64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Attached {
    session_id: String,
    target_info: TargetInfo,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TargetInfo {
    target_id: String,
    r#type: String,
    url: String,
    opener_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct InfoChanged {
    target_info: TargetInfo,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OfSession {
    session_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OfFrame {
    frame_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WithinDocument {
    frame_id: String,
    url: String,
}

#[derive(Deserialize)]
struct Navigated {
    frame: FrameInfo,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FrameInfo {
    id: String,
    loader_id: String,
    url: String,
    #[serde(default)]
    url_fragment: String,
}

#[derive(Deserialize)]
struct DialogOpening {
    message: String,
    r#type: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DownloadBegin {
    guid: String,
    suggested_filename: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DownloadProgress {
    guid: String,
    received_bytes: f64,
    state: String,
    file_path: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ScreencastFrame {
    data: String,
    session_id: i64,
    metadata: ScreencastMetadata,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ScreencastMetadata {
    device_width: f64,
    device_height: f64,
}

#[derive(Deserialize)]
struct Dragged {
    data: Value,
}

impl State {
    pub(crate) fn new(downloads_dir: String) -> Self {
        Self { downloads_dir, ..Self::default() }
    }

    /// Returns the tab that is shown.
    pub(crate) fn active_tab(&self) -> Option<&Tab> {
        let active = self.active.as_ref()?;
        self.tabs.iter().find(|tab| tab.target == *active)
    }

    pub(crate) fn active_index(&self) -> Option<usize> {
        let active = self.active.as_ref()?;
        self.tabs.iter().position(|tab| tab.target == *active)
    }

    /// Returns the sessions with a tab: the page's own, then those of frames of other sites, with
    /// the frame that each shows.
    pub(crate) fn sessions_of(&self, tab: &Tab) -> Vec<(SessionId, Arc<str>)> {
        let mut found = vec![(tab.session.clone(), tab.target.clone())];
        let mut at = 0;
        while let Some((parent, _)) = found.get(at).cloned() {
            let children = self.sessions.iter().filter(|(_, s)| s.parent.as_ref() == Some(&parent));
            found.extend(children.map(|(id, session)| (id.clone(), session.target.clone())));
            at += 1;
        }
        found
    }

    /// Returns the session in which the owner of a session's frame is.
    pub(crate) fn parent_of(&self, session: &SessionId) -> Option<(SessionId, Arc<str>)> {
        let session = self.sessions.get(session)?;
        Some((session.parent.clone()?, session.target.clone()))
    }

    /// Says whether a frame still shows the document of `loader`.
    pub(crate) fn is_current(&self, frame: &str, loader: &str) -> bool {
        self.loaders.get(frame).is_none_or(|current| current == loader)
    }

    /// Sets the address of a tab.
    pub(crate) fn correct(&mut self, target: &str, url: String) {
        if let Some(tab) = self.tabs.iter_mut().find(|tab| *tab.target == *target) {
            tab.url = url;
        }
    }

    fn tab(&mut self, session: Option<&str>) -> Option<&mut Tab> {
        self.tabs.iter_mut().find(|tab| Some(&*tab.session) == session)
    }

    fn note(&mut self, note: Note) {
        if self.notes.len() < MAX_NOTES && !(note == Note::Crashed && self.notes.contains(&note)) {
            self.notes.push(note);
        }
    }

    /// Takes in one event, and answers it where the browser waits for that.
    pub(crate) fn apply(&mut self, cdp: &Cdp, event: &CdpEvent<'_>) {
        match event.method {
            "Target.attachedToTarget" => {
                if let Some(attached) = event.read() {
                    self.attach(cdp, event.session, attached);
                }
            }
            "Target.detachedFromTarget" => {
                if let Some(OfSession { session_id }) = event.read() {
                    cdp.give_up(&session_id);
                    self.detach(&session_id);
                }
            }
            // A page that is new in its process may be late to tell where it is.
            "Target.targetInfoChanged" => {
                if let Some(InfoChanged { target_info }) = event.read() {
                    self.correct(&target_info.target_id, target_info.url);
                }
            }
            "Inspector.targetCrashed" => {
                if let Some(session) = event.session {
                    cdp.give_up(session);
                }
                if let Some(tab) = self.tab(event.session) {
                    (tab.is_crashed, tab.is_loading) = (true, false);
                    self.note(Note::Crashed);
                }
            }
            "Page.frameStartedLoading" | "Page.frameStoppedLoading" => {
                if let Some(OfFrame { frame_id }) = event.read()
                    && let Some(tab) = self.tab(event.session)
                    && *tab.target == *frame_id
                {
                    tab.is_loading = event.method == "Page.frameStartedLoading";
                }
            }
            "Page.frameNavigated" => {
                if let Some(Navigated { frame }) = event.read() {
                    if let Some(tab) = self.tab(event.session)
                        && *tab.target == *frame.id
                    {
                        tab.url = format!("{}{}", frame.url, frame.url_fragment);
                        tab.is_crashed = false;
                    }
                    self.loaders.insert(frame.id, frame.loader_id);
                }
            }
            "Page.frameDetached" => {
                if let Some(OfFrame { frame_id }) = event.read() {
                    self.loaders.remove(&frame_id);
                }
            }
            "Page.navigatedWithinDocument" => {
                if let Some(WithinDocument { frame_id, url }) = event.read()
                    && let Some(tab) = self.tab(event.session)
                    && *tab.target == *frame_id
                {
                    tab.url = url;
                }
            }
            "Page.javascriptDialogOpening" => {
                if let Some(dialog) = event.read() {
                    self.answer_dialog(cdp, event.session, dialog);
                }
            }
            "Page.fileChooserOpened" => self.note(Note::FileChooser),
            "Browser.downloadWillBegin" => {
                if let Some(DownloadBegin { guid, suggested_filename }) = event.read() {
                    self.begin_download(guid, suggested_filename);
                }
            }
            "Browser.downloadProgress" => {
                if let Some(progress) = event.read() {
                    self.download(cdp, progress);
                }
            }
            "Input.dragIntercepted" => {
                self.drag = event.read().map(|Dragged { data }| data);
            }
            "Page.screencastFrame" => {
                if let Some(frame) = event.read() {
                    self.show(cdp, event.session, frame);
                }
            }
            _ => {}
        }
    }

    fn attach(&mut self, cdp: &Cdp, parent: Option<&str>, attached: Attached) {
        let Attached { session_id, target_info } = attached;
        let session: SessionId = session_id.into();
        let target: Arc<str> = target_info.target_id.into();
        let is_page = target_info.r#type == "page";
        for (method, params) in [
            ("Page.enable", json!({})),
            ("Inspector.enable", json!({})),
            ("Page.setInterceptFileChooserDialog", json!({"enabled": true})),
            ("Target.setAutoAttach", auto_attach()),
        ] {
            cdp.send(Some(&session), method, params);
        }
        if is_page {
            let size =
                json!({"width": WIDTH, "height": HEIGHT, "deviceScaleFactor": 1, "mobile": false});
            cdp.send(Some(&session), "Emulation.setDeviceMetricsOverride", size);
        }
        cdp.send(Some(&session), "Runtime.runIfWaitingForDebugger", json!({}));
        let parent: Option<SessionId> = parent.map(Into::into);
        let parent = parent.filter(|_| !is_page);
        self.sessions.insert(session.clone(), Session { target: target.clone(), parent });
        if !is_page {
            return;
        }
        if self.tabs.len() >= MAX_TABS {
            cdp.send(None, "Target.closeTarget", json!({"targetId": target}));
            self.note(Note::TabsClosed);
            return;
        }
        if target_info.opener_id.is_some() {
            self.note(Note::NewTab { url: target_info.url.clone() });
        }
        self.active = Some(target.clone());
        let url = target_info.url;
        self.tabs.push(Tab { target, session, url, is_loading: false, is_crashed: false });
    }

    fn detach(&mut self, session: &str) {
        self.sessions.remove(session);
        let Some(at) = self.tabs.iter().position(|tab| *tab.session == *session) else { return };
        let closed = self.tabs.remove(at);
        if self.active.as_ref() == Some(&closed.target) {
            let next = at.checked_sub(1).and_then(|before| self.tabs.get(before));
            self.active = next.or(self.tabs.first()).map(|tab| tab.target.clone());
        }
    }

    fn answer_dialog(&mut self, cdp: &Cdp, session: Option<&str>, dialog: DialogOpening) {
        let DialogOpening { message, r#type: kind } = dialog;
        // There is nothing to decide about an alert, and a page cannot hold back who leaves it.
        let is_accepted = matches!(kind.as_str(), "alert" | "beforeunload") || self.answer.accept;
        let params = json!({"accept": is_accepted, "promptText": self.answer.text});
        cdp.send(session, "Page.handleJavaScriptDialog", params);
        if kind != "beforeunload" {
            let message = message.chars().take(DIALOG_CHARS).collect();
            self.note(Note::Dialog { kind, message, is_accepted });
        }
    }

    fn begin_download(&mut self, guid: String, name: String) {
        if self.downloads.len() < MAX_NOTES {
            let state = DownloadState::Running;
            self.downloads.push(Download { guid, name, path: None, received: 0, state });
        }
    }

    fn download(&mut self, cdp: &Cdp, progress: DownloadProgress) {
        let DownloadProgress { guid, received_bytes, state, file_path } = progress;
        let Some(download) = self.downloads.iter_mut().find(|known| known.guid == guid) else {
            return;
        };
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a count of bytes, which JSON has as a float; the cast saturates"
        )]
        {
            download.received = received_bytes as u64;
        }
        download.path = file_path.or(download.path.take());
        download.state = match state.as_str() {
            "completed" => DownloadState::Completed,
            "canceled" => DownloadState::Canceled,
            _ => DownloadState::Running,
        };
        if download.state == DownloadState::Completed {
            // The browser would write over what has the same name.
            self.fetched += 1;
            let directory = format!("{}/{}", self.downloads_dir, self.fetched + 1);
            cdp.send(None, "Browser.setDownloadBehavior", download_behavior(&directory));
        }
    }

    fn show(&mut self, cdp: &Cdp, session: Option<&str>, frame: ScreencastFrame) {
        use base64::Engine;

        let ScreencastFrame { data, session_id, metadata } = frame;
        cdp.send(session, "Page.screencastFrameAck", json!({"sessionId": session_id}));
        let Ok(jpeg) = base64::engine::general_purpose::STANDARD.decode(data) else { return };
        let ScreencastMetadata { device_width: width, device_height: height } = metadata;
        self.frame = Some(Arc::new(Frame { jpeg, width, height }));
    }
}

pub(crate) fn download_behavior(directory: &str) -> Value {
    json!({"behavior": "allow", "downloadPath": directory, "eventsEnabled": true})
}

/// Says that we want a session with every page, and with every frame of another site.
pub(crate) fn auto_attach() -> Value {
    json!({
        "autoAttach": true,
        "waitForDebuggerOnStart": true,
        "flatten": true,
        "filter": [{"type": "page"}, {"type": "iframe"}, {"exclude": true}],
    })
}
