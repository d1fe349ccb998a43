//! Who a request comes from when proxies stand between.

use std::net::{IpAddr, SocketAddr};

use axum::http::HeaderMap;
use ipnet::IpNet;

/// The proxies that are believed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Proxies(Vec<IpNet>);

/// The client of a request, as far as it is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Client {
    pub(crate) address: IpAddr,
    /// The host that the client asked for, if a trusted proxy says so.
    pub(crate) host: Option<String>,
    /// The client speaks HTTPS to a trusted proxy.
    pub(crate) is_https: bool,
}

impl Proxies {
    pub(crate) fn new(networks: Vec<IpNet>) -> Self {
        Self(networks)
    }

    /// Returns who asks: the peer, or whom the nearest address that is no trusted proxy names.
    pub(crate) fn client(&self, peer: SocketAddr, headers: &HeaderMap) -> Client {
        let peer = peer.ip();
        if !self.trusts(peer) {
            return Client { address: peer, host: None, is_https: false };
        }
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let last = |name: &str| {
            let value = text(name)?.rsplit(',').next()?.trim();
            (!value.is_empty()).then(|| value.to_owned())
        };
        // Each proxy adds whom it saw at the end; what stands before the last stranger is hearsay.
        let named = headers.get_all("x-forwarded-for").iter().rev();
        let hops = named.filter_map(|value| value.to_str().ok()).flat_map(|v| v.rsplit(','));
        let mut address = peer;
        for hop in hops {
            let Some(hop) = parse_hop(hop) else { break };
            address = hop;
            if !self.trusts(hop) {
                break;
            }
        }
        Client {
            address,
            host: last("x-forwarded-host"),
            is_https: last("x-forwarded-proto").is_some_and(|p| p.eq_ignore_ascii_case("https")),
        }
    }

    pub(crate) fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }
}

/// An address, perhaps with a port or in brackets.
fn parse_hop(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let address = text.parse().ok().or_else(|| text.parse().ok().map(|hop: SocketAddr| hop.ip()));
    let bare = || text.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    address.or_else(bare).map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(peer: &str, headers: &[(&'static str, &str)]) -> Client {
        let proxies = ["127.0.0.1/32", "10.0.0.0/8"].map(|network| network.parse().unwrap());
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().unwrap());
        }
        Proxies::new(proxies.to_vec()).client(peer.parse().unwrap(), &map)
    }

    #[test]
    fn only_trusted_proxies_are_believed() {
        let direct = |address: &str| Client {
            address: address.parse().unwrap(),
            host: None,
            is_https: false,
        };
        let forwarded = [
            ("x-forwarded-for", "1.2.3.4"),
            ("x-forwarded-host", "a.example"),
            ("x-forwarded-proto", "https"),
        ];
        assert_eq!(client("9.9.9.9:1", &forwarded), direct("9.9.9.9"));
        let believed = Client {
            address: "1.2.3.4".parse().unwrap(),
            host: Some("a.example".to_owned()),
            is_https: true,
        };
        assert_eq!(client("127.0.0.1:1", &forwarded), believed);
        let address = |peer, value| client(peer, &[("x-forwarded-for", value)]).address.to_string();
        // What a stranger claims stands before what the proxy saw.
        assert_eq!(address("127.0.0.1:1", "6.6.6.6, 1.2.3.4"), "1.2.3.4");
        assert_eq!(address("127.0.0.1:1", "6.6.6.6, 1.2.3.4, 10.1.1.1"), "1.2.3.4");
        assert_eq!(address("127.0.0.1:1", "10.2.2.2"), "10.2.2.2");
        assert_eq!(address("127.0.0.1:1", "[2001:db8::1]:80"), "2001:db8::1");
        assert_eq!(address("127.0.0.1:1", "rubbish, 1.2.3.4"), "1.2.3.4");
        assert_eq!(address("127.0.0.1:1", "1.2.3.4, rubbish"), "127.0.0.1");
        assert_eq!(address("127.0.0.1:1", ""), "127.0.0.1");
    }
}
