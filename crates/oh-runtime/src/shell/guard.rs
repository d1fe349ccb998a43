//! Texts that are data, not commands.

/// Says whether `text` is clearly a literal of JSON or Python.
pub(super) fn is_literal(text: &str) -> bool {
    if let Some(body) = text.strip_prefix('{').and_then(|body| body.strip_suffix('}')) {
        let body = body.trim_start();
        let Some(quote) = body.chars().next().filter(|c| matches!(c, '"' | '\'')) else {
            return false;
        };
        let Some(end) = body[1..].find(quote) else { return false };
        return body[end + 2..].trim_start().starts_with(':');
    }
    if let Some(body) = text.strip_prefix('[').and_then(|body| body.strip_suffix(']')) {
        // `[ "a" = "b" ]` has a space after the bracket, a list on one line hardly ever.
        return body.starts_with(['"', '\'', '{']) && body.ends_with(['"', '\'', '}']);
    }
    false
}

#[cfg(test)]
mod tests {
    use super::is_literal;

    #[test]
    fn data_is_told_from_commands() {
        for text in [r#"{"command": "ls"}"#, "{ 'a' : 1 }", r#"["ls", "-l"]"#, r#"[{"a": 1}]"#] {
            assert!(is_literal(text), "{text}");
        }
        for text in
            ["{ ls; }", r#"{ "my prog" x; }"#, r#"[ "a" = "b" ]"#, "[[ -f x ]]", "{a,b}", "ls"]
        {
            assert!(!is_literal(text), "{text}");
        }
    }
}
