//! The tree as text for the model.

use std::fmt::Write;

use super::boxes::Rect;
use super::lines::Line;

/// Longest tree, in characters. What is seen comes first.
pub(crate) const MAX_TREE: usize = 30_000;
/// Room for what is said about what was left out.
const RESERVE: usize = 400;

/// Writes the tree. What is in `window` is written in any case; what is not fills the room.
pub(crate) fn tree(lines: &[Line], window: Rect, limit: usize) -> String {
    let lines: Vec<&Line> = lines.iter().filter(|line| !line.is_repeated).collect();
    let texts: Vec<String> = lines.iter().map(|line| text(line)).collect();
    let lengths: Vec<usize> = texts.iter().map(|text| text.chars().count() + 1).collect();
    let total: usize = lengths.iter().sum();
    if total <= limit {
        return texts.join("\n");
    }
    let is_seen: Vec<bool> =
        lines.iter().map(|line| line.rect.is_some_and(|rect| rect.cut(window).is_some())).collect();
    let mut is_kept = vec![false; lines.len()];
    let mut room = limit.saturating_sub(RESERVE);
    let mut keep = |at: usize, is_kept: &mut Vec<bool>| {
        if is_kept[at] {
            return true;
        }
        let fits = lengths[at] <= room;
        if fits {
            room -= lengths[at];
            is_kept[at] = true;
        }
        fits
    };
    // What holds most of the page is seen everywhere and tells nothing of what is seen first.
    let is_small = |line: &Line| line.rect.is_some_and(|rect| rect.height <= window.height);
    let first = (0..lines.len()).find(|&at| is_seen[at] && is_small(lines[at])).unwrap_or(0);
    keep(0, &mut is_kept);
    for (at, _) in is_seen.iter().enumerate().filter(|(_, seen)| **seen) {
        if !keep(at, &mut is_kept) {
            break;
        }
    }
    // Then what follows, then what stands before, nearest first.
    let after = first..lines.len();
    let before = (0..first).rev();
    for at in after.chain(before) {
        if !keep(at, &mut is_kept) {
            break;
        }
    }
    join(&texts, &is_kept)
}

fn join(texts: &[String], is_kept: &[bool]) -> String {
    let mut out = String::new();
    let mut left_out = 0;
    let note = |out: &mut String, count: &mut usize, is_end: bool| {
        if *count > 0 {
            let way = if is_end { "; scroll(0, 600) shows what is further down" } else { "" };
            let _ = writeln!(out, "… {count} elements left out{way} …");
        }
        *count = 0;
    };
    for (text, kept) in texts.iter().zip(is_kept) {
        if *kept {
            note(&mut out, &mut left_out, false);
            out.push_str(text);
            out.push('\n');
        } else {
            left_out += 1;
        }
    }
    note(&mut out, &mut left_out, true);
    out.truncate(out.trim_end().len());
    out
}

fn text(line: &Line) -> String {
    let mut out = "  ".repeat(line.depth);
    if let Some(number) = line.number {
        let _ = write!(out, "[{number}] ");
    }
    out.push_str(&line.role);
    if !line.name.is_empty() {
        let _ = write!(out, " '{}'", line.name);
    }
    if !line.value.is_empty() {
        let _ = write!(out, " value='{}'", line.value);
    }
    for detail in &line.details {
        let _ = write!(out, ", {detail}");
    }
    if line.is_focused {
        out.push_str(", focused");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(number: u32, y: f64) -> Line {
        Line {
            depth: 1,
            role: "button".to_owned(),
            name: format!("Button number {number:04}"),
            value: String::new(),
            number: Some(number),
            details: Vec::new(),
            url: None,
            level: None,
            rect: Some(Rect { x: 0.0, y, width: 100.0, height: 20.0 }),
            is_focused: false,
            is_repeated: false,
        }
    }

    const WINDOW: Rect = Rect { x: 0.0, y: 0.0, width: 1280.0, height: 720.0 };

    #[test]
    fn a_short_tree_is_whole() {
        let mut lines = vec![line(1, 0.0), line(2, 5000.0)];
        lines[0].value = "on".to_owned();
        lines[0].details = vec!["checked=true".to_owned()];
        lines[1].is_focused = true;
        assert_eq!(
            tree(&lines, WINDOW, 1000),
            "  [1] button 'Button number 0001' value='on', checked=true\n  [2] button 'Button number 0002', focused"
        );
    }

    #[test]
    fn what_is_seen_is_in_a_tree_that_was_cut() {
        // The page was scrolled to its middle.
        let lines: Vec<Line> = (0..2000).map(|n| line(n, (f64::from(n) - 1000.0) * 30.0)).collect();
        let cut = tree(&lines, WINDOW, 4000);
        assert!(cut.chars().count() <= 4000, "{}", cut.chars().count());
        for number in 1000..1024 {
            assert!(cut.contains(&format!("[{number}]")), "{number} is seen:\n{cut}");
        }
        assert!(cut.contains("[1050]"), "what follows fills the room");
        assert!(cut.contains("999 elements left out …"), "{cut}");
        assert!(cut.ends_with("scroll(0, 600) shows what is further down …"), "{cut}");
    }
}
