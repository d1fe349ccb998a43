//! What stands before every route: requests for names of ports, and for paths that stand for one.

use std::sync::Arc;

use axum::extract::{ConnectInfo, Request, State};
use axum::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use axum::http::uri::PathAndQuery;
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::grants::{PATH_ROOT, Proof};
use super::headers::{self, Place};
use super::name::{self, Target};
use super::page;
use super::proxy::{Errand, wants_websocket};
use crate::listener::{Connection, RequestConnection};
use crate::rate_limit::too_many;
use crate::state::AppState;

/// Paths of a name that are ours.
const OWN_ROOT: &str = "/.openhands";
/// Where a ticket is turned into a cookie.
pub(crate) const ENTER: &str = "/.openhands/enter";

/// Whom a request is for.
enum Addressee {
    /// Our own routes.
    Us,
    /// A name, which need not be that of a port.
    Name(String),
    /// The port of the session with this secret.
    Path(String),
    /// Several at once.
    Unclear,
}

/// Answers what is for a port, and passes everything else on.
pub(crate) async fn answer(
    State(state): State<AppState>,
    ConnectInfo(RequestConnection(connection)): ConnectInfo<RequestConnection>,
    request: Request,
    next: Next,
) -> Response {
    match addressee(&state, &connection, &request) {
        Addressee::Us => next.run(request).await,
        Addressee::Name(host) => at_name(&state, &connection, &host, request).await,
        Addressee::Path(secret) => at_path(&state, &connection, &secret, request).await,
        Addressee::Unclear => page::refusal(
            StatusCode::BAD_REQUEST,
            "This request names two hosts",
            "The Host header and the address have to name the same one.",
        ),
    }
}

fn addressee(state: &AppState, connection: &Connection, request: &Request) -> Addressee {
    let own = state.server().preview_host.as_deref();
    let forwarded = state.client(request.headers(), connection).host;
    let hosts = request.headers().get_all(header::HOST).iter().map(text);
    let authority = request.uri().authority().map(|authority| authority.as_str().to_owned());
    let is_name = |host: &String| name::is_name(host, own);
    let named: Vec<String> = authority.into_iter().chain(hosts).collect();
    match forwarded {
        // The proxy's own name for us says nothing.
        Some(host) if is_name(&host) => Addressee::Name(host),
        Some(_) | None => match named.iter().find(|host| is_name(host)) {
            Some(host) if named.iter().all(|other| other == host) => Addressee::Name(host.clone()),
            Some(_) => Addressee::Unclear,
            None => match request.uri().path().strip_prefix(PATH_ROOT) {
                Some(rest) => {
                    Addressee::Path(rest.split('/').next().unwrap_or_default().to_owned())
                }
                None => Addressee::Us,
            },
        },
    }
}

async fn at_name(
    state: &AppState,
    connection: &Arc<Connection>,
    host: &str,
    request: Request,
) -> Response {
    let client = state.client(request.headers(), connection);
    let Some(target) = name::target(host, state.server().preview_host.as_deref()) else {
        return refuse(state, connection, &request, || {
            page::refusal(
                StatusCode::NOT_FOUND,
                "There is nothing here",
                "This is not the name of a port. Open the app from its conversation.",
            )
        });
    };
    let is_https = client.is_https || state.server().tls.is_some();
    let origin =
        format!("{}://{}", if is_https { "https" } else { "http" }, host.to_ascii_lowercase());
    let path = request.uri().path();
    let secrets: Vec<String> =
        headers::session_secrets(request.headers(), &origin).take(4).map(str::to_owned).collect();
    let found = secrets.iter().find_map(|secret| {
        let found = state.previews.session(secret, Proof::Cookie)?;
        (found.0.target == target).then_some(found)
    });
    if path == ENTER {
        return enter(state, connection, &target, &origin, found.is_some(), &request);
    }
    let Some((session, runtime)) = found else {
        return refuse(state, connection, &request, not_let_in);
    };
    if path == OWN_ROOT || path.starts_with("/.openhands/") {
        return page::refusal(
            StatusCode::NOT_FOUND,
            "There is nothing here",
            "Paths below /.openhands are not passed on.",
        );
    }
    if !is_of_own_page(request.headers(), request.method(), &origin) {
        return foreign();
    }
    let Some(path) = path_without_key(request.uri().path_and_query(), "") else {
        return malformed();
    };
    let key = state.keys.current();
    let place = Place::Origin(origin);
    let errand = Errand {
        previews: &state.previews,
        session,
        runtime,
        place,
        key: &key,
        client: client.address,
    };
    errand.run(request, path).await
}

