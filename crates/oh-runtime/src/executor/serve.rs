//! The inside: executes what the server asks for.

use std::collections::HashMap;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::Duration;

use oh_event::Observation;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::net::unix::pipe;
use tokio::sync::mpsc;
use tokio::task::{AbortHandle, JoinSet};

use super::denial::Rules;
use super::frame::{Reply, Request};
use super::guard::Guard;
use super::network;
use super::programs::Programs;
use crate::config::LocalRuntimeConfig;
use crate::local::LocalRuntime;
use crate::processes::{self, Reach};
use crate::runtime::{ActionRequest, Runtime};
use crate::sandbox::Plan;

/// Replies that may wait for the server to take them.
const WAITING_REPLIES: usize = 64;
const WAITING_OUTPUT: usize = 16;
/// What blocks and is done at once: work on files, looks at processes, look-ups of names.
const THREADS: usize = 5;
const A_YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// Returns what the server writes to.
pub(crate) fn standard_input() -> io::Result<OwnedFd> {
    Ok(rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stdin(), 3)?)
}

/// Serves on the socket that is the standard input, until the server is gone.
pub(crate) fn serve(plan: &Plan) -> io::Result<()> {
    let socket = UnixStream::from(standard_input()?);
    serve_on(plan, socket.try_clone()?.into(), || {
        socket.set_nonblocking(true)?;
        Ok(tokio::net::UnixStream::from_std(socket)?.into_split())
    })
}

/// Serves on the pipes that are the standard input and output, until the server is gone.
pub(crate) fn serve_stdio(plan: &Plan) -> io::Result<()> {
    let input = standard_input()?;
    let output = rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stdout(), 3)?;
    serve_on(plan, input.try_clone()?, || {
        Ok((pipe::Receiver::from_owned_fd(input)?, pipe::Sender::from_owned_fd(output)?))
    })
}

/// Serves on what `open` returns. The other end of `watched` is closed when the server is gone.
fn serve_on<I, O>(
    plan: &Plan,
    watched: OwnedFd,
    open: impl FnOnce() -> io::Result<(I, O)>,
) -> io::Result<()>
where
    I: AsyncRead + Unpin,
    O: AsyncWrite + Send + Unpin + 'static,
{
    end_with(watched, plan.reach());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(THREADS)
        .thread_keep_alive(A_YEAR)
        .build()?;
    runtime.block_on(async {
        start_threads().await;
        let (mut input, output) = open()?;
        let _relays = network::serve(plan).await?;
        let (replies, waiting) = mpsc::channel(WAITING_REPLIES);
        let mut tasks = JoinSet::new();
        tasks.spawn(write_replies(output, waiting));
        let config = match Request::read(&mut input).await? {
            Some(Request::Configure(config)) => *config,
            Some(
                Request::Execute { .. }
                | Request::Cancel { .. }
                | Request::Stop { .. }
                | Request::Look { .. }
                | Request::Start { .. }
                | Request::Ports { .. }
                | Request::Connect { .. }
                | Request::Input { .. }
                | Request::Taken { .. }
                | Request::End { .. },
            ) => {
                return Err(io::ErrorKind::InvalidData.into());
            }
            None => return Ok(()),
        };
        let Some(mut executor) = Executor::new(plan, config, replies).await else { return Ok(()) };
        while let Some(request) = Request::read(&mut input).await? {
            executor.take(request);
        }
        Ok(())
    })
}

/// Starts all threads for blocking work: later, commands may have left no room for one.
async fn start_threads() {
    let all = Arc::new(std::sync::Barrier::new(THREADS));
    let mut threads = JoinSet::new();
    for _ in 0..THREADS {
        let all = all.clone();
        threads.spawn_blocking(move || all.wait());
    }
    while threads.join_next().await.is_some() {}
}

/// Ends this process as soon as the server is gone, whatever else it is doing.
fn end_with(watched: OwnedFd, reach: Reach) {
    use rustix::event::{PollFd, PollFlags, poll};

    std::thread::spawn(move || {
        loop {
            // A pipe says of itself that nobody writes to it any more.
            let mut descriptors = [PollFd::new(&watched, PollFlags::RDHUP)];
            if poll(&mut descriptors, None).is_ok() {
                processes::kill_descendants(reach);
                leave();
            }
        }
    });
}

#[allow(clippy::exit, reason = "nobody is left to answer to, and threads may hang")]
fn leave() -> ! {
    std::process::exit(0)
}

struct Executor {
    runtime: Arc<LocalRuntime>,
    guard: Guard,
    rules: Option<Arc<Rules>>,
    replies: mpsc::Sender<Reply>,
    running: HashMap<u64, AbortHandle>,
    tasks: JoinSet<u64>,
    programs: Programs,
}

