//! `openhands import`.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use jiff::tz::{Offset, TimeZone};
use oh_config::Config;

#[derive(Debug, clap::Args)]
pub(super) struct Import {
    /// State directory of OpenHands, such as ~/.openhands; nothing is written there.
    directory: PathBuf,
    /// Zone of times that name none, such as Europe/Berlin or +02:00.
    #[arg(long, default_value = "UTC", allow_hyphen_values = true)]
    source_timezone: String,
    /// Configuration file, instead of config.toml.
    #[arg(long, visible_alias = "config-file")]
    config: Option<PathBuf>,
    /// Folder of the database and the workspaces (FILE_STORE_PATH).
    #[arg(long)]
    data_dir: Option<PathBuf>,
}

pub(super) fn run(arguments: Import) -> Result<ExitCode> {
    let zone = zone(&arguments.source_timezone)?;
    let mut config = Config::load(arguments.config.as_deref(), &Config::environment())?;
    config.data_dir = arguments.data_dir.unwrap_or(config.data_dir);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("failed to start the runtime")?;
    let report = runtime.block_on(oh_server::import(&config, &arguments.directory, &zone))?;
    write!(std::io::stdout(), "{report}").context("failed to print")?;
    Ok(if report.problems.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn zone(text: &str) -> Result<TimeZone> {
    if let Some(offset) = offset(text) {
        return Ok(TimeZone::fixed(offset));
    }
    match TimeZone::get(text) {
        Ok(zone) => Ok(zone),
        Err(_) => bail!("`{text}` is no time zone; write one such as Europe/Berlin or +02:00"),
    }
}

/// Reads `+02:00`.
fn offset(text: &str) -> Option<Offset> {
    let sign = match text.chars().next()? {
        '+' => 1,
        '-' => -1,
        _ => return None,
    };
    let (hours, minutes) = text[1..].split_once(':')?;
    let (hours, minutes): (i32, i32) = (hours.parse().ok()?, minutes.parse().ok()?);
    let is_right = (0..24).contains(&hours) && (0..60).contains(&minutes);
    Offset::from_seconds(sign * (hours * 3600 + minutes * 60)).ok().filter(|_| is_right)
}
