//! What changes files.

use std::path::{Path, PathBuf};

use oh_event::EditAction;

use super::change::Change;
use super::history::{Before, hash};
use super::problem::Problem;
use super::text::{self, Text};
use super::{CHANGED_ON_DISK, Done, Editor, REVIEW, check_type, disk, view};

impl Editor {
    pub(super) fn create(&self, action: &EditAction, on_disk: PathBuf) -> Result<Done, Problem> {
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
        self.remember(path, on_disk, &Before::Missing, text.as_bytes());
        Ok(Done {
            content: format!("File created successfully at: {path}"),
            diff: view::diff(path, "", text),
            did_exist: false,
        })
    }

    pub(super) fn apply(
        &self,
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
        let is_stale = self.is_stale(&on_disk, bytes);
        disk::replace(&on_disk, &new_bytes).map_err(Problem::io("write", path))?;
        self.remember(path, on_disk, &Before::Content(bytes.to_vec()), &new_bytes);
        let snippet = view::snippet(path, &change.text, change.first_line, change.last_line);
        let note = if is_stale { CHANGED_ON_DISK } else { "" };
        Ok(Done {
            content: format!("The file {path} has been edited. {snippet}{REVIEW}{note}"),
            diff: view::diff(path, &old.text, &change.text),
            did_exist: true,
        })
    }

    pub(super) fn undo(&self, path: &str, on_disk: PathBuf) -> Result<Done, Problem> {
        let before =
            self.history.last(&on_disk).map_err(Problem::io("read the history of", path))?;
        let Some(before) = before else {
            return Err(Problem::Edit(format!("There is no edit of {path} that could be undone.")));
        };
        let did_exist = on_disk.exists();
        let current = std::fs::read(&on_disk).unwrap_or_default();
        let shown = |bytes: &[u8]| Text::decode(bytes).map_or_else(String::new, |text| text.text);
        let is_stale = did_exist && self.is_stale(&on_disk, &current);
        let note = if is_stale { CHANGED_ON_DISK } else { "" };
        let (content, new) = match before {
            Before::Missing => {
                std::fs::remove_file(&on_disk).map_err(Problem::io("delete", path))?;
                self.seen().remove(&on_disk);
                self.history.pop(&on_disk);
                // What the file held must not be lost: whoever undoes again gets it back.
                self.keep(path, &on_disk, &Before::Content(current.clone()));
                let content = format!(
                    "The last edit of {path} was undone: the file did not exist before and is deleted. undo_edit brings it back."
                );
                (content, String::new())
            }
            Before::Content(bytes) => {
                disk::replace(&on_disk, &bytes).map_err(Problem::io("write", path))?;
                self.history.pop(&on_disk);
                self.seen().insert(on_disk, hash(&bytes));
                let text = shown(&bytes);
                let view = view::numbered(path, &text::normalize(&text), 1);
                (format!("The last edit of {path} was undone. {view}"), text)
            }
        };
        Ok(Done {
            content: content + note,
            diff: view::diff(path, &shown(&current), &new),
            did_exist,
        })
    }

    fn remember(&self, path: &str, on_disk: PathBuf, before: &Before, after: &[u8]) {
        self.keep(path, &on_disk, before);
        self.seen().insert(on_disk, hash(after));
    }

    fn keep(&self, path: &str, on_disk: &Path, before: &Before) {
        if let Err(error) = self.history.push(on_disk, before) {
            tracing::warn!(%error, path, "failed to keep the file as it was before an edit");
        }
    }
}
