//! Load and latency of a server that speaks OpenHands' protocol, against our budgets.
//!
//! By default it starts the release binary itself, with a data directory of its own and a scripted
//! model; with `--url` it measures a server that runs already, as far as that is possible from outside.
//! Client and server share the machine, so the figures are those of both together.

mod http;
mod model;
mod process;
mod report;
mod rows;
mod socket;
mod target;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Parser;

use report::Report;
use rows::Bench;

/// Measures a server against the budgets.
#[derive(Debug, Parser)]
#[command(name = "oh-bench")]
struct Arguments {
    /// A server that runs already, such as http://127.0.0.1:3000, instead of one of our own.
    #[arg(long)]
    url: Option<String>,
    /// The file that holds that server's session key; SESSION_API_KEY is used without it.
    #[arg(long)]
    key_file: Option<PathBuf>,
    /// The binary to start; by default the `openhands` that was built beside this program.
    #[arg(long)]
    binary: Option<PathBuf>,
    /// Writes the figures to this file, as JSON.
    #[arg(long)]
    json: Option<PathBuf>,
    /// Measures only the rows whose names contain this text.
    #[arg(long)]
    only: Option<String>,
}

#[expect(clippy::print_stderr, reason = "the error is this program's output")]
fn main() -> ExitCode {
    match run(Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::print_stdout, reason = "the table is this program's output")]
fn run(arguments: Arguments) -> Result<()> {
    let binary = match (&arguments.url, arguments.binary) {
        (Some(_), _) => None,
        (None, Some(binary)) => Some(binary),
        (None, None) => Some(beside_this_program()?),
    };
    let key = match &arguments.key_file {
        Some(path) => Some(
            std::fs::read_to_string(path)
                .with_context(|| format!("failed to read `{}`", path.display()))?,
        ),
        None => std::env::var("SESSION_API_KEY").ok(),
    };
    let key = key.map(|key| key.trim().to_owned()).filter(|key| !key.is_empty());
    let runtime = tokio::runtime::Runtime::new().context("failed to start the runtime")?;
    let report: Report = runtime.block_on(async {
        let bench = match (&arguments.url, binary) {
            (Some(url), _) => Bench::of_url(url, key)?,
            (None, Some(binary)) => Bench::of_binary(binary)?,
            (None, None) => anyhow::bail!("there is nothing to measure"),
        };
        Ok::<_, anyhow::Error>(rows::measure(&bench, arguments.only.as_deref()).await)
    })?;
    println!("{}", report.table());
    let has_figures = report.rows.iter().any(|row| row.measured.is_ok());
    if let Some(path) = arguments.json {
        std::fs::write(&path, report.json())
            .with_context(|| format!("failed to write `{}`", path.display()))?;
    }
    anyhow::ensure!(has_figures, "nothing could be measured");
    Ok(())
}

fn beside_this_program() -> Result<PathBuf> {
    let this = std::env::current_exe().context("failed to find this program")?;
    let binary = this.with_file_name("openhands");
    anyhow::ensure!(
        binary.is_file(),
        "there is no server at `{}`\nhint: build it with `cargo build --release -p oh-server`, or name one with --binary or --url",
        binary.display()
    );
    Ok(binary)
}
