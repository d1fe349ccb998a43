//! What a program learns of a request, and what a browser gets of its answer.
//!
//! A program sees requests as if they came from a browser on its own machine: host and origin are
//! its own. Nothing that lets somebody in with us is passed on.

use std::net::IpAddr;

use axum::http::header::{self, HeaderMap, HeaderName, HeaderValue};

use super::grants::Session;
use crate::auth::SessionKey;

/// The cookie that shows a session; browsers take it for one host, and from nobody but that host.
pub(super) const SECURE_COOKIE: &str = "__Host-openhands_preview";
/// The same where there is no HTTPS.
pub(super) const PLAIN_COOKIE: &str = "openhands_preview";
/// Cookies of ours begin with this.
const OWN_COOKIES: &str = "openhands_";

/// What holds for one connection only.
const HOP_BY_HOP: [&str; 9] = [
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];
/// What is not for the program.
const NOT_FORWARDED: [&str; 12] = [
    "host",
    "content-length",
    "expect",
    "x-session-api-key",
    "forwarded",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-port",
    "x-forwarded-proto",
    "x-real-ip",
    "via",
    "http2-settings",
];
/// What would change how browsers deal with this server, or with the whole machine.
const NOT_RETURNED: [&str; 11] = [
    "alt-svc",
    "clear-site-data",
    "nel",
    "origin-agent-cluster",
    "public-key-pins",
    "report-to",
    "reporting-endpoints",
    "set-cookie2",
    "set-login",
    "strict-transport-security",
    "x-frame-options",
];
/// What has no place on the host of our own pages.
const NOT_BELOW_A_PATH: [&str; 9] = [
    "set-cookie",
    "service-worker-allowed",
    "www-authenticate",
    "authentication-info",
    "access-control-allow-origin",
    "access-control-allow-credentials",
    "cross-origin-opener-policy",
    "cross-origin-embedder-policy",
    "cross-origin-resource-policy",
];
/// What a page may do that has no origin.
const SANDBOX: &str = "sandbox allow-scripts allow-forms allow-popups allow-modals allow-downloads";

/// Where a browser finds a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// At an origin of its own.
    Origin(String),
    /// Below a path.
    Path(String),
}

/// Returns what is passed on of a request's headers.
pub(super) fn forwarded(
    headers: &HeaderMap,
    port: u16,
    place: &Place,
    key: &SessionKey,
    client: IpAddr,
) -> HeaderMap {
    let named = named_by_connection(headers);
    let mut passed = HeaderMap::new();
    let own = format!("http://localhost:{port}");
    for (name, value) in headers {
        let text = name.as_str();
        let is_left_out = HOP_BY_HOP.contains(&text)
            || NOT_FORWARDED.contains(&text)
            || named.iter().any(|other| other == text);
        let value = match text {
            _ if is_left_out => None,
            "authorization" if is_our_key(value, key) => None,
            "cookie" => cookies_of_the_program(value),
            "origin" => own.parse().ok(),
            "referer" => own_referrer(value, &own, place),
            _ => Some(value.clone()),
        };
        passed.extend(value.map(|value| (name.clone(), value)));
    }
    if let Ok(host) = format!("localhost:{port}").parse() {
        passed.insert(header::HOST, host);
    }
    if let Ok(client) = client.to_string().parse() {
        passed.insert(HeaderName::from_static("x-forwarded-for"), client);
    }
    passed
}

