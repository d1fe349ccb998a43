//! The cookie that a browser gets for the key.
//!
//! It says until when it holds and is signed with the key: no list of who is logged in has to be
//! kept, and a new key ends them all. Browsers send a cookie to every port of a host, so each
//! server has a name of its own for it, and what it opens is narrower than what the key opens:
//! see [`judge`](super::judge).

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::http::HeaderMap;
use ring::hmac;

use super::key::SessionKey;

/// How long a browser stays logged in.
pub(crate) const LIFETIME: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// Bytes of the name that tell servers of one host apart.
const NAME_BYTES: usize = 4;

/// Returns the `Set-Cookie` header that logs a browser in.
pub(crate) fn login(key: &SessionKey, now: SystemTime, is_secure: bool) -> String {
    let until = seconds(now + LIFETIME);
    let value = format!("{until:x}.{}", hex(sign(key, &until_text(until)).as_ref()));
    set(&name(key), &value, LIFETIME.as_secs(), is_secure)
}

/// Returns the `Set-Cookie` header that logs it out again.
pub(crate) fn logout(key: &SessionKey, is_secure: bool) -> String {
    set(&name(key), "", 0, is_secure)
}

/// Says whether a request carries a cookie of ours that still holds.
pub(crate) fn is_logged_in(headers: &HeaderMap, key: &SessionKey, now: SystemTime) -> bool {
    let mut cookies = headers.get_all("cookie").iter().filter_map(|value| value.to_str().ok());
    let Some(first) = cookies.next() else { return false };
    let name = name(key);
    std::iter::once(first)
        .chain(cookies)
        .flat_map(|cookies| cookies.split(';'))
        .filter_map(|cookie| cookie.trim().split_once('='))
        .any(|(found, value)| found == name && is_valid(value, key, now))
}

fn is_valid(value: &str, key: &SessionKey, now: SystemTime) -> bool {
    let Some((until, signature)) = value.split_once('.') else { return false };
    let Ok(until) = u64::from_str_radix(until, 16) else { return false };
    let Some(signature) = bytes(signature) else { return false };
    let is_signed =
        hmac::verify(&signing_key(key), until_text(until).as_bytes(), &signature).is_ok();
    is_signed && seconds(now) < until
}

fn set(name: &str, value: &str, age: u64, is_secure: bool) -> String {
    let secure = if is_secure { "; Secure" } else { "" };
    format!("{name}={value}; Path=/; Max-Age={age}; HttpOnly; SameSite=Strict{secure}")
}

fn name(key: &SessionKey) -> String {
    format!("openhands_{}", hex(&sign(key, "name").as_ref()[..NAME_BYTES]))
}

fn until_text(until: u64) -> String {
    format!("login until {until}")
}

fn sign(key: &SessionKey, text: &str) -> hmac::Tag {
    hmac::sign(&signing_key(key), text.as_bytes())
}

fn signing_key(key: &SessionKey) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, key.reveal().as_bytes())
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn bytes(hex: &str) -> Option<Vec<u8>> {
    if !hex.len().is_multiple_of(2) || !hex.is_ascii() {
        return None;
    }
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(cookie: &str) -> HeaderMap {
        HeaderMap::from_iter([(axum::http::header::COOKIE, cookie.parse().unwrap())])
    }

    #[test]
    fn a_login_holds_for_its_time_and_its_key() {
        let (key, other) =
            (SessionKey::explicit("right".to_owned()), SessionKey::explicit("other".to_owned()));
        let now = SystemTime::now();
        let cookie = login(&key, now, true);
        assert!(cookie.contains("; HttpOnly; SameSite=Strict; Secure"), "{cookie}");
        assert!(!login(&key, now, false).contains("Secure"));
        assert!(!cookie.contains("right"), "{cookie}");
        let pair = cookie.split(';').next().unwrap();
        let check = |cookie: &str, key: &SessionKey, now| is_logged_in(&headers(cookie), key, now);
        assert!(check(pair, &key, now));
        assert!(check(&format!("a=b; {pair}; c=d"), &key, now));
        assert!(check(pair, &key, now + LIFETIME - Duration::from_secs(2)));
        assert!(!check(pair, &key, now + LIFETIME + Duration::from_secs(2)));
        assert!(!check(pair, &other, now));
        // The time is signed, and every digit counts.
        let later = pair.replacen("=6", "=7", 1);
        assert_ne!(later, pair);
        let shorter = &pair[..pair.len() - 1];
        for wrong in [later.as_str(), shorter, "openhands=1", "", ";;=", &format!("{pair}0")] {
            assert!(!check(wrong, &key, now), "{wrong}");
        }
    }
}
