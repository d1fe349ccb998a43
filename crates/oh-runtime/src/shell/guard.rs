//! Texts that are data, not commands.

/// Deeper texts are taken for commands.
const MAX_DEPTH: usize = 32;

/// Says whether `text` is clearly a list or a dict of JSON or Python.
///
/// A group of commands, a test and a brace expansion are none: what a shell would run as it is
/// meant stays a command.
pub(super) fn is_literal(text: &str) -> bool {
    // `[ 1 ]` is a test, and `[1]` could be the name of a file.
    let looks_like_test = text.starts_with("[ ") && !text.contains(',');
    let is_container = text.starts_with(['{', '[']) && text.len() > 4;
    is_container
        && !looks_like_test
        && value(text, 0).is_some_and(|rest| rest.trim_start().is_empty())
}

/// Takes one value off the front of `text`.
fn value(text: &str, depth: usize) -> Option<&str> {
    let text = text.trim_start();
    match text.chars().next()? {
        '[' if depth < MAX_DEPTH => items(&text[1..], ']', depth),
        '(' if (1..MAX_DEPTH).contains(&depth) => items(&text[1..], ')', depth),
        '{' if depth < MAX_DEPTH => items(&text[1..], '}', depth),
        quote @ ('"' | '\'') => string(&text[1..], quote),
        '-' | '0'..='9' => {
            let end = text[1..].find(|c: char| !c.is_ascii_alphanumeric() && !"+-.".contains(c));
            Some(&text[end.map_or(text.len(), |end| end + 1)..])
        }
        _ => ["true", "false", "null", "True", "False", "None"]
            .iter()
            .find_map(|word| text.strip_prefix(word)),
    }
}

/// Takes values, or pairs of values in braces, and the bracket that ends them.
fn items(text: &str, close: char, depth: usize) -> Option<&str> {
    let mut rest = text.trim_start();
    while !rest.starts_with(close) {
        rest = value(rest, depth + 1)?.trim_start();
        if close == '}' {
            rest = value(rest.strip_prefix(':')?, depth + 1)?.trim_start();
        }
        match rest.strip_prefix(',') {
            Some(after) => rest = after.trim_start(),
            None if rest.starts_with(close) => {}
            None => return None,
        }
    }
    rest.strip_prefix(close)
}

fn string(text: &str, quote: char) -> Option<&str> {
    let mut is_escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            c if c == quote => return Some(&text[at + 1..]),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::is_literal;

    #[test]
    fn data_is_told_from_commands() {
        for text in [
            r#"{"command": "ls"}"#,
            "{ 'a' : 1 }",
            r#"["ls", "-l"]"#,
            r#"[{"a": 1}]"#,
            "[1, 2.5, -3e4]",
            "[\n  \"ls\",\n  [True, None, ('x', \"it's\")],\n]",
            r#"{"a": {"b": ["\"", null]}, "c": false}"#,
        ] {
            assert!(is_literal(text), "{text}");
        }
        for text in [
            "{ ls; }",
            r#"{ "my prog" x; }"#,
            r#"[ "a" = "b" ]"#,
            "[ \"word\" ]",
            "[ 1 ]",
            "[[ -f x ]]",
            "{a,b}",
            "{1..3}",
            "[a-z]*",
            "ls",
            r#"["a"] || x"#,
            r#"{"a": 1"#,
            "{}",
            "[]",
        ] {
            assert!(!is_literal(text), "{text}");
        }
        assert!(!is_literal(&"[".repeat(100_000)));
    }
}
