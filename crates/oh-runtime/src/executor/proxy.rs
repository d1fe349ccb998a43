//! The outside's part of a sandbox with a network of its own: lets out what is on the list.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::Arc;

use tokio::io::copy_bidirectional;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::task::JoinSet;

use super::network::make_room;

/// Longest head of a request, in bytes.
const MAX_HEAD: u64 = 64 * 1024;
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

/// What a client of the proxy wants.
#[derive(Debug, PartialEq, Eq)]
struct Wanted {
    host: String,
    port: u16,
    /// What goes to the host first; a tunnel sends nothing of its own.
    head: Option<Vec<u8>>,
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
    let mut there = match connect(&host, port).await {
        Ok(there) => there,
        Err(error) => {
            let reason = format!("{host}:{port} cannot be reached: {error}");
            return refuse(&mut stream, "502 Bad Gateway", &reason).await;
        }
    };
    match head {
        Some(head) => there.write_all(&head).await?,
        None => stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await?,
    }
    copy_bidirectional(&mut stream, &mut there).await?;
    Ok(())
}

async fn read_head(stream: &mut (impl AsyncBufReadExt + Unpin)) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    let mut limited = stream.take(MAX_HEAD);
    while !head.ends_with(b"\r\n\r\n") {
        if limited.read_until(b'\n', &mut head).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(head)
}

/// Reads the head of a request: `CONNECT host:port`, or any method with a whole `http://` address.
fn parse(head: &[u8]) -> Option<Wanted> {
    let mut headers = [httparse::EMPTY_HEADER; 128];
    let mut request = httparse::Request::new(&mut headers);
    request.parse(head).ok()?;
    let (method, target) = (request.method?, request.path?);
    if method.eq_ignore_ascii_case("CONNECT") {
        let (host, port) = split_port(target)?;
        return Some(Wanted { host, port: port?, head: None });
    }
    let rest = target.strip_prefix("http://")?;
    let (authority, path) = rest.find('/').map_or((rest, "/"), |at| rest.split_at(at));
    let (host, port) = split_port(authority)?;
    let mut out = format!("{method} {path} HTTP/1.1\r\n").into_bytes();
    for header in request.headers.iter() {
        // One request for one host on each connection.
        let is_ours = ["connection", "proxy-connection", "proxy-authorization", "keep-alive"]
            .iter()
            .any(|name| header.name.eq_ignore_ascii_case(name));
        if !is_ours {
            out.extend(header.name.as_bytes());
            out.extend(b": ");
            out.extend(header.value);
            out.extend(b"\r\n");
        }
    }
    out.extend(b"Connection: close\r\n\r\n");
    Some(Wanted { host, port: port.unwrap_or(80), head: Some(out) })
}

fn split_port(authority: &str) -> Option<(String, Option<u16>)> {
    if authority.is_empty() || authority.contains('@') {
        return None;
    }
    if let Some(rest) = authority.strip_prefix('[') {
        let (host, port) = rest.split_once(']')?;
        let port = if port.is_empty() { None } else { Some(port.strip_prefix(':')?.parse().ok()?) };
        return Some((host.to_owned(), port));
    }
    match authority.rsplit_once(':') {
        Some((host, port)) => Some((host.to_owned(), Some(port.parse().ok()?))),
        None => Some((authority.to_owned(), None)),
    }
}

/// Connects to a host, but never to this machine itself, where the server would take it for its owner.
async fn connect(host: &str, port: u16) -> io::Result<TcpStream> {
    let addresses: Vec<SocketAddr> = tokio::net::lookup_host((host, port))
        .await?
        .filter(|at| !is_this_machine(at.ip()))
        .collect();
    if addresses.is_empty() {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, "it is this machine itself"));
    }
    TcpStream::connect(&addresses[..]).await
}

fn is_this_machine(address: IpAddr) -> bool {
    let address = match address {
        IpAddr::V6(six) => six.to_ipv4_mapped().map_or(address, IpAddr::V4),
        IpAddr::V4(_) => address,
    };
    // An address of this machine is one that can be bound.
    address.is_loopback()
        || address.is_unspecified()
        || std::net::UdpSocket::bind((address, 0)).is_ok()
}

async fn refuse(
    stream: &mut (impl AsyncWrite + Unpin),
    status: &str,
    reason: &str,
) -> io::Result<()> {
    let answer = format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/plain\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{reason}\n",
        reason.len() + 1
    );
    stream.write_all(answer.as_bytes()).await?;
    stream.shutdown().await
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

    #[test]
    fn requests_are_read_and_rewritten() {
        let check = |head: &str, expected: Option<(&str, u16, Option<&str>)>| {
            let expected = expected.map(|(host, port, head)| Wanted {
                host: host.to_owned(),
                port,
                head: head.map(|head| head.as_bytes().to_vec()),
            });
            assert_eq!(parse(head.as_bytes()), expected, "{head}");
        };
        check("CONNECT a.b:443 HTTP/1.1\r\n\r\n", Some(("a.b", 443, None)));
        check("CONNECT [::1]:443 HTTP/1.1\r\n\r\n", Some(("::1", 443, None)));
        check("CONNECT a.b HTTP/1.1\r\n\r\n", None);
        check("CONNECT x@a.b:443 HTTP/1.1\r\n\r\n", None);
        check(
            "GET http://a.b/c?d HTTP/1.1\r\nHost: a.b\r\nProxy-Connection: keep-alive\r\n\r\n",
            Some(("a.b", 80, Some("GET /c?d HTTP/1.1\r\nHost: a.b\r\nConnection: close\r\n\r\n"))),
        );
        check("GET /c HTTP/1.1\r\n\r\n", None);
        check("nonsense\r\n\r\n", None);
    }

    #[tokio::test]
    async fn this_machine_is_never_reached() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        for host in ["127.0.0.1", "localhost", "0.0.0.0", "::1", "::ffff:127.0.0.1"] {
            assert!(connect(host, port).await.is_err(), "{host}");
        }
    }
}
