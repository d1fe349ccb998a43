//! The editor: `view`, `create`, `str_replace`, `insert`, `undo_edit`.
//!
//! A refusal is an ordinary observation whose content begins with `ERROR:`.

mod change;
pub(crate) mod disk;
mod history;
mod problem;
pub(crate) mod text;
mod view;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use oh_event::{
    EditAction, EditImplSource, EditObservation, ErrorObservation, Observation, ReadAction,
    ReadImplSource, ReadObservation,
};

use self::change::Change;
use self::history::{Before, History, hash};
use self::problem::Problem;
use self::text::Text;
use crate::path::PathMap;

const MAX_FILE_BYTES: u64 = 10 * 1024 * 1024;
const DOCUMENTS: [&str; 8] = ["docx", "xlsx", "pptx", "pdf", "mp3", "wav", "m4a", "flac"];
const REVIEW: &str = "Check that this is what you meant: indentation, no line twice. Edit the file again if it is not.";
const CHANGED_ON_DISK: &str =
    "\nNOTE: The file was changed by something else since you last viewed or edited it.";

/// Edits files and remembers how they were.
#[derive(Debug)]
pub(crate) struct Editor {
    paths: PathMap,
    /// One edit at a time.
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    history: History,
    /// Hashes of files as the agent knows them.
    seen: HashMap<PathBuf, u64>,
}

/// What an edit did.
struct Done {
    content: String,
    diff: String,
    did_exist: bool,
}

impl Editor {
    pub(crate) fn new(paths: PathMap, history: PathBuf) -> Self {
        let state = State { history: History::new(history), seen: HashMap::new() };
        Self { paths, state: Mutex::new(state) }
    }

    /// Shows a file or a directory.
    pub(crate) fn view(&self, action: &ReadAction) -> Observation {
        let content = self.try_view(action).unwrap_or_else(|problem| problem.content());
        Observation::Read(ReadObservation {
            content,
            path: action.path.clone(),
            impl_source: ReadImplSource::OhAci,
        })
    }

    /// Changes a file.
    pub(crate) fn edit(&self, action: &EditAction) -> Observation {
        match action.impl_source {
            EditImplSource::OhAci => {}
            EditImplSource::LlmBasedEdit => {
                return Observation::Error(ErrorObservation {
                    content:
                        "Edits drafted by a model are not available; use str_replace or insert."
                            .to_owned(),
                    error_id: String::new(),
                });
            }
        }
        let done = self.try_edit(action).unwrap_or_else(|problem| Done {
            content: problem.content(),
            diff: String::new(),
            did_exist: self.paths.on_disk(Path::new(&action.path)).exists(),
        });
        Observation::Edit(EditObservation {
            content: done.content,
            path: action.path.clone(),
            prev_exist: done.did_exist,
            old_content: action.old_str.clone(),
            new_content: action.new_str.clone(),
            impl_source: EditImplSource::OhAci,
            diff: Some(done.diff),
            diff_cache: None,
        })
    }

    fn try_view(&self, action: &ReadAction) -> Result<String, Problem> {
        let path = action.path.as_str();
        let on_disk = self.absolute(path)?;
        if !on_disk.exists() {
            return Err(missing(path));
        }
        if on_disk.is_dir() {
            if let Some(range) = &action.view_range {
                return Err(Problem::parameter(
                    "view_range",
                    &format!("{range:?}"),
                    "It is not allowed when `path` is a directory.",
                ));
            }
            return view::directory(path, &on_disk).map_err(Problem::io("list", path));
        }
        let (bytes, text) = load(path, &on_disk)?;
        let view = view::file(path, &text.text, action.view_range.as_deref())?;
        self.state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .seen
            .insert(on_disk, hash(&bytes));
        Ok(view)
    }

    fn try_edit(&self, action: &EditAction) -> Result<Done, Problem> {
        let path = action.path.as_str();
        let on_disk = self.absolute(path)?;
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match action.command.as_str() {
            "create" => create(&mut state, action, on_disk),
            "undo_edit" => {
                let undoes_deletion = !on_disk.exists()
                    && state.history.last(&on_disk).is_ok_and(|last| last.is_some());
                if !undoes_deletion {
                    check_editable(path, &on_disk)?;
                }
                undo(&mut state, path, on_disk)
            }
            "str_replace" | "insert" => {
                check_editable(path, &on_disk)?;
                let (bytes, text) = load(path, &on_disk)?;
                let change = if action.command == "insert" {
                    Change::insert(&text, action.insert_line, action.new_str.as_deref())?
                } else {
                    Change::replace(
                        path,
                        &text,
                        action.old_str.as_deref(),
                        action.new_str.as_deref(),
                    )?
                };
                apply(&mut state, path, on_disk, &bytes, &text, &change)
            }
            unknown => Err(Problem::UnknownCommand(unknown.to_owned())),
        }
    }

    /// Returns the file that an absolute path means.
    fn absolute(&self, path: &str) -> Result<PathBuf, Problem> {
        if Path::new(path).is_absolute() {
            return Ok(self.paths.on_disk(Path::new(path)));
        }
        let suggestion = self.paths.workspace().join(path);
        let mut hint = "It must be an absolute path, beginning with `/`.".to_owned();
        if !path.is_empty() && suggestion.exists() {
            hint.push_str(&format!(" Maybe you meant {}?", suggestion.display()));
        }
        Err(Problem::parameter("path", path, &hint))
    }
}

