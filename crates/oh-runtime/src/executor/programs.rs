//! The inside's end of programs and ports that the server talks to.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::MissedTickBehavior;

use super::frame::Reply;
use crate::local::LocalRuntime;
use crate::processes;
use crate::program::{ErrorTail, Program, RunningProgram};

/// Bytes that may be on the way in one direction before the other side takes them.
pub(super) const WINDOW_BYTES: usize = 256 * 1024;
/// Most bytes of one frame.
pub(super) const CHUNK_BYTES: usize = 32 * 1024;
/// How often the server learns what a program says on its standard error.
const PERIOD: Duration = Duration::from_millis(100);

/// The programs that run, and the connections that are open.
#[derive(Debug, Default)]
pub(super) struct Programs {
    running: HashMap<u64, Control>,
    tasks: JoinSet<u64>,
}

#[derive(Debug)]
struct Control {
    /// Never holds more than the window.
    input: mpsc::UnboundedSender<Vec<u8>>,
    credit: Arc<Semaphore>,
    task: AbortHandle,
}

impl Programs {
    pub(super) fn start(
        &mut self,
        id: u64,
        program: Program,
        runtime: Arc<LocalRuntime>,
        replies: mpsc::Sender<Reply>,
    ) {
        self.keep(id, replies.clone(), move |received, window| async move {
            match runtime.start(program, processes::own_descendants).await {
                Ok(program) => carry_program(id, program, received, &window, &replies).await,
                Err(error) => {
                    let text = error.to_string();
                    let _ = replies.send(Reply::ProgramErrors { id, text }).await;
                }
            }
        });
    }

    pub(super) fn connect(
        &mut self,
        id: u64,
        port: u16,
        runtime: Arc<LocalRuntime>,
        replies: mpsc::Sender<Reply>,
    ) {
        self.keep(id, replies.clone(), move |received, window| async move {
            // Whoever lost its environment is still below this process.
            match runtime.connect_to(processes::own_descendants, port).await {
                Ok(stream) => {
                    let _ = replies.send(Reply::Connected { id }).await;
                    carry(id, stream, received, &window, &replies).await;
                }
                Err(error) => {
                    let reason = error.to_string();
                    let _ = replies.send(Reply::NotConnected { id, reason }).await;
                }
            }
        });
    }

    fn keep<F>(
        &mut self,
        id: u64,
        replies: mpsc::Sender<Reply>,
        work: impl FnOnce(mpsc::UnboundedReceiver<Vec<u8>>, Arc<Semaphore>) -> F,
    ) where
        F: Future<Output = ()> + Send + 'static,
    {
        while let Some(ended) = self.tasks.try_join_next() {
            if let Ok(id) = ended {
                self.running.remove(&id);
            }
        }
        let (input, received) = mpsc::unbounded_channel();
        let credit = Arc::new(Semaphore::new(WINDOW_BYTES));
        let work = work(received, credit.clone());
        let task = self.tasks.spawn(async move {
            work.await;
            let _ = replies.send(Reply::ProgramEnded { id }).await;
            id
        });
        self.running.insert(id, Control { input, credit, task });
    }

    pub(super) fn input(&self, id: u64, bytes: Vec<u8>) {
        if let Some(program) = self.running.get(&id) {
            let _ = program.input.send(bytes);
        }
    }

    pub(super) fn output_taken(&self, id: u64, count: u32) {
        if let Some(program) = self.running.get(&id) {
            let missing = WINDOW_BYTES.saturating_sub(program.credit.available_permits());
            program.credit.add_permits(missing.min(count as usize));
        }
    }

    pub(super) fn end(&mut self, id: u64) {
        if let Some(program) = self.running.remove(&id) {
            // The stream is dropped with it, which ends the program.
            program.task.abort();
        }
    }
}

/// Carries bytes until the program has ended.
async fn carry_program(
    id: u64,
    program: RunningProgram,
    input: mpsc::UnboundedReceiver<Vec<u8>>,
    credit: &Semaphore,
    replies: &mpsc::Sender<Reply>,
) {
    let RunningProgram { stream, errors } = program;
    tokio::select! {
        () = carry(id, stream, input, credit, replies) => {}
        () = show_errors(id, &errors, replies) => {}
    }
    let _ = replies.send(Reply::ProgramErrors { id, text: errors.text() }).await;
}

/// Carries bytes until the other end has no more.
async fn carry(
    id: u64,
    stream: DuplexStream,
    mut input: mpsc::UnboundedReceiver<Vec<u8>>,
    credit: &Semaphore,
    replies: &mpsc::Sender<Reply>,
) {
    let (mut reader, mut writer) = tokio::io::split(stream);
    let forward = async {
        while let Some(bytes) = input.recv().await {
            if writer.write_all(&bytes).await.is_err() {
                break;
            }
            let count = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
            let _ = replies.send(Reply::InputTaken { id, count }).await;
        }
        // Its last output is still to come.
        std::future::pending::<()>().await;
    };
    let backward = async {
        let mut buffer = vec![0; CHUNK_BYTES];
        while let Ok(count @ 1..) = reader.read(&mut buffer).await {
            let Ok(permit) = credit.acquire_many(u32::try_from(count).unwrap_or(1)).await else {
                return;
            };
            permit.forget();
            let bytes = buffer[..count].to_vec();
            if replies.send(Reply::ProgramOutput { id, bytes }).await.is_err() {
                return;
            }
        }
    };
    tokio::select! {
        () = forward => {}
        () = backward => {}
    }
}

/// Tells what the program says on its standard error, whenever that has changed.
async fn show_errors(id: u64, errors: &ErrorTail, replies: &mpsc::Sender<Reply>) {
    let mut ticks = tokio::time::interval(PERIOD);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut shown = String::new();
    loop {
        ticks.tick().await;
        let text = errors.text();
        let reply = || Reply::ProgramErrors { id, text: text.clone() };
        // What finds no room is told the next time.
        if text != shown && replies.try_send(reply()).is_ok() {
            shown = text;
        }
    }
}
