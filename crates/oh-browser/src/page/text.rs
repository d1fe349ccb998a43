//! The page as a text to read: headings, paragraphs, links.

use std::fmt::Write;

use super::lines::Line;

/// Longest text of a page, in characters.
const MAX_PAGE_TEXT: usize = 30_000;

/// Returns what the page says, with links kept.
pub(crate) fn page_text(lines: &[Line]) -> String {
    let mut out = String::new();
    // The depth below which everything was already said by the name of what it is in.
    let mut said: Option<usize> = None;
    for line in lines {
        if said.is_some_and(|depth| line.depth > depth) {
            continue;
        }
        said = None;
        let name = line.name.as_str();
        match line.role.as_str() {
            "RootWebArea" => {}
            "heading" => {
                let level = usize::from(line.level.unwrap_or(2).clamp(1, 6));
                let _ = write!(out, "\n\n{} {name}\n", "#".repeat(level));
                said = Some(line.depth);
            }
            "link" => {
                match &line.url {
                    Some(url) => drop(write!(out, " [{name}]({url})")),
                    None => drop(write!(out, " {name}")),
                }
                said = Some(line.depth);
            }
            "image" | "img" => drop(write!(out, " ![{name}]")),
            "StaticText" if name.starts_with(['.', ',', ';', ':', '!', '?', ')']) => {
                out.push_str(name);
            }
            "StaticText" => drop(write!(out, " {name}")),
            "ListMarker" => {
                // A number says something, a dot does not.
                let is_number = name.starts_with(|c: char| c.is_alphanumeric());
                out.push_str(if is_number { name } else { "-" });
            }
            "listitem" => out.push('\n'),
            "cell" | "gridcell" | "columnheader" | "rowheader" => out.push_str(" |"),
            "textbox" | "searchbox" | "combobox" | "spinbutton" => {
                let _ = write!(out, "\n[{name}: {}]", line.value);
                said = Some(line.depth);
            }
            "button" | "checkbox" | "radio" | "switch" | "menuitem" | "tab" | "option" => {
                let _ = write!(out, " [{name}]");
                said = Some(line.depth);
            }
            _ => out.push('\n'),
        }
        if out.len() > 4 * MAX_PAGE_TEXT {
            break;
        }
    }
    tidy(&out)
}

/// Takes out blank lines and blanks that say nothing, and cuts what is too long.
fn tidy(text: &str) -> String {
    let mut out = String::new();
    let mut blanks = 0;
    for line in text.lines().map(str::trim) {
        blanks = if line.is_empty() { blanks + 1 } else { 0 };
        if blanks > 1 || (line.is_empty() && out.is_empty()) {
            continue;
        }
        out.push_str(line);
        out.push('\n');
    }
    out.truncate(out.trim_end().len());
    if let Some((end, _)) = out.char_indices().nth(MAX_PAGE_TEXT) {
        out.truncate(end);
        out.push_str("\n… (the page goes on; scroll or follow its links)");
    }
    out
}
