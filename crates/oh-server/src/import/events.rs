//! One event per file, and pages of 25 of them beside.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::tz::TimeZone;
use oh_event::{EventId, EventSource, Timestamp};
use oh_event_log::ImportedEvent;
use oh_wire::EventError;
use serde::Deserialize;
use serde_json::Value;

use super::parse_time;

/// Largest file that is read, in bytes: a page of pictures.
const MAX_FILE: u64 = 64 * 1024 * 1024;
/// Ids beyond this are nobody's.
const MAX_ID: u64 = 10_000_000;

/// Reads the events of a conversation in order. A file that cannot be read is told, unless a page
/// has the event as well.
pub(super) fn read(
    folder: &Path,
    zone: &TimeZone,
    problems: &mut Vec<String>,
) -> Vec<ImportedEvent> {
    let mut texts = BTreeMap::new();
    let mut unreadable = BTreeMap::new();
    for (name, path) in json_files(&folder.join("events")) {
        let Ok(id) = name.parse::<u64>() else { continue };
        if id > MAX_ID {
            problems.push(format!("{}: the id is too large", path.display()));
            continue;
        }
        match read_file(&path) {
            Ok(text) => drop(texts.insert(id, (text, path))),
            Err(error) => drop(unreadable.insert(id, format!("{}: {error}", path.display()))),
        }
    }
    let mut events = BTreeMap::new();
    for (id, (text, path)) in texts {
        match parse(&text, zone) {
            Ok(event) if event.id().0 == id => drop(events.insert(id, event)),
            Ok(event) => {
                let problem =
                    format!("{}: the event says its id is {}", path.display(), event.id().0);
                unreadable.insert(id, problem);
            }
            Err(error) => drop(unreadable.insert(id, format!("{}: {error}", path.display()))),
        }
    }
    for (name, path) in json_files(&folder.join("event_cache")) {
        if unreadable.is_empty() {
            break;
        }
        let Some((first, end)) = page_range(&name) else { continue };
        if unreadable.range(first..end).next().is_none() {
            continue;
        }
        let page: Vec<Value> = read_file(&path)
            .ok()
            .and_then(|text| serde_json::from_str(&text).ok())
            .unwrap_or_default();
        for event in page.iter().filter_map(|event| parse(&event.to_string(), zone).ok()) {
            let id = event.id().0;
            if unreadable.remove(&id).is_some() {
                events.insert(id, event);
            }
        }
    }
    problems.extend(unreadable.into_values());
    events.into_values().collect()
}

/// Returns the ids of a page, whose end is not among them.
fn page_range(name: &str) -> Option<(u64, u64)> {
    let (first, end) = name.split_once('-')?;
    let (first, end) = (first.parse().ok()?, end.parse().ok()?);
    (first < end).then_some((first, end))
}

/// Returns the names without `.json` and the paths of the ordinary files of a folder.
pub(super) fn json_files(folder: &Path) -> Vec<(String, std::path::PathBuf)> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()))
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            Some((name.strip_suffix(".json")?.to_owned(), entry.path()))
        })
        .collect()
}

pub(super) fn read_file(path: &Path) -> std::io::Result<String> {
    let size = std::fs::symlink_metadata(path)?;
    if !size.is_file() {
        return Err(std::io::Error::other("it is not an ordinary file"));
    }
    if size.len() > MAX_FILE {
        return Err(std::io::Error::other("it is larger than 64 MiB"));
    }
    std::fs::read_to_string(path)
}

/// What is read of an event of an unknown type.
#[derive(Deserialize)]
struct Head {
    id: u64,
    timestamp: String,
    #[serde(default)]
    source: String,
}

fn parse(text: &str, zone: &TimeZone) -> Result<ImportedEvent, String> {
    let time = |text: &str| -> Option<Timestamp> { parse_time(text, zone) };
    let head: Head = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let timestamp =
        time(&head.timestamp).ok_or_else(|| format!("bad timestamp `{}`", head.timestamp))?;
    match oh_wire::parse_event(text) {
        Ok(event) => {
            let event = oh_event::Event { timestamp, ..event };
            Ok(ImportedEvent::Known(Box::new(event)))
        }
        Err(EventError::UnknownKind(_)) => {
            let json: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
            let source = match head.source.as_str() {
                "user" => EventSource::User,
                "agent" => EventSource::Agent,
                _ => EventSource::Environment,
            };
            let json = json.to_string();
            Ok(ImportedEvent::Unknown { id: EventId(head.id), timestamp, source, json })
        }
        Err(error) => Err(error.to_string()),
    }
}
