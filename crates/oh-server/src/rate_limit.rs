//! How many requests one client may make.

use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use axum::Json;
use axum::extract::Request;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use governor::{DefaultKeyedRateLimiter, Quota};
use oh_config::RateLimit;
use serde_json::json;

use crate::listener::Connection;
use crate::state::AppState;

/// Tries to log in: ten at once, then one in a second.
pub(crate) const LOGINS: RateLimit = RateLimit {
    per_second: NonZeroU32::MIN,
    burst: match NonZeroU32::new(10) {
        Some(burst) => burst,
        None => NonZeroU32::MIN,
    },
};

/// Who was here long ago is forgotten once in so many requests.
const FORGET_EVERY: u32 = 4096;

/// Counts what each client asks for. Clones share the counts.
#[derive(Debug, Clone)]
pub(crate) struct RateLimiter(Option<Arc<Counts>>);

#[derive(Debug)]
struct Counts {
    clients: DefaultKeyedRateLimiter<IpAddr>,
    asked: AtomicU32,
}

impl RateLimiter {
    pub(crate) fn new(limit: Option<RateLimit>) -> Self {
        Self(limit.map(|limit| {
            let quota = Quota::per_second(limit.per_second).allow_burst(limit.burst);
            let clients = DefaultKeyedRateLimiter::keyed(quota);
            Arc::new(Counts { clients, asked: AtomicU32::new(0) })
        }))
    }

    /// Counts a request; false if it is one too many.
    pub(crate) fn allows(&self, client: IpAddr) -> bool {
        let Some(counts) = &self.0 else { return true };
        if counts.asked.fetch_add(1, Ordering::Relaxed) % FORGET_EVERY == FORGET_EVERY - 1 {
            counts.clients.retain_recent();
        }
        counts.clients.check_key(&network(client)).is_ok()
    }
}

/// Who has one IPv6 address has a network of them.
fn network(client: IpAddr) -> IpAddr {
    match client.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        address @ IpAddr::V4(_) => address,
    }
}

/// Counts a request; true if it is one too many. What a page loads does not count, nor what
/// watches over the server, nor sockets, which have limits of their own.
pub(crate) fn is_exceeded(state: &AppState, connection: &Connection, request: &Request) -> bool {
    let path = request.uri().path();
    let is_free = path.starts_with("/assets/")
        || path.starts_with("/socket.io")
        || matches!(path, "/api/health" | "/health" | "/alive" | "/ready");
    !is_free && !state.rate_limit.allows(state.client(request.headers(), connection).address)
}

pub(crate) fn too_many() -> Response {
    let body = Json(json!({"message": "Too many requests"}));
    (StatusCode::TOO_MANY_REQUESTS, [(header::RETRY_AFTER, "1")], body).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_do_not_share_their_limit_but_a_network_does() {
        let limiter = RateLimiter::new(Some(LOGINS));
        let allowed = |address: &str| limiter.allows(address.parse().unwrap());
        assert!((0..10).all(|_| allowed("192.0.2.1")));
        assert!(!allowed("192.0.2.1"));
        assert!(!allowed("::ffff:192.0.2.1"));
        assert!(allowed("192.0.2.2"));
        assert!((0..10).all(|n| allowed(&format!("2001:db8::{n}"))));
        assert!(!allowed("2001:db8::ffff:1"));
        assert!(allowed("2001:db8:0:1::1"));
        let unlimited = RateLimiter::new(None);
        assert!((0..1000).all(|_| unlimited.allows("192.0.2.1".parse().unwrap())));
    }
}
