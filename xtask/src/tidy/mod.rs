//! `cargo xtask tidy`: the rules of the architecture that no compiler checks.
//!
//! Each module is one family of rules, as a function from plain data to [`Finding`]s.

mod files;
mod layers;
mod purity;
mod repository;
mod sizes;
mod texts;

use std::fmt;

use anyhow::{Result, bail};
use repository::Repository;

/// A rule that is broken, or nearly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Finding {
    severity: Severity,
    path: String,
    line: usize,
    message: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Severity {
    Warning,
    Error,
}

impl Finding {
    fn error(path: &str, line: usize, message: impl Into<String>) -> Self {
        Self { severity: Severity::Error, path: path.to_owned(), line, message: message.into() }
    }

    fn warning(path: &str, line: usize, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(path, line, message) }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Warning => "warning",
            Severity::Error => "error",
        };
        write!(f, "{severity}: {}:{}: {}", self.path, self.line, self.message)
    }
}

/// Checks the repository; fails if a rule is broken.
#[expect(clippy::print_stdout, reason = "the findings are this task's output")]
pub(crate) fn run() -> Result<()> {
    let repository = Repository::read(&crate::root())?;
    let findings = check(&repository);
    for finding in &findings {
        println!("{finding}");
    }
    let errors = findings.iter().filter(|finding| finding.severity == Severity::Error).count();
    let warnings = findings.len() - errors;
    println!(
        "tidy: {} files, {} crates, {errors} errors, {warnings} warnings",
        repository.files.len(),
        repository.crates.len()
    );
    if errors > 0 {
        bail!("{errors} rules are broken");
    }
    Ok(())
}

fn check(repository: &Repository) -> Vec<Finding> {
    let Repository { files, crates } = repository;
    let mut findings = layers::check(crates);
    findings.extend(purity::check(crates, files));
    findings.extend(sizes::check(files));
    findings.extend(files::check(files));
    findings.extend(texts::check(files));
    findings.sort_by(|a, b| (&a.path, a.line).cmp(&(&b.path, b.line)));
    findings
}
