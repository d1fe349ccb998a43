//! The newest entries of a live conversation, in memory.

use std::collections::VecDeque;

use oh_event::EventId;

use crate::entry::LogEntry;

/// Most bytes kept in memory per conversation.
const MAX_TAIL_BYTES: usize = 192 * 1024;

#[derive(Debug, Default)]
pub(crate) struct Tail {
    entries: VecDeque<LogEntry>,
    bytes: usize,
}

impl Tail {
    pub(crate) fn push(&mut self, entry: LogEntry) {
        self.bytes += entry.frame().len();
        self.entries.push_back(entry);
        while self.bytes > MAX_TAIL_BYTES && self.entries.len() > 1 {
            if let Some(oldest) = self.entries.pop_front() {
                self.bytes -= oldest.frame().len();
            }
        }
    }

    pub(crate) fn first_id(&self) -> Option<u64> {
        self.entries.front().map(|entry| entry.id().0)
    }

    /// Returns entries from `next` on, up to `max_bytes` but at least one;
    /// `None` if `next` is older than the tail.
    pub(crate) fn from(&self, next: u64, max_bytes: usize) -> Option<Vec<LogEntry>> {
        let first = self.entries.front()?.id().0;
        let skip = usize::try_from(next.checked_sub(first)?).ok()?;
        let mut bytes = 0;
        let batch: Vec<_> = self
            .entries
            .iter()
            .skip(skip)
            .take_while(|entry| {
                let fits = bytes < max_bytes;
                bytes += entry.frame().len();
                fits
            })
            .cloned()
            .collect();
        (!batch.is_empty()).then_some(batch)
    }

    /// Returns the entry that answers `action`, if it is among the next few.
    pub(crate) fn answer_to(&self, action: EventId) -> Option<LogEntry> {
        const LOOK_AHEAD: usize = 8;
        let first = self.entries.front()?.id().0;
        let skip = usize::try_from(action.0.checked_sub(first)?).ok()? + 1;
        self.entries
            .iter()
            .skip(skip)
            .take(LOOK_AHEAD)
            .find(|entry| entry.cause() == Some(action) && entry.result_at().is_some())
            .cloned()
    }
}
