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

/// Replaces pictures that stand in a text as Markdown with their whole content.
///
/// Whoever can see pictures gets them beside the text.
pub(crate) fn without_pictures(text: &str) -> String {
    const BEGIN: &str = "](data:image/";
    let mut rest = text;
    let mut shorter = String::new();
    while let Some((before, picture)) = rest.split_once(BEGIN) {
        shorter.push_str(before);
        rest = match picture.split_once(')') {
            Some((_, after)) => {
                shorter.push_str("](picture left out)");
                after
            }
            None => {
                shorter.push_str(BEGIN);
                picture
            }
        };
    }
    shorter.push_str(rest);
    shorter
}

#[cfg(test)]
mod tests {
    use super::without_pictures;

    #[test]
    fn pictures_in_markdown_are_left_out() {
        for (text, expected) in [
            ("plain", "plain"),
            (
                "a ![plot](data:image/png;base64,AAAA) b ![](data:image/jpeg;base64,B=)",
                "a ![plot](picture left out) b ![](picture left out)",
            ),
            ("cut ![x](data:image/png;base64,AA", "cut ![x](data:image/png;base64,AA"),
            ("![file](plot.png)", "![file](plot.png)"),
        ] {
            assert_eq!(without_pictures(text), expected);
        }
    }
}
