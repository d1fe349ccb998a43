//! The outside's end of the connection to a supervisor.

use std::collections::HashMap;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use oh_event::Observation;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream};
use tokio::process::Child;
use tokio::sync::{mpsc, oneshot};
use tokio::task::{JoinHandle, JoinSet};

use super::frame::{Reply, Request};
use super::remote_program::{self, ProgramSink, RemoteProgram};
use crate::config::LocalRuntimeConfig;
use crate::ports::{self, OpenPort};
use crate::program::{Program, RunningProgram};
use crate::runtime::{ActionRequest, Activity, OutputSink};
use crate::sandbox::Started;

/// Why there is no observation.
#[derive(Debug)]
pub(crate) enum Lost {
    /// The action was not sent.
    NotSent(io::Error),
    /// The supervisor ended while the action ran.
    Ended(String),
}

/// A supervisor that serves. Dropping it ends the supervisor and everything inside.
#[derive(Debug)]
pub(crate) struct Link {
    requests: mpsc::UnboundedSender<Vec<u8>>,
    waiting: Arc<Waiting>,
    next: AtomicU64,
    task: JoinHandle<()>,
    programs: Mutex<JoinSet<()>>,
}

#[derive(Debug, Default)]
struct Waiting(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    replies: HashMap<u64, Expected>,
    /// Why no reply comes any more.
    end: Option<String>,
}

#[derive(Debug)]
enum Expected {
    Observation {
        done: oneshot::Sender<Observation>,
        output: Option<OutputSink>,
    },
    Stopped(oneshot::Sender<()>),
    Activity(oneshot::Sender<Activity>),
    Ports(oneshot::Sender<Vec<OpenPort>>),
    Program(ProgramSink),
    /// A connection that is being made; then it is like a program.
    Connection {
        made: oneshot::Sender<io::Result<()>>,
        sink: ProgramSink,
    },
}

impl Waiting {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Link {
    /// Waits until the supervisor of a sandbox is ready.
    pub(super) async fn connect(started: Started, config: LocalRuntimeConfig) -> io::Result<Self> {
        let (input, output) = started.socket.into_split();
        Self::over(input, output, reason_of_end(started.child), config).await
    }

    /// Waits until the supervisor that writes to `input` and reads from `output` is ready.
    ///
    /// `ending` says why no more comes from it. It is dropped with the link.
    pub(crate) async fn over(
        mut input: impl AsyncRead + Send + Unpin + 'static,
        mut output: impl AsyncWrite + Send + Unpin + 'static,
        ending: impl Future<Output = String> + Send + 'static,
        config: LocalRuntimeConfig,
    ) -> io::Result<Self> {
        let configure = Request::Configure(Box::new(config)).encode()?;
        let first = match output.write_all(&configure).await {
            Ok(()) => Reply::read(&mut input).await,
            Err(error) => Err(error),
        };
        match first {
            Ok(Some(Reply::Ready)) => {}
            Ok(Some(Reply::Failed(reason))) => return Err(io::Error::other(reason)),
            Ok(
                Some(
                    Reply::Output { .. }
                    | Reply::Done { .. }
                    | Reply::Stopped { .. }
                    | Reply::Activity { .. }
                    | Reply::Ports { .. }
                    | Reply::Connected { .. }
                    | Reply::NotConnected { .. }
                    | Reply::ProgramOutput { .. }
                    | Reply::InputTaken { .. }
                    | Reply::ProgramErrors { .. }
                    | Reply::ProgramEnded { .. },
                )
                | None,
            )
            | Err(_) => {
                drop((input, output));
                return Err(io::Error::other(ending.await));
            }
        }
        let (requests, mut queue) = mpsc::unbounded_channel::<Vec<u8>>();
        let waiting = Arc::new(Waiting::default());
        let shared = waiting.clone();
        let task = tokio::spawn(async move {
            let write = async {
                while let Some(bytes) = queue.recv().await {
                    if output.write_all(&bytes).await.is_err() {
                        return;
                    }
                }
            };
            tokio::select! {
                () = write => {}
                () = read_replies(&mut input, &shared) => {}
            }
            // Without them a supervisor that still runs ends.
            drop((input, output));
            let reason = ending.await;
            let mut state = shared.state();
            state.end = Some(reason);
            // Whoever waits learns it from the closed channel.
            state.replies.clear();
        });
        let programs = Mutex::default();
        Ok(Self { requests, waiting, next: AtomicU64::new(1), task, programs })
    }

