use std::collections::VecDeque;

use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::entry::LogEntry;
use crate::error::LogError;
use crate::log::{LiveEnd, LogReader, finished};

/// Bytes read from the database at once.
const PAGE_BYTES: usize = 256 * 1024;

/// A cursor over one conversation: replay and live are the same to it.
#[derive(Debug)]
pub struct EventStream {
    reader: LogReader,
    end: watch::Receiver<LiveEnd>,
    next: u64,
    /// Entries read from the database but not yet given out; they begin at `next`.
    page: VecDeque<LogEntry>,
    /// The page after that, on its way while this one is given out.
    ahead: Option<Ahead>,
}

#[derive(Debug)]
struct Ahead {
    first: u64,
    reading: JoinHandle<rusqlite::Result<Vec<LogEntry>>>,
}

impl EventStream {
    pub(crate) fn new(reader: LogReader, end: watch::Receiver<LiveEnd>, next: u64) -> Self {
        Self { reader, end, next, page: VecDeque::new(), ahead: None }
    }

    /// Returns the id of the event that comes next.
    #[must_use]
    pub fn next_event_id(&self) -> u64 {
        self.next
    }

    /// Says whether the cursor stands at the end of the log.
    #[must_use]
    pub fn is_at_end(&self) -> bool {
        self.next >= self.end.borrow().next
    }

    /// Waits for events and returns them in order: at least one, and no more than about
    /// `max_bytes`. It may be dropped while waiting without losing any.
    ///
    /// # Errors
    /// Fails if the database cannot be read, or if the writer is gone and everything
    /// was given out.
    pub async fn next_batch(&mut self, max_bytes: usize) -> Result<Vec<LogEntry>, LogError> {
        loop {
            let end = *self.end.borrow_and_update();
            if self.next < end.next {
                break;
            }
            if end.is_final {
                return Err(LogError::Closed);
            }
            self.end.changed().await.map_err(|_| LogError::Closed)?;
        }
        if self.page.is_empty() {
            if let Some(batch) = self.reader.tail_from(self.next, max_bytes) {
                self.advance(&batch);
                return Ok(batch);
            }
            self.load_page().await?;
        }
        let mut batch = Vec::new();
        let mut bytes = 0;
        while bytes < max_bytes {
            let Some(entry) = self.page.pop_front() else { break };
            bytes += entry.frame().len();
            batch.push(entry);
        }
        self.advance(&batch);
        Ok(batch)
    }

    /// Returns the entry that answers `action`, if it is at hand.
    #[must_use]
    pub fn answer_to(&self, action: oh_event::EventId) -> Option<LogEntry> {
        let answers = |entry: &&LogEntry| entry.cause() == Some(action);
        let ahead = self.page.iter().take(8).find(answers).cloned();
        ahead.or_else(|| self.reader.answer_to(action))
    }

    /// Reads the page that begins at the cursor, and starts on the next one.
    ///
    /// What is under way is kept if this future is dropped.
    async fn load_page(&mut self) -> Result<(), LogError> {
        let first = self.next;
        let start = |first| Ahead { first, reading: self.reader.start_page(first, PAGE_BYTES) };
        let ahead = match self.ahead.take() {
            Some(ahead) if ahead.first == first => ahead,
            Some(_) | None => start(first),
        };
        let page = finished((&mut self.ahead.insert(ahead).reading).await);
        self.ahead = None;
        self.page = page?.into();
        let Some(last) = self.page.back() else {
            // The conversation was deleted.
            return Err(LogError::Closed);
        };
        let after = last.id().0 + 1;
        if self.reader.is_stored_only(after) {
            self.ahead =
                Some(Ahead { first: after, reading: self.reader.start_page(after, PAGE_BYTES) });
        }
        Ok(())
    }

    fn advance(&mut self, batch: &[LogEntry]) {
        if let Some(last) = batch.last() {
            self.next = last.id().0 + 1;
        }
    }
}
