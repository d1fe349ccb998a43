//! Takes over the state directory of OpenHands: conversations with their events, settings, secrets.
//!
//! Nothing is ever written there, and what is here already stays as it is, so that it can be done
//! again. Python pickles are not read: they are programs.

mod events;
mod metadata;
mod settings;

use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use jiff::tz::TimeZone;
use oh_config::Config;
use oh_event::{ConversationId, Timestamp};
use oh_event_log::EventLog;
use oh_store::Store;

use crate::clock;
use crate::compose;

/// What was taken over, and what was not.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct ImportReport {
    /// Conversations that are new here.
    pub conversations: usize,
    /// Their events.
    pub events: usize,
    /// Conversations that were here before.
    pub known: usize,
    /// New conversations that are too old to be listed.
    pub unlisted: usize,
    /// What happened to the settings and the secrets, a sentence each.
    pub notes: Vec<String>,
    /// What could not be read, and why.
    pub problems: Vec<String>,
}

impl fmt::Display for ImportReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "Conversations  {} taken over with {} events",
            self.conversations, self.events
        )?;
        if self.known > 0 {
            writeln!(f, "               {} were here before and stay as they are", self.known)?;
        }
        if self.unlisted > 0 {
            writeln!(
                f,
                "               {} are older than conversation_max_age_seconds and not listed",
                self.unlisted
            )?;
        }
        for note in &self.notes {
            writeln!(f, "{note}")?;
        }
        for problem in &self.problems {
            writeln!(f, "problem: {problem}")?;
        }
        Ok(())
    }
}

/// Takes over a state directory. Times without a zone are those of `zone`.
///
/// # Errors
/// Fails if the directory is none of OpenHands', or if our data directory cannot be used. What
/// cannot be read of it is told in the report.
pub async fn import(config: &Config, directory: &Path, zone: &TimeZone) -> Result<ImportReport> {
    let folders = conversation_folders(directory)?;
    let has_settings = ["settings.json", "secrets.json"].map(|name| directory.join(name).is_file());
    if folders.is_empty() && !has_settings.contains(&true) {
        bail!(
            "`{}` is not a state directory of OpenHands: it has no sessions, users, settings.json or secrets.json\nhint: it is ~/.openhands unless FILE_STORE_PATH named another one",
            directory.display()
        );
    }
    let (log, store) = compose::open_data(config)?;
    let mut report = ImportReport::default();
    let oldest = i64::try_from(config.conversation_max_age.as_micros()).unwrap_or(i64::MAX);
    let oldest = Timestamp(clock::now().0.saturating_sub(oldest));
    for folder in folders {
        let result = conversation(&folder, &log, &store, zone, oldest, &mut report).await;
        if let Err(error) = result {
            report.problems.push(format!("{}: {error:#}", folder.display()));
        }
    }
    settings::take_over(directory, &store, &mut report).await?;
    Ok(report)
}

/// Returns the folders of conversations, of one user or of several.
fn conversation_folders(directory: &Path) -> Result<Vec<PathBuf>> {
    if !directory.is_dir() {
        bail!("there is no directory `{}`", directory.display());
    }
    let mut parents = vec![directory.join("sessions")];
    parents.extend(folders_in(&directory.join("users")).map(|user| user.join("conversations")));
    let mut folders: Vec<PathBuf> = parents.iter().flat_map(|parent| folders_in(parent)).collect();
    folders.sort();
    Ok(folders)
}

fn folders_in(parent: &Path) -> impl Iterator<Item = PathBuf> {
    let entries = std::fs::read_dir(parent).into_iter().flatten().flatten();
    entries
        .filter(|entry| !entry.file_name().as_encoded_bytes().starts_with(b"."))
        // Links could lead anywhere.
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        .map(|entry| entry.path())
}

async fn conversation(
    folder: &Path,
    log: &EventLog,
    store: &Store,
    zone: &TimeZone,
    oldest: Timestamp,
    report: &mut ImportReport,
) -> Result<()> {
    let name = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let id = ConversationId::parse(name).context("the name of the folder is no conversation id")?;
    let is_known = store.conversation(&id).await?.is_some();
    let has_events = log.head(&id).await?.is_some_and(|head| head.next_event_id > 0);
    if is_known && has_events {
        report.known += 1;
        return Ok(());
    }
    let events = events::read(folder, zone, &mut report.problems);
    let metadata = metadata::read(folder, id.clone(), zone, events.first(), &mut report.problems);
    let Some(metadata) = metadata else { return Ok(()) };
    let count = events.len();
    let is_new = log.import(&id, events).await? && count > 0;
    let is_unlisted = metadata.created_at < oldest;
    if store.create_conversation(metadata).await? || is_new {
        report.conversations += 1;
        report.events += count;
        report.unlisted += usize::from(is_unlisted);
    } else {
        report.known += 1;
    }
    Ok(())
}

/// Moves a time that was read as UTC to what it means in a zone.
fn in_zone(time: Timestamp, zone: &TimeZone) -> Timestamp {
    let moved = jiff::Timestamp::from_microsecond(time.0).ok().and_then(|time| {
        let local = TimeZone::UTC.to_datetime(time);
        zone.to_ambiguous_timestamp(local).compatible().ok()
    });
    moved.map_or(time, |moved| Timestamp(moved.as_microsecond()))
}

/// Says whether a time names its zone.
fn has_zone(text: &str) -> bool {
    let time = text.split_once(['T', ' ']).map_or("", |(_, time)| time);
    time.ends_with(['Z', 'z']) || time.contains(['+', '-'])
}

/// Reads a time as OpenHands writes them.
fn parse_time(text: &str, zone: &TimeZone) -> Option<Timestamp> {
    let time = oh_wire::parse_timestamp(text)?;
    Some(if has_zone(text) { time } else { in_zone(time, zone) })
}
