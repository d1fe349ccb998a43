//! Keys by their names, as pages know them: `a`, `Enter`, `Control+Shift+ArrowLeft`.

use serde_json::{Value, json};

/// Alt, Control, Meta, Shift as the protocol counts them.
const MODIFIERS: [(&str, &str, u32, u32); 8] = [
    ("alt", "Alt", 1, 18),
    ("option", "Alt", 1, 18),
    ("control", "Control", 2, 17),
    ("ctrl", "Control", 2, 17),
    ("controlormeta", "Control", 2, 17),
    ("meta", "Meta", 4, 91),
    ("command", "Meta", 4, 91),
    ("shift", "Shift", 8, 16),
];

/// Name, other name, code, text.
const KEYS: [(&str, &str, u32, &str); 24] = [
    ("Enter", "Return", 13, "\r"),
    ("Tab", "", 9, ""),
    ("Escape", "Esc", 27, ""),
    ("Backspace", "", 8, ""),
    ("Delete", "Del", 46, ""),
    ("Insert", "", 45, ""),
    ("ArrowUp", "Up", 38, ""),
    ("ArrowDown", "Down", 40, ""),
    ("ArrowLeft", "Left", 37, ""),
    ("ArrowRight", "Right", 39, ""),
    ("Home", "", 36, ""),
    ("End", "", 35, ""),
    ("PageUp", "", 33, ""),
    ("PageDown", "", 34, ""),
    (" ", "Space", 32, " "),
    ("F1", "", 112, ""),
    ("F2", "", 113, ""),
    ("F3", "", 114, ""),
    ("F4", "", 115, ""),
    ("F5", "", 116, ""),
    ("F6", "", 117, ""),
    ("F10", "", 121, ""),
    ("F11", "", 122, ""),
    ("F12", "", 123, ""),
];

/// Keys that are pressed together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Combination {
    key: String,
    code: u32,
    text: String,
    pub(crate) modifiers: u32,
}

impl Combination {
    /// Reads `Control+a` and the like.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let (before, key) = match text.strip_suffix("++") {
            Some(before) => (before, "+"),
            None => text.rsplit_once('+').filter(|(_, key)| !key.is_empty()).unwrap_or(("", text)),
        };
        let modifiers = modifiers(before.split('+').filter(|name| !name.is_empty()))?;
        let (key, code, mut text) = named(key)?;
        if modifiers & !8 != 0 {
            // With Control and its like a key writes nothing.
            text = String::new();
        } else if modifiers == 8 && text.len() == 1 {
            text = text.to_uppercase();
        }
        Ok(Self { key, code, text, modifiers })
    }

    /// Returns what is sent when the keys go down and up.
    pub(crate) fn events(&self) -> [Value; 2] {
        let Self { key, code, text, modifiers } = self;
        let event = |kind: &str| {
            json!({
                "type": kind,
                "key": key,
                "code": physical(key),
                "windowsVirtualKeyCode": code,
                "nativeVirtualKeyCode": code,
                "modifiers": modifiers,
            })
        };
        let mut down = event(if text.is_empty() { "rawKeyDown" } else { "keyDown" });
        if !text.is_empty() {
            down["text"] = json!(text);
        }
        [down, event("keyUp")]
    }
}

/// Returns the sum of modifiers by their names.
pub(crate) fn modifiers<'a>(names: impl Iterator<Item = &'a str>) -> Result<u32, String> {
    let mut sum = 0;
    for name in names {
        let name = name.trim();
        let known = MODIFIERS.iter().find(|(known, ..)| name.eq_ignore_ascii_case(known));
        let Some((_, _, bit, _)) = known else {
            return Err(format!("`{name}` is no modifier; there are Alt, Control, Meta and Shift"));
        };
        sum |= bit;
    }
    Ok(sum)
}

fn named(name: &str) -> Result<(String, u32, String), String> {
    let is_name = |known: &str| !known.is_empty() && known.eq_ignore_ascii_case(name);
    if let Some((key, _, code, text)) =
        KEYS.iter().find(|(key, other, ..)| is_name(key) || is_name(other))
    {
        return Ok(((*key).to_owned(), *code, (*text).to_owned()));
    }
    if let Some((_, key, _, code)) = MODIFIERS.iter().find(|(known, ..)| is_name(known)) {
        return Ok(((*key).to_owned(), *code, String::new()));
    }
    let mut chars = name.chars();
    match (chars.next(), chars.next()) {
        (Some(c), None) => {
            let code = if c.is_ascii_alphanumeric() { c.to_ascii_uppercase().into() } else { 0 };
            Ok((c.to_string(), code, c.to_string()))
        }
        _ => {
            Err(format!("there is no key `{name}`; keys are called a, Enter, ArrowDown, Control+a"))
        }
    }
}

/// Returns where the key is on a keyboard.
fn physical(key: &str) -> String {
    match key {
        " " => "Space".to_owned(),
        key if key.len() == 1 && key.chars().all(|c| c.is_ascii_alphabetic()) => {
            format!("Key{}", key.to_uppercase())
        }
        key if key.len() == 1 && key.chars().all(|c| c.is_ascii_digit()) => format!("Digit{key}"),
        "Control" | "Shift" | "Alt" | "Meta" => format!("{key}Left"),
        key => key.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn combinations_are_read() {
        fn check(text: &str, key: &str, code: u32, written: &str, modifiers: u32) {
            let expected =
                Combination { key: key.to_owned(), code, text: written.to_owned(), modifiers };
            assert_eq!(Combination::parse(text), Ok(expected), "{text}");
        }
        check("a", "a", 65, "a", 0);
        check("Enter", "Enter", 13, "\r", 0);
        check("esc", "Escape", 27, "", 0);
        check("Control+a", "a", 65, "", 2);
        check("ctrl+shift+ArrowLeft", "ArrowLeft", 37, "", 10);
        check("Shift+b", "b", 66, "B", 8);
        check("+", "+", 0, "+", 0);
        check("Shift++", "+", 0, "+", 8);
        check("Shift", "Shift", 16, "", 0);
        check("é", "é", 0, "é", 0);
        check("Space", " ", 32, " ", 0);
    }

    #[test]
    fn unknown_keys_are_named() {
        for (text, expected) in [("Entre", "`Entre`"), ("Hyper+a", "`Hyper`"), ("", "``")] {
            let problem = Combination::parse(text).unwrap_err();
            assert!(problem.contains(expected), "{text}: {problem}");
        }
    }
}
