use bytes::{BufMut, Bytes, BytesMut};
use oh_event::{EventId, EventSource};
use oh_wire::{EncodedEvent, Encoding};

/// Bytes put around each payload in memory, so that an edge can send it without a copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Framing {
    /// Stands before the payload.
    pub prefix: &'static str,
    /// Stands after the payload.
    pub suffix: &'static str,
}

/// An event of the log as encoded bytes; a clone shares them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogEntry {
    id: EventId,
    source: EventSource,
    cause: Option<EventId>,
    is_deliverable: bool,
    result_at: Option<usize>,
    frame: Bytes,
    framing: Framing,
}

/// The columns of a row, beside its payload.
#[derive(Debug, Clone, Copy)]
pub(crate) struct EntryFields {
    pub(crate) id: EventId,
    pub(crate) source: EventSource,
    pub(crate) cause: Option<EventId>,
    pub(crate) is_deliverable: bool,
    pub(crate) result_at: Option<usize>,
}

impl LogEntry {
    /// Makes an entry whose frame is cut from `buffer`.
    pub(crate) fn new(
        fields: EntryFields,
        payload: &[u8],
        framing: Framing,
        buffer: &mut BytesMut,
    ) -> Self {
        let EntryFields { id, source, cause, is_deliverable, result_at } = fields;
        buffer.reserve(framing.prefix.len() + payload.len() + framing.suffix.len());
        buffer.put_slice(framing.prefix.as_bytes());
        buffer.put_slice(payload);
        buffer.put_slice(framing.suffix.as_bytes());
        let frame = buffer.split().freeze();
        Self { id, source, cause, is_deliverable, result_at, frame, framing }
    }

    pub(crate) fn of_encoding(
        id: EventId,
        source: EventSource,
        cause: Option<EventId>,
        encoding: &Encoding,
        framing: Framing,
    ) -> Self {
        let Encoding { payload, is_deliverable, result_at } = encoding;
        let (is_deliverable, result_at) = (*is_deliverable, *result_at);
        let fields = EntryFields { id, source, cause, is_deliverable, result_at };
        Self::new(fields, payload.as_bytes(), framing, &mut BytesMut::new())
    }

    /// Makes an entry that is delivered to nobody.
    pub(crate) fn of_unknown(
        id: EventId,
        source: EventSource,
        payload: &str,
        framing: Framing,
    ) -> Self {
        let fields =
            EntryFields { id, source, cause: None, is_deliverable: false, result_at: None };
        Self::new(fields, payload.as_bytes(), framing, &mut BytesMut::new())
    }

    /// Returns the event's place in the log.
    #[must_use]
    pub fn id(&self) -> EventId {
        self.id
    }

    /// Returns the stored source.
    #[must_use]
    pub fn source(&self) -> EventSource {
        self.source
    }

    /// Returns the action that this event answers.
    #[must_use]
    pub fn cause(&self) -> Option<EventId> {
        self.cause
    }

    /// Says whether viewers get the event.
    #[must_use]
    pub fn is_deliverable(&self) -> bool {
        self.is_deliverable
    }

    pub(crate) fn result_at(&self) -> Option<usize> {
        self.result_at
    }

    /// Returns the payload with the framing around it; cloning it costs nothing.
    #[must_use]
    pub fn frame(&self) -> &Bytes {
        &self.frame
    }

    /// Returns the encoded event: wire form if deliverable, else stored form.
    #[must_use]
    pub fn payload(&self) -> &[u8] {
        &self.frame[self.framing.prefix.len()..self.frame.len() - self.framing.suffix.len()]
    }

    /// Returns a view that knows about the wire's decorations.
    #[must_use]
    pub fn view(&self) -> EncodedEvent<'_> {
        EncodedEvent {
            // Payloads are made from strings and read back unchanged.
            payload: std::str::from_utf8(self.payload()).unwrap_or("{}"),
            source: self.source,
            is_deliverable: self.is_deliverable,
            result_at: self.result_at,
        }
    }
}