impl Executor {
    async fn new(
        plan: &Plan,
        config: LocalRuntimeConfig,
        replies: mpsc::Sender<Reply>,
    ) -> Option<Self> {
        let guard = Guard::start(plan, plan.reach());
        match LocalRuntime::new(config) {
            Ok(runtime) => {
                replies.send(Reply::Ready).await.ok()?;
                let (runtime, running, tasks) = (Arc::new(runtime), HashMap::new(), JoinSet::new());
                let rules = Rules::of(plan).map(Arc::new);
                let programs = Programs::default();
                Some(Self { runtime, guard, rules, replies, running, tasks, programs })
            }
            Err(error) => {
                replies.send(Reply::Failed(error.to_string())).await.ok()?;
                replies.closed().await;
                None
            }
        }
    }

    fn take(&mut self, request: Request) {
        while let Some(ended) = self.tasks.try_join_next() {
            if let Ok(id) = ended {
                self.running.remove(&id);
            }
        }
        match request {
            Request::Execute { id, action, timeout, wants_output } => {
                let (runtime, replies) = (self.runtime.clone(), self.replies.clone());
                let (notes, rules) = (self.guard.notes(), self.rules.clone());
                let task = async move {
                    let (sender, output) = mpsc::channel(WAITING_OUTPUT);
                    let request = ActionRequest {
                        action: *action,
                        timeout,
                        output: wants_output.then_some(sender),
                    };
                    let work = runtime.execute(request);
                    let observation = forward(id, work, output, &replies).await;
                    let observation = match rules {
                        Some(rules) => rules.explain(observation),
                        None => observation,
                    };
                    let observation = notes.add_to(observation);
                    let _ =
                        replies.send(Reply::Done { id, observation: Box::new(observation) }).await;
                    id
                };
                self.running.insert(id, self.tasks.spawn(task));
            }
            Request::Cancel { id } => {
                if let Some(task) = self.running.remove(&id) {
                    task.abort();
                }
            }
            Request::Stop { id } => {
                let (runtime, replies) = (self.runtime.clone(), self.replies.clone());
                let killer = self.guard.killer();
                self.tasks.spawn(async move {
                    let first = killer.clone();
                    let _ = tokio::task::spawn_blocking(move || first.kill_all()).await;
                    runtime.stop_processes().await;
                    let _ = tokio::task::spawn_blocking(move || killer.kill_all()).await;
                    let _ = replies.send(Reply::Stopped { id }).await;
                    id
                });
            }
            Request::Look { id } => {
                let (runtime, replies) = (self.runtime.clone(), self.replies.clone());
                self.tasks.spawn(async move {
                    // Whoever lost its environment is still below this process.
                    let activity = runtime.look(processes::own_descendants).await;
                    let _ = replies.send(Reply::Activity { id, activity }).await;
                    id
                });
            }
            Request::Start { id, program } => {
                let (runtime, replies) = (self.runtime.clone(), self.replies.clone());
                self.programs.start(id, *program, runtime, replies);
            }
            Request::Ports { id } => {
                let (runtime, replies) = (self.runtime.clone(), self.replies.clone());
                self.tasks.spawn(async move {
                    let ports = runtime.ports_of(processes::own_descendants).await;
                    let _ = replies.send(Reply::Ports { id, ports }).await;
                    id
                });
            }
            Request::Connect { id, port } => {
                let (runtime, replies) = (self.runtime.clone(), self.replies.clone());
                self.programs.connect(id, port, runtime, replies);
            }
            Request::Input { id, bytes } => self.programs.input(id, bytes),
            Request::Taken { id, count } => self.programs.output_taken(id, count),
            Request::End { id } => self.programs.end(id),
            Request::Configure(_) => {}
        }
    }
}

/// Waits for `work` and sends its output on the way.
async fn forward(
    id: u64,
    work: impl Future<Output = Observation>,
    mut output: mpsc::Receiver<String>,
    replies: &mpsc::Sender<Reply>,
) -> Observation {
    let mut work = std::pin::pin!(work);
    loop {
        tokio::select! {
            biased;
            Some(text) = output.recv() => {
                // What does not fit is lost, as everywhere with live output.
                let _ = replies.try_send(Reply::Output { id, text });
            }
            observation = &mut work => {
                while let Ok(text) = output.try_recv() {
                    let _ = replies.try_send(Reply::Output { id, text });
                }
                return observation;
            }
        }
    }
}

async fn write_replies(mut output: impl AsyncWrite + Unpin, mut replies: mpsc::Receiver<Reply>) {
    while let Some(reply) = replies.recv().await {
        let bytes = match reply.encode() {
            Ok(bytes) => bytes,
            Err(error) => {
                let Reply::Done { id, .. } = reply else { continue };
                let text = format!("ERROR: The result could not be passed on: {error}");
                let observation = Box::new(crate::local::error(&text));
                let Ok(bytes) = (Reply::Done { id, observation }).encode() else { continue };
                bytes
            }
        };
        if output.write_all(&bytes).await.is_err() {
            return;
        }
    }
}