fn missing(path: &str) -> Problem {
    Problem::parameter("path", path, "It does not exist. Give the path of a file that exists.")
}

fn check_editable(path: &str, on_disk: &Path) -> Result<(), Problem> {
    if !on_disk.exists() {
        return Err(missing(path));
    }
    if on_disk.is_dir() {
        return Err(Problem::parameter(
            "path",
            path,
            "It is a directory; only `view` can be used on directories.",
        ));
    }
    check_type(path, on_disk)
}

fn check_type(path: &str, on_disk: &Path) -> Result<(), Problem> {
    if text::extension(on_disk).is_some_and(|extension| DOCUMENTS.contains(&extension.as_str())) {
        return Err(Problem::invalid(path, "files of this type cannot be edited as text."));
    }
    Ok(())
}

/// Reads a text file.
fn load(path: &str, on_disk: &Path) -> Result<(Vec<u8>, Text), Problem> {
    let bytes = disk::read_at_most(on_disk, MAX_FILE_BYTES).map_err(Problem::io("read", path))?;
    let Some(bytes) = bytes else {
        let size = on_disk.metadata().map_or(0, |metadata| metadata.len());
        let megabytes = size as f64 / (1024.0 * 1024.0);
        let reason = format!("it has {megabytes:.1} MB, and the limit is 10 MB.");
        return Err(Problem::invalid(path, reason));
    };
    match Text::decode(&bytes) {
        Some(text) => Ok((bytes, text)),
        None => Err(Problem::invalid(
            path,
            "it is a binary file, and only text can be viewed or edited.",
        )),
    }
}

fn create(state: &mut State, action: &EditAction, on_disk: PathBuf) -> Result<Done, Problem> {
    let path = action.path.as_str();
    if on_disk.symlink_metadata().is_ok() {
        let hint = "It exists already; `create` does not overwrite. Use str_replace or insert to change a file.";
        return Err(Problem::parameter("path", path, hint));
    }
    check_type(path, &on_disk)?;
    let Some(text) = action.file_text.as_deref() else {
        return Err(Problem::Missing { name: "file_text", command: "create" });
    };
    disk::replace(&on_disk, text.as_bytes()).map_err(Problem::io("write", path))?;
    remember(state, path, on_disk, &Before::Missing, text.as_bytes());
    Ok(Done {
        content: format!("File created successfully at: {path}"),
        diff: view::diff(path, "", text),
        did_exist: false,
    })
}

fn apply(
    state: &mut State,
    path: &str,
    on_disk: PathBuf,
    bytes: &[u8],
    old: &Text,
    change: &Change,
) -> Result<Done, Problem> {
    let new_bytes = old.encode(&change.text).map_err(|c| {
        Problem::invalid(
            path,
            format!(
                "its encoding ({:?}) has no character `{c}`; the file was left as it is.",
                old.encoding
            ),
        )
    })?;
    let is_stale = state.seen.get(&on_disk).is_some_and(|seen| *seen != hash(bytes));
    disk::replace(&on_disk, &new_bytes).map_err(Problem::io("write", path))?;
    remember(state, path, on_disk, &Before::Content(bytes.to_vec()), &new_bytes);
    let snippet = view::snippet(path, &change.text, change.first_line, change.last_line);
    let note = if is_stale { CHANGED_ON_DISK } else { "" };
    Ok(Done {
        content: format!("The file {path} has been edited. {snippet}{REVIEW}{note}"),
        diff: view::diff(path, &old.text, &change.text),
        did_exist: true,
    })
}

fn undo(state: &mut State, path: &str, on_disk: PathBuf) -> Result<Done, Problem> {
    let before = state.history.last(&on_disk).map_err(Problem::io("read the history of", path))?;
    let Some(before) = before else {
        return Err(Problem::Edit(format!("There is no edit of {path} that could be undone.")));
    };
    let did_exist = on_disk.exists();
    let current = std::fs::read(&on_disk).unwrap_or_default();
    let shown = |bytes: &[u8]| Text::decode(bytes).map_or_else(String::new, |text| text.text);
    let is_stale =
        did_exist && state.seen.get(&on_disk).is_some_and(|seen| *seen != hash(&current));
    let note = if is_stale { CHANGED_ON_DISK } else { "" };
    let (content, new) = match before {
        Before::Missing => {
            std::fs::remove_file(&on_disk).map_err(Problem::io("delete", path))?;
            state.seen.remove(&on_disk);
            (
                format!(
                    "The last edit of {path} was undone: the file did not exist before and is deleted."
                ),
                String::new(),
            )
        }
        Before::Content(bytes) => {
            disk::replace(&on_disk, &bytes).map_err(Problem::io("write", path))?;
            state.seen.insert(on_disk.clone(), hash(&bytes));
            let text = shown(&bytes);
            let view = view::numbered(path, &text::normalize(&text), 1);
            (format!("The last edit of {path} was undone. {view}"), text)
        }
    };
    state.history.pop(&on_disk);
    Ok(Done { content: content + note, diff: view::diff(path, &shown(&current), &new), did_exist })
}

fn remember(state: &mut State, path: &str, on_disk: PathBuf, before: &Before, after: &[u8]) {
    if let Err(error) = state.history.push(&on_disk, before) {
        tracing::warn!(%error, path, "failed to keep the file as it was before an edit");
    }
    state.seen.insert(on_disk, hash(after));
}
