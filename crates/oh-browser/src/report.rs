//! What came of a script, for the model and for people.

use std::fmt::Write;

use crate::page::{Capture, MAX_TREE, page_text, tree};
use crate::state::{Download, DownloadState, Note};

/// What is to be told of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// Its elements, to act on.
    Elements,
    /// Its text, to read.
    Text,
}

/// The page after something was done.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Report {
    /// What to tell the model.
    pub content: String,
    /// The address.
    pub url: String,
    /// The title.
    pub title: String,
    /// A PNG picture of what is seen.
    pub screenshot: Option<Vec<u8>>,
    /// The same with the numbers of elements in it.
    pub marked: Option<Vec<u8>>,
    /// Addresses of all tabs.
    pub tabs: Vec<String>,
    /// The tab that is shown.
    pub active: Option<usize>,
    /// The last call that was made.
    pub last_call: String,
    /// Why a call failed, or nothing.
    pub error: String,
    /// The number of the element that takes keys.
    pub focused: Option<u32>,
    /// Where files are that were fetched, as the browser sees it.
    pub downloads: Vec<String>,
}

/// What is said beside the page itself.
#[derive(Debug, Default)]
pub(crate) struct Told {
    /// The calls that were made, and how many there are.
    pub(crate) done: usize,
    pub(crate) all: usize,
    pub(crate) error: String,
    pub(crate) last_call: String,
    pub(crate) notes: Vec<Note>,
    pub(crate) downloads: Vec<Download>,
    /// What happened to the browser itself.
    pub(crate) remarks: Vec<String>,
    pub(crate) is_loading: bool,
}

impl Report {
    pub(crate) fn new(
        wanted: Wanted,
        told: Told,
        tabs: Vec<String>,
        active: Option<usize>,
        capture: Option<Capture>,
    ) -> Self {
        let url = active.and_then(|at| tabs.get(at)).cloned().unwrap_or_default();
        let mut content = String::new();
        for remark in &told.remarks {
            let _ = writeln!(content, "[{remark}]");
        }
        if told.error.is_empty() {
            if told.all > 0 {
                content.push_str("[The calls were made.]\n");
            }
        } else {
            let _ = writeln!(content, "[Error in `{}`: {}]", told.last_call, told.error);
            if told.done < told.all {
                let _ =
                    writeln!(content, "[{} of {} calls were made before it.]", told.done, told.all);
            }
        }
        for note in &told.notes {
            let _ = writeln!(content, "[{}]", said(note));
        }
        for file in &told.downloads {
            let _ = writeln!(content, "[{}]", said_of_file(file));
        }
        page(&mut content, wanted, &told, &tabs, active, capture.as_ref());
        let completed = |file: &&Download| file.state == DownloadState::Completed;
        let downloads =
            told.downloads.iter().filter(completed).filter_map(|file| file.path.clone()).collect();
        let (title, focused, screenshot) = match capture {
            Some(capture) => (capture.title.clone(), capture.focused(), capture.screenshot),
            None => Default::default(),
        };
        let Told { error, last_call, .. } = told;
        Self {
            content,
            url,
            title,
            screenshot,
            marked: None,
            tabs,
            active,
            last_call,
            error,
            focused,
            downloads,
        }
    }
}

fn page(
    content: &mut String,
    wanted: Wanted,
    told: &Told,
    tabs: &[String],
    active: Option<usize>,
    capture: Option<&Capture>,
) {
    if let Some(url) = active.and_then(|at| tabs.get(at)) {
        let _ = writeln!(content, "[Address: {url}]");
    }
    if tabs.len() > 1 {
        content.push_str("[Tabs, to be shown by tab_focus(number):\n");
        for (at, url) in tabs.iter().enumerate() {
            let mark = if active == Some(at) { " (shown)" } else { "" };
            let _ = writeln!(content, "  {at}: {url}{mark}");
        }
        content.push_str("]\n");
    }
    let Some(capture) = capture else { return };
    if told.is_loading {
        content.push_str("[The page has not finished loading; this is what it shows so far.]\n");
    }
    if !capture.title.is_empty() {
        let _ = writeln!(content, "[Title: {}]", capture.title);
    }
    if wanted == Wanted::Text {
        let _ = write!(content, "\n{}", page_text(&capture.lines));
        return;
    }
    if let Some(focused) = capture.focused() {
        let _ = writeln!(content, "[Keys go to [{focused}].]");
    }
    let (from, to) = (capture.scrolled, capture.scrolled + Capture::window().height);
    if capture.height > Capture::window().height + 1.0 {
        let _ = writeln!(
            content,
            "[The window shows {from:.0} to {:.0} of {:.0} pixels of the page.]",
            to.min(capture.height),
            capture.height
        );
    }
    content.push_str("============== BEGIN accessibility tree ==============\n");
    content.push_str(&tree(&capture.lines, Capture::window(), MAX_TREE));
    content.push_str("\n============== END accessibility tree ==============");
}

fn said(note: &Note) -> String {
    match note {
        Note::Dialog { kind, message, is_accepted } => {
            let done = match (kind.as_str(), is_accepted) {
                ("alert", _) => "It was closed.",
                (_, true) => "It was accepted.",
                (_, false) => {
                    "It was dismissed; answer_dialogs(True) before the call that opens it accepts it."
                }
            };
            format!("The page showed a dialog ({kind}): \"{message}\". {done}")
        }
        Note::FileChooser => {
            "The page asks for a file: upload_file('number of the field', '/path') gives it one."
                .to_owned()
        }
        Note::NewTab { url } if url.is_empty() => "A new tab was opened and is shown.".to_owned(),
        Note::NewTab { url } => format!("A new tab was opened and is shown: {url}"),
        Note::TabsClosed => {
            "A page wanted more tabs than may be open; tab_close() makes room.".to_owned()
        }
        Note::Crashed => "The page crashed.".to_owned(),
    }
}

fn said_of_file(file: &Download) -> String {
    let Download { name, path, received, state, .. } = file;
    match (state, path) {
        (DownloadState::Completed, Some(path)) => {
            format!("Downloaded {name} ({received} bytes): it is at {path}")
        }
        (DownloadState::Completed, None) => format!("Downloaded {name} ({received} bytes)."),
        (DownloadState::Running, _) => {
            format!("The download of {name} goes on: {received} bytes so far.")
        }
        (DownloadState::Canceled, _) => format!("The download of {name} failed."),
    }
}
