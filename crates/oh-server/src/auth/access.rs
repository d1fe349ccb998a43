//! The decision: one place, on plain facts, for HTTP and sockets alike.

use std::time::SystemTime;

use axum::http::HeaderMap;

use crate::auth::client::Client;
use crate::auth::cookie;
use crate::auth::key::SessionKey;
use crate::auth::origin::{OriginKind, OwnOrigins};
use crate::auth::peer::PeerTrust;

/// Headers that a proxy adds: what comes with one was not sent by the peer itself.
const FORWARDING_HEADERS: [&str; 7] = [
    "forwarded",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-forwarded-port",
    "x-real-ip",
    "via",
];

/// What a request says about itself.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RequestFacts<'a> {
    pub(crate) headers: &'a HeaderMap,
    /// The key from the query or the CONNECT payload, if there is one.
    pub(crate) key: Option<&'a str>,
    pub(crate) client: &'a Client,
    /// The connection comes from this machine.
    pub(crate) is_from_here: bool,
    pub(crate) now: SystemTime,
}

/// What a server lets in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules<'a> {
    pub(crate) own: &'a OwnOrigins,
    pub(crate) key: &'a SessionKey,
    pub(crate) trusts_local: bool,
}

/// The outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    Granted(Grant),
    Denied(Denial),
    /// It depends on who the peer is; ask again with [`PeerTrust`].
    AskPeer,
}

/// Why a request is let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Grant {
    /// It has the key, or the cookie that the key gave.
    Key,
    /// It comes from this machine's own user.
    Local,
}

/// Why a request is not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Denial {
    /// The page's origin is not on the list.
    Origin,
    /// The host is not ours: another name was bound to our address.
    Host,
    /// The key is missing or wrong.
    Key,
}

/// Judges a request. `peer` is what is known of the other end, if that was asked already.
pub(crate) fn judge(facts: RequestFacts<'_>, rules: Rules<'_>, peer: Option<PeerTrust>) -> Access {
    let Rules { own, key, trusts_local } = rules;
    let header = |name: &str| facts.headers.get(name).and_then(|value| value.to_str().ok());
    // An origin that cannot be read is not one of ours.
    let origin = facts.headers.get("origin").map(|value| value.to_str().unwrap_or("null"));
    let kind = own.classify(origin);
    let bearer = header("authorization").and_then(|value| {
        let (scheme, key) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then_some(key.trim())
    });
    let presented = [facts.key, header("x-session-api-key"), bearer];
    let mut presented = presented.into_iter().flatten().filter(|key| is_present(key)).peekable();
    let has_key = presented.peek().is_some();
    let is_right = presented.any(|candidate| key.matches(candidate));
    // The page that we serve under a public name is ours once the key says so.
    let host = facts.client.host.as_deref().or_else(|| header("host"));
    let is_same_host = origin.and_then(|origin| origin.split_once("://")).map(|(_, h)| h) == host;
    // Browsers say less over plain HTTP; then a page of an agent is known by its address.
    let is_same_site = header("sec-fetch-site")
        .is_none_or(|site| matches!(site, "same-origin" | "none"))
        && !header("referer").is_some_and(|referrer| own.is_preview(referrer));
    // A cookie comes by itself with what any page asks for, so it opens only to our own pages.
    let is_our_page =
        matches!(kind, OriginKind::Absent | OriginKind::Own) || (is_same_host && origin.is_some());
    let is_logged_in = !has_key
        && is_our_page
        && is_same_site
        && cookie::is_logged_in(facts.headers, key, facts.now);
    if kind == OriginKind::Refused && !((is_right || is_logged_in) && is_same_host) {
        return Access::Denied(Denial::Origin);
    }
    if has_key {
        let wrong = Access::Denied(Denial::Key);
        return if is_right { Access::Granted(Grant::Key) } else { wrong };
    }
    if is_logged_in {
        // Browsers show the cookie to every port of a host, also to those of commands.
        return match peer {
            None if facts.is_from_here => Access::AskPeer,
            Some(PeerTrust::Sandboxed) => Access::Denied(Denial::Key),
            None | Some(PeerTrust::OwnUser | PeerTrust::Stranger) => Access::Granted(Grant::Key),
        };
    }
    if !header("host").is_some_and(|host| own.is_own_host(host)) {
        return Access::Denied(Denial::Host);
    }
    let is_forwarded = FORWARDING_HEADERS.iter().any(|name| facts.headers.contains_key(*name));
    let is_own_page = matches!(kind, OriginKind::Absent | OriginKind::Own) && is_same_site;
    if key.is_explicit || !trusts_local || is_forwarded || !is_own_page {
        return Access::Denied(Denial::Key);
    }
    match peer {
        None => Access::AskPeer,
        Some(PeerTrust::OwnUser) => Access::Granted(Grant::Local),
        Some(PeerTrust::Stranger | PeerTrust::Sandboxed) => Access::Denied(Denial::Key),
    }
}