    /// Says why the supervisor has ended, if it has.
    pub(crate) fn end(&self) -> Option<String> {
        self.waiting.state().end.clone()
    }

    /// Has an action executed. Dropping the future cancels it.
    pub(crate) async fn perform(&self, request: ActionRequest) -> Result<Observation, Lost> {
        let ActionRequest { action, timeout, output } = request;
        let (action, wants_output) = (Box::new(action), output.is_some());
        let mut pending = self
            .execute(output, |id| Request::Execute { id, action, timeout, wants_output })
            .map_err(Lost::NotSent)?;
        let observation = (&mut pending.observation).await;
        observation.map_err(|_| Lost::Ended(self.end().unwrap_or_default()))
    }

    /// Sends a request for an observation. Dropping the receiver's guard cancels it.
    fn execute(
        &self,
        output: Option<OutputSink>,
        request: impl FnOnce(u64) -> Request,
    ) -> io::Result<Pending> {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let (done, observation) = oneshot::channel();
        self.send(id, Expected::Observation { done, output }, &request(id))?;
        let cancel = Cancel { id, requests: self.requests.clone(), waiting: self.waiting.clone() };
        Ok(Pending { observation, _cancel: cancel })
    }

    /// Has every process inside ended.
    pub(crate) async fn stop(&self) {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let (done, is_done) = oneshot::channel();
        if self.send(id, Expected::Stopped(done), &Request::Stop { id }).is_ok() {
            let _ = is_done.await;
        }
    }

    /// Asks what runs inside; `None` if nobody answers.
    pub(crate) async fn activity(&self) -> Option<Activity> {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let (done, activity) = oneshot::channel();
        self.send(id, Expected::Activity(done), &Request::Look { id }).ok()?;
        activity.await.ok()
    }

    /// Starts a program inside.
    pub(crate) fn start_program(&self, program: Program) -> io::Result<RunningProgram> {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let (running, sink, remote) = remote_program::connect(id, self.requests.clone());
        let request = Request::Start { id, program: Box::new(program) };
        self.send(id, Expected::Program(sink), &request)?;
        self.carry(id, remote);
        Ok(running)
    }

    /// Asks which ports are open inside; `None` if nobody answers.
    pub(crate) async fn ports(&self) -> Option<Vec<OpenPort>> {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let (done, ports) = oneshot::channel();
        self.send(id, Expected::Ports(done), &Request::Ports { id }).ok()?;
        ports.await.ok()
    }

    /// Connects to a port inside.
    pub(crate) async fn connect_port(&self, port: u16) -> io::Result<DuplexStream> {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let (connection, sink, remote) = remote_program::connect(id, self.requests.clone());
        let (made, is_made) = oneshot::channel();
        let request = Request::Connect { id, port };
        self.send(id, Expected::Connection { made, sink }, &request)?;
        // If nobody waits any more, the stream is dropped, and the work ends the connection.
        self.carry(id, remote);
        let lost = |_| io::Error::other(self.end().unwrap_or_default());
        is_made.await.map_err(lost)??;
        Ok(connection.stream)
    }

    fn carry(&self, id: u64, remote: RemoteProgram) {
        let waiting = self.waiting.clone();
        let mut programs = self.programs.lock().unwrap_or_else(PoisonError::into_inner);
        while programs.try_join_next().is_some() {}
        programs.spawn(async move {
            remote.carry().await;
            waiting.state().replies.remove(&id);
        });
    }

