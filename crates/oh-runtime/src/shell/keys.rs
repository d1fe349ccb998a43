//! Names of keys.

/// A key that can be sent to a running command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Key {
    /// What a terminal sends for it.
    pub(super) bytes: Vec<u8>,
    /// How to call it in a note.
    pub(super) name: String,
    /// It is a letter with Ctrl, which nobody types as a command.
    pub(super) is_control: bool,
}

impl Key {
    /// Says whether the key does nothing at a prompt that anybody could mind.
    pub(super) fn is_harmless(&self) -> bool {
        matches!(self.bytes.as_slice(), [3 | 12])
    }

    /// Returns the key named `text`, or `None` if `text` is to be taken as it is.
    pub(super) fn from_name(text: &str) -> Option<Self> {
        if let Some(letter) =
            ["C-", "CTRL-", "CTRL+"].iter().find_map(|prefix| text.strip_prefix(prefix))
        {
            let mut letters = letter.chars();
            let (Some(c @ ('a'..='z' | 'A'..='Z')), None) = (letters.next(), letters.next()) else {
                return None;
            };
            let upper = c.to_ascii_uppercase();
            let bytes = vec![upper as u8 - b'@'];
            return Some(Self { bytes, name: format!("CTRL+{upper}"), is_control: true });
        }
        let bytes = match text {
            "ENTER" => "\n",
            "TAB" => "\t",
            "BS" => "\u{7f}",
            "ESC" => "\u{1b}",
            "UP" => "\u{1b}[A",
            "DOWN" => "\u{1b}[B",
            "RIGHT" => "\u{1b}[C",
            "LEFT" => "\u{1b}[D",
            "HOME" => "\u{1b}[H",
            "END" => "\u{1b}[F",
            "PGUP" => "\u{1b}[5~",
            "PGDN" => "\u{1b}[6~",
            _ => return None,
        };
        Some(Self { bytes: bytes.into(), name: text.into(), is_control: false })
    }
}

#[cfg(test)]
mod tests {
    use super::Key;

    #[test]
    fn keys_are_known_by_name() {
        let check = |text: &str, expected: Option<&[u8]>| {
            assert_eq!(Key::from_name(text).map(|key| key.bytes).as_deref(), expected);
        };
        check("C-c", Some(b"\x03"));
        check("CTRL+Z", Some(b"\x1a"));
        check("CTRL-d", Some(b"\x04"));
        check("PGDN", Some(b"\x1b[6~"));
        check("C-cc", None);
        check("C-", None);
        check("C-1", None);
        check("enter", None);
    }
}