/// Makes of a program's headers what a browser may get.
pub(super) fn returned(
    headers: &HeaderMap,
    port: u16,
    place: &Place,
    session: &Session,
) -> HeaderMap {
    let named = named_by_connection(headers);
    let mut returned = HeaderMap::new();
    for (name, value) in headers {
        let text = name.as_str();
        let is_left_out = HOP_BY_HOP.contains(&text)
            || NOT_RETURNED.contains(&text)
            || named.iter().any(|other| other == text)
            || (matches!(place, Place::Path(_)) && NOT_BELOW_A_PATH.contains(&text));
        let value = match (text, place) {
            _ if is_left_out => None,
            ("set-cookie", Place::Origin(origin)) => cookie_of_the_program(value, origin),
            ("location" | "content-location", _) => located(value, port, place),
            ("content-security-policy" | "content-security-policy-report-only", _) => {
                without_ancestors(value)
            }
            _ => Some(value.clone()),
        };
        if let Some(value) = value {
            returned.append(name.clone(), value);
        }
    }
    let policy = match place {
        Place::Origin(_) => ancestors(session),
        Place::Path(_) => format!("{SANDBOX}; {}", ancestors(session)),
    };
    if let Ok(policy) = policy.parse() {
        returned.append(header::CONTENT_SECURITY_POLICY, policy);
    }
    if let Place::Path(_) = place {
        // A page without an origin is foreign to itself; the secret in the path is the authority.
        returned.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        returned.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
        returned.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    }
    returned
}

/// Says who may show a page in a frame: itself, pages of this machine, and the one it was opened from.
pub(super) fn ancestors(session: &Session) -> String {
    let embedder = session.embedder.as_deref().unwrap_or_default();
    format!("frame-ancestors 'self' http://localhost:* https://localhost:* http://127.0.0.1:* https://127.0.0.1:* {embedder}")
        .trim_end()
        .to_owned()
}

/// Says whether browsers trust an origin with cookies for HTTPS only.
pub(super) fn is_trustworthy(origin: &str) -> bool {
    let is_here = || {
        let host = origin.strip_prefix("http://").unwrap_or_default();
        let name = host.split(':').next().unwrap_or_default();
        name.ends_with(".localhost")
    };
    origin.starts_with("https://") || is_here()
}

/// Returns the header that lets a browser show a session from now on.
///
/// The name is another site than the page whose frame it is shown in, so that a stricter `SameSite`
/// would keep the cookie back; `Partitioned` keeps it from frames of other pages instead.
pub(super) fn session_cookie(origin: &str, secret: &str) -> String {
    if is_trustworthy(origin) {
        format!("{SECURE_COOKIE}={secret}; Path=/; HttpOnly; Secure; SameSite=None; Partitioned")
    } else {
        format!("{PLAIN_COOKIE}={secret}; Path=/; HttpOnly; SameSite=Lax")
    }
}

/// Returns what a request's cookies say of sessions.
pub(super) fn session_secrets<'a>(
    headers: &'a HeaderMap,
    origin: &str,
) -> impl Iterator<Item = &'a str> {
    let wanted = if is_trustworthy(origin) { SECURE_COOKIE } else { PLAIN_COOKIE };
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|cookies| cookies.split(';'))
        .filter_map(|cookie| cookie.trim().split_once('='))
        .filter(move |(name, _)| *name == wanted)
        .map(|(_, value)| value)
}

/// Returns a query without the key that may stand in it.
pub(crate) fn without_key(query: &str) -> String {
    let is_key = |pair: &&str| {
        form_urlencoded::parse(pair.as_bytes()).any(|(name, _)| name == "session_api_key")
    };
    query.split('&').filter(|pair| !is_key(pair)).collect::<Vec<_>>().join("&")
}

fn named_by_connection(headers: &HeaderMap) -> Vec<String> {
    let values = headers.get_all(header::CONNECTION).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(|name| name.trim().to_ascii_lowercase()).collect()
}

fn is_our_key(value: &HeaderValue, key: &SessionKey) -> bool {
    let credentials = value.to_str().ok().and_then(|value| value.split_once(' '));
    credentials.is_some_and(|(_, candidate)| key.matches(candidate.trim()))
}

fn is_our_cookie(name: &str) -> bool {
    name.strip_prefix("__Host-").unwrap_or(name).starts_with(OWN_COOKIES)
}