async fn at_path(
    state: &AppState,
    connection: &Arc<Connection>,
    secret: &str,
    request: Request,
) -> Response {
    let Some((session, runtime)) = state.previews.session(secret, Proof::Path) else {
        return refuse(state, connection, &request, not_let_in);
    };
    let prefix = format!("{PATH_ROOT}{secret}");
    let headers = request.headers();
    // Of our own pages nobody needs anything of a program but to see it.
    let is_of_ours = text_of(headers, "sec-fetch-site").is_some_and(|site| site == "same-origin")
        && text_of(headers, "sec-fetch-mode").is_none_or(|mode| mode != "navigate");
    let is_of_nobody = text_of(headers, "origin").is_none_or(|origin| origin == "null");
    if is_of_ours || !is_of_nobody {
        return foreign();
    }
    if request.method() == Method::OPTIONS
        && headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
    {
        return preflight(headers);
    }
    let Some(path) = path_without_key(request.uri().path_and_query(), &prefix) else {
        return malformed();
    };
    let key = state.keys.current();
    let client = state.client(headers, connection).address;
    let place = Place::Path(prefix);
    let errand = Errand { previews: &state.previews, session, runtime, place, key: &key, client };
    errand.run(request, path).await
}

/// Turns a ticket into a cookie, and leads on.
fn enter(
    state: &AppState,
    connection: &Arc<Connection>,
    target: &Target,
    origin: &str,
    is_in: bool,
    request: &Request,
) -> Response {
    let query = request.uri().query().unwrap_or_default();
    let value = |wanted: &str| {
        let mut pairs = form_urlencoded::parse(query.as_bytes());
        pairs.find(|(name, _)| name == wanted).map(|(_, value)| value.into_owned())
    };
    let entered = match value("ticket") {
        Some(ticket) if request.method() == Method::GET => state.previews.enter(&ticket, target),
        Some(_) | None => Ok(None),
    };
    let cookie = match entered {
        Ok(Some(secret)) => headers::session_cookie(origin, &secret).parse::<HeaderValue>().ok(),
        // Who is in already may come again by an old address.
        Ok(None) if is_in => None,
        Ok(None) => return refuse(state, connection, request, not_let_in),
        Err(error) => {
            tracing::error!(%error, "there are no random numbers");
            return StatusCode::INTERNAL_SERVER_ERROR.into_response();
        }
    };
    let to = value("to").filter(|to| is_own_path(to)).unwrap_or_else(|| "/".to_owned());
    let mut response = redirect(&to);
    if let Some(cookie) = cookie {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    response
}

/// Leads to `to`, and leaves no trace of where that was said.
pub(crate) fn redirect(to: &str) -> Response {
    let mut response = StatusCode::SEE_OTHER.into_response();
    let headers = response.headers_mut();
    // What cannot stand in a header is no path that a program knows.
    let to = to.parse().unwrap_or(HeaderValue::from_static("/"));
    headers.insert(header::LOCATION, to);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}

/// Says whether a path leads to the same host, whoever reads it.
fn is_own_path(path: &str) -> bool {
    path.starts_with('/')
        && !path.starts_with("//")
        && !path.starts_with("/\\")
        && path.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Says whether a request comes from a page of the port itself, or is a visit.
fn is_of_own_page(headers: &HeaderMap, method: &Method, origin: &str) -> bool {
    if headers.contains_key(header::ORIGIN) {
        return text_of(headers, "origin").is_some_and(|of| of == origin);
    }
    match text_of(headers, "sec-fetch-site").as_deref() {
        None | Some("same-origin" | "none") => true,
        Some(_) => {
            matches!(*method, Method::GET | Method::HEAD)
                && text_of(headers, "sec-fetch-mode").is_some_and(|mode| mode == "navigate")
        }
    }
}

/// Returns a path and query as the program gets them; `None` if they are not below `prefix`.
fn path_without_key(asked: Option<&PathAndQuery>, prefix: &str) -> Option<PathAndQuery> {
    let asked = asked?;
    let path = match asked.path().strip_prefix(prefix)? {
        "" => "/",
        path => path,
    };
    if !path.starts_with('/') {
        return None;
    }
    match asked.query().map(headers::without_key) {
        Some(query) if !query.is_empty() => format!("{path}?{query}").parse().ok(),
        Some(_) | None => path.parse().ok(),
    }
}

/// Answers a page without an origin that may ask the program for anything.
fn preflight(headers: &HeaderMap) -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    let copied =
        |name: &str| headers.get(name).cloned().unwrap_or_else(|| HeaderValue::from_static("*"));
    let (method, wanted) =
        (copied("access-control-request-method"), copied("access-control-request-headers"));
    let answer = response.headers_mut();
    answer.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    answer.insert(header::ACCESS_CONTROL_ALLOW_METHODS, method);
    answer.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, wanted);
    response
}

