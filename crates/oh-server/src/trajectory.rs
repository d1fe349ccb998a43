//! Conversations as recordings: what an export has of them, and the files they are kept in.

use std::path::{Path, PathBuf};

use oh_config::TrajectorySettings;
use oh_event::ConversationId;
use oh_event_log::{EventLog, LogEntry, LogError, Order};
use serde_json::{Value, json};

use crate::compose::folder_name;
use crate::pictures::Pictures;

/// Events read at once.
const PAGE: usize = 500;

/// Keys of observations that recordings leave out: large and of no use elsewhere.
const LEFT_OUT: [&str; 7] = [
    "dom_object",
    "axtree_object",
    "active_page_index",
    "last_browser_action",
    "last_browser_action_error",
    "focused_element_bid",
    "extra_element_properties",
];

/// Keys with pictures of the browser.
const PICTURES: [&str; 2] = ["screenshot", "set_of_marks"];

/// What becomes of pictures of the browser.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Screenshots {
    Kept,
    LeftOut,
}

impl Screenshots {
    fn leaves_out(self, key: &str) -> bool {
        LEFT_OUT.contains(&key) || self == Self::LeftOut && PICTURES.contains(&key)
    }
}

/// Returns all events of a conversation that are not hidden, as a JSON list.
pub(crate) async fn export(
    log: &EventLog,
    pictures: &Pictures,
    id: &ConversationId,
    screenshots: Screenshots,
) -> Result<String, LogError> {
    let mut text = "[".to_owned();
    let mut next = 0;
    loop {
        let page = log.page(id, (next, u64::MAX), Order::Ascending, PAGE).await?;
        let Some(last) = page.last() else { break };
        next = last.id().0 + 1;
        for event in page.iter().filter_map(|entry| exported(entry, screenshots)) {
            if text.len() > 1 {
                text.push(',');
            }
            text.push_str(pictures.expand(&event).await.as_deref().unwrap_or(&event));
        }
    }
    text.push(']');
    Ok(text)
}

/// Writes a conversation to the file that the settings name, if they name one.
///
/// A failure is logged: a conversation ends whether it can be recorded or not.
pub(crate) async fn save(
    log: &EventLog,
    pictures: &Pictures,
    id: &ConversationId,
    settings: &TrajectorySettings,
) {
    let Some(path) = &settings.save_path else { return };
    let path = file(path, id);
    let screenshots =
        if settings.keeps_screenshots { Screenshots::Kept } else { Screenshots::LeftOut };
    let write = async {
        let text = export(log, pictures, id, screenshots).await.map_err(std::io::Error::other)?;
        if let Some(folder) = path.parent() {
            tokio::fs::create_dir_all(folder).await?;
        }
        // Whoever looks finds the old recording or the new one, and no half of one.
        let name = format!(".{}.new", folder_name(id));
        let new = path.with_file_name(name);
        tokio::fs::write(&new, text).await?;
        tokio::fs::rename(&new, &path).await
    };
    match write.await {
        Ok(()) => tracing::debug!(path = %path.display(), "recorded the conversation"),
        Err(error) => {
            tracing::error!(%error, path = %path.display(), "failed to record the conversation");
        }
    }
}

/// Returns the file for a conversation: what has no extension is a folder.
fn file(path: &Path, id: &ConversationId) -> PathBuf {
    if path.is_dir() || path.extension().is_none() {
        path.join(format!("{}.json", folder_name(id)))
    } else {
        path.to_owned()
    }
}

/// Returns an event as exports show it; `None` if it is hidden.
fn exported(entry: &LogEntry, screenshots: Screenshots) -> Option<String> {
    let text = entry.view().stored_form();
    let keys = LEFT_OUT.iter().chain(&PICTURES);
    let may_need_care = text.contains("\"hidden\":true")
        || keys.into_iter().any(|key| text.contains(&format!("\"{key}\"")));
    if !may_need_care {
        return Some(text);
    }
    let mut event: Value = serde_json::from_str(&text).ok()?;
    let is_hidden =
        ["/args/hidden", "/extras/hidden"].iter().any(|at| event.pointer(at) == Some(&json!(true)));
    if is_hidden {
        return None;
    }
    if let Some(extras) = event.get_mut("extras") {
        leave_out(extras, screenshots);
    }
    Some(event.to_string())
}

fn leave_out(value: &mut Value, screenshots: Screenshots) {
    match value {
        Value::Object(fields) => {
            fields.retain(|key, _| !screenshots.leaves_out(key));
            fields.values_mut().for_each(|value| leave_out(value, screenshots));
        }
        Value::Array(items) => items.iter_mut().for_each(|value| leave_out(value, screenshots)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_without_an_extension_is_a_folder() {
        let id = ConversationId::parse("abc").unwrap();
        let check = |path: &str, expected: &str| {
            assert_eq!(file(Path::new(path), &id), Path::new(expected), "{path}");
        };
        check("/nowhere/run.json", "/nowhere/run.json");
        check("/nowhere/runs", "/nowhere/runs/abc.json");
        check("/nowhere/runs/", "/nowhere/runs/abc.json");
        check("/proc", "/proc/abc.json");
    }

    #[test]
    fn pictures_are_kept_on_request_only() {
        let extras = || json!({"screenshot": "x", "dom_object": {}, "tabs": [{"set_of_marks": 1}]});
        let check = |screenshots, expected: Value| {
            let mut value = extras();
            leave_out(&mut value, screenshots);
            assert_eq!(value, expected);
        };
        check(Screenshots::LeftOut, json!({"tabs": [{}]}));
        check(Screenshots::Kept, json!({"screenshot": "x", "tabs": [{"set_of_marks": 1}]}));
    }
}
