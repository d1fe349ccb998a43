//! Which pages of other origins may read answers of the REST API, and of sockets over HTTP.
//!
//! This only tells browsers what to do. Whether a request is let in is decided by [`crate::auth`]:
//! a page of another origin needs the key whatever is said here.

use std::time::Duration;

use axum::http::{HeaderValue, Method, request};
use oh_config::CorsOrigins;
use tower_http::cors::{AllowHeaders, AllowMethods, AllowOrigin, CorsLayer};

use crate::state::AppState;

/// How long a browser may remember an answer, as OpenHands says.
const MAX_AGE: Duration = Duration::from_secs(600);

/// Adds the headers that OpenHands adds: for the pages that are listed, or, without a list, for
/// those of this machine.
pub(crate) fn layer(state: &AppState) -> CorsLayer {
    let (settings, state) = (state.server(), state.clone());
    let mut listed = settings.rest_origins.clone();
    if let CorsOrigins::Listed(origins) = &settings.cors {
        listed.extend(origins.iter().cloned());
    }
    let any_here = settings.rest_origins.is_empty();
    let is_allowed = move |origin: &HeaderValue, request: &request::Parts| {
        if request.uri.path().starts_with("/socket.io") {
            // WebSockets need no leave to be read.
            return state.server().sockets.has_polling && state.origins.may_read(origin);
        }
        origin.to_str().is_ok_and(|origin| {
            listed.iter().any(|listed| is_same(listed, origin))
                || (any_here && is_on_this_machine(origin))
        })
    };
    CorsLayer::new()
        .allow_origin(AllowOrigin::predicate(is_allowed))
        .allow_credentials(true)
        .allow_methods(AllowMethods::list([
            Method::DELETE,
            Method::GET,
            Method::HEAD,
            Method::OPTIONS,
            Method::PATCH,
            Method::POST,
            Method::PUT,
        ]))
        .allow_headers(AllowHeaders::mirror_request())
        .max_age(MAX_AGE)
}

fn is_same(listed: &str, origin: &str) -> bool {
    listed.trim_end_matches('/').eq_ignore_ascii_case(origin)
}

fn is_on_this_machine(origin: &str) -> bool {
    let Some(host) = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"))
    else {
        return false;
    };
    let (name, port) = host.split_once(':').map_or((host, None), |(name, port)| (name, Some(port)));
    matches!(name, "localhost" | "127.0.0.1") && port.is_none_or(|port| port.parse::<u16>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_this_machine_are_here() {
        for here in ["http://localhost", "https://localhost:3001", "http://127.0.0.1:5173"] {
            assert!(is_on_this_machine(here), "{here}");
        }
        for elsewhere in [
            "null",
            "http://localhost.evil.com",
            "http://localhost:1.evil.com",
            "http://127.0.0.1.evil.com",
            "http://evil.com",
            "ftp://localhost",
        ] {
            assert!(!is_on_this_machine(elsewhere), "{elsewhere}");
        }
    }
}
