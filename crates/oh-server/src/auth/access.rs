//! The decision: one place, on plain facts, for HTTP and sockets alike.

use axum::http::HeaderMap;

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
}

/// The outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    Granted,
    Denied(Denial),
    /// It depends on who the peer is; ask again with [`PeerTrust`].
    AskPeer,
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
pub(crate) fn judge(
    facts: RequestFacts<'_>,
    own: &OwnOrigins,
    key: &SessionKey,
    trusts_local: bool,
    peer: Option<PeerTrust>,
) -> Access {
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
    let is_own_page =
        origin.and_then(|origin| origin.split_once("://")).map(|(_, host)| host) == header("host");
    if kind == OriginKind::Refused && !(is_right && is_own_page) {
        return Access::Denied(Denial::Origin);
    }
    if has_key {
        return if is_right { Access::Granted } else { Access::Denied(Denial::Key) };
    }
    if !header("host").is_some_and(|host| own.is_own_host(host)) {
        return Access::Denied(Denial::Host);
    }
    let is_forwarded = FORWARDING_HEADERS.iter().any(|name| facts.headers.contains_key(*name));
    let is_own_page = matches!(kind, OriginKind::Absent | OriginKind::Own)
        && header("sec-fetch-site").is_none_or(|site| matches!(site, "same-origin" | "none"));
    if key.is_explicit || !trusts_local || is_forwarded || !is_own_page {
        return Access::Denied(Denial::Key);
    }
    match peer {
        None => Access::AskPeer,
        Some(PeerTrust::OwnUser) => Access::Granted,
        Some(PeerTrust::Stranger) => Access::Denied(Denial::Key),
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

    fn check(headers: &[(&'static str, &str)], key: Option<&str>, expected: Access) {
        check_with(headers, key, SessionKey::explicit("right".to_owned()), false, expected);
    }

    fn check_local(headers: &[(&'static str, &str)], expected: Access) {
        let mut key = SessionKey::explicit("right".to_owned());
        key.is_explicit = false;
        check_with(headers, None, key, true, expected);
    }

    fn check_with(
        headers: &[(&'static str, &str)],
        presented: Option<&str>,
        key: SessionKey,
        trusts_local: bool,
        expected: Access,
    ) {
        let own = OwnOrigins::new(vec![12000, 12001], CorsOrigins::Any);
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, HeaderValue::from_str(value).unwrap());
        }
        let facts = RequestFacts { headers: &map, key: presented };
        let access = judge(facts, &own, &key, trusts_local, Some(PeerTrust::OwnUser));
        assert_eq!(access, expected, "{headers:?} {presented:?}");
    }

    #[test]
    fn the_key_opens_from_anywhere() {
        for headers in [
            &[HOST, ("x-session-api-key", "right")][..],
            &[HOST, ("authorization", "Bearer right")],
            &[("host", "example.com"), ("authorization", "bearer right")],
            &[("origin", "https://evil.com"), ("x-session-api-key", "right")],
        ] {
            check(headers, None, Access::Granted);
        }
        check(&[HOST], Some("right"), Access::Granted);
    }

    #[test]
    fn a_public_name_is_ours_with_the_key_even_beside_a_list() {
        let own = OwnOrigins::new(vec![12000], CorsOrigins::Listed(vec!["https://a.com".into()]));
        let key = SessionKey::explicit("right".to_owned());
        let check = |origin: &str, presented, expected| {
            let mut headers = HeaderMap::new();
            headers.insert("host", HeaderValue::from_static("public.example:12000"));
            headers.insert("origin", HeaderValue::from_str(origin).unwrap());
            let facts = RequestFacts { headers: &headers, key: presented };
            assert_eq!(judge(facts, &own, &key, true, None), expected, "{origin}");
        };
        check("http://public.example:12000", Some("right"), Access::Granted);
        check("http://public.example:12000", Some("wrong"), Access::Denied(Denial::Origin));
        check("http://public.example:12000", None, Access::Denied(Denial::Origin));
        check("http://other.example:12000", Some("right"), Access::Denied(Denial::Origin));
        check("https://a.com", Some("right"), Access::Granted);
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
        check_local(&[HOST], Access::Granted);
        check_local(&[HOST, ("origin", "http://localhost:12001")], Access::Granted);
        check_local(&[HOST, ("sec-fetch-site", "same-origin")], Access::Granted);
        check_local(&[HOST, ("sec-fetch-site", "none")], Access::Granted);
    }

    #[test]
    fn everybody_else_does() {
        let key = Access::Denied(Denial::Key);
        check_local(&[HOST, ("origin", "http://localhost:8000")], key);
        check_local(&[HOST, ("origin", "null")], key);
        check_local(&[HOST, ("sec-fetch-site", "cross-site")], key);
        check_local(&[HOST, ("sec-fetch-site", "same-site")], key);
        for header in FORWARDING_HEADERS {
            check_local(&[HOST, (header, "127.0.0.1")], key);
        }
        check_local(&[("host", "evil.com:12000")], Access::Denied(Denial::Host));
        check_local(&[("host", "localhost:9")], Access::Denied(Denial::Host));
        check_local(&[], Access::Denied(Denial::Host));
    }
}