fn cookies_of_the_program(value: &HeaderValue) -> Option<HeaderValue> {
    // What cannot be read cannot be told apart.
    let text = value.to_str().ok()?;
    let is_theirs =
        |cookie: &&str| !is_our_cookie(cookie.split('=').next().unwrap_or_default().trim());
    let kept: Vec<&str> = text.split(';').map(str::trim).filter(is_theirs).collect();
    if kept.is_empty() { None } else { kept.join("; ").parse().ok() }
}

/// Returns a program's cookie as one of its name alone, and of the frame it is set in.
fn cookie_of_the_program(value: &HeaderValue, origin: &str) -> Option<HeaderValue> {
    let text = value.to_str().ok()?;
    let mut parts = text.split(';').map(str::trim);
    let pair = parts.next()?;
    if is_our_cookie(pair.split('=').next().unwrap_or_default().trim()) {
        return None;
    }
    let is_trustworthy = is_trustworthy(origin);
    let is_kept = |part: &&str| {
        let name = part.split('=').next().unwrap_or_default().trim().to_ascii_lowercase();
        let is_replaced = matches!(name.as_str(), "samesite" | "secure" | "partitioned");
        name != "domain" && !is_replaced
    };
    let kept = std::iter::once(pair).chain(parts.filter(is_kept)).collect::<Vec<_>>().join("; ");
    let end = if is_trustworthy { "; Secure; SameSite=None; Partitioned" } else { "" };
    format!("{kept}{end}").parse().ok()
}

fn own_referrer(value: &HeaderValue, own: &str, place: &Place) -> Option<HeaderValue> {
    let Place::Origin(origin) = place else { return None };
    let rest = value.to_str().ok()?.strip_prefix(origin.as_str())?;
    (rest.is_empty() || rest.starts_with('/')).then(|| format!("{own}{rest}").parse().ok())?
}

/// Returns an address of the program as the browser finds it.
fn located(value: &HeaderValue, port: u16, place: &Place) -> Option<HeaderValue> {
    let Ok(text) = value.to_str() else { return Some(value.clone()) };
    let names = ["localhost", "127.0.0.1", "[::1]", "0.0.0.0"];
    let own = names.iter().find_map(|name| {
        let rest = text.strip_prefix(&format!("http://{name}:{port}"))?;
        (rest.is_empty() || rest.starts_with(['/', '?', '#'])).then_some(rest)
    });
    let path = own.unwrap_or(text);
    let path =
        if own.is_some() && !path.starts_with('/') { format!("/{path}") } else { path.to_owned() };
    match place {
        Place::Path(prefix) if path.starts_with('/') && !path.starts_with("//") => {
            format!("{prefix}{path}").parse().ok()
        }
        Place::Origin(_) | Place::Path(_) => path.parse().ok(),
    }
}

/// Who may show the page in a frame is said by us.
fn without_ancestors(value: &HeaderValue) -> Option<HeaderValue> {
    let Ok(text) = value.to_str() else { return Some(value.clone()) };
    let is_kept = |directive: &&str| {
        let name = directive.split_ascii_whitespace().next().unwrap_or_default();
        !name.eq_ignore_ascii_case("frame-ancestors")
    };
    // Several policies may stand in one header, with commas between them.
    let policies = text.split(',').map(|policy| {
        policy.split(';').filter(is_kept).collect::<Vec<_>>().join(";").trim().to_owned()
    });
    let kept: Vec<String> = policies.filter(|policy| !policy.is_empty()).collect();
    if kept.is_empty() { None } else { kept.join(", ").parse().ok() }
}

#[cfg(test)]
mod tests {
    use tokio_util::sync::CancellationToken;

    use super::super::grants::Proof;
    use super::super::name::Target;
    use super::*;

    const ORIGIN: &str = "http://p3000-a.localhost:12000";

    fn origin() -> Place {
        Place::Origin(ORIGIN.to_owned())
    }

    fn path() -> Place {
        Place::Path("/preview/secret".to_owned())
    }

