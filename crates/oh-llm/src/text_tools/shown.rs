//! What viewers see of an answer that ends in a call: the text before it.

use super::parse::OPENING;

/// Holds back what may be the beginning of a call.
#[derive(Debug, Default)]
pub(super) struct Shown {
    held: String,
    is_call: bool,
}

impl Shown {
    /// Takes a piece and returns what can be shown by now.
    pub(super) fn push(&mut self, piece: &str) -> String {
        if self.is_call {
            return String::new();
        }
        self.held.push_str(piece);
        let lower = self.held.to_ascii_lowercase();
        let end = match lower.find(OPENING) {
            Some(start) => {
                self.is_call = true;
                start
            }
            None => lower
                .rfind('<')
                .filter(|start| OPENING.starts_with(&lower[*start..]))
                .unwrap_or(lower.len()),
        };
        let rest = self.held.split_off(end);
        std::mem::replace(&mut self.held, rest)
    }

    /// Returns what was held back for nothing.
    pub(super) fn finish(&mut self) -> String {
        if self.is_call { String::new() } else { std::mem::take(&mut self.held) }
    }
}

#[cfg(test)]
mod tests {
    use super::Shown;

    #[test]
    fn a_call_is_not_shown() {
        let check = |pieces: &[&str], expected: &[&str]| {
            let mut shown = Shown::default();
            let mut seen: Vec<String> = pieces.iter().map(|piece| shown.push(piece)).collect();
            seen.push(shown.finish());
            assert_eq!(seen, expected, "{pieces:?}");
        };
        check(&["I look.\n<func", "tion=ls>\n<par", "ameter"], &["I look.\n", "", "", ""]);
        check(&["a <", "b> c"], &["a ", "<b> c", ""]);
        check(&["é <FUNCTION=x>"], &["é ", ""]);
        check(&["a <func"], &["a ", "<func"]);
    }
}
