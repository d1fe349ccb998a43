//! The log of every conversation: durable, ordered, written by one and read by many.
//!
//! - [`EventLog`]: all conversations in one SQLite file;
//! - [`LogWriter`]: appends to one conversation; there is one at a time, and opening a
//!   second one ends the first;
//! - [`LogReader`], [`EventStream`]: a cursor over one conversation that waits at its end;
//! - [`LogEntry`]: an event as encoded bytes, shared by all readers;
//! - [`ImportedEvent`]: what comes from elsewhere with an id of its own;
//! - [`Masker`]: the same secrets masked in what passes by without being recorded.
//!
//! It decides nothing about events and knows no sockets. A reader gets bytes that were
//! encoded once, at the append.
//!
//! Invariants: ids are 0, 1, 2, …; an entry is visible only after its commit; append is
//! redact, persist, publish, in that order; a batch of drafts becomes visible as a whole;
//! a slow reader costs nobody anything, because it is only a number.
#![warn(missing_docs)]

mod database;
mod entry;
mod error;
mod import;
mod log;
mod masker;
mod redaction;
mod stream;
mod tail;
mod writer_thread;

pub use entry::{Framing, LogEntry};
pub use error::LogError;
pub use import::ImportedEvent;
pub use log::{Durability, EventLog, EventLogConfig, Head, LogReader, LogWriter, Order};
pub use masker::Masker;
pub use redaction::SECRET_MASK;
pub use stream::EventStream;
