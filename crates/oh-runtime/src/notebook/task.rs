//! The task that owns the kernel.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use oh_event::{ErrorObservation, Observation};
use tokio::sync::{mpsc, oneshot, watch};

use super::answer::{CellOutput, Place};
use super::interrupt::{Due, Interrupt, Purpose};
use super::kernel::Kernel;
use super::protocol::{Report, Request};
use super::{CellRequest, NotebookActivity, texts};
use crate::live::Live;
use crate::output::{Length, Output};
use crate::shell::{ShellActivity, ShellSetup};

/// No cell is waited for longer than this.
const LONGEST_TIMEOUT: Duration = Duration::from_secs(24 * 60 * 60);

type Stops = mpsc::Receiver<oneshot::Sender<()>>;

/// The kernel, and what was printed since the last cell.
#[derive(Debug)]
pub(super) struct NotebookTask {
    setup: ShellSetup,
    directory: watch::Receiver<PathBuf>,
    shell: watch::Receiver<ShellActivity>,
    activity: watch::Sender<NotebookActivity>,
    kernel: Option<Kernel>,
    output: CellOutput,
    /// What the next cell must be told.
    before: String,
    cells: u64,
}

/// How a cell ended.
#[derive(Debug)]
enum End {
    Done {
        directory: String,
    },
    KernelEnded {
        how: String,
    },
    /// It did not react.
    Stubborn,
    Stopped(oneshot::Sender<()>),
}

impl NotebookTask {
    pub(super) fn new(
        setup: ShellSetup,
        directory: watch::Receiver<PathBuf>,
        shell: watch::Receiver<ShellActivity>,
        activity: watch::Sender<NotebookActivity>,
    ) -> Self {
        let output = new_output(&setup, 0);
        let (kernel, before, cells) = (None, String::new(), 0);
        Self { setup, directory, shell, activity, kernel, output, before, cells }
    }

    /// Serves requests until nobody can send one any more.
    pub(super) async fn run(mut self, mut requests: mpsc::Receiver<CellRequest>, mut stops: Stops) {
        loop {
            tokio::select! {
                stop = stops.recv() => match stop {
                    Some(done) => self.stop(done).await,
                    None => return,
                },
                report = next_report(&mut self.kernel) => self.take_between(report).await,
                request = requests.recv() => match request {
                    Some(request) => self.take(request, &mut stops).await,
                    None => return,
                },
            }
            self.show_activity(None);
        }
    }

    fn show_activity(&self, code: Option<&str>) {
        let processes = self.kernel.as_ref().map(|kernel| kernel.processes.clone());
        let now = NotebookActivity {
            processes: processes.unwrap_or_default(),
            code: code.map(str::to_owned),
        };
        self.activity.send_if_modified(|shown| {
            let is_new = *shown != now;
            *shown = now;
            is_new
        });
    }

    /// Keeps what comes while no cell runs for the next one.
    async fn take_between(&mut self, report: Report) {
        match report {
            Report::Output { text } => self.output.push(&text),
            Report::Picture { media_type, data, length } => {
                self.output.push_picture(&media_type, &data, length);
            }
            Report::Ended { how } => {
                self.end_kernel().await;
                self.before = texts::had_ended(&how);
            }
            Report::Ready { .. } | Report::Unfit { .. } | Report::Done { .. } => {}
        }
    }

    async fn stop(&mut self, done: oneshot::Sender<()>) {
        if self.kernel.is_some() {
            self.end_kernel().await;
            self.before = texts::WAS_STOPPED.to_owned();
        }
        let _ = done.send(());
    }

    async fn end_kernel(&mut self) {
        if let Some(kernel) = self.kernel.take() {
            kernel.kill().await;
        }
    }

    /// Runs a cell, and starts the kernel for it if need be.
    async fn take(&mut self, mut request: CellRequest, stops: &mut Stops) {
        let longest = self.setup.idle_limit.map_or(LONGEST_TIMEOUT, |limit| limit / 10 * 9);
        let timeout = request.timeout.unwrap_or_else(|| self.setup.default_timeout.min(longest));
        if timeout > longest {
            return answer_error(request, texts::timeout_too_long(timeout, longest));
        }
        tokio::select! {
            started = self.start() => if let Err(reason) = started {
                return answer_error(request, reason);
            },
            () = request.reply.closed() => return,
            done = next_stop(stops) => {
                answer_error(request, texts::STOPPED.to_owned());
                return self.stop(done).await;
            }
        }
        self.show_activity(Some(&request.action.code));
        self.cells += 1;
        let mut output = std::mem::replace(&mut self.output, new_output(&self.setup, self.cells));
        output.live = request.output.take().map(Live::new);
        let Some(kernel) = &mut self.kernel else { return };
        let known = kernel.children();
        begin(kernel, &request, &self.directory.borrow());
        let mut interrupt = None;
        let end = follow(kernel, &mut output, &mut request, timeout, &mut interrupt, stops).await;
        let purpose = interrupt.map(|interrupt: Interrupt| interrupt.purpose);
        if purpose == Some(Purpose::GivenUp) {
            kernel.kill_others(&known);
        }
        self.finish(end, purpose, request, output, timeout).await;
    }

