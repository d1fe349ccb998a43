//! The SQLite file: schema, rows, queries.

use std::path::Path;

use bytes::BytesMut;
use oh_event::{ConversationId, EventId, EventSource, Timestamp};
use rusqlite::{Connection, OpenFlags, OptionalExtension, Row, params};

use crate::entry::{EntryFields, Framing, LogEntry};
use crate::log::{Durability, Head, Order};

/// `event` is an ordinary rowid table: events of a kilobyte in the key's own tree
/// (WITHOUT ROWID) cost about three times the space and time of a separate index.
const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS conversation (
        id TEXT PRIMARY KEY,
        owner TEXT NOT NULL DEFAULT '',
        fence INTEGER NOT NULL DEFAULT 0,
        last_event_id INTEGER NOT NULL DEFAULT -1,
        updated_at INTEGER NOT NULL DEFAULT 0
    );
    CREATE TABLE IF NOT EXISTS event (
        conversation_id TEXT NOT NULL,
        id INTEGER NOT NULL,
        uuid BLOB NOT NULL,
        created_at INTEGER NOT NULL,
        kind TEXT NOT NULL,
        source INTEGER NOT NULL,
        cause INTEGER,
        deliverable INTEGER NOT NULL,
        result_at INTEGER,
        payload TEXT NOT NULL,
        PRIMARY KEY (conversation_id, id)
    );
    CREATE TABLE IF NOT EXISTS action_receipt (
        conversation_id TEXT NOT NULL,
        client_id TEXT NOT NULL,
        event_id INTEGER NOT NULL,
        PRIMARY KEY (conversation_id, client_id)
    ) WITHOUT ROWID;
";

pub(crate) fn open_for_writing(
    path: &Path,
    durability: Durability,
) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(
        None,
        "synchronous",
        match durability {
            Durability::Fsync => "FULL",
            Durability::Os => "NORMAL",
        },
    )?;
    connection.pragma_update(None, "cache_size", -2048)?;
    connection.busy_timeout(std::time::Duration::from_secs(10))?;
    connection.set_prepared_statement_cache_capacity(16);
    connection.execute_batch(SCHEMA)?;
    Ok(connection)
}

pub(crate) fn open_for_reading(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.pragma_update(None, "cache_size", -512)?;
    connection.busy_timeout(std::time::Duration::from_secs(10))?;
    Ok(connection)
}

/// Memory reserved for a page at once, in bytes.
const MAX_PAGE_BUFFER: usize = 256 * 1024;

/// A row to insert.
#[derive(Debug)]
pub(crate) struct NewRow {
    pub(crate) entry: LogEntry,
    pub(crate) created_at: Timestamp,
    pub(crate) kind: String,
}

