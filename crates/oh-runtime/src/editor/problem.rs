//! Why an edit or a view was refused.

use std::io;

/// A message for the model.
#[derive(Debug, thiserror::Error)]
pub(super) enum Problem {
    #[error("Parameter `{name}` is not valid: {value}. {hint}")]
    Parameter { name: &'static str, value: String, hint: String },
    #[error("Parameter `{name}` is required for the command `{command}`.")]
    Missing { name: &'static str, command: &'static str },
    #[error(
        "There is no command `{0}`. The commands are: view, create, str_replace, insert, undo_edit."
    )]
    UnknownCommand(String),
    #[error("The file {path} cannot be used: {reason}")]
    Invalid { path: String, reason: String },
    #[error("{0}")]
    Edit(String),
    #[error("Failed to {what} {path}: {source}")]
    Io { what: &'static str, path: String, source: io::Error },
}

impl Problem {
    pub(super) fn parameter(name: &'static str, value: &str, hint: &str) -> Self {
        Self::Parameter { name, value: value.to_owned(), hint: hint.to_owned() }
    }

    pub(super) fn invalid(path: &str, reason: impl Into<String>) -> Self {
        Self::Invalid { path: path.to_owned(), reason: reason.into() }
    }

    pub(super) fn io(what: &'static str, path: &str) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { what, path: path.to_owned(), source }
    }

    /// Returns the content of the observation.
    pub(super) fn content(&self) -> String {
        format!("ERROR:\n{self}")
    }
}
