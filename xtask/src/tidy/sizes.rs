//! Files stay small enough to be read in one go.

use super::Finding;
use super::repository::File;

/// Lines at which a source file must be split.
const MAX_SOURCE: usize = 600;
/// Lines at which a Rust file should be split.
const LARGE_SOURCE: usize = 400;
/// Documents that are short on purpose.
const DOCUMENTS: [(&str, usize); 2] = [("ARCHITECTURE.md", 200), ("AGENTS.md", 60)];

pub(crate) fn check(files: &[File]) -> Vec<Finding> {
    let mut findings: Vec<Finding> = files.iter().filter_map(check_source).collect();
    for (path, max) in DOCUMENTS {
        let lines = files.iter().find(|file| file.path == path).map(|file| count(&file.text));
        match lines {
            None => findings.push(Finding::error(path, 1, "the document is missing")),
            Some(lines) if lines > max => {
                findings.push(Finding::error(path, lines, format!("{lines} lines; {max} at most")));
            }
            Some(_) => {}
        }
    }
    findings
}

fn check_source(file: &File) -> Option<Finding> {
    let (lines, is_rust) = if is_rust_source(&file.path) {
        (lines_without_tests(&file.text), true)
    } else if is_frontend_source(&file.path) {
        (count(&file.text), false)
    } else {
        return None;
    };
    let aside = if is_rust { " without tests" } else { "" };
    if lines > MAX_SOURCE {
        let message = format!("{lines} lines{aside}; {MAX_SOURCE} at most");
        Some(Finding::error(&file.path, lines, message))
    } else if is_rust && lines > LARGE_SOURCE {
        let message = format!("{lines} lines{aside}; above {LARGE_SOURCE} think of splitting it");
        Some(Finding::warning(&file.path, lines, message))
    } else {
        None
    }
}

fn is_rust_source(path: &str) -> bool {
    path.ends_with(".rs")
        && (path.starts_with("src/") || path.contains("/src/"))
        && !path.ends_with("/tests.rs")
        && !path.contains("/tests/")
}

fn is_frontend_source(path: &str) -> bool {
    let is_test = [".test.ts", ".test.tsx"].iter().any(|end| path.ends_with(end));
    path.starts_with("frontend/src/")
        && (path.ends_with(".ts") || path.ends_with(".tsx"))
        && !is_test
        && !path.contains("/generated/")
}

fn count(text: &str) -> usize {
    text.lines().count()
}

/// Counts the lines before the module of tests, which stands at the end.
fn lines_without_tests(text: &str) -> usize {
    let lines: Vec<&str> = text.lines().collect();
    let is_tests = |pair: &[&str]| {
        pair[0] == "#[cfg(test)]" && pair[1].starts_with("mod ") && pair[1].ends_with('{')
    };
    lines.windows(2).position(is_tests).unwrap_or(lines.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_one(path: &str, text: String) -> Option<Finding> {
        check_source(&File { path: path.to_owned(), text })
    }

    #[test]
    fn large_files_are_named_and_larger_ones_fail() {
        let lines = |n: usize| "x\n".repeat(n);
        assert_eq!(check_one("crates/a/src/b.rs", lines(400)), None);
        assert_eq!(
            check_one("crates/a/src/b.rs", lines(401)),
            Some(Finding::warning(
                "crates/a/src/b.rs",
                401,
                "401 lines without tests; above 400 think of splitting it"
            ))
        );
        assert_eq!(
            check_one("frontend/src/a/b.tsx", lines(601)),
            Some(Finding::error("frontend/src/a/b.tsx", 601, "601 lines; 600 at most"))
        );
        assert_eq!(check_one("frontend/src/a/b.test.tsx", lines(601)), None);
        assert_eq!(check_one("crates/a/tests/it/main.rs", lines(601)), None);
    }

    #[test]
    fn tests_do_not_count() {
        let text = format!("fn a() {{}}\n#[cfg(test)]\nmod tests {{\n{}}}\n", "x\n".repeat(900));
        assert_eq!(lines_without_tests(&text), 1);
        assert_eq!(lines_without_tests("#[cfg(test)]\nmod support;\nfn a() {}\n"), 3);
    }

    #[test]
    fn short_documents_must_be_there() {
        let file = |path: &str, lines| File { path: path.to_owned(), text: "x\n".repeat(lines) };
        let found = check(&[file("ARCHITECTURE.md", 201)]);
        assert_eq!(
            found,
            [
                Finding::error("ARCHITECTURE.md", 201, "201 lines; 200 at most"),
                Finding::error("AGENTS.md", 1, "the document is missing"),
            ]
        );
    }
}