pub(crate) fn insert_row(
    connection: &Connection,
    conversation: &ConversationId,
    row: &NewRow,
) -> rusqlite::Result<()> {
    let mut insert = connection.prepare_cached(
        "INSERT INTO event (conversation_id, id, uuid, created_at, kind, source, cause, deliverable, result_at, payload)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    )?;
    let entry = &row.entry;
    insert.execute(params![
        conversation.as_str(),
        to_column(entry.id()),
        uuid::Uuid::now_v7().as_bytes().as_slice(),
        row.created_at.0,
        row.kind,
        source_column(entry.source()),
        entry.cause().map(to_column),
        entry.is_deliverable(),
        entry.result_at().and_then(|at| i64::try_from(at).ok()),
        entry.view().payload,
    ])?;
    Ok(())
}

/// Moves the head of a conversation on; false if somebody else did.
pub(crate) fn advance_head(
    connection: &Connection,
    conversation: &ConversationId,
    fence: i64,
    expected_next: u64,
    rows: &[NewRow],
) -> rusqlite::Result<bool> {
    let Some(last) = rows.last() else { return Ok(true) };
    let mut update = connection.prepare_cached(
        "UPDATE conversation SET last_event_id = ?1, updated_at = ?2
         WHERE id = ?3 AND fence = ?4 AND last_event_id = ?5",
    )?;
    let changed = update.execute(params![
        to_column(last.entry.id()),
        last.created_at.0,
        conversation.as_str(),
        fence,
        i64::try_from(expected_next).unwrap_or(i64::MAX) - 1,
    ])?;
    Ok(changed == 1)
}

pub(crate) fn insert_receipt(
    connection: &Connection,
    conversation: &ConversationId,
    client_id: &str,
    event: EventId,
) -> rusqlite::Result<()> {
    let mut insert = connection.prepare_cached(
        "INSERT INTO action_receipt (conversation_id, client_id, event_id) VALUES (?1, ?2, ?3)",
    )?;
    insert.execute(params![conversation.as_str(), client_id, to_column(event)])?;
    Ok(())
}

/// Makes a new writer the only one; returns its fence and the next event id.
pub(crate) fn take_over(
    connection: &Connection,
    conversation: &ConversationId,
) -> rusqlite::Result<(i64, u64)> {
    connection.execute(
        "INSERT INTO conversation (id, fence) VALUES (?1, 1)
         ON CONFLICT (id) DO UPDATE SET fence = fence + 1",
        [conversation.as_str()],
    )?;
    connection.query_row(
        "SELECT fence, last_event_id + 1 FROM conversation WHERE id = ?1",
        [conversation.as_str()],
        |row| Ok((row.get(0)?, u64::try_from(row.get::<_, i64>(1)?).unwrap_or(0))),
    )
}

pub(crate) fn delete(
    connection: &Connection,
    conversation: &ConversationId,
) -> rusqlite::Result<()> {
    for table in ["event", "action_receipt"] {
        connection.execute(
            &format!("DELETE FROM {table} WHERE conversation_id = ?1"),
            [conversation.as_str()],
        )?;
    }
    connection.execute("DELETE FROM conversation WHERE id = ?1", [conversation.as_str()])?;
    Ok(())
}

pub(crate) fn find_receipt(
    connection: &Connection,
    conversation: &ConversationId,
    client_id: &str,
) -> rusqlite::Result<Option<EventId>> {
    connection
        .prepare_cached(
            "SELECT event_id FROM action_receipt WHERE conversation_id = ?1 AND client_id = ?2",
        )?
        .query_row(params![conversation.as_str(), client_id], |row| row.get(0))
        .optional()
        .map(|id| id.map(from_column))
}

pub(crate) fn head(
    connection: &Connection,
    conversation: &ConversationId,
) -> rusqlite::Result<Option<Head>> {
    connection
        .prepare_cached("SELECT last_event_id + 1, updated_at FROM conversation WHERE id = ?1")?
        .query_row([conversation.as_str()], |row| {
            Ok(Head {
                next_event_id: u64::try_from(row.get::<_, i64>(0)?).unwrap_or(0),
                updated_at: Timestamp(row.get(1)?),
            })
        })
        .optional()
}

/// Reads entries with ids in `from..until`, at most `limit` and about `max_bytes`.
pub(crate) fn read_range(
    connection: &Connection,
    conversation: &ConversationId,
    (from, until): (u64, u64),
    order: Order,
    limit: usize,
    max_bytes: usize,
    framing: Framing,
) -> rusqlite::Result<Vec<LogEntry>> {
    let direction = match order {
        Order::Ascending => "ASC",
        Order::Descending => "DESC",
    };
    let mut select = connection.prepare_cached(&format!(
        "SELECT id, source, cause, deliverable, result_at, payload FROM event
         WHERE conversation_id = ?1 AND id >= ?2 AND id < ?3 ORDER BY id {direction} LIMIT ?4"
    ))?;
    let bound = |id: u64| i64::try_from(id).unwrap_or(i64::MAX);
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut rows =
        select.query(params![conversation.as_str(), bound(from), bound(until), limit])?;
    let mut entries = Vec::new();
    // The frames of a page share one allocation.
    let mut buffer = BytesMut::with_capacity(max_bytes.min(MAX_PAGE_BUFFER));
    let mut bytes = 0;
    while let Some(row) = rows.next()? {
        let entry = read_entry(row, framing, &mut buffer)?;
        bytes += entry.frame().len();
        entries.push(entry);
        if bytes >= max_bytes {
            break;
        }
    }
    Ok(entries)
}

fn read_entry(
    row: &Row<'_>,
    framing: Framing,
    buffer: &mut BytesMut,
) -> rusqlite::Result<LogEntry> {
    let fields = EntryFields {
        id: from_column(row.get(0)?),
        source: match row.get::<_, i64>(1)? {
            0 => EventSource::User,
            1 => EventSource::Agent,
            _ => EventSource::Environment,
        },
        cause: row.get::<_, Option<i64>>(2)?.map(from_column),
        is_deliverable: row.get(3)?,
        result_at: row.get::<_, Option<i64>>(4)?.and_then(|at| usize::try_from(at).ok()),
    };
    Ok(LogEntry::new(fields, row.get_ref(5)?.as_bytes()?, framing, buffer))
}

fn source_column(source: EventSource) -> i64 {
    match source {
        EventSource::User => 0,
        EventSource::Agent => 1,
        EventSource::Environment => 2,
    }
}

fn to_column(id: EventId) -> i64 {
    i64::try_from(id.0).unwrap_or(i64::MAX)
}

fn from_column(id: i64) -> EventId {
    EventId(u64::try_from(id).unwrap_or(0))
}
