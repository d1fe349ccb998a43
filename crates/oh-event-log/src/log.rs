use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use oh_event::{ConversationId, Event, EventDraft, EventId, Timestamp};
use oh_wire::EventError;
use rusqlite::Connection;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;

use crate::database::{self, NewRow};
use crate::entry::{Framing, LogEntry};
use crate::error::LogError;
use crate::masker::Masker;
use crate::redaction::Redactor;
use crate::stream::EventStream;
use crate::tail::Tail;
use crate::writer_thread::{Append, Job, WriterThread};

/// Reading connections kept open between reads.
const MAX_IDLE_READERS: usize = 2;

/// What a commit survives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Durability {
    /// The death of the process and a power cut.
    #[default]
    Fsync,
    /// The death of the process.
    Os,
}

/// Where the log is and how it behaves.
#[derive(Debug, Clone)]
pub struct EventLogConfig {
    /// The SQLite file; made if missing.
    pub path: PathBuf,
    /// What a commit survives.
    pub durability: Durability,
    /// Bytes put around each payload in memory.
    pub framing: Framing,
}

/// The end of a conversation's log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// The id that the next event will get.
    pub next_event_id: u64,
    /// Time of the newest event.
    pub updated_at: Timestamp,
}

/// The direction of a page of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Oldest first.
    Ascending,
    /// Newest first.
    Descending,
}

/// The log of all conversations. Clones share one file and one writer thread.
#[derive(Debug, Clone)]
pub struct EventLog(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    config: EventLogConfig,
    writer: WriterThread,
    readers: Mutex<Vec<Connection>>,
}

/// Appends to one conversation.
#[derive(Debug)]
pub struct LogWriter {
    log: EventLog,
    conversation: ConversationId,
    live: Arc<Live>,
    fence: i64,
    next: u64,
    last_timestamp: Timestamp,
    redactor: Redactor,
}

/// Reads one live conversation. Clones share the tail in memory.
#[derive(Debug, Clone)]
pub struct LogReader {
    log: EventLog,
    conversation: ConversationId,
    live: Arc<Live>,
}

/// What the writer of a conversation shares with its readers.
#[derive(Debug)]
struct Live {
    tail: Mutex<Tail>,
    end: watch::Sender<LiveEnd>,
}

/// How far a live conversation's log goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LiveEnd {
    /// The next event id: everything below is durable.
    pub(crate) next: u64,
    /// The writer is gone: nothing will follow.
    pub(crate) is_final: bool,
}

impl EventLog {
    /// Opens the log, making the file if it is missing.
    ///
    /// # Errors
    /// Fails if the file cannot be opened or is not a database.
    pub fn open(config: EventLogConfig) -> Result<Self, LogError> {
        let writer = WriterThread::start(&config.path, config.durability)?;
        Ok(Self(Arc::new(Shared { config, writer, readers: Mutex::new(Vec::new()) })))
    }

    /// Opens a conversation for writing, making it if it is new. A writer that was
    /// opened earlier fails from now on.
    ///
    /// # Errors
    /// Fails if the database cannot be written.
    pub async fn open_conversation(
        &self,
        conversation: &ConversationId,
    ) -> Result<(LogWriter, LogReader), LogError> {
        let (reply, answer) = oneshot::channel();
        let job = Job::TakeOver { conversation: conversation.clone(), reply };
        self.0.writer.send(job).await?;
        let (fence, next) = answer.await.map_err(|_| LogError::Closed)??;
        let live = Arc::new(Live {
            tail: Mutex::default(),
            end: watch::Sender::new(LiveEnd { next, is_final: false }),
        });
        let reader =
            LogReader { log: self.clone(), conversation: conversation.clone(), live: live.clone() };
        let writer = LogWriter {
            log: self.clone(),
            conversation: conversation.clone(),
            live,
            fence,
            next,
            last_timestamp: Timestamp(0),
            redactor: Redactor::default(),
        };
        Ok((writer, reader))
    }

    /// Returns the end of a conversation's log; `None` if it has none.
    ///
    /// # Errors
    /// Fails if the database cannot be read.
    pub async fn head(&self, conversation: &ConversationId) -> Result<Option<Head>, LogError> {
        let conversation = conversation.clone();
        self.read(move |connection| database::head(connection, &conversation)).await
    }

    /// Reads at most `limit` events with ids in `from..until`.
    ///
    /// # Errors
    /// Fails if the database cannot be read.
    pub async fn page(
        &self,
        conversation: &ConversationId,
        (from, until): (u64, u64),
        order: Order,
        limit: usize,
    ) -> Result<Vec<LogEntry>, LogError> {
        self.read_range(conversation, (from, until), order, limit, usize::MAX).await
    }