/// Refuses a request and counts it, like every other request of a stranger.
fn refuse(
    state: &AppState,
    connection: &Arc<Connection>,
    request: &Request,
    page: impl FnOnce() -> Response,
) -> Response {
    let client = state.client(request.headers(), connection).address;
    if !state.rate_limit.allows(client) {
        return too_many();
    }
    if wants_websocket(request) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    page()
}

fn not_let_in() -> Response {
    page::refusal(
        StatusCode::UNAUTHORIZED,
        "Open this app from its conversation",
        "The link is old, was used already, or the conversation was closed meanwhile. Go to the conversation and open the app there.",
    )
}

fn foreign() -> Response {
    page::refusal(
        StatusCode::FORBIDDEN,
        "Another page may not ask this",
        "Only pages of this app may send it requests.",
    )
}

fn malformed() -> Response {
    page::refusal(
        StatusCode::BAD_REQUEST,
        "This is not a path",
        "The address cannot be passed on to the app.",
    )
}

fn text(value: &HeaderValue) -> String {
    // What cannot be read is no name.
    value.to_str().unwrap_or_default().to_owned()
}

fn text_of(headers: &HeaderMap, name: &'static str) -> Option<String> {
    headers.get(HeaderName::from_static(name)).map(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_of_the_same_host_are_led_to() {
        for own in ["/", "/a?b=c#d", "/a//b", "/%2f"] {
            assert!(is_own_path(own), "{own}");
        }
        for other in
            ["", "a", "//evil.com", "/\\evil.com", "https://evil.com", "/\r\nx: y", "/ü", "/a b"]
        {
            assert!(!is_own_path(other), "{other}");
        }
    }

    #[test]
    fn other_pages_only_visit() {
        let check = |method: Method, headers: &[(&'static str, &str)], expected: bool| {
            let mut map = HeaderMap::new();
            for (name, value) in headers {
                map.insert(*name, value.parse().unwrap());
            }
            let found = is_of_own_page(&map, &method, "http://own");
            assert_eq!(found, expected, "{method} {headers:?}");
        };
        check(Method::GET, &[], true);
        check(Method::POST, &[("origin", "http://own"), ("sec-fetch-site", "same-origin")], true);
        for origin in ["http://other", "null", "", "http://own.evil.com", "https://own"] {
            check(Method::GET, &[("origin", origin)], false);
        }
        for site in ["same-site", "cross-site"] {
            let visit = ("sec-fetch-mode", "navigate");
            check(Method::GET, &[("sec-fetch-site", site), visit], true);
            check(Method::POST, &[("sec-fetch-site", site), visit], false);
            check(Method::GET, &[("sec-fetch-site", site), ("sec-fetch-mode", "no-cors")], false);
            check(Method::GET, &[("sec-fetch-site", site)], false);
        }
    }

    #[test]
    fn a_program_gets_the_path_as_it_was_asked() {
        let check = |asked: &str, prefix: &str, expected: Option<&str>| {
            let asked: PathAndQuery = asked.parse().unwrap();
            let found = path_without_key(Some(&asked), prefix);
            assert_eq!(found.as_ref().map(PathAndQuery::as_str), expected, "{asked}");
        };
        check("/", "", Some("/"));
        check("/a/../%2e%2e//b?x=%0a", "", Some("/a/../%2e%2e//b?x=%0a"));
        check("/a?session_api_key=k", "", Some("/a"));
        check("/preview/s", "/preview/s", Some("/"));
        check("/preview/s?q", "/preview/s", Some("/?q"));
        check("/preview/s/a", "/preview/s", Some("/a"));
        check("/preview/sx", "/preview/s", None);
    }
}
