//! The outside's part of a sandbox with a network of its own: lets out what is on the list.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use tokio::io::copy_bidirectional;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::task::JoinSet;

use super::network::make_room;
use crate::proxy_request::{
    Wanted, is_this_machine, parse, pass_on, read_head, refuse, tells_secrets,
};

const DEFAULT_PORTS: [u16; 2] = [80, 443];

/// Hosts that may be reached.
#[derive(Debug, Clone)]
pub(super) struct AllowedHosts(Vec<String>);

impl AllowedHosts {
    pub(super) fn new(hosts: &[String]) -> Self {
        Self(hosts.iter().map(|host| host.trim().to_ascii_lowercase()).collect())
    }

    /// Says whether a host may be reached on a port. Without a port of its own, an entry means 80 and 443.
    fn has(&self, host: &str, port: u16) -> bool {
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        self.0.iter().any(|entry| {
            let (name, is_port) = match entry.rsplit_once(':') {
                Some((name, own)) if !name.contains(':') => (name, own.parse() == Ok(port)),
                Some(_) | None => (entry.as_str(), DEFAULT_PORTS.contains(&port)),
            };
            let is_name = match name.strip_prefix("*.") {
                Some(parent) => host.strip_suffix(parent).is_some_and(|sub| sub.ends_with('.')),
                None => name == "*" || name == host,
            };
            is_name && is_port
        })
    }
}

impl AllowedHosts {
    /// Says whether an entry is this very host, and no pattern.
    fn names(&self, host: &str) -> bool {
        let is_host = |entry: &String| {
            entry.rsplit_once(':').map_or(entry.as_str(), |(name, _)| name) == host || entry == host
        };
        self.0.iter().any(is_host)
    }
}

/// Serves `proxy` and `ports` until it is dropped.
pub(super) fn serve(
    proxy: &Path,
    ports: &Path,
    hosts: AllowedHosts,
    forwarded: &[u16],
) -> io::Result<JoinSet<()>> {
    let mut tasks = JoinSet::new();
    let _ = std::fs::remove_file(proxy);
    let listener = UnixListener::bind(proxy)?;
    let hosts = Arc::new(hosts);
    tasks.spawn(async move {
        let mut connections = JoinSet::new();
        while let Ok((stream, _)) = listener.accept().await {
            make_room(&mut connections).await;
            let hosts = hosts.clone();
            connections.spawn(async move { drop(answer(stream, &hosts).await) });
        }
    });
    for &port in forwarded {
        let listener = std::net::TcpListener::bind(("127.0.0.1", port))?;
        listener.set_nonblocking(true)?;
        let listener = TcpListener::from_std(listener)?;
        let ports = ports.to_owned();
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                make_room(&mut connections).await;
                let ports = ports.clone();
                connections.spawn(async move { drop(lead_in(stream, port, &ports).await) });
            }
        });
    }
    Ok(tasks)
}

async fn lead_in(mut outside: TcpStream, port: u16, socket: &Path) -> io::Result<()> {
    let mut inside = UnixStream::connect(socket).await?;
    inside.write_u16(port).await?;
    copy_bidirectional(&mut outside, &mut inside).await?;
    Ok(())
}

async fn answer(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    hosts: &AllowedHosts,
) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    let head = read_head(&mut stream).await?;
    let Some(wanted) = parse(&head) else {
        return refuse(&mut stream, "400 Bad Request", "not a request for a proxy").await;
    };
    let Wanted { host, port, head } = wanted;
    if !hosts.has(&host, port) {
        tracing::info!(host, port, "a command was kept from a host");
        let reason = format!("{host}:{port} is not in sandbox.allowed_hosts");
        return refuse(&mut stream, "403 Forbidden", &reason).await;
    }
    let there = match connect(&host, port, hosts.names(&host)).await {
        Ok(there) => there,
        Err(error) => {
            let reason = format!("{host}:{port} cannot be reached: {error}");
            return refuse(&mut stream, "502 Bad Gateway", &reason).await;
        }
    };
    pass_on(stream, there, head).await
}

/// Connects to a host, but never to this machine itself, where the server would take it for its owner,
/// and to addresses that tell a machine its secrets only if the list has their name.
async fn connect(host: &str, port: u16, is_named: bool) -> io::Result<TcpStream> {
    let addresses: Vec<SocketAddr> = tokio::net::lookup_host((host, port))
        .await?
        .filter(|at| !is_this_machine(at.ip()) && (is_named || !tells_secrets(at.ip())))
        .collect();
    if addresses.is_empty() {
        let reason = "it is this machine itself, or a link-local or metadata address";
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, reason));
    }
    TcpStream::connect(&addresses[..]).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_matched_by_whole_labels() {
        fn check(entry: &str, host: &str, port: u16, expected: bool) {
            let hosts = AllowedHosts::new(&[entry.to_owned()]);
            assert_eq!(hosts.has(host, port), expected, "{entry} {host}:{port}");
        }
        check("pypi.org", "pypi.org", 443, true);
        check("PyPI.org", "pypi.ORG.", 443, true);
        check("pypi.org", "evil-pypi.org", 443, false);
        check("pypi.org", "pypi.org.evil.com", 443, false);
        check("pypi.org", "pypi.org", 22, false);
        check("pypi.org:8443", "pypi.org", 8443, true);
        check("pypi.org:8443", "pypi.org", 443, false);
        check("*.npmjs.org", "registry.npmjs.org", 443, true);
        check("*.npmjs.org", "npmjs.org", 443, false);
        check("*.npmjs.org", "evilnpmjs.org", 443, false);
        check("*", "anything.example", 80, true);
        check("*", "anything.example", 25, false);
    }

    #[tokio::test]
    async fn this_machine_is_never_reached() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        for host in ["127.0.0.1", "localhost", "0.0.0.0", "::1", "::ffff:127.0.0.1"] {
            assert!(connect(host, port, true).await.is_err(), "{host}");
        }
    }
}
