//! Edits that a model drafts: part of a file is written anew after a sketch of what it should be.
//!
//! The session reads the file, makes a [`DraftPlan`], asks the model if the plan says so, writes the lines
//! and shows what changed. Source of the behavior: OpenHands' `edit` action without a command.

use oh_chat::{ChatMessage, CompletionRequest};
use oh_event::{EditAction, EditImplSource, EditObservation, Observation};
use similar::TextDiff;

/// Answers of the model that are tried before the edit is given up.
pub const DRAFT_ATTEMPTS: usize = 3;
/// Most lines that are drafted at once.
const MAX_LINES: usize = 301;
/// Lines of a passage that is shown when a range is too long, and how many are shown.
const PASSAGE_LINES: usize = 20;
const PASSAGES: usize = 3;
const CONTEXT_LINES: usize = 2;
const OPEN: &str = "<new>";
const CLOSE: &str = "</new>";

/// What is to be done for an edit that a model drafts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DraftPlan {
    /// Write these lines; nothing needs to be asked.
    Write(DraftedLines),
    /// Ask the model for the lines first; it gets [`DRAFT_ATTEMPTS`].
    Ask {
        /// What to ask.
        request: CompletionRequest,
        /// The place, with the lines still to come.
        place: DraftedLines,
    },
}

/// New lines and their place: they replace those from `start` to before `end`, counted from 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DraftedLines {
    /// The text.
    pub content: String,
    /// First line.
    pub start: usize,
    /// Line after the last.
    pub end: usize,
}

impl DraftPlan {
    /// Plans an edit of `file`, which is `None` if there is no such file.
    ///
    /// # Errors
    /// Returns what to tell the model if the range does not fit.
    pub fn new(action: &EditAction, file: Option<&str>) -> Result<Self, String> {
        let Some(file) = file else {
            let content = format!("{}\n", action.content.trim());
            return Ok(Self::Write(DraftedLines { content, start: 0, end: 0 }));
        };
        let lines: Vec<&str> = file.split_inclusive('\n').collect();
        let count = lines.len();
        if action.start == -1 {
            let content = with_end(&action.content);
            return Ok(Self::Write(DraftedLines { content, start: count, end: count }));
        }
        let (start, end) = range(action, count)?;
        if end - start > MAX_LINES {
            return Err(too_long(action, &lines, end - start));
        }
        let request = request(action, file, &lines[start..end].concat());
        let place = DraftedLines { content: String::new(), start, end };
        Ok(Self::Ask { request, place })
    }
}

fn range(action: &EditAction, count: usize) -> Result<(usize, usize), String> {
    let (start, end) = (action.start, action.end);
    let first = usize::try_from(start).ok().filter(|first| (1..=count.max(1)).contains(first));
    let last = if end == -1 { Some(count) } else { usize::try_from(end).ok() };
    match (first, last) {
        (Some(first), Some(last)) if last <= count && first <= last.max(1) => Ok((first - 1, last)),
        (Some(_) | None, Some(_) | None) => Err(format!(
            "ERROR:\nThe range from {start} to {end} does not fit {}: it has {count} lines. `start` must be from 1 to {count}, or -1 to append; `end` from `start` to {count}, or -1 for the end.",
            action.path
        )),
    }
}

/// Names passages that look like the draft, so that a shorter range can be chosen.
fn too_long(action: &EditAction, lines: &[&str], length: usize) -> String {
    let mut passages: Vec<(f32, usize)> = (0..lines.len())
        .step_by(PASSAGE_LINES)
        .map(|at| {
            let passage = lines[at..(at + PASSAGE_LINES).min(lines.len())].concat();
            (TextDiff::from_lines(passage.as_str(), action.content.as_str()).ratio(), at)
        })
        .collect();
    passages.sort_by(|one, other| other.0.total_cmp(&one.0));
    let shown: String = passages
        .iter()
        .take(PASSAGES)
        .map(|(_, at)| {
            let end = (at + PASSAGE_LINES).min(lines.len());
            let numbered = lines[*at..end].iter().enumerate();
            let text: String =
                numbered.map(|(n, line)| format!("{:6}\t{}", at + n + 1, with_end(line))).collect();
            format!("Lines {} to {end}:\n{text}", at + 1)
        })
        .collect();
    format!(
        "ERROR:\nThe range has {length} lines, and at most {MAX_LINES} can be edited at once. Nothing was changed. Choose a shorter one; these parts of {} are most like the draft:\n{shown}",
        action.path
    )
}

fn request(action: &EditAction, file: &str, old: &str) -> CompletionRequest {
    let system = format!(
        "You write part of a file anew, after a draft.\nThe draft may leave out what stays, with comments such as \"# no changes\"; put in what the old lines have there.\nKeep indentation exactly. Answer with all new lines between {OPEN} and {CLOSE} and with nothing else."
    );
    let user = format!(
        "The file {}:\n<file>\n{file}\n</file>\n\nThe old lines:\n<old>\n{old}</old>\n\nThe draft of the new lines:\n<draft>\n{}\n</draft>",
        action.path, action.content
    );
    CompletionRequest {
        messages: vec![
            ChatMessage::System { text: system },
            ChatMessage::User { text: user, image_urls: Vec::new() },
        ],
        tools: Vec::new(),
        is_cached: false,
    }
}

/// Returns the new lines in a model's answer.
#[must_use]
pub fn drafted_lines(answer: &str) -> Option<String> {
    let (_, rest) = answer.split_once(OPEN)?;
    let (lines, _) = rest.rsplit_once(CLOSE)?;
    let lines = lines.strip_prefix('\n').unwrap_or(lines);
    let lines = match lines.split_once('\n') {
        Some((first, rest)) if first.trim_start().starts_with("#EDIT:") => rest,
        Some(_) | None => lines,
    };
    Some(if lines.is_empty() { String::new() } else { with_end(lines) })
}

/// Returns the observation of an edit that was carried out.
#[must_use]
pub fn draft_observation(
    action: &EditAction,
    file: Option<&str>,
    drafted: &DraftedLines,
) -> Observation {
    let old = file.unwrap_or_default();
    let lines: Vec<&str> = old.split_inclusive('\n').collect();
    let start = drafted.start.min(lines.len());
    let mut new = lines[..start].concat();
    if !new.is_empty() && !new.ends_with('\n') {
        new.push('\n');
    }
    new.push_str(&drafted.content);
    new.push_str(&lines[drafted.end.min(lines.len())..].concat());
    let diff = TextDiff::from_lines(old, new.as_str())
        .unified_diff()
        .context_radius(CONTEXT_LINES)
        .header(&action.path, &action.path)
        .to_string();
    let content = match file {
        None => format!("The file {} was created.", action.path),
        Some(_) => format!("The file {} was edited:\n{diff}", action.path),
    };
    Observation::Edit(EditObservation {
        content,
        path: action.path.clone(),
        prev_exist: file.is_some(),
        old_content: Some(old.to_owned()),
        new_content: Some(new),
        impl_source: EditImplSource::LlmBasedEdit,
        diff: Some(diff),
        diff_cache: None,
    })
}

fn with_end(text: &str) -> String {
    if text.is_empty() || text.ends_with('\n') { text.to_owned() } else { format!("{text}\n") }
}