    /// Deletes a conversation's events. Its writer must be dropped before.
    ///
    /// # Errors
    /// Fails if the database cannot be written.
    pub async fn delete(&self, conversation: &ConversationId) -> Result<(), LogError> {
        let (reply, answer) = oneshot::channel();
        let job = Job::Delete { conversation: conversation.clone(), reply };
        self.0.writer.send(job).await?;
        answer.await.map_err(|_| LogError::Closed)?
    }

    pub(crate) async fn read_range(
        &self,
        conversation: &ConversationId,
        range: (u64, u64),
        order: Order,
        limit: usize,
        max_bytes: usize,
    ) -> Result<Vec<LogEntry>, LogError> {
        let conversation = conversation.clone();
        let framing = self.0.config.framing;
        self.read(move |connection| {
            database::read_range(connection, &conversation, range, order, limit, max_bytes, framing)
        })
        .await
    }

    pub(crate) async fn send(&self, job: Job) -> Result<(), LogError> {
        self.0.writer.send(job).await
    }

    pub(crate) fn framing(&self) -> Framing {
        self.0.config.framing
    }

    /// Runs a query on a thread where it may block.
    async fn read<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, LogError> {
        finished(self.start_reading(query).await)
    }

    /// Starts a query on a thread where it may block.
    fn start_reading<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> JoinHandle<rusqlite::Result<T>> {
        let shared = self.0.clone();
        let read = move || {
            let idle = shared.readers.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let connection = match idle {
                Some(connection) => connection,
                None => database::open_for_reading(&shared.config.path)?,
            };
            let result = query(&connection);
            let mut idle = shared.readers.lock().unwrap_or_else(PoisonError::into_inner);
            if result.is_ok() && idle.len() < MAX_IDLE_READERS {
                idle.push(connection);
            }
            result
        };
        tokio::task::spawn_blocking(read)
    }
}

/// Returns the outcome of a query on another thread.
pub(crate) fn finished<T>(
    result: Result<rusqlite::Result<T>, tokio::task::JoinError>,
) -> Result<T, LogError> {
    result
        .map_err(|_| LogError::Closed)?
        .map_err(|source| LogError::Database { action: "read", source })
}

impl LogWriter {
    /// Returns the id that the next event will get.
    #[must_use]
    pub fn next_event_id(&self) -> EventId {
        EventId(self.next)
    }

    /// Adds values that are masked in every event from now on.
    pub fn add_secrets(&mut self, values: impl IntoIterator<Item = String>) {
        self.redactor.add(values);
    }

    /// Returns what masks the same values in a text that comes in pieces.
    #[must_use]
    pub fn masker(&self) -> Masker {
        self.redactor.masker()
    }

    /// Returns a draft as it would be recorded: with the secrets masked.
    ///
    /// # Errors
    /// Fails if opaque JSON inside the draft is not JSON.
    pub fn masked(&self, draft: EventDraft) -> Result<EventDraft, LogError> {
        let mut event = Event { id: EventId(0), timestamp: Timestamp(0), draft };
        self.encode(&mut event)?;
        Ok(event.draft)
    }

    /// Returns the event that was recorded for a client's own id, if any.
    ///
    /// # Errors
    /// Fails if the database cannot be read.
    pub async fn receipt(&self, client_id: &str) -> Result<Option<EventId>, LogError> {
        let (conversation, client_id) = (self.conversation.clone(), client_id.to_owned());
        let find = move |connection: &Connection| {
            database::find_receipt(connection, &conversation, &client_id)
        };
        self.log.read(find).await
    }

    /// Appends drafts as one batch and returns them as events, once they are durable.
    ///
    /// With a `client_id` the first event of the batch is remembered under it.
    ///
    /// # Errors
    /// Fails if the database cannot be written or somebody else writes this conversation;
    /// then nothing was appended.
    pub async fn append(
        &mut self,
        drafts: Vec<EventDraft>,
        client_id: Option<String>,
    ) -> Result<Vec<Event>, LogError> {
        if drafts.is_empty() {
            return Ok(Vec::new());
        }
        let timestamp = self.now();
        let mut events = Vec::with_capacity(drafts.len());
        let mut rows = Vec::with_capacity(drafts.len());
        for (id, draft) in (self.next..).map(EventId).zip(drafts) {
            let mut event = Event { id, timestamp, draft };
            rows.push(self.encode(&mut event)?);
            events.push(event);
        }
        let entries: Vec<_> = rows.iter().map(|row| row.entry.clone()).collect();
        let (reply, answer) = oneshot::channel();
        let append = Append {
            conversation: self.conversation.clone(),
            fence: self.fence,
            expected_next: self.next,
            rows,
            receipt: client_id.map(|client_id| (client_id, EventId(self.next))),
            reply,
        };
        self.log.0.writer.send(Job::Append(append)).await?;
        answer.await.map_err(|_| LogError::Closed)??;
        self.publish(entries);
        Ok(events)
    }

