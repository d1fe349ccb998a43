//! `openhands run` and `openhands replay`.

use std::io::{IsTerminal, Read};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use oh_config::Config;
use oh_server::{Beginning, Components, Errand, Outcome, Output, User};
use oh_wire::Trajectory;
use tokio::sync::mpsc;

use super::signals::EndSignals;
use super::{say, start_log};

/// Exit codes beside 0 and 1.
const USAGE: u8 = 2;
const LIMITED: u8 = 3;
const INTERRUPTED: u8 = 130;

#[derive(Debug, clap::Args)]
pub(super) struct Run {
    /// What the agent shall do.
    #[arg(short, long, conflicts_with = "file")]
    task: Option<String>,
    /// A file with the task; - is the standard input.
    #[arg(short, long)]
    file: Option<PathBuf>,
    #[command(flatten)]
    options: Options,
}

#[derive(Debug, clap::Args)]
pub(super) struct Replay {
    /// The recording: a JSON list of events, or an object with one as `trajectory`.
    recording: PathBuf,
    /// What the agent shall do afterwards.
    #[arg(short, long)]
    task: Option<String>,
    #[command(flatten)]
    options: Options,
}

#[derive(Debug, clap::Args)]
struct Options {
    /// Directory in which the agent works, instead of this one.
    #[arg(short, long)]
    directory: Option<PathBuf>,
    /// Prints every event as a line of JSON instead of the final answer.
    #[arg(long)]
    json: bool,
    /// Model, as provider/name, or demo (LLM_MODEL).
    #[arg(long)]
    model: Option<String>,
    /// Actions after which the agent stops (MAX_ITERATIONS).
    #[arg(short = 'i', long, value_parser = clap::value_parser!(u64).range(1..))]
    max_iterations: Option<u64>,
    /// US dollars after which the agent stops (MAX_BUDGET_PER_TASK).
    #[arg(short = 'b', long, value_parser = positive)]
    max_budget: Option<f64>,
    /// Configuration file, instead of config.toml.
    #[arg(long, visible_alias = "config-file")]
    config: Option<PathBuf>,
    /// Folder of the database and the workspaces (FILE_STORE_PATH).
    #[arg(long)]
    data_dir: Option<PathBuf>,
    /// Level of the log: error, warn, info, debug, trace.
    #[arg(long, default_value = "error")]
    log_level: String,
}

fn positive(text: &str) -> Result<f64, String> {
    let number = text.parse::<f64>().ok().filter(|number| number.is_finite() && *number > 0.0);
    number.ok_or_else(|| "it must be a number above 0".to_owned())
}

pub(super) fn run(arguments: Run) -> Result<ExitCode> {
    let config = load(&arguments.options)?;
    let recording = config.trajectory.replay_path.clone();
    let beginning = match (&arguments.task, &arguments.file, recording) {
        (Some(task), _, _) => Ok(Beginning::Task(task.clone())),
        (None, Some(file), _) => read_text(file).map(Beginning::Task),
        (None, None, Some(recording)) => {
            read_recording(&recording).map(|recording| Beginning::Recording(recording, None))
        }
        (None, None, None) => Err(anyhow::anyhow!(
            "there is no task\nhint: give one with -t \"…\", in a file with -f FILE, or on the standard input with -f -"
        )),
    };
    let beginning = beginning.and_then(|beginning| match beginning {
        Beginning::Task(task) if task.trim().is_empty() => {
            Err(anyhow::anyhow!("the task is empty\nhint: say what the agent shall do"))
        }
        beginning => Ok(beginning),
    });
    // A task that came in there has used up the standard input.
    let reads_input = arguments.file.as_deref() == Some(Path::new("-"));
    carry_out(config, arguments.options, beginning, reads_input)
}

pub(super) fn replay(arguments: Replay) -> Result<ExitCode> {
    let config = load(&arguments.options)?;
    let recording = read_recording(&arguments.recording);
    let reads_input = arguments.recording == Path::new("-");
    let beginning = recording.map(|recording| Beginning::Recording(recording, arguments.task));
    carry_out(config, arguments.options, beginning, reads_input)
}

fn load(options: &Options) -> Result<Config> {
    let mut config = Config::load(options.config.as_deref(), &Config::environment())?;
    config.data_dir = options.data_dir.clone().unwrap_or(config.data_dir);
    config.server.log_level.clone_from(&options.log_level);
    Ok(config)
}

fn read_recording(path: &Path) -> Result<Box<Trajectory>> {
    let recording = oh_wire::parse_trajectory(&read_text(path)?);
    let recording = recording.with_context(|| format!("cannot replay `{}`", path.display()))?;
    Ok(Box::new(recording))
}

fn read_text(path: &Path) -> Result<String> {
    if path == Path::new("-") {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).context("failed to read the standard input")?;
        return Ok(text);
    }
    std::fs::read_to_string(path).with_context(|| format!("failed to read `{}`", path.display()))
}

fn carry_out(
    config: Config,
    options: Options,
    beginning: Result<Beginning>,
    reads_input: bool,
) -> Result<ExitCode> {
    let directory = options.directory.unwrap_or_else(|| PathBuf::from("."));
    let directory = directory.canonicalize().ok().filter(|path| path.is_dir()).with_context(|| {
        format!(
            "`{}` is no directory\nhint: make it first, or name another one with -d",
            directory.display()
        )
    });
    let (beginning, directory) = match (beginning, directory) {
        (Ok(beginning), Ok(directory)) => (beginning, directory),
        (Err(error), _) | (Ok(_), Err(error)) => {
            say(&format!("error: {error:#}"));
            return Ok(ExitCode::from(USAGE));
        }
    };
    start_log(&config);
    for warning in &config.warnings {
        say(&format!("warning: {warning}"));
    }
    let has_user = std::io::stdin().is_terminal() && !reads_input;
    let errand = Errand {
        beginning,
        directory,
        output: if options.json { Output::Json } else { Output::Answer },
        is_colorless: !config.server.has_colors,
        user: if has_user { User::Terminal } else { User::Nobody },
        model: options.model,
        max_iterations: options.max_iterations,
        max_budget: options.max_budget,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("failed to start the runtime")?;
    let outcome = runtime.block_on(async {
        let mut end = EndSignals::listen()?;
        let (sender, interrupts) = mpsc::channel(4);
        let errand = oh_server::run_errand(config, Components::default(), errand, interrupts);
        let mut errand = std::pin::pin!(errand);
        loop {
            tokio::select! {
                outcome = &mut errand => return outcome,
                // As many as nobody takes in time are one too many.
                () = end.wait() => drop(sender.try_send(())),
            }
        }
    });
    // A read from the terminal may be under way, which nothing ends.
    runtime.shutdown_background();
    Ok(match outcome? {
        Outcome::Finished => ExitCode::SUCCESS,
        Outcome::Failed => ExitCode::FAILURE,
        Outcome::Limited => ExitCode::from(LIMITED),
        Outcome::Interrupted => ExitCode::from(INTERRUPTED),
    })
}
