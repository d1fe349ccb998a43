use axum::http::HeaderValue;
use oh_config::CorsOrigins;

use crate::preview;

/// The names under which this machine knows itself.
const LOOPBACK_HOSTS: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];

/// Which pages are ours, and which others may connect.
#[derive(Debug, Clone)]
pub(crate) struct OwnOrigins {
    ports: Vec<u16>,
    cors: CorsOrigins,
    /// The host that names of ports are below, beside `localhost`.
    preview_host: Option<String>,
}

/// What an `Origin` header says about a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OriginKind {
    /// There is none: no page, but a program.
    Absent,
    /// One of ours.
    Own,
    /// Named in the configuration.
    Listed,
    /// Any other page, which may come if it has the key.
    Foreign,
    /// Any other page, and only listed ones may come.
    Refused,
}

impl OwnOrigins {
    pub(crate) fn new(ports: Vec<u16>, cors: CorsOrigins) -> Self {
        Self { ports, cors, preview_host: None }
    }

    /// Knows names of ports below this host, too.
    pub(crate) fn with_names_below(self, preview_host: Option<String>) -> Self {
        Self { preview_host, ..self }
    }

    /// Says whether a page at this address is one that a program of an agent serves under a name.
    pub(crate) fn is_preview(&self, address: &str) -> bool {
        let rest = address.split_once("://").map_or("", |(_, rest)| rest);
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        preview::is_name(host, self.preview_host.as_deref())
    }

    pub(crate) fn classify(&self, origin: Option<&str>) -> OriginKind {
        let Some(origin) = origin else { return OriginKind::Absent };
        if self.is_own(origin) {
            return OriginKind::Own;
        }
        match &self.cors {
            CorsOrigins::Any => OriginKind::Foreign,
            CorsOrigins::Listed(list) => {
                let is_same =
                    |listed: &String| listed.trim_end_matches('/').eq_ignore_ascii_case(origin);
                if list.iter().any(is_same) { OriginKind::Listed } else { OriginKind::Refused }
            }
        }
    }

    /// Says whether a page of this origin may read what we answer to it.
    pub(crate) fn may_read(&self, origin: &HeaderValue) -> bool {
        match self.classify(Some(origin.to_str().unwrap_or("null"))) {
            OriginKind::Own | OriginKind::Listed | OriginKind::Foreign => true,
            OriginKind::Absent | OriginKind::Refused => false,
        }
    }

    /// Says whether a `Host` header names this machine and one of our ports.
    pub(crate) fn is_own_host(&self, host: &str) -> bool {
        let (name, port) = split_port(host, 80);
        LOOPBACK_HOSTS.contains(&name.to_ascii_lowercase().as_str())
            && port.is_some_and(|port| self.ports.contains(&port))
    }

    fn is_own(&self, origin: &str) -> bool {
        let (host, default_port) = match origin.split_once("://") {
            Some(("http", host)) => (host, 80),
            Some(("https", host)) => (host, 443),
            Some(_) | None => return false,
        };
        let (name, port) = split_port(host, default_port);
        LOOPBACK_HOSTS.contains(&name) && port.is_some_and(|port| self.ports.contains(&port))
    }
}

/// Splits `host:port`; an IPv6 address stands in brackets. `None` for a port that is none.
fn split_port(host: &str, default: u16) -> (&str, Option<u16>) {
    let end_of_name = host.rfind(']').map_or(0, |at| at + 1);
    match host[end_of_name..].find(':') {
        None => (host, Some(default)),
        Some(at) => {
            let at = end_of_name + at;
            (&host[..at], host[at + 1..].parse().ok())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_ports_on_loopback_names_are_ours() {
        let own = OwnOrigins::new(vec![12000, 12001], CorsOrigins::Any);
        for ours in [
            "http://localhost:12000",
            "http://127.0.0.1:12001",
            "http://[::1]:12000",
            "https://localhost:12001",
        ] {
            assert_eq!(own.classify(Some(ours)), OriginKind::Own, "{ours}");
        }
        for foreign in [
            "http://localhost:8000",
            "http://localhost",
            "http://localhost:12000.evil.com",
            "http://evil.com:12000",
            "http://127.0.0.1.evil.com:12000",
            "http://localhost:12000/",
            "null",
            "file://",
            "",
        ] {
            assert_eq!(own.classify(Some(foreign)), OriginKind::Foreign, "{foreign}");
        }
        assert_eq!(own.classify(None), OriginKind::Absent);
        for host in ["localhost:12000", "127.0.0.1:12001", "[::1]:12000", "LOCALHOST:12000"] {
            assert!(own.is_own_host(host), "{host}");
        }
        for host in
            ["evil.com:12000", "localhost:1", "localhost", "localhost:x", "", "[::1", "[::2]:12000"]
        {
            assert!(!own.is_own_host(host), "{host}");
        }
    }

    #[test]
    fn a_list_refuses_the_rest() {
        let list = CorsOrigins::Listed(vec!["https://a.com/".to_owned()]);
        let own = OwnOrigins::new(vec![3000], list);
        assert_eq!(own.classify(Some("https://a.com")), OriginKind::Listed);
        assert_eq!(own.classify(Some("https://b.com")), OriginKind::Refused);
        assert_eq!(own.classify(Some("http://localhost:3000")), OriginKind::Own);
    }
}