    /// Time does not run backwards within a conversation.
    fn now(&mut self) -> Timestamp {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let now = Timestamp(i64::try_from(now.as_micros()).unwrap_or(i64::MAX));
        self.last_timestamp = self.last_timestamp.max(now);
        self.last_timestamp
    }

    pub(crate) fn fence(&self) -> i64 {
        self.fence
    }

    pub(crate) fn encode(&self, event: &mut Event) -> Result<NewRow, LogError> {
        let encoding = self.redactor.encode(event).map_err(|source| LogError::Encode {
            conversation: self.conversation.clone(),
            source,
        })?;
        let Event { id, timestamp, draft } = &*event;
        let kind = match (event.action(), event.observation()) {
            (Some(action), _) => format!("action/{}", action.name()),
            (None, Some(observation)) => format!("observation/{}", observation.name()),
            (None, None) => String::new(),
        };
        let framing = self.log.0.config.framing;
        let entry = LogEntry::of_encoding(*id, draft.source, draft.cause, &encoding, framing);
        Ok(NewRow { entry, created_at: *timestamp, kind })
    }

    fn publish(&mut self, entries: Vec<LogEntry>) {
        self.next += entries.len() as u64;
        {
            let mut tail = self.live.tail.lock().unwrap_or_else(PoisonError::into_inner);
            entries.into_iter().for_each(|entry| tail.push(entry));
        }
        self.live.end.send_modify(|end| end.next = self.next);
    }
}

impl Drop for LogWriter {
    /// Tells readers that nothing will follow.
    fn drop(&mut self) {
        self.live.end.send_modify(|end| end.is_final = true);
    }
}

impl LogReader {
    /// Returns the conversation that is read.
    #[must_use]
    pub fn conversation(&self) -> &ConversationId {
        &self.conversation
    }

    /// Returns the id that the next event will get.
    #[must_use]
    pub fn next_event_id(&self) -> u64 {
        self.live.end.borrow().next
    }

    /// Returns a cursor that stands before event `next`.
    #[must_use]
    pub fn stream_from(&self, next: u64) -> EventStream {
        EventStream::new(self.clone(), self.live.end.subscribe(), next)
    }

    /// Reads the events with ids in `from..until`, typed. Those of a type that we do not know are
    /// passed over: they were taken over from elsewhere.
    ///
    /// # Errors
    /// Fails if the database cannot be read or holds something that is no event.
    pub async fn events(&self, (from, until): (u64, u64)) -> Result<Vec<Event>, LogError> {
        let entries =
            self.log.page(&self.conversation, (from, until), Order::Ascending, usize::MAX);
        let parse = |entry: LogEntry| match oh_wire::parse_event(&entry.view().stored_form()) {
            Ok(event) => Some(Ok(event)),
            Err(EventError::UnknownKind(_)) => None,
            Err(source) => Some(Err(LogError::Corrupt {
                conversation: self.conversation.clone(),
                id: entry.id().0,
                source,
            })),
        };
        entries.await?.into_iter().filter_map(parse).collect()
    }

    pub(crate) fn tail_from(&self, next: u64, max_bytes: usize) -> Option<Vec<LogEntry>> {
        self.live.tail.lock().unwrap_or_else(PoisonError::into_inner).from(next, max_bytes)
    }

    /// Says whether an event is in the database but not in memory.
    pub(crate) fn is_stored_only(&self, id: u64) -> bool {
        let tail = self.live.tail.lock().unwrap_or_else(PoisonError::into_inner);
        id < self.next_event_id() && tail.first_id().is_none_or(|first| id < first)
    }

    /// Returns the entry that answers `action`, if it is in memory.
    #[must_use]
    pub fn answer_to(&self, action: EventId) -> Option<LogEntry> {
        self.live.tail.lock().unwrap_or_else(PoisonError::into_inner).answer_to(action)
    }

    /// Starts to read a page of at most about `max_bytes` from the database.
    pub(crate) fn start_page(
        &self,
        next: u64,
        max_bytes: usize,
    ) -> JoinHandle<rusqlite::Result<Vec<LogEntry>>> {
        const MAX_PAGE: usize = 1024;
        let range = (next, self.next_event_id());
        let (conversation, framing) = (self.conversation.clone(), self.log.0.config.framing);
        self.log.start_reading(move |connection| {
            let order = Order::Ascending;
            database::read_range(
                connection,
                &conversation,
                range,
                order,
                MAX_PAGE,
                max_bytes,
                framing,
            )
        })
    }
}
