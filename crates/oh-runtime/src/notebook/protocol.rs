//! What we and `python/driver.py` say to each other, one JSON object in a line.

use serde::{Deserialize, Serialize};

/// Longest line: a picture, or a piece of text.
pub(super) const MAX_LINE_BYTES: usize = 32 * 1024 * 1024;

/// What we ask.
#[derive(Debug, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub(super) enum Request<'a> {
    /// Runs `init` and then `code`, after a change to `directory`; what is empty is left out.
    Run { code: &'a str, init: &'a str, directory: &'a str },
    /// Interrupts what runs.
    Interrupt,
}

/// What the driver says.
#[derive(Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub(super) enum Report {
    /// The kernel takes cells.
    Ready { kernel: String, python: String, version: String, processes: Vec<i32> },
    /// This Python cannot be used.
    Unfit { reason: String },
    /// Something was printed or is to be shown as text.
    Output { text: String },
    /// A picture of `length` digits in base64; without `data` it is too long.
    Picture {
        #[serde(rename = "type")]
        media_type: String,
        data: String,
        length: usize,
    },
    /// The cell has ended, and the kernel is in `directory`.
    Done { directory: String },
    /// The kernel has ended.
    Ended { how: String },
}
