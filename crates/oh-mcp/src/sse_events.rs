//! Server-sent events, taken apart.

/// Longest event, in bytes.
const MAX_EVENT: usize = 16 * 1024 * 1024;

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SseEvent {
    /// Its kind; `message` if none is named.
    pub(crate) kind: String,
    pub(crate) data: String,
}

/// Takes bytes and returns events.
#[derive(Debug, Default)]
pub(crate) struct SseParser {
    bytes: Vec<u8>,
    /// Bytes at the beginning in which no line ends.
    searched: usize,
    kind: String,
    data: String,
    has_data: bool,
}

/// An event is longer than any that makes sense.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooLong;

impl SseParser {
    pub(crate) fn push(&mut self, bytes: &[u8]) -> Result<(), TooLong> {
        if self.bytes.len() + self.data.len() + bytes.len() > MAX_EVENT {
            return Err(TooLong);
        }
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    /// Returns the next event that is all there.
    pub(crate) fn next_event(&mut self) -> Option<SseEvent> {
        loop {
            let rest = &self.bytes[self.searched..];
            let Some(end) = rest.iter().position(|byte| *byte == b'\n') else {
                self.searched = self.bytes.len();
                return None;
            };
            let line: Vec<u8> = self.bytes.drain(..=self.searched + end).collect();
            self.searched = 0;
            let line = String::from_utf8_lossy(&line);
            if let Some(event) = self.take_line(line.trim_end_matches(['\r', '\n'])) {
                return Some(event);
            }
        }
    }

    fn take_line(&mut self, line: &str) -> Option<SseEvent> {
        if line.is_empty() {
            let (kind, data) = (std::mem::take(&mut self.kind), std::mem::take(&mut self.data));
            let kind = if kind.is_empty() { "message".to_owned() } else { kind };
            return std::mem::take(&mut self.has_data).then_some(SseEvent { kind, data });
        }
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match name {
            "event" => value.clone_into(&mut self.kind),
            "data" => {
                if self.has_data {
                    self.data.push('\n');
                }
                self.data.push_str(value);
                self.has_data = true;
            }
            // Comments, and what is for those who come back.
            _ => {}
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_found_however_the_bytes_are_cut() {
        let text = ": hi\r\nevent: endpoint\r\ndata: /m?x=ä\r\n\r\nid: 1\ndata:a\ndata: b\n\n\n\nevent: x\n\ndata\n\ndata: cut";
        let event = |kind: &str, data: &str| SseEvent { kind: kind.into(), data: data.into() };
        let expected =
            [event("endpoint", "/m?x=ä"), event("message", "a\nb"), event("message", "")];
        for length in 1..text.len() {
            let mut parser = SseParser::default();
            let mut found = Vec::new();
            for piece in text.as_bytes().chunks(length) {
                parser.push(piece).unwrap();
                while let Some(event) = parser.next_event() {
                    found.push(event);
                }
            }
            assert_eq!(found, expected, "{length}");
        }
    }

    #[test]
    fn an_endless_event_is_refused() {
        let mut parser = SseParser::default();
        let megabyte = vec![b'x'; 1024 * 1024];
        let taken = (0..100).take_while(|_| parser.push(&megabyte).is_ok()).count();
        assert_eq!(taken, 16);
    }
}
