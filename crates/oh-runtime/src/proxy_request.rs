//! What clients of an HTTP proxy say, and what they are told when it refuses.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use tokio::io::{
    AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, copy_bidirectional,
};
use tokio::net::TcpStream;

/// Where services of clouds tell a machine its secrets, besides link-local addresses.
const METADATA: [IpAddr; 2] = [
    IpAddr::V4(Ipv4Addr::new(100, 100, 100, 200)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)),
];

/// Longest head of a request, in bytes.
const MAX_HEAD: u64 = 64 * 1024;

/// What a client of the proxy wants.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub(crate) host: String,
    pub(crate) port: u16,
    /// What goes to the host first; a tunnel sends nothing of its own.
    pub(crate) head: Option<Vec<u8>>,
}

/// Reads what stands before the body of a request.
pub(crate) async fn read_head(stream: &mut (impl AsyncBufReadExt + Unpin)) -> io::Result<Vec<u8>> {
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
pub(crate) fn parse(head: &[u8]) -> Option<Wanted> {
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

/// Says whether an address leads to this machine itself.
pub(crate) fn is_this_machine(address: IpAddr) -> bool {
    let address = match address {
        IpAddr::V6(six) => six.to_ipv4_mapped().map_or(address, IpAddr::V4),
        IpAddr::V4(_) => address,
    };
    // An address of this machine is one that can be bound.
    address.is_loopback()
        || address.is_unspecified()
        || std::net::UdpSocket::bind((address, 0)).is_ok()
}

/// Says whether an address is link-local, or known to serve metadata.
pub(crate) fn tells_secrets(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(four) => four.is_link_local() || METADATA.contains(&address),
        IpAddr::V6(six) => match six.to_ipv4_mapped() {
            Some(four) => tells_secrets(four.into()),
            None => six.is_unicast_link_local() || METADATA.contains(&address),
        },
    }
}

/// Sends on what a client wanted to say, and then carries bytes both ways until one side ends.
pub(crate) async fn pass_on(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    mut there: TcpStream,
    head: Option<Vec<u8>>,
) -> io::Result<()> {
    match head {
        Some(head) => there.write_all(&head).await?,
        None => stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await?,
    }
    copy_bidirectional(&mut stream, &mut there).await?;
    Ok(())
}

/// Answers with a reason in words.
pub(crate) async fn refuse(
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
}
