//! Output that is passed on while a command runs.

use std::time::{Duration, Instant};

use crate::runtime::OutputSink;

const EVERY: Duration = Duration::from_millis(100);
const MOST_BYTES: usize = 4096;

/// Gathers output and passes it on in pieces that people can follow.
#[derive(Debug)]
pub(crate) struct Live {
    sink: OutputSink,
    pending: Vec<u8>,
    since: Instant,
}

impl Live {
    pub(crate) fn new(sink: OutputSink) -> Self {
        Self { sink, pending: Vec::new(), since: Instant::now() }
    }

    /// Returns when [`Self::flush`] should be called, if something waits.
    pub(crate) fn wake(&self) -> Option<Instant> {
        (!self.pending.is_empty()).then(|| self.since + EVERY)
    }

    pub(crate) fn push(&mut self, bytes: &[u8]) {
        if self.pending.is_empty() {
            self.since = Instant::now();
        }
        self.pending.extend_from_slice(bytes);
        while self.pending.len() >= MOST_BYTES {
            let end = floor_char(&self.pending[..MOST_BYTES]);
            self.send(end);
        }
    }

    /// Passes on what has waited long enough.
    pub(crate) fn flush(&mut self) {
        if !self.pending.is_empty() && self.since.elapsed() >= EVERY {
            self.since = Instant::now();
            let end = floor_char(&self.pending);
            self.send(end);
        }
    }

    /// Passes on what is left.
    pub(crate) fn finish(&mut self) {
        self.send(self.pending.len());
    }

    fn send(&mut self, end: usize) {
        if end > 0 {
            let bytes: Vec<u8> = self.pending.drain(..end).collect();
            // Nobody needs to see this to understand what happened: what does not fit is lost.
            let _ = self.sink.try_send(String::from_utf8_lossy(&bytes).into_owned());
        }
    }
}

/// Returns the length of `bytes` without a character that is cut off at its end.
fn floor_char(bytes: &[u8]) -> usize {
    let last = bytes.iter().rev().take(4).position(|byte| byte & 0xC0 != 0x80);
    let Some(back) = last else { return bytes.len() };
    let start = bytes.len() - back - 1;
    match std::str::from_utf8(&bytes[start..]) {
        Err(error) if error.error_len().is_none() => start,
        Ok(_) | Err(_) => bytes.len(),
    }
}
