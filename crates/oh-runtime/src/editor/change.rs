//! The new text of an edited file.

use super::problem::Problem;
use super::text::{Text, normalize};

/// A new text and where it differs from the old one.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) text: String,
    /// First and last line of the change, 0-based.
    pub(super) first_line: usize,
    pub(super) last_line: usize,
}

impl Change {
    /// Replaces `old`, which must occur exactly once, by `new`.
    pub(super) fn replace(
        path: &str,
        file: &Text,
        old: Option<&str>,
        new: Option<&str>,
    ) -> Result<Self, Problem> {
        let Some(old) = old else {
            return Err(Problem::Missing { name: "old_str", command: "str_replace" });
        };
        let new = new.unwrap_or_default();
        if old == new {
            return Err(Problem::parameter(
                "new_str",
                new,
                "It is the same as `old_str`: nothing would change.",
            ));
        }
        let text = file.normalized();
        let asked = normalize(old);
        let mut wanted = asked.as_str();
        let mut places: Vec<usize> = text.match_indices(wanted).map(|(place, _)| place).collect();
        if places.is_empty() && !asked.trim().is_empty() {
            wanted = asked.trim();
            places = text.match_indices(wanted).map(|(place, _)| place).collect();
        }
        let &[place] = places.as_slice() else {
            return Err(Problem::Edit(if places.is_empty() {
                format!("Nothing was replaced: `{old}` does not occur in {path} exactly as given.")
            } else {
                let mut lines: Vec<usize> =
                    places.iter().map(|place| line_of(&text, *place) + 1).collect();
                lines.dedup();
                format!(
                    "Nothing was replaced: `{old}` occurs more than once, in lines {lines:?}. Give more of the text around it."
                )
            }));
        };
        let (from, to) = (file.offset(place), file.offset(place + wanted.len()));
        let inserted = file.with_line_ends(new);
        let first_line = line_of(&text, place);
        Ok(Self {
            text: format!("{}{inserted}{}", &file.text[..from], &file.text[to..]),
            first_line,
            last_line: first_line + inserted.matches('\n').count(),
        })
    }

    /// Inserts `new` after line number `line`; 0 means at the beginning.
    pub(super) fn insert(
        file: &Text,
        line: Option<i64>,
        new: Option<&str>,
    ) -> Result<Self, Problem> {
        let Some(line) = line else {
            return Err(Problem::Missing { name: "insert_line", command: "insert" });
        };
        let Some(new) = new else {
            return Err(Problem::Missing { name: "new_str", command: "insert" });
        };
        let count = file.text.lines().count();
        let Some(after) = usize::try_from(line).ok().filter(|after| *after <= count) else {
            let hint = format!("It must be from 0 to {count}, the number of lines of the file.");
            return Err(Problem::parameter("insert_line", &line.to_string(), &hint));
        };
        let end = file.line_end();
        let at: usize = file.text.split_inclusive('\n').take(after).map(str::len).sum();
        let (head, tail) = file.text.split_at(at);
        let mut inserted = file.with_line_ends(new);
        if head.is_empty() || head.ends_with('\n') {
            if !inserted.ends_with('\n') {
                inserted.push_str(end);
            }
        } else {
            // The last line has no end: it gets one, and the new last line has none.
            let body = inserted.strip_suffix(end).unwrap_or(&inserted);
            inserted = format!("{end}{body}");
        }
        Ok(Self {
            first_line: after,
            last_line: after + inserted.trim_end_matches(['\r', '\n']).matches('\n').count(),
            text: format!("{head}{inserted}{tail}"),
        })
    }
}

fn line_of(text: &str, place: usize) -> usize {
    text[..place].matches('\n').count()
}
