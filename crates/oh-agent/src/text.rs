//! Texts that are too long.

/// Cuts the middle out of a text that is longer than `limit` characters, and puts `marker`
/// there.
pub(crate) fn without_middle(text: String, limit: usize, marker: &str) -> String {
    if text.len() <= limit {
        return text;
    }
    let count = text.chars().count();
    if count <= limit {
        return text;
    }
    let half = limit / 2;
    let head: String = text.chars().take(half).collect();
    let tail: String = text.chars().skip(count - half).collect();
    format!("{head}{marker}{tail}")
}
