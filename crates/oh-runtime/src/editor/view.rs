//! Numbered lines, directory listings and diffs.

use std::path::{Path, PathBuf};
use std::time::Duration;

use similar::TextDiff;

use super::problem::Problem;
use super::text::normalize;

const MAX_VIEW_CHARS: usize = 16_000;
const MAX_ENTRIES: usize = 2_000;
const DEPTH: usize = 2;
const CLIPPED: &str = "<response clipped><NOTE>This is not all of it. Find the place with `grep -n` and view it with `view_range`.</NOTE>";
/// A diff that takes longer is made of larger pieces.
const DIFF_LIMIT: Duration = Duration::from_millis(500);

/// Returns the view of a file's text, or of the lines in `range`.
pub(super) fn file(path: &str, text: &str, range: Option<&[i64]>) -> Result<String, Problem> {
    let text = normalize(text);
    let Some(range) = range else { return Ok(numbered(path, &text, 1)) };
    let lines: Vec<&str> = text.lines().collect();
    let count = i64::try_from(lines.len()).unwrap_or(i64::MAX).max(1);
    let &[first, last] = range else {
        return Err(Problem::parameter(
            "view_range",
            &format!("{range:?}"),
            "It must be two numbers, [first, last].",
        ));
    };
    let shown = format!("[{first}, {last}]");
    if !(1..=count).contains(&first) {
        let hint =
            format!("The first number must be from 1 to {count}, the number of lines of the file.");
        return Err(Problem::parameter("view_range", &shown, &hint));
    }
    if last != -1 && last < first {
        let hint = format!("The second number must be -1 or at least {first}, the first one.");
        return Err(Problem::parameter("view_range", &shown, &hint));
    }
    let end = if last == -1 { count } else { last.min(count) };
    let from = usize::try_from(first - 1).unwrap_or(0);
    let to = usize::try_from(end).unwrap_or(0).min(lines.len());
    let view = numbered(path, &lines[from.min(to)..to].join("\n"), from + 1);
    if last > count {
        return Ok(format!(
            "NOTE: The file has {count} lines; {last} is taken as its end.\n{view}"
        ));
    }
    Ok(view)
}

/// Returns the lines around a change, `first` and `last` being 0-based line numbers.
pub(super) fn snippet(path: &str, text: &str, first: usize, last: usize) -> String {
    const AROUND: usize = 4;
    let text = normalize(text);
    let from = first.saturating_sub(AROUND);
    let lines: Vec<&str> = text.split('\n').skip(from).take(last + AROUND + 1 - from).collect();
    numbered(&format!("a snippet of {path}"), &lines.join("\n"), from + 1)
}

/// Returns `text` under its heading, with line numbers that begin with `first`.
pub(super) fn numbered(of: &str, text: &str, first: usize) -> String {
    let clipped;
    let text = match text.char_indices().nth(MAX_VIEW_CHARS) {
        Some((end, _)) => {
            clipped = format!("{}{CLIPPED}", &text[..end]);
            clipped.as_str()
        }
        None => text,
    };
    let mut view = format!("Here's the result of running `cat -n` on {of}:\n");
    for (index, line) in text.split('\n').enumerate() {
        view.push_str(&format!("{:6}\t{line}\n", index + first));
    }
    view
}

/// Returns what is in a directory, two levels deep.
pub(super) fn directory(shown: &str, on_disk: &Path) -> std::io::Result<String> {
    let root = shown.trim_end_matches('/');
    let mut lines = Vec::new();
    let hidden = list(root, on_disk, 1, &mut lines)?;
    let mut view = format!(
        "Here are the files and directories in {shown}, up to 2 levels deep, without hidden ones:\n{root}/\n"
    );
    lines.sort();
    let excess = lines.len().saturating_sub(MAX_ENTRIES);
    for line in lines.iter().take(MAX_ENTRIES) {
        view.push_str(line);
        view.push('\n');
    }
    if excess > 0 {
        view.push_str(&format!("\n{excess} more are not listed.\n"));
    }
    if hidden > 0 {
        let (items, verb) = if hidden == 1 { ("item", "is") } else { ("items", "are") };
        view.push_str(&format!(
            "\n{hidden} hidden {items} in this directory {verb} not listed. See `ls -la {shown}`.\n"
        ));
    }
    Ok(view)
}

/// Lists visible entries into `lines` and returns how many are hidden.
fn list(
    prefix: &str,
    directory: &Path,
    depth: usize,
    lines: &mut Vec<String>,
) -> std::io::Result<usize> {
    let mut hidden = 0;
    for entry in std::fs::read_dir(directory)?.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with('.') {
            hidden += 1;
            continue;
        }
        let path: PathBuf = entry.path();
        let is_directory = path.is_dir();
        let line = format!("{prefix}/{name}");
        lines.push(if is_directory { format!("{line}/") } else { line.clone() });
        if is_directory && depth < DEPTH && lines.len() <= 2 * MAX_ENTRIES {
            let _ = list(&line, &path, depth + 1, lines);
        }
    }
    Ok(hidden)
}

/// Returns the unified diff of two texts without context lines.
pub(super) fn diff(path: &str, old: &str, new: &str) -> String {
    TextDiff::configure()
        .timeout(DIFF_LIMIT)
        .diff_lines(old, new)
        .unified_diff()
        .context_radius(0)
        .header(path, path)
        .to_string()
        .trim_end_matches('\n')
        .to_owned()
}
