//! The one thread that writes: it commits what is waiting, for all conversations at once.

use std::path::Path;
use std::thread::JoinHandle;
use std::time::Instant;

use oh_event::{ConversationId, EventId};
use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::{mpsc, oneshot};

use crate::database::{self, NewRow};
use crate::error::LogError;
use crate::log::Durability;

/// Most jobs that wait for the thread; a sender of more waits itself.
const QUEUE_LENGTH: usize = 1024;
/// Most jobs in one commit.
const MAX_GROUP: usize = 512;

/// Something to write.
#[derive(Debug)]
pub(crate) enum Job {
    Append(Append),
    TakeOver { conversation: ConversationId, reply: Reply<(i64, u64)> },
    Delete { conversation: ConversationId, reply: Reply<()> },
}

/// Rows of one conversation, to be written if nobody else has written since.
#[derive(Debug)]
pub(crate) struct Append {
    pub(crate) conversation: ConversationId,
    pub(crate) fence: i64,
    pub(crate) expected_next: u64,
    pub(crate) rows: Vec<NewRow>,
    pub(crate) receipt: Option<(String, EventId)>,
    pub(crate) reply: Reply<()>,
}

pub(crate) type Reply<T> = oneshot::Sender<Result<T, LogError>>;

/// The thread and the way to it.
#[derive(Debug)]
pub(crate) struct WriterThread {
    jobs: Option<mpsc::Sender<Job>>,
    thread: Option<JoinHandle<()>>,
}

impl WriterThread {
    pub(crate) fn start(path: &Path, durability: Durability) -> Result<Self, LogError> {
        let connection = database::open_for_writing(path, durability)
            .map_err(|source| LogError::Database { action: "open", source })?;
        let (jobs, queue) = mpsc::channel(QUEUE_LENGTH);
        let thread = std::thread::Builder::new()
            .name("event-log-writer".to_owned())
            .spawn(move || write(connection, queue))
            .map_err(|_| LogError::Closed)?;
        Ok(Self { jobs: Some(jobs), thread: Some(thread) })
    }

    pub(crate) async fn send(&self, job: Job) -> Result<(), LogError> {
        let jobs = self.jobs.as_ref().ok_or(LogError::Closed)?;
        jobs.send(job).await.map_err(|_| LogError::Closed)
    }
}

impl Drop for WriterThread {
    /// Waits until everything that was sent is written.
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn write(mut connection: Connection, mut queue: mpsc::Receiver<Job>) {
    let mut group = Vec::new();
    while let Some(first) = queue.blocking_recv() {
        group.push(first);
        while group.len() < MAX_GROUP {
            let Ok(job) = queue.try_recv() else { break };
            group.push(job);
        }
        commit(&mut connection, &mut group);
    }
}

impl Job {
    /// Returns how many events it appends.
    fn events(&self) -> usize {
        match self {
            Self::Append(append) => append.rows.len(),
            Self::TakeOver { .. } | Self::Delete { .. } => 0,
        }
    }
}

/// A job that was carried out but is not yet durable.
enum Done {
    Unit(Reply<()>),
    Opened(Reply<(i64, u64)>, (i64, u64)),
}

/// Writes a group in one transaction and answers every job.
fn commit(connection: &mut Connection, group: &mut Vec<Job>) {
    let mut done = Vec::with_capacity(group.len());
    let begin = Instant::now();
    let events: usize = group.iter().map(Job::events).sum();
    let result = (|| {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        for job in group.drain(..) {
            carry_out(&transaction, job, &mut done)?;
        }
        transaction.commit()
    })();
    group.clear();
    match result {
        Ok(()) => {
            metrics::histogram!("openhands_commit_seconds").record(begin.elapsed());
            metrics::counter!("openhands_events_appended_total").increment(events as u64);
            for job in done {
                // Whoever asked may be gone; what it asked for is done all the same.
                match job {
                    Done::Unit(reply) => drop(reply.send(Ok(()))),
                    Done::Opened(reply, value) => drop(reply.send(Ok(value))),
                }
            }
        }
        Err(source) => {
            tracing::error!(%source, "failed to commit to the event database");
            let code = source.sqlite_error().copied();
            let message = source.to_string();
            let failure = || LogError::Database {
                action: "write",
                source: code.map_or(rusqlite::Error::InvalidQuery, |code| {
                    rusqlite::Error::SqliteFailure(code, Some(message.clone()))
                }),
            };
            for job in done {
                match job {
                    Done::Unit(reply) => drop(reply.send(Err(failure()))),
                    Done::Opened(reply, _) => drop(reply.send(Err(failure()))),
                }
            }
        }
    }
}

/// Carries a job out inside the transaction. An error ends the transaction.
fn carry_out(connection: &Connection, job: Job, done: &mut Vec<Done>) -> rusqlite::Result<()> {
    match job {
        Job::Append(append) => {
            let Append { conversation, fence, expected_next, rows, receipt, reply } = append;
            if !database::advance_head(connection, &conversation, fence, expected_next, &rows)? {
                drop(reply.send(Err(LogError::Superseded(conversation))));
                return Ok(());
            }
            done.push(Done::Unit(reply));
            for row in &rows {
                database::insert_row(connection, &conversation, row)?;
            }
            if let Some((client_id, event)) = receipt {
                database::insert_receipt(connection, &conversation, &client_id, event)?;
            }
        }
        Job::TakeOver { conversation, reply } => {
            let opened = database::take_over(connection, &conversation)?;
            done.push(Done::Opened(reply, opened));
        }
        Job::Delete { conversation, reply } => {
            database::delete(connection, &conversation)?;
            done.push(Done::Unit(reply));
        }
    }
    Ok(())
}