    fn send(&self, id: u64, expected: Expected, request: &Request) -> io::Result<()> {
        let bytes = request.encode()?;
        let mut state = self.waiting.state();
        if let Some(reason) = &state.end {
            return Err(io::Error::other(reason.clone()));
        }
        state.replies.insert(id, expected);
        // If its task has ended, the entry is dropped and the receiver sees it.
        let _ = self.requests.send(bytes);
        Ok(())
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        // Closes the socket, which ends the supervisor.
        self.task.abort();
    }
}

/// An observation that is being made.
#[derive(Debug)]
struct Pending {
    observation: oneshot::Receiver<Observation>,
    _cancel: Cancel,
}

#[derive(Debug)]
struct Cancel {
    id: u64,
    requests: mpsc::UnboundedSender<Vec<u8>>,
    waiting: Arc<Waiting>,
}

impl Drop for Cancel {
    fn drop(&mut self) {
        let was_waiting = self.waiting.state().replies.remove(&self.id).is_some();
        if was_waiting && let Ok(bytes) = (Request::Cancel { id: self.id }).encode() {
            let _ = self.requests.send(bytes);
        }
    }
}

async fn read_replies(input: &mut (impl AsyncRead + Unpin), waiting: &Waiting) {
    loop {
        let reply = match Reply::read(input).await {
            Ok(Some(reply)) => reply,
            Ok(None) => return,
            Err(error) => {
                tracing::error!(%error, "a supervisor sent what it must not");
                return;
            }
        };
        match reply {
            Reply::Output { id, text } => {
                if let Some(Expected::Observation { output: Some(output), .. }) =
                    waiting.state().replies.get(&id)
                {
                    let _ = output.try_send(text);
                }
            }
            Reply::Done { id, observation } => {
                if let Some(Expected::Observation { done, .. }) =
                    waiting.state().replies.remove(&id)
                {
                    let _ = done.send(*observation);
                }
            }
            Reply::Stopped { id } => {
                if let Some(Expected::Stopped(done)) = waiting.state().replies.remove(&id) {
                    let _ = done.send(());
                }
            }
            Reply::Activity { id, activity } => {
                if let Some(Expected::Activity(done)) = waiting.state().replies.remove(&id) {
                    let _ = done.send(activity);
                }
            }
            Reply::Ports { id, ports } => {
                if let Some(Expected::Ports(done)) = waiting.state().replies.remove(&id) {
                    let _ = done.send(ports);
                }
            }
            Reply::Connected { id } => {
                let mut state = waiting.state();
                if let Some(Expected::Connection { made, sink }) = state.replies.remove(&id) {
                    let _ = made.send(Ok(()));
                    state.replies.insert(id, Expected::Program(sink));
                }
            }
            Reply::NotConnected { id, reason } => {
                if let Some(Expected::Connection { made, .. }) = waiting.state().replies.remove(&id)
                {
                    let _ = made.send(Err(ports::refused(reason)));
                }
            }
            Reply::ProgramOutput { id, bytes } => {
                if let Some(Expected::Program(sink)) = waiting.state().replies.get(&id) {
                    sink.output(bytes);
                }
            }
            Reply::InputTaken { id, count } => {
                if let Some(Expected::Program(sink)) = waiting.state().replies.get(&id) {
                    sink.input_taken(count);
                }
            }
            Reply::ProgramErrors { id, text } => {
                if let Some(Expected::Program(sink)) = waiting.state().replies.get(&id) {
                    sink.errors(&text);
                }
            }
            Reply::ProgramEnded { id } => {
                // Without its sink there is no more output.
                waiting.state().replies.remove(&id);
            }
            Reply::Ready | Reply::Failed(_) => {}
        }
    }
}

/// Returns what a supervisor that ended said last.
async fn reason_of_end(mut child: Child) -> String {
    let mut reason = String::new();
    let end = async {
        if let Some(stderr) = child.stderr.take() {
            let _ = stderr.take(4096).read_to_string(&mut reason).await;
        }
        child.wait().await
    };
    let status = tokio::time::timeout(std::time::Duration::from_secs(5), end).await;
    match (reason.trim(), status) {
        ("", Ok(Ok(status))) => format!("the supervisor of the sandbox ended with {status}"),
        ("", Ok(Err(_)) | Err(_)) => "the supervisor of the sandbox does not answer".to_owned(),
        (reason, _) => reason.to_owned(),
    }
}
