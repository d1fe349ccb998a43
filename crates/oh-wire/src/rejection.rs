//! What a client is told when its input is not taken.

use std::fmt;

/// Says why a client's input was not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    /// Stable name of the reason.
    pub code: RejectionCode,
    /// What was wrong and what would be right.
    pub message: String,
}

/// Stable names of the reasons.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RejectionCode {
    /// Not a JSON object, or neither `action` nor a known `type`.
    MalformedAction,
    /// The type is none that we know.
    UnknownAction,
    /// The arguments do not fit the type.
    InvalidArguments,
    /// Clients may not send this type.
    NotAllowed,
    /// The conversation cannot take it now.
    Unavailable,
}

impl RejectionCode {
    /// Returns the name as clients see it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::MalformedAction => "malformed_action",
            Self::UnknownAction => "unknown_action",
            Self::InvalidArguments => "invalid_arguments",
            Self::NotAllowed => "not_allowed",
            Self::Unavailable => "unavailable",
        }
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Rejection {}
