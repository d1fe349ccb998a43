//! Pages that say why a port cannot be seen.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use oh_runtime::OpenPort;

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:36rem;margin:4rem auto;padding:0 1rem;color:#1f2328;background:#fff}h1{font-size:1.25rem}code{font-family:ui-monospace,monospace;overflow-wrap:anywhere}li{margin:.25rem 0}@media(prefers-color-scheme:dark){body{color:#d1d7e0;background:#151b23}}";
const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; sandbox";
/// Ports that a page lists.
const LISTED: usize = 20;

/// Returns a page that says what is wrong and what helps.
pub(crate) fn refusal(status: StatusCode, title: &str, help: &str) -> Response {
    page(status, title, help, "")
}

/// Returns a page for a port where nobody answers, with those where somebody does.
pub(crate) fn nobody(status: StatusCode, port: u16, reason: &str, open: &[OpenPort]) -> Response {
    let title = format!("Port {port} does not answer");
    let items: String = open
        .iter()
        .take(LISTED)
        .map(|open| format!("<li>{}: <code>{}</code></li>", open.port, escape(&open.process)))
        .collect();
    let list = match open {
        [] => "<p>No port of this conversation is open. Ask the agent to start the server, then reload.</p>".to_owned(),
        _ => format!("<p>These ports of the conversation are open:</p><ul>{items}</ul>"),
    };
    page(status, &title, reason, &list)
}

fn page(status: StatusCode, title: &str, help: &str, rest: &str) -> Response {
    let (title, help) = (escape(title), escape(help));
    let html = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\"><title>{title}</title><style>{STYLE}</style><h1>{title}</h1><p>{help}</p>{rest}</html>"
    );
    let mut response = (status, html).into_response();
    let headers = response.headers_mut();
    let mut set = |name: header::HeaderName, value: &'static str| {
        headers.insert(name, HeaderValue::from_static(value));
    };
    set(header::CONTENT_TYPE, "text/html; charset=utf-8");
    set(header::CONTENT_SECURITY_POLICY, POLICY);
    set(header::CACHE_CONTROL, "no-store");
    set(header::REFERRER_POLICY, "no-referrer");
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    response
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_process_cannot_write_the_page() {
        let open = OpenPort {
            port: 1,
            address: [127, 0, 0, 1].into(),
            pid: 2,
            process: "x</code><script>alert('1')</script>".to_owned(),
        };
        let page = nobody(StatusCode::BAD_GATEWAY, 3, "a < b", &[open]);
        let body = axum::body::to_bytes(page.into_body(), 10_000).await.unwrap();
        let html = String::from_utf8(body.to_vec()).unwrap();
        assert!(html.contains("a &lt; b") && html.contains("&lt;script&gt;alert(&#39;1&#39;)"));
        assert!(!html.contains("<script"), "{html}");
    }
}
