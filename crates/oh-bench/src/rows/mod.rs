//! What is measured, one file per kind of work.

mod append;
mod command;
mod commands;
mod fanout;
mod long;
mod memory;
mod page;
mod replay;
mod start;
mod step;

use std::path::PathBuf;

use anyhow::Result;

use crate::model::ScriptedModel;
use crate::process::ServerProcess;
use crate::report::{Budget, Report, Row};
use crate::target::Target;

/// What is measured: a binary that can be started at will, or a server that runs.
#[derive(Debug)]
pub(crate) enum Bench {
    Binary(PathBuf),
    Url(Target),
}

impl Bench {
    pub(crate) fn of_binary(binary: PathBuf) -> Result<Self> {
        anyhow::ensure!(binary.is_file(), "there is no server at `{}`", binary.display());
        Ok(Self::Binary(std::path::absolute(binary)?))
    }

    pub(crate) fn of_url(url: &str, key: Option<String>) -> Result<Self> {
        Ok(Self::Url(Target::parse(url, key)?))
    }

    fn binary(&self) -> Result<&PathBuf> {
        match self {
            Self::Binary(binary) => Ok(binary),
            Self::Url(_) => anyhow::bail!("needs a server of our own: leave out --url"),
        }
    }

    /// Returns a server with a silent model; a new one if it is ours.
    async fn server(&self) -> Result<Server> {
        match self {
            Self::Url(target) => Ok(Server { target: target.clone(), own: None }),
            Self::Binary(binary) => {
                let model = ScriptedModel::start().await?;
                let process = ServerProcess::start(binary, &model.url).await?;
                Ok(Server { target: process.target.clone(), own: Some((process, model)) })
            }
        }
    }
}

/// A server to measure, and what belongs to it if it is ours.
#[derive(Debug)]
struct Server {
    target: Target,
    own: Option<(ServerProcess, ScriptedModel)>,
}

impl Server {
    fn own(&self) -> Result<&(ServerProcess, ScriptedModel)> {
        self.own
            .as_ref()
            .ok_or_else(|| anyhow::anyhow!("needs a server of our own: leave out --url"))
    }

    async fn stop(self) {
        if let Some((process, _model)) = self.own {
            process.stop().await;
        }
    }
}

/// A figure and what else is worth knowing.
#[derive(Debug)]
struct Figure {
    value: f64,
    note: String,
}

/// A row before it is measured.
type Spec = (&'static str, &'static str, Budget);

const COLD_START: Spec = ("start until healthy", "ms", Budget::AtMost(50.0));
const IDLE: Spec = ("memory, idle", "MiB", Budget::AtMost(25.0));
const PER_CONVERSATION: Spec = ("memory, per idle conversation", "KiB", Budget::AtMost(300.0));
const PER_SOCKET: Spec = ("memory, per socket", "KiB", Budget::AtMost(40.0));
const REPLAY: Spec = ("replay of 10 000 events", "% of a bare WebSocket", Budget::AtLeast(60.0));
const FANOUT: Spec = ("message to 100 viewers, p99 above the ack", "ms", Budget::AtMost(5.0));
const APPEND: Spec = ("durable events, 50 conversations", "per s", Budget::AtLeast(20_000.0));
const STEP: Spec = ("agent step beyond model and tool", "ms", Budget::AtMost(2.0));
const COMMAND: Spec = ("first command of a conversation", "ms", Budget::AtMost(300.0));
const COMMANDS: Spec = ("a command after the first", "ms", Budget::AtMost(3.0));
const PAGE: Spec = ("first page of a browser", "ms", Budget::AtMost(2000.0));
const BOMB: Spec = ("health during a fork bomb, p99", "ms", Budget::AtMost(100.0));
const LONG: Spec =
    ("long conversation, late steps beside early ones", "times", Budget::AtMost(1.5));
const LONG_MEMORY: Spec = ("long conversation, memory of 1 800 steps", "MiB", Budget::AtMost(10.0));
const SIZE: Spec = ("binary", "MiB", Budget::AtMost(40.0));

/// Measures everything; what fails says why in its row.
pub(crate) async fn measure(bench: &Bench, only: Option<&str>) -> Report {
    let mut report = Report::default();
    let wanted = |spec: Spec| only.is_none_or(|only| spec.0.contains(only));
    if wanted(COLD_START) {
        add(&mut report, COLD_START, start::cold_start(bench).await);
    }
    if [IDLE, PER_CONVERSATION, PER_SOCKET].into_iter().any(wanted) {
        let (idle, conversation, socket) = match memory::measure(bench).await {
            Ok(memory) => (Ok(memory.idle), Ok(memory.conversation), Ok(memory.socket)),
            Err(error) => {
                let again = || anyhow::anyhow!("{error:#}");
                (Err(again()), Err(again()), Err(again()))
            }
        };
        add(&mut report, IDLE, idle);
        add(&mut report, PER_CONVERSATION, conversation);
        add(&mut report, PER_SOCKET, socket);
    }
    if wanted(REPLAY) {
        add(&mut report, REPLAY, replay::measure(bench).await);
    }
    if wanted(FANOUT) {
        add(&mut report, FANOUT, fanout::measure(bench).await);
    }
    if wanted(APPEND) {
        add(&mut report, APPEND, append::measure(bench).await);
    }
    if wanted(STEP) {
        add(&mut report, STEP, step::measure(bench).await);
    }
    if wanted(COMMAND) {
        add(&mut report, COMMAND, command::measure(bench).await);
    }
    if wanted(COMMANDS) {
        add(&mut report, COMMANDS, commands::sequence(bench).await);
    }
    if wanted(PAGE) {
        add(&mut report, PAGE, page::measure(bench).await);
    }
    if wanted(BOMB) {
        add(&mut report, BOMB, commands::bomb(bench).await);
    }
    if [LONG, LONG_MEMORY].into_iter().any(wanted) {
        let (ratio, growth) = match long::measure(bench).await {
            Ok(long) => (Ok(long.ratio), Ok(long.growth)),
            Err(error) => {
                let again = || anyhow::anyhow!("{error:#}");
                (Err(again()), Err(again()))
            }
        };
        add(&mut report, LONG, ratio);
        add(&mut report, LONG_MEMORY, growth);
    }
    if wanted(SIZE) {
        add(&mut report, SIZE, start::binary_size(bench));
    }
    report
}

#[expect(clippy::print_stderr, reason = "progress, for whoever waits")]
fn add(report: &mut Report, (name, unit, budget): Spec, figure: Result<Figure>) {
    let (measured, note) = match figure {
        Ok(figure) => (Ok(figure.value), figure.note),
        Err(error) => (Err(format!("{error:#}")), String::new()),
    };
    match &measured {
        Ok(value) => eprintln!("{name}: {value:.2} {unit}"),
        Err(reason) => eprintln!("{name}: {reason}"),
    }
    report.rows.push(Row { name, unit, budget, measured, note });
}

/// Runs something with a server and ends the server whatever came of it.
async fn with_server<T>(bench: &Bench, work: impl AsyncFnOnce(&Server) -> Result<T>) -> Result<T> {
    let server = bench.server().await?;
    let result = work(&server).await;
    server.stop().await;
    result
}