/// Clients write `null` and `undefined` for a key they do not have.
fn is_present(key: &str) -> bool {
    !matches!(key.trim(), "" | "null" | "undefined")
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;
    use oh_config::CorsOrigins;

    use super::*;

    const HOST: (&str, &str) = ("host", "localhost:12000");

    fn key_of(text: &str, is_explicit: bool) -> SessionKey {
        let mut key = SessionKey::explicit(text.to_owned());
        key.is_explicit = is_explicit;
        key
    }

    fn access(
        headers: &[(&'static str, &str)],
        presented: Option<&str>,
        cors: CorsOrigins,
        is_explicit: bool,
        peer: Option<PeerTrust>,
    ) -> Access {
        let own = OwnOrigins::new(vec![12000, 12001], cors);
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, HeaderValue::from_str(value).unwrap());
        }
        let client = Client { address: [127, 0, 0, 1].into(), host: None, is_https: false };
        let facts = RequestFacts {
            headers: &map,
            key: presented,
            client: &client,
            is_from_here: true,
            now: SystemTime::now(),
        };
        let key = key_of("right", is_explicit);
        judge(facts, Rules { own: &own, key: &key, trusts_local: !is_explicit }, peer)
    }

    fn check(headers: &[(&'static str, &str)], key: Option<&str>, expected: Access) {
        let access = access(headers, key, CorsOrigins::Any, true, Some(PeerTrust::OwnUser));
        assert_eq!(access, expected, "{headers:?} {key:?}");
    }

    fn check_local(headers: &[(&'static str, &str)], expected: Access) {
        let access = access(headers, None, CorsOrigins::Any, false, Some(PeerTrust::OwnUser));
        assert_eq!(access, expected, "{headers:?}");
    }

    #[test]
    fn a_login_opens_to_our_own_pages_only() {
        let cookie = cookie::login(&key_of("right", true), SystemTime::now(), false);
        let cookie = ("cookie", cookie.split(';').next().unwrap());
        let check = |headers: &[(&'static str, &str)], cors: &CorsOrigins, peer, expected| {
            let access = access(headers, None, cors.clone(), true, peer);
            assert_eq!(access, expected, "{headers:?} {peer:?}");
        };
        let in_ = Access::Granted(Grant::Key);
        let out = Access::Denied(Denial::Key);
        let any = CorsOrigins::Any;
        let list = CorsOrigins::Listed(vec!["https://a.com".to_owned()]);
        let public = ("host", "public.example:12000");
        let own_user = Some(PeerTrust::OwnUser);
        check(&[HOST, cookie], &any, own_user, in_);
        check(&[public, cookie], &any, Some(PeerTrust::Stranger), in_);
        check(&[public, cookie, ("origin", "https://public.example:12000")], &any, own_user, in_);
        check(&[public, cookie, ("origin", "https://public.example:12000")], &list, own_user, in_);
        check(&[HOST, cookie, ("origin", "http://localhost:12001")], &any, own_user, in_);
        for origin in ["http://localhost:8000", "https://public.example:8000", "null", ""] {
            check(
                &[public, cookie, ("origin", origin)],
                &any,
                own_user,
                Access::Denied(Denial::Host),
            );
            check(&[HOST, cookie, ("origin", origin)], &any, own_user, out);
        }
        check(&[HOST, cookie, ("origin", "https://a.com")], &list, own_user, out);
        for site in ["same-site", "cross-site"] {
            check(&[HOST, cookie, ("sec-fetch-site", site)], &any, own_user, out);
        }
        let preview = "http://p80-0123456789abcdef0123456789abcdef.localhost:12000";
        check(&[HOST, cookie, ("origin", preview)], &any, own_user, out);
        check(&[HOST, cookie, ("referer", &format!("{preview}/x"))], &any, own_user, out);
        check(&[HOST, cookie, ("referer", "http://localhost:12000/x")], &any, own_user, in_);
        // A wrong key is not made right by it, and commands have no use for it.
        check(&[HOST, cookie, ("x-session-api-key", "wrong")], &any, own_user, out);
        check(&[HOST, cookie], &any, Some(PeerTrust::Sandboxed), out);
        check(&[HOST, cookie], &any, None, Access::AskPeer);
    }

    #[test]
    fn the_key_opens_from_anywhere() {
        for headers in [
            &[HOST, ("x-session-api-key", "right")][..],
            &[HOST, ("authorization", "Bearer right")],
            &[("host", "example.com"), ("authorization", "bearer right")],
            &[("origin", "https://evil.com"), ("x-session-api-key", "right")],
        ] {
            check(headers, None, Access::Granted(Grant::Key));
        }
        check(&[HOST], Some("right"), Access::Granted(Grant::Key));
    }

    #[test]
    fn a_public_name_is_ours_with_the_key_even_beside_a_list() {
        let check = |origin: &str, presented, expected| {
            let headers = [("host", "public.example:12000"), ("origin", origin)];
            let cors = CorsOrigins::Listed(vec!["https://a.com".into()]);
            assert_eq!(access(&headers, presented, cors, false, None), expected, "{origin}");
        };
        check("http://public.example:12000", Some("right"), Access::Granted(Grant::Key));
        check("http://public.example:12000", Some("wrong"), Access::Denied(Denial::Origin));
        check("http://public.example:12000", None, Access::Denied(Denial::Origin));
        check("http://other.example:12000", Some("right"), Access::Denied(Denial::Origin));
        check("https://a.com", Some("right"), Access::Granted(Grant::Key));
    }

    #[test]
    fn a_wrong_key_is_no_key() {
        for wrong in ["wrong", "righ", "rightt", "RIGHT", "right\u{0}"] {
            check(&[HOST], Some(wrong), Access::Denied(Denial::Key));
        }
        for absent in ["", "null", "undefined"] {
            check(&[HOST], Some(absent), Access::Denied(Denial::Key));
        }
    }

    #[test]
    fn this_machines_user_needs_no_key() {
        let local = Access::Granted(Grant::Local);
        check_local(&[HOST], local);
        check_local(&[HOST, ("origin", "http://localhost:12001")], local);
        check_local(&[HOST, ("sec-fetch-site", "same-origin")], local);
        check_local(&[HOST, ("sec-fetch-site", "none")], local);
    }

    #[test]
    fn everybody_else_does() {
        let key = Access::Denied(Denial::Key);
        check_local(&[HOST, ("origin", "http://localhost:8000")], key);
        check_local(&[HOST, ("origin", "null")], key);
        check_local(&[HOST, ("sec-fetch-site", "cross-site")], key);
        check_local(&[HOST, ("sec-fetch-site", "same-site")], key);
        check_local(&[HOST, ("origin", "http://p80-x.localhost:12000")], key);
        check_local(&[HOST, ("referer", "http://p80-x.localhost:12000/")], key);
        for header in FORWARDING_HEADERS {
            check_local(&[HOST, (header, "127.0.0.1")], key);
        }
        check_local(&[("host", "evil.com:12000")], Access::Denied(Denial::Host));
        check_local(&[("host", "localhost:9")], Access::Denied(Denial::Host));
        check_local(&[], Access::Denied(Denial::Host));
    }
}
