use std::fmt;

/// Names one conversation.
///
/// At most 100 characters, without `..`, `/`, `\`, NUL or other control
/// characters, and not empty: the rules of OpenHands' REST paths.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConversationId(String);

/// Says which rule a text breaks that was offered as a [`ConversationId`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InvalidConversationId {
    /// The text is empty.
    Empty,
    /// The text has more than 100 characters.
    TooLong,
    /// The text holds a NUL.
    InvalidCharacters,
    /// The text holds `..`, `/` or `\`.
    PathCharacters,
    /// The text holds a control character.
    ControlCharacters,
}

impl ConversationId {
    /// Longest id accepted, in characters.
    pub const MAX_CHARS: usize = 100;

    /// Checks a text against the rules of the type.
    ///
    /// # Errors
    /// Returns the first rule that `text` breaks.
    pub fn parse(text: &str) -> Result<Self, InvalidConversationId> {
        if text.is_empty() {
            Err(InvalidConversationId::Empty)
        } else if text.chars().count() > Self::MAX_CHARS {
            Err(InvalidConversationId::TooLong)
        } else if text.contains('\0') {
            Err(InvalidConversationId::InvalidCharacters)
        } else if text.contains("..") || text.contains(['/', '\\']) {
            Err(InvalidConversationId::PathCharacters)
        } else if text.chars().any(char::is_control) {
            Err(InvalidConversationId::ControlCharacters)
        } else {
            Ok(Self(text.to_owned()))
        }
    }

    /// Returns the id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the title that OpenHands gives a conversation without one:
    /// `Conversation ` and the first five characters of the id.
    #[must_use]
    pub fn default_title(&self) -> String {
        let head: String = self.0.chars().take(5).collect();
        format!("Conversation {head}")
    }
}

impl fmt::Display for ConversationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for InvalidConversationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "is empty",
            Self::TooLong => "is too long",
            Self::InvalidCharacters => "contains invalid characters",
            Self::PathCharacters => "contains invalid path characters",
            Self::ControlCharacters => "contains control characters",
        })
    }
}

impl std::error::Error for InvalidConversationId {}

/// The place of an event in its conversation: 0, 1, 2, … without a hole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EventId(pub u64);

impl EventId {
    /// Returns the id after this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The name a model gave to one of its tool calls.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ToolCallId(pub String);

impl fmt::Display for ToolCallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_conversation_id_obeys_the_path_rules() {
        fn check(text: &str, expected: Result<(), InvalidConversationId>) {
            assert_eq!(ConversationId::parse(text).map(|_| ()), expected, "{text:?}");
        }
        check("7c08558656e940d494801e0f3ff2fd6f", Ok(()));
        check("your-conversation-id", Ok(()));
        check(&"ä".repeat(100), Ok(()));
        check("", Err(InvalidConversationId::Empty));
        check(&"a".repeat(101), Err(InvalidConversationId::TooLong));
        check("a\0", Err(InvalidConversationId::InvalidCharacters));
        check("..", Err(InvalidConversationId::PathCharacters));
        check("a/b", Err(InvalidConversationId::PathCharacters));
        check("a\\b", Err(InvalidConversationId::PathCharacters));
        check("a\nb", Err(InvalidConversationId::ControlCharacters));
    }
}
