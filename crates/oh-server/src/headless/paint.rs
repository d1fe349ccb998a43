//! Colors, where a terminal shows them, and texts that cannot take a terminal over.

use std::io::IsTerminal;

/// How texts look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Paint {
    Colors,
    Plain,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Color {
    Dim,
    Bold,
    Red,
    Green,
    Cyan,
}

impl Paint {
    /// Returns what the standard error output can show and the user wants.
    pub(super) fn of_stderr(is_colorless: bool) -> Self {
        if std::io::stderr().is_terminal() && !is_colorless { Self::Colors } else { Self::Plain }
    }

    pub(super) fn paint(self, color: Color, text: &str) -> String {
        let code = match color {
            Color::Dim => "2",
            Color::Bold => "1",
            Color::Red => "31",
            Color::Green => "32",
            Color::Cyan => "36",
        };
        match self {
            Self::Plain => text.to_owned(),
            Self::Colors => {
                // A color ends with its line, so that what cuts lines out does no harm.
                let lines = text.split('\n').map(|line| match line {
                    "" => String::new(),
                    line => format!("\x1b[{code}m{line}\x1b[0m"),
                });
                lines.collect::<Vec<_>>().join("\n")
            }
        }
    }
}

/// Returns a text from elsewhere as a terminal may get it: no control characters but ends of
/// lines and tabs, and of a line that was written over only what was left of it.
pub(super) fn harmless(text: &str) -> String {
    let lines = text.lines().map(|line| {
        let line = line.trim_end_matches('\r');
        let line = line.rsplit('\r').next().unwrap_or(line);
        let mut clean = String::with_capacity(line.len());
        let mut characters = line.chars().peekable();
        while let Some(character) = characters.next() {
            match character {
                '\x1b' if characters.peek() == Some(&'[') => {
                    characters.next();
                    // A control sequence ends with a letter or a sign like one.
                    characters.by_ref().find(|c| ('\x40'..='\x7e').contains(c));
                }
                '\t' => clean.push('\t'),
                c if c.is_control() => {}
                c => clean.push(c),
            }
        }
        clean
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escape_sequences_do_not_get_through() {
        let check = |text: &str, expected: &str| assert_eq!(harmless(text), expected, "{text:?}");
        check("a\tb\r\nc", "a\tb\nc");
        check("\x1b[31mred\x1b[0m", "red");
        check("\x1b]0;title\x07x", "]0;titlex");
        check("10 %\r20 %\rdone", "done");
        check("bell\x07 \u{9b}31m", "bell 31m");
    }

    #[test]
    fn each_line_has_its_color() {
        assert_eq!(Paint::Plain.paint(Color::Red, "a\nb"), "a\nb");
        let painted = Paint::Colors.paint(Color::Red, "a\n\nb");
        assert_eq!(painted, "\x1b[31ma\x1b[0m\n\n\x1b[31mb\x1b[0m");
    }
}
