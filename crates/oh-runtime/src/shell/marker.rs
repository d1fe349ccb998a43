//! The end of a command's output.
//!
//! When a command is done the shell writes a private control sequence with the command's nonce to the
//! terminal. What comes before it in the stream is the command's, what comes after is not.

const INTRODUCER: &str = "\u{1b}]7771;";

/// Returns the sequence that ends the output of the command with `nonce`.
pub(super) fn end_marker(nonce: &str) -> String {
    format!("{INTRODUCER}{nonce}\u{7}")
}

/// Takes the marker out of a stream.
#[derive(Debug)]
pub(super) struct MarkerFilter {
    marker: Vec<u8>,
    /// The end of the stream so far, if it may be the beginning of the marker.
    held: Vec<u8>,
}

/// A part of the stream.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece {
    Before(Vec<u8>),
    /// What came before the marker, and after it.
    Around(Vec<u8>, Vec<u8>),
}

impl MarkerFilter {
    pub(super) fn new(nonce: &str) -> Self {
        Self { marker: end_marker(nonce).into_bytes(), held: Vec::new() }
    }

    pub(super) fn push(&mut self, bytes: &[u8]) -> Piece {
        let mut stream = std::mem::take(&mut self.held);
        stream.extend_from_slice(bytes);
        let mut from = 0;
        while let Some(offset) = stream[from..].iter().position(|byte| *byte == self.marker[0]) {
            let start = from + offset;
            let rest = &stream[start..];
            if rest.starts_with(&self.marker) {
                let after = rest[self.marker.len()..].to_vec();
                stream.truncate(start);
                return Piece::Around(stream, after);
            }
            if self.marker.starts_with(rest) {
                self.held = stream.split_off(start);
                return Piece::Before(stream);
            }
            from = start + 1;
        }
        Piece::Before(stream)
    }

    /// Returns what was held back; the marker does not come any more.
    pub(super) fn finish(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.held)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_marker_is_found_however_the_stream_is_cut() {
        let text = format!("out\u{1b}[0m{}{}later", end_marker("other"), end_marker("mine"));
        let whole = text.as_bytes();
        let split = text.find(&end_marker("mine")).unwrap();
        for cut in 0..=whole.len() {
            let mut filter = MarkerFilter::new("mine");
            let (mut before, mut after, mut is_found) = (Vec::new(), Vec::new(), false);
            for part in [&whole[..cut], &whole[cut..]] {
                if is_found {
                    after.extend_from_slice(part);
                    continue;
                }
                match filter.push(part) {
                    Piece::Before(bytes) => before.extend(bytes),
                    Piece::Around(first, second) => {
                        before.extend(first);
                        after.extend(second);
                        is_found = true;
                    }
                }
            }
            assert!(is_found);
            assert_eq!(
                (before.as_slice(), after.as_slice()),
                (&whole[..split], b"later".as_slice())
            );
        }
    }
}