    async fn start(&mut self) -> Result<(), String> {
        if self.kernel.is_none() {
            let python = self.shell.borrow().python.clone();
            self.kernel = Some(Kernel::start(&self.setup, python.as_deref()).await?);
        }
        Ok(())
    }

    async fn finish(
        &mut self,
        end: End,
        purpose: Option<Purpose>,
        request: CellRequest,
        output: CellOutput,
        timeout: Duration,
    ) {
        let place = self.kernel.as_ref().map(|kernel| Place {
            directory: kernel.directory.clone(),
            python: kernel.python.clone(),
        });
        let mut place = place.unwrap_or_default();
        let was_told = std::mem::take(&mut self.before);
        let mut stopped = None;
        let note = match end {
            End::Done { directory } => {
                if let Some(kernel) = &mut self.kernel {
                    kernel.directory.clone_from(&directory);
                }
                place.directory = directory;
                match purpose {
                    Some(_) => texts::timed_out(timeout),
                    None => String::new(),
                }
            }
            End::KernelEnded { how } => {
                self.end_kernel().await;
                self.before = texts::had_ended(&how);
                texts::ended(&how)
            }
            End::Stubborn => {
                self.end_kernel().await;
                self.before = texts::WAS_STUBBORN.to_owned();
                texts::timed_out_and_killed(timeout)
            }
            End::Stopped(done) => {
                stopped = Some(done);
                texts::STOPPED.to_owned()
            }
        };
        if purpose == Some(Purpose::GivenUp) {
            // Nobody has read what this cell was to be told.
            if self.before.is_empty() {
                self.before = was_told;
            }
        } else {
            if self.kernel.is_none() {
                self.before = String::new();
            }
            let observation = output.observation(request.action, &was_told, &note, &place);
            let _ = request.reply.send(observation);
        }
        if let Some(done) = stopped {
            self.stop(done).await;
        }
    }
}

/// Sends a cell, and the directory of the shell if that has changed.
fn begin(kernel: &mut Kernel, request: &CellRequest, directory: &PathBuf) {
    let is_new = kernel.followed.as_ref() != Some(directory);
    let text = directory.to_string_lossy();
    kernel.send(&Request::Run {
        code: &request.action.code,
        init: &request.action.kernel_init_code,
        directory: if is_new { &text } else { "" },
    });
    if is_new {
        kernel.directory = text.into_owned();
        kernel.followed = Some(directory.clone());
    }
}

/// Waits for the end of a cell, and sees to it that it comes.
async fn follow(
    kernel: &mut Kernel,
    output: &mut CellOutput,
    request: &mut CellRequest,
    timeout: Duration,
    interrupt: &mut Option<Interrupt>,
    stops: &mut Stops,
) -> End {
    let deadline = Instant::now() + timeout;
    loop {
        let wake = interrupt.as_ref().map_or(deadline, Interrupt::wake);
        let live = output.live.as_ref().and_then(Live::wake);
        let wake = live.map_or(wake, |live| wake.min(live));
        let is_wanted = interrupt.as_ref().is_none_or(|it| it.purpose != Purpose::GivenUp);
        tokio::select! {
            report = kernel.next() => match report {
                Report::Output { text } => output.push(&text),
                Report::Picture { media_type, data, length } => {
                    output.push_picture(&media_type, &data, length);
                }
                Report::Done { directory } => return End::Done { directory },
                Report::Ended { how } => return End::KernelEnded { how },
                Report::Ready { .. } | Report::Unfit { .. } => {}
            },
            () = request.reply.closed(), if is_wanted => match interrupt {
                Some(interrupt) => interrupt.purpose = Purpose::GivenUp,
                None => *interrupt = Some(Interrupt::new(Purpose::GivenUp)),
            },
            done = next_stop(stops) => return End::Stopped(done),
            () = tokio::time::sleep_until(wake.into()) => {}
        }
        if let Some(live) = &mut output.live {
            live.flush();
        }
        if interrupt.is_none() && Instant::now() >= deadline {
            *interrupt = Some(Interrupt::new(Purpose::TooLong));
        }
        match interrupt.as_mut().map_or(Due::Nothing, Interrupt::due) {
            Due::Nothing => {}
            Due::Interrupt => kernel.send(&Request::Interrupt),
            Due::Kill => return End::Stubborn,
        }
    }
}

fn new_output(setup: &ShellSetup, cells: u64) -> CellOutput {
    let spool = setup.output_dir.join(format!("cell-{cells:05}-{}.log", &setup.marker[..8]));
    CellOutput::new(Output::new(Length::Short, spool))
}

fn answer_error(request: CellRequest, content: String) {
    let observation = ErrorObservation { content, error_id: String::new() };
    let _ = request.reply.send(Observation::Error(observation));
}

async fn next_report(kernel: &mut Option<Kernel>) -> Report {
    match kernel {
        Some(kernel) => kernel.next().await,
        None => std::future::pending().await,
    }
}

/// Nobody stops anything any more when all senders are gone.
async fn next_stop(stops: &mut Stops) -> oneshot::Sender<()> {
    match stops.recv().await {
        Some(done) => done,
        None => std::future::pending().await,
    }
}