    fn map(headers: &[(&'static str, &str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().unwrap());
        }
        map
    }

    fn texts(map: &HeaderMap) -> Vec<(String, String)> {
        let text = |value: &HeaderValue| value.to_str().unwrap().to_owned();
        let mut texts: Vec<_> = map.iter().map(|(n, v)| (n.to_string(), text(v))).collect();
        texts.sort();
        texts
    }

    #[track_caller]
    fn check_forwarded(place: &Place, headers: &[(&'static str, &str)], expected: &[(&str, &str)]) {
        let key = SessionKey::explicit("key".to_owned());
        let found = forwarded(&map(headers), 3000, place, &key, [192, 0, 2, 1].into());
        let mut expected: Vec<(String, String)> =
            expected.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        expected.push(("host".to_owned(), "localhost:3000".to_owned()));
        expected.push(("x-forwarded-for".to_owned(), "192.0.2.1".to_owned()));
        expected.sort();
        assert_eq!(texts(&found), expected);
    }

    #[test]
    fn nothing_that_opens_our_doors_is_passed_on() {
        check_forwarded(
            &origin(),
            &[
                ("host", "p3000-a.localhost:12000"),
                ("x-session-api-key", "key"),
                ("authorization", "Bearer key"),
                ("cookie", "a=1; __Host-openhands_preview=s; openhands_preview=s"),
                ("cookie", "openhands_1234abcd=login"),
                ("cookie", "b=2;c"),
                ("x-forwarded-for", "6.6.6.6"),
                ("via", "1.1 me"),
                ("content-length", "7"),
            ],
            &[("cookie", "a=1"), ("cookie", "b=2; c")],
        );
        check_forwarded(
            &origin(),
            &[("authorization", "Bearer theirs"), ("accept", "*/*")],
            &[("authorization", "Bearer theirs"), ("accept", "*/*")],
        );
        for (query, expected) in [
            ("a=1&session_api_key=k&b=%20", "a=1&b=%20"),
            ("session%5fapi_key=k", ""),
            ("session_api_key", ""),
            ("a", "a"),
        ] {
            assert_eq!(without_key(query), expected);
        }
    }

    #[test]
    fn a_program_sees_its_own_host_and_origin() {
        check_forwarded(
            &origin(),
            &[("origin", ORIGIN), ("referer", "http://p3000-a.localhost:12000/x?y")],
            &[("origin", "http://localhost:3000"), ("referer", "http://localhost:3000/x?y")],
        );
        let other = [("referer", "http://p3000-a.localhost:120001/x")];
        check_forwarded(&origin(), &other, &[]);
        check_forwarded(
            &path(),
            &[("origin", "null"), ("referer", "http://a/")],
            &[("origin", "http://localhost:3000")],
        );
        let hops = [
            ("connection", "close, X-Secret"),
            ("x-secret", "1"),
            ("transfer-encoding", "chunked"),
            ("te", "trailers"),
            ("upgrade", "h2c"),
        ];
        check_forwarded(&origin(), &hops, &[]);
    }

    fn session() -> Session {
        Session {
            target: Target { port: 3000, conversation: "a".to_owned() },
            proof: Proof::Cookie,
            run: 0,
            embedder: Some("https://me.example".to_owned()),
            end: CancellationToken::new(),
        }
    }

    #[track_caller]
    fn check_returned(place: &Place, headers: &[(&'static str, &str)], expected: &[(&str, &str)]) {
        let mut found = returned(&map(headers), 3000, place, &session());
        let policies: Vec<_> = found.get_all("content-security-policy").iter().cloned().collect();
        let last = policies.last().unwrap().to_str().unwrap();
        assert!(last.contains("frame-ancestors 'self'") && last.contains("https://me.example"));
        assert_eq!(last.starts_with("sandbox allow-scripts"), matches!(place, Place::Path(_)));
        assert!(!last.contains("allow-same-origin") && !last.contains("allow-top-navigation"));
        found.remove("content-security-policy");
        for policy in &policies[..policies.len() - 1] {
            found.append("content-security-policy", policy.clone());
        }
        let mut expected: Vec<(String, String)> =
            expected.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        expected.sort();
        assert_eq!(texts(&found), expected, "{place:?}");
    }

    const BELOW: [(&str, &str); 3] = [
        ("access-control-allow-origin", "*"),
        ("referrer-policy", "no-referrer"),
        ("x-content-type-options", "nosniff"),
    ];

    #[test]
    fn what_would_weaken_us_is_not_returned() {
        let headers = [
            ("clear-site-data", "\"*\""),
            ("strict-transport-security", "max-age=1"),
            ("alt-svc", "h3=\":1\""),
            ("x-frame-options", "DENY"),
            ("connection", "keep-alive, x-hop"),
            ("x-hop", "1"),
            ("content-type", "text/html"),
            ("content-security-policy", "frame-ancestors 'none'"),
            ("content-security-policy", "default-src 'self'; Frame-Ancestors 'none'"),
        ];
        let kept =
            [("content-type", "text/html"), ("content-security-policy", "default-src 'self'")];
        check_returned(&origin(), &headers, &kept);
        check_returned(&path(), &headers, &[&kept[..], &BELOW].concat());
        let more = [
            ("service-worker-allowed", "/"),
            ("set-cookie", "a=1"),
            ("www-authenticate", "Basic"),
            ("access-control-allow-credentials", "true"),
        ];
        check_returned(&path(), &more, &BELOW);
    }

    #[test]
    fn cookies_of_a_program_stay_with_its_name() {
        let check = |cookie: &str, expected: Option<&str>| {
            let found = cookie_of_the_program(&cookie.parse().unwrap(), ORIGIN);
            assert_eq!(found.map(|value| value.to_str().unwrap().to_owned()).as_deref(), expected);
        };
        check("a=b", Some("a=b; Secure; SameSite=None; Partitioned"));
        check(
            "a=b; Domain=localhost; Path=/x; SameSite=Strict; HttpOnly",
            Some("a=b; Path=/x; HttpOnly; Secure; SameSite=None; Partitioned"),
        );
        check("__Host-openhands_preview=x; Path=/", None);
        check("openhands_1234abcd=x", None);
        check(" openhands_preview =x", None);
        let plain = cookie_of_the_program(&"a=b; domain=x".parse().unwrap(), "http://p1-a.lan");
        assert_eq!(plain.unwrap(), "a=b");
        assert!(
            session_cookie(ORIGIN, "s")
                .starts_with("__Host-openhands_preview=s; Path=/; HttpOnly; Secure")
        );
        assert_eq!(
            session_cookie("http://p1-a.preview.lan", "s"),
            "openhands_preview=s; Path=/; HttpOnly; SameSite=Lax"
        );
        let headers = map(&[("cookie", "openhands_preview=x; __Host-openhands_preview=y")]);
        assert_eq!(session_secrets(&headers, ORIGIN).collect::<Vec<_>>(), ["y"]);
        assert_eq!(session_secrets(&headers, "http://p1-a.lan").collect::<Vec<_>>(), ["x"]);
    }

    #[test]
    fn redirections_lead_to_where_the_browser_finds_the_program() {
        let check = |location: &str, at_origin: &str, at_path: &str| {
            let value: HeaderValue = location.parse().unwrap();
            assert_eq!(located(&value, 3000, &origin()).unwrap(), at_origin);
            assert_eq!(located(&value, 3000, &path()).unwrap(), at_path);
        };
        check("/login", "/login", "/preview/secret/login");
        check("next", "next", "next");
        check("http://localhost:3000/a?b", "/a?b", "/preview/secret/a?b");
        check("http://127.0.0.1:3000", "/", "/preview/secret/");
        check("http://localhost:3000?x", "/?x", "/preview/secret/?x");
        check("http://localhost:30000/a", "http://localhost:30000/a", "http://localhost:30000/a");
        check("https://example.org/", "https://example.org/", "https://example.org/");
        check("//evil.com", "//evil.com", "//evil.com");
    }
}
