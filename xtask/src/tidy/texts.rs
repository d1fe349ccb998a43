//! What no file may say.

use super::Finding;
use super::repository::File;

/// Notes for later; each needs the number of its issue.
const NOTES: [&str; 2] = [concat!("TO", "DO"), concat!("FIX", "ME")];
const SOURCES: [&str; 11] =
    [".css", ".html", ".js", ".json", ".mjs", ".rs", ".sh", ".toml", ".ts", ".tsx", ".yml"];
/// Home folders that stand for anybody's.
const NOBODY: [&str; 4] = ["me", "you", "user", "openhands"];

pub(crate) fn check(files: &[File]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in files.iter().filter(|file| !file.path.ends_with("package-lock.json")) {
        let is_source = SOURCES.iter().any(|end| file.path.ends_with(end))
            && !file.path.starts_with("fixtures/");
        for (at, line) in file.text.lines().enumerate() {
            if is_source && let Some(note) = note_without_issue(line) {
                let message = format!("{note} needs the number of an issue, as in `{note}(#12)`");
                findings.push(Finding::error(&file.path, at + 1, message));
            }
            if let Some(path) = machine_path(line) {
                let message = format!("`{path}` exists on one machine only");
                findings.push(Finding::error(&file.path, at + 1, message));
            }
        }
    }
    findings
}

fn note_without_issue(line: &str) -> Option<&'static str> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    NOTES.into_iter().find(|note| {
        line.match_indices(note).any(|(at, _)| {
            let (before, after) = (&line[..at], &line[at + note.len()..]);
            let stands_alone = !before.ends_with(is_word) && !after.starts_with(is_word);
            let issue = after.trim_start_matches([' ', '(', ':']).strip_prefix('#');
            stands_alone && !issue.is_some_and(|rest| rest.starts_with(|c: char| c.is_numeric()))
        })
    })
}

/// Returns the home folder that a line names, if it is somebody's.
fn machine_path(line: &str) -> Option<String> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let starts_path = |at: usize| !line[..at].ends_with(|c: char| is_name(c) || c == '/');
    let root = concat!("/ro", "ot/");
    if let Some((at, _)) = line.match_indices(root).find(|(at, _)| starts_path(*at)) {
        return Some(line[at..at + root.len()].to_owned());
    }
    let homes = concat!("/ho", "me/");
    line.match_indices(homes).filter(|(at, _)| starts_path(*at)).find_map(|(at, _)| {
        let rest = &line[at + homes.len()..];
        let name = &rest[..rest.find(|c| !is_name(c)).unwrap_or(rest.len())];
        let is_somebody = !name.is_empty() && !NOBODY.contains(&name);
        is_somebody.then(|| format!("{homes}{name}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_need_an_issue() {
        let [note, other] = NOTES;
        assert_eq!(note_without_issue(&format!("// {note}: later")), Some(note));
        assert_eq!(note_without_issue(&format!("// {other} later")), Some(other));
        assert_eq!(note_without_issue(&format!("// {note}(#12): later")), None);
        assert_eq!(note_without_issue(&format!("// {note} #12 later")), None);
        assert_eq!(note_without_issue(&format!("let {note}S = 1;")), None);
        assert_eq!(note_without_issue("a task list in todo state"), None);
    }

    #[test]
    fn paths_of_one_machine_are_found() {
        let home = concat!("/ho", "me");
        assert_eq!(machine_path(&format!("see {home}/ann/x")), Some(format!("{home}/ann")));
        assert_eq!(machine_path(&format!("see {home}/me/x")), None);
        assert_eq!(machine_path(&format!("see {home}/<user>/x")), None);
        assert_eq!(machine_path(&format!("https://a.com{home}/ann")), None);
        assert_eq!(machine_path(concat!("cd /ro", "ot/x")), Some(concat!("/ro", "ot/").to_owned()));
        assert_eq!(machine_path(concat!("$x/ro", "ot/y")), None);
    }

    #[test]
    fn findings_name_the_line() {
        let text = format!("fn a() {{}}\n// {}\n", NOTES[0]);
        let files = [File { path: "crates/a/src/b.rs".to_owned(), text }];
        let found = check(&files);
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].path.as_str(), found[0].line), ("crates/a/src/b.rs", 2));
    }
}
