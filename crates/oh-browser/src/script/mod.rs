//! What the model writes: a few calls, each on a line, in the form of Python.

mod bind;
mod literal;
mod parse;

use std::time::Duration;

pub(crate) use parse::parse;

/// One thing to do in the browser.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Step {
    /// The call as it is shown.
    pub(crate) text: String,
    pub(crate) call: Call,
}

/// A call. Elements are named by the number that stands before them in the tree.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Call {
    Goto {
        url: String,
    },
    GoBack,
    GoForward,
    Noop {
        wait: Duration,
    },
    Scroll {
        dx: f64,
        dy: f64,
    },
    Fill {
        bid: String,
        value: String,
    },
    SelectOption {
        bid: String,
        options: Vec<String>,
    },
    Click {
        bid: String,
        click: Click,
    },
    Hover {
        bid: String,
    },
    Press {
        bid: String,
        keys: String,
    },
    Focus {
        bid: String,
    },
    Clear {
        bid: String,
    },
    DragAndDrop {
        from: String,
        to: String,
    },
    UploadFile {
        bid: String,
        files: Vec<String>,
    },
    NewTab,
    TabFocus {
        index: usize,
    },
    TabClose,
    /// How the next dialogs are answered.
    AnswerDialogs {
        accept: bool,
        text: String,
    },
}

/// How the mouse clicks.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Click {
    pub(crate) button: &'static str,
    pub(crate) modifiers: Vec<String>,
    pub(crate) count: u8,
}
