//! `metadata.json`: what is known of a conversation beside its events.

use std::path::Path;

use jiff::tz::TimeZone;
use oh_event::{ConversationId, Timestamp};
use oh_event_log::ImportedEvent;
use oh_store::ConversationMetadata;
use serde::Deserialize;

use super::events::read_file;
use super::parse_time;
use crate::state::plain_metadata;

/// Keys that mean nothing here are passed over: costs come with the events.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Form {
    selected_repository: Option<String>,
    selected_branch: Option<String>,
    git_provider: Option<String>,
    title: Option<String>,
    trigger: Option<String>,
    pr_number: Option<Vec<i64>>,
    created_at: Option<String>,
}

/// Reads the file; without one, what can be known from the events. `None` if there is neither.
pub(super) fn read(
    folder: &Path,
    id: ConversationId,
    zone: &TimeZone,
    first: Option<&ImportedEvent>,
    problems: &mut Vec<String>,
) -> Option<ConversationMetadata> {
    let path = folder.join("metadata.json");
    let text = read_file(&path);
    if text.is_err() && first.is_none() {
        return None;
    }
    let form = match text.map(|text| serde_json::from_str::<Form>(&text)) {
        Ok(Ok(form)) => form,
        Ok(Err(error)) => {
            problems.push(format!("{}: {error}", path.display()));
            Form::default()
        }
        Err(error) => {
            if error.kind() != std::io::ErrorKind::NotFound {
                problems.push(format!("{}: {error}", path.display()));
            }
            Form::default()
        }
    };
    let written = form.created_at.as_deref().and_then(|time| parse_time(time, zone));
    let created_at = written.or_else(|| first.map(time_of)).or_else(|| modified(folder));
    let plain = plain_metadata(id, form.trigger.as_deref());
    let title = form.title.filter(|title| !title.trim().is_empty());
    Some(ConversationMetadata {
        title: title.unwrap_or(plain.title.clone()),
        created_at: created_at.unwrap_or(plain.created_at),
        selected_repository: form.selected_repository,
        selected_branch: form.selected_branch,
        git_provider: form.git_provider,
        pr_number: form.pr_number.unwrap_or_default(),
        ..plain
    })
}

fn time_of(event: &ImportedEvent) -> Timestamp {
    match event {
        ImportedEvent::Known(event) => event.timestamp,
        ImportedEvent::Unknown { timestamp, .. } => *timestamp,
    }
}

fn modified(folder: &Path) -> Option<Timestamp> {
    let time = std::fs::metadata(folder).ok()?.modified().ok()?;
    let time = time.duration_since(std::time::UNIX_EPOCH).ok()?;
    i64::try_from(time.as_micros()).ok().map(Timestamp)
}
