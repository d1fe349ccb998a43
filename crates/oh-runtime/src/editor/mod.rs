//! The editor: `view`, `create`, `str_replace`, `insert`, `undo_edit`.
//!
//! A refusal is an ordinary observation whose content begins with `ERROR:`.

mod change;
pub(crate) mod disk;
mod edit;
mod history;
mod problem;
pub(crate) mod text;
mod view;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use oh_event::{
    EditAction, EditImplSource, EditObservation, ErrorObservation, Observation, ReadAction,
    ReadImplSource, ReadObservation,
};

use self::change::Change;
use self::history::{History, hash};
use self::problem::Problem;
use self::text::Text;
use crate::base64;
use crate::path::PathMap;

const MAX_FILE_BYTES: u64 = 10 * 1024 * 1024;
/// What providers take.
const MAX_PICTURE_BYTES: u64 = 5 * 1024 * 1024;
const DOCUMENTS: [&str; 8] = ["docx", "xlsx", "pptx", "pdf", "mp3", "wav", "m4a", "flac"];
const REVIEW: &str = "Check that this is what you meant: indentation, no line twice. Edit the file again if it is not.";
const NO_DRAFTS: &str = "ERROR: Edits drafted by a model are not available here; the file was left as it is. \
     Use `str_replace_editor`: `str_replace` or `insert` to change a file, `create` for a new one.";
const CHANGED_ON_DISK: &str =
    "\nNOTE: The file was changed by something else since you last viewed or edited it.";

/// Edits files and remembers how they were.
#[derive(Debug)]
pub(crate) struct Editor {
    paths: PathMap,
    history: History,
    /// Hashes of files as the agent knows them.
    seen: Mutex<HashMap<PathBuf, u64>>,
    /// Held while a file is changed; one that nobody waits for is forgotten.
    locks: Mutex<HashMap<PathBuf, Weak<Mutex<()>>>>,
}

/// What a view shows.
#[derive(Default)]
struct View {
    content: String,
    image_urls: Option<Vec<String>>,
}

/// What an edit did.
struct Done {
    content: String,
    diff: String,
    did_exist: bool,
}

impl Editor {
    pub(crate) fn new(paths: PathMap, history: PathBuf) -> Self {
        Self {
            paths,
            history: History::new(history),
            seen: Mutex::default(),
            locks: Mutex::default(),
        }
    }

    /// Returns the lock under which a file is changed, whichever of its paths it is named by.
    pub(crate) fn lock_of(&self, on_disk: &Path) -> Arc<Mutex<()>> {
        let file = on_disk.canonicalize().unwrap_or_else(|_| on_disk.to_owned());
        let mut locks = self.locks.lock().unwrap_or_else(PoisonError::into_inner);
        locks.retain(|_, lock| lock.strong_count() > 0);
        if let Some(lock) = locks.get(&file).and_then(Weak::upgrade) {
            return lock;
        }
        let lock = Arc::new(Mutex::new(()));
        locks.insert(file, Arc::downgrade(&lock));
        lock
    }

    fn seen(&self) -> MutexGuard<'_, HashMap<PathBuf, u64>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says whether something else changed the file since the agent saw it.
    fn is_stale(&self, on_disk: &Path, bytes: &[u8]) -> bool {
        self.seen().get(on_disk).is_some_and(|seen| *seen != hash(bytes))
    }

    /// Shows a file or a directory.
    pub(crate) fn view(&self, action: &ReadAction) -> Observation {
        let view = self
            .try_view(action)
            .unwrap_or_else(|problem| View { content: problem.content(), ..View::default() });
        Observation::Read(ReadObservation {
            content: view.content,
            path: action.path.clone(),
            impl_source: ReadImplSource::OhAci,
            image_urls: view.image_urls,
        })
    }

    /// Changes a file.
    pub(crate) fn edit(&self, action: &EditAction) -> Observation {
        match action.impl_source {
            EditImplSource::OhAci => {}
            EditImplSource::LlmBasedEdit => {
                return Observation::Error(ErrorObservation {
                    content: NO_DRAFTS.to_owned(),
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

    fn try_view(&self, action: &ReadAction) -> Result<View, Problem> {
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
            let content = view::directory(path, &on_disk).map_err(Problem::io("list", path))?;
            return Ok(View { content, image_urls: None });
        }
        if let Some(picture) = picture(path, &on_disk)? {
            return Ok(picture);
        }
        let (bytes, text) = load(path, &on_disk)?;
        let content = view::file(path, &text.text, action.view_range.as_deref())?;
        self.seen().insert(on_disk, hash(&bytes));
        Ok(View { content, image_urls: None })
    }

    fn try_edit(&self, action: &EditAction) -> Result<Done, Problem> {
        let path = action.path.as_str();
        let on_disk = self.absolute(path)?;
        let lock = self.lock_of(&on_disk);
        let _alone = lock.lock().unwrap_or_else(PoisonError::into_inner);
        match action.command.as_str() {
            "create" => self.create(action, on_disk),
            "undo_edit" => {
                let undoes_deletion = !on_disk.exists()
                    && self.history.last(&on_disk).is_ok_and(|last| last.is_some());
                if !undoes_deletion {
                    check_editable(path, &on_disk)?;
                }
                self.undo(path, on_disk)
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
                self.apply(path, on_disk, &bytes, &text, &change)
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

/// Returns what a model sees of a picture; `None` if the file is none.
fn picture(path: &str, on_disk: &Path) -> Result<Option<View>, Problem> {
    if !text::media_type(on_disk).is_some_and(|mime| mime.starts_with("image/")) {
        return Ok(None);
    }
    let read = disk::read_at_most(on_disk, MAX_PICTURE_BYTES).map_err(Problem::io("read", path))?;
    let Some(bytes) = read else {
        let reason = "pictures of more than 5 MB cannot be viewed; make a smaller one of it.";
        return Err(Problem::invalid(path, reason));
    };
    let Some(mime) = text::picture_type(on_disk, &bytes) else { return Ok(None) };
    Ok(Some(View {
        content: format!("{path} is a picture ({mime}, {} bytes); it is shown below.", bytes.len()),
        image_urls: Some(vec![format!("data:{mime};base64,{}", base64::encode(&bytes))]),
    }))
}
