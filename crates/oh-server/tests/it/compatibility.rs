//! `docs/compatibility.md` is true: every row of it is called, and nothing that is here lacks one.

mod configuration;
mod events;
mod routes;
mod sockets;

use std::collections::BTreeSet;
use std::path::Path;

const DOCUMENT: &str = include_str!("../../../../docs/compatibility.md");
const STATES: [&str; 5] = ["yes", "better", "accepted", "no", "ours"];

/// A row of a table that has a column `state`.
#[derive(Debug)]
struct Row {
    /// The heading above the table.
    section: &'static str,
    columns: Vec<&'static str>,
    cells: Vec<&'static str>,
}

impl Row {
    /// Returns what the row is about.
    fn name(&self) -> &'static str {
        code_spans(self.cells[0]).first().copied().unwrap_or(self.cells[0])
    }

    fn cell(&self, column: &str) -> &'static str {
        let at = self.columns.iter().position(|name| *name == column);
        at.map_or_else(|| panic!("no column `{column}`: {self:?}"), |at| self.cells[at])
    }

    fn state(&self) -> &'static str {
        self.cell("state")
    }

    /// Says whether what the row is about is here.
    fn is_here(&self) -> bool {
        matches!(self.state(), "yes" | "better" | "ours")
    }
}

/// Returns the rows of every table whose first column is `kind`.
fn rows(kind: &str) -> Vec<Row> {
    let rows: Vec<Row> = all_rows().into_iter().filter(|row| row.columns[0] == kind).collect();
    assert!(!rows.is_empty(), "there is no table of `{kind}`");
    rows
}

fn all_rows() -> Vec<Row> {
    let (mut found, mut section) = (Vec::new(), "");
    let mut columns: Option<Vec<&'static str>> = None;
    for line in DOCUMENT.lines() {
        if let Some(heading) = line.trim_start_matches('#').strip_prefix(' ')
            && line.starts_with('#')
        {
            section = heading;
        }
        let Some(inner) = line.strip_prefix("| ").and_then(|line| line.strip_suffix('|')) else {
            if !line.starts_with("|---") {
                columns = None;
            }
            continue;
        };
        let cells: Vec<&str> = inner.split('|').map(str::trim).collect();
        match &columns {
            None => columns = Some(cells),
            Some(columns) if columns.contains(&"state") => {
                assert_eq!(cells.len(), columns.len(), "{line}");
                found.push(Row { section, columns: columns.clone(), cells });
            }
            Some(_) => {}
        }
    }
    found
}

/// Returns what stands between backticks.
fn code_spans(text: &'static str) -> Vec<&'static str> {
    text.split('`').skip(1).step_by(2).collect()
}

/// Returns the sources of all crates, without their tests.
fn sources() -> String {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let folders = std::fs::read_dir(crates).unwrap().map(|entry| entry.unwrap().path().join("src"));
    folders.map(|folder| sources_in(&folder)).collect()
}

fn sources_in(folder: &Path) -> String {
    let mut text = String::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            text.push_str(&sources_in(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            text.push_str(&std::fs::read_to_string(&path).unwrap());
        }
    }
    text
}

fn names(rows: &[Row]) -> BTreeSet<&'static str> {
    rows.iter().map(Row::name).collect()
}

#[test]
fn every_row_has_a_state_and_says_what_differs() {
    let mut seen = BTreeSet::new();
    for row in all_rows() {
        assert!(STATES.contains(&row.state()), "{row:?}");
        let is_explained = matches!(row.state(), "yes" | "ours") || !row.cell("here").is_empty();
        assert!(is_explained, "{row:?}");
        let key = (row.section, row.cells[0], row.cells[1]);
        assert!(seen.insert(key), "{row:?} is there twice");
    }
    assert!(seen.len() > 400, "{} rows", seen.len());
}
