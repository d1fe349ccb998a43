//! Which addresses the agent may open by itself.

use url::{Host, Url};

/// Reads what a model calls an address.
pub(crate) fn parse(text: &str) -> Result<Url, String> {
    let text = text.trim();
    if text.is_empty() {
        return Err("the address is empty".to_owned());
    }
    let whole = if has_scheme(text) {
        text.to_owned()
    } else if text.starts_with('/') {
        format!("file://{text}")
    } else {
        format!("{}://{text}", if is_local(text) { "http" } else { "https" })
    };
    let url = Url::parse(&whole).map_err(|error| format!("`{text}` is not an address: {error}"))?;
    match url.scheme() {
        "http" | "https" | "data" | "blob" => Ok(url),
        "about" if url.path() == "blank" => Ok(url),
        // Only what commands can read is there to be opened.
        "file" if matches!(url.host(), None | Some(Host::Domain("localhost"))) => Ok(url),
        scheme => Err(format!(
            "`{scheme}:` addresses cannot be opened; there are http, https, file, data and about:blank"
        )),
    }
}

fn has_scheme(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else { return false };
    let is_name = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-'));
    // `localhost:3000` and `example.org:80/x` are hosts with ports.
    let is_port = rest.starts_with(|c: char| c.is_ascii_digit());
    is_name && !is_port
}

fn is_local(text: &str) -> bool {
    let host = text.split(['/', ':', '?']).next().unwrap_or_default();
    host == "localhost" || host.ends_with(".localhost") || text.starts_with('[') || {
        host.split('.').count() == 4 && host.chars().all(|c| c.is_ascii_digit() || c == '.')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_completed() {
        fn check(text: &str, expected: &str) {
            assert_eq!(parse(text).map(String::from).as_deref(), Ok(expected), "{text}");
        }
        check("https://a.b/c", "https://a.b/c");
        check(" example.org/x?y ", "https://example.org/x?y");
        check("localhost:3000/x", "http://localhost:3000/x");
        check("127.0.0.1:80", "http://127.0.0.1/");
        check("[::1]:3000", "http://[::1]:3000/");
        check("about:blank", "about:blank");
        check("/workspace/a.html", "file:///workspace/a.html");
        check("file:///workspace/a.html", "file:///workspace/a.html");
        check("data:text/plain,x", "data:text/plain,x");
    }

    #[test]
    fn other_addresses_are_refused() {
        for text in [
            "chrome://settings",
            "view-source:http://a.b",
            "javascript:alert(1)",
            "",
            "devtools://x",
            "file://server/share",
            "about:flags",
            "ftp://a.b",
            "chrome-extension://x/y",
            "http://",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
