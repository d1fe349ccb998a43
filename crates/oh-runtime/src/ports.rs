//! TCP ports that processes listen on, and connections to them.
//!
//! The kernel lists what listens in this process's network; whose it is say the descriptors of the
//! processes. A port is a conversation's own only where nobody else could be reached by it.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::io::{DuplexStream, copy};
use tokio::net::TcpStream;
use tokio::sync::OwnedSemaphorePermit;

use crate::processes::Process;
use crate::program::PIPE_BYTES;

/// Connections to ports of one conversation at a time.
pub(crate) const CONNECTIONS: usize = 64;
/// How long a port may take to accept a connection.
const CONNECT_TIME: Duration = Duration::from_secs(5);
/// What `/proc/net/tcp` calls a socket that listens.
const LISTENS: &str = "0A";

/// A port on which a process of a conversation waits for connections.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenPort {
    /// Its number.
    pub port: u16,
    /// What it is bound to; `0.0.0.0` or `::` if it is every address.
    pub address: IpAddr,
    /// Who listens.
    pub pid: i32,
    /// The command line of the process, shortened.
    pub process: String,
}

/// A socket that listens, whoever holds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Listener {
    at: SocketAddr,
    inode: u64,
}

/// Returns what `processes` listen on, one entry for each port and address, lowest port first.
pub(crate) fn listening(processes: &[Process]) -> Vec<OpenPort> {
    let holders = holders(processes);
    let mut found: Vec<OpenPort> = all_listeners()
        .into_iter()
        .filter_map(|listener| {
            let process = holders.get(&listener.inode)?;
            Some(OpenPort {
                port: listener.at.port(),
                address: listener.at.ip(),
                pid: process.pid,
                process: process.command_line(),
            })
        })
        .collect();
    found.sort_by_key(|open| (open.port, open.address));
    found.dedup_by_key(|open| (open.port, open.address));
    found
}

/// Says whether whoever connects to `port` on the loopback reaches one of `processes`, and nobody else.
pub(crate) fn holds_port(processes: &[Process], port: u16) -> bool {
    !addresses(processes, port).is_empty()
}

/// Connects to a port that the found processes hold.
///
/// # Errors
/// Fails if they do not, before and after the connection was made, or if nobody accepts it.
pub(crate) async fn connect(
    find: impl Fn() -> Vec<Process> + Clone + Send + 'static,
    port: u16,
) -> io::Result<TcpStream> {
    let look = || {
        let find = find.clone();
        let look = move || addresses(&find(), port);
        async { tokio::task::spawn_blocking(look).await.unwrap_or_default() }
    };
    let mut last = not_held(port);
    for address in look().await {
        let attempt = tokio::time::timeout(CONNECT_TIME, TcpStream::connect(address)).await;
        match attempt.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())) {
            // Another program may have taken the port in between.
            Ok(stream) if look().await.contains(&address) => {
                // A wish; the connection works without it.
                let _ = stream.set_nodelay(true);
                return Ok(stream);
            }
            Ok(_) => last = not_held(port),
            Err(error) => {
                last = refused(format!("port {port} does not accept connections: {error}"));
            }
        }
    }
    Err(last)
}

/// Returns a stream that leads to `there`, and the work of carrying its bytes.
pub(crate) fn carry(
    there: TcpStream,
    place: OwnedSemaphorePermit,
) -> (DuplexStream, impl Future<Output = ()> + Send + 'static) {
    let (stream, inside) = tokio::io::duplex(PIPE_BYTES);
    let work = async move {
        let (mut from_client, mut to_client) = tokio::io::split(inside);
        let (mut from_there, mut to_there) = there.into_split();
        // Who drops the stream waits for nothing more: what ends on one side ends on both.
        tokio::select! {
            _ = copy(&mut from_client, &mut to_there) => {}
            _ = copy(&mut from_there, &mut to_client) => {}
        }
        drop(place);
    };
    (stream, work)
}

/// The error of a connection that was not made.
pub(crate) fn refused(reason: String) -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionRefused, reason)
}

/// The error of a port that nobody inside has.
pub(crate) fn not_held(port: u16) -> io::Error {
    refused(format!("no process of this conversation listens on port {port}"))
}

/// Returns where `port` of `processes` is reached, without the places where others answer, too.
fn addresses(processes: &[Process], port: u16) -> Vec<SocketAddr> {
    let holders = holders(processes);
    reachable(port, &all_listeners(), |inode| holders.contains_key(&inode))
}

fn reachable(port: u16, listeners: &[Listener], is_ours: impl Fn(u64) -> bool) -> Vec<SocketAddr> {
    let on_port = || listeners.iter().filter(|listener| listener.at.port() == port);
    let mut candidates: Vec<IpAddr> = on_port()
        .filter(|listener| is_ours(listener.inode))
        .flat_map(|listener| match listener.at.ip() {
            IpAddr::V4(Ipv4Addr::UNSPECIFIED) => vec![Ipv4Addr::LOCALHOST.into()],
            IpAddr::V6(Ipv6Addr::UNSPECIFIED) => {
                vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]
            }
            address => vec![address],
        })
        .collect();
    // Loopback first, and of it the older kind.
    candidates.sort_by_key(|address| (!address.is_loopback(), address.is_ipv6(), *address));
    candidates.dedup();
    let is_only_ours = |address: &IpAddr| {
        on_port().all(|listener| is_ours(listener.inode) || !takes(listener.at.ip(), *address))
    };
    candidates.retain(is_only_ours);
    candidates.into_iter().map(|address| SocketAddr::new(address, port)).collect()
}

/// Says whether a socket bound to `bound` may get a connection to `wanted`.
fn takes(bound: IpAddr, wanted: IpAddr) -> bool {
    let is_any_kind = bound == IpAddr::V6(Ipv6Addr::UNSPECIFIED);
    bound == wanted || is_any_kind || (bound.is_unspecified() && wanted.is_ipv4())
}

/// Returns which of `processes` holds each socket: of several the first, which started the others.
fn holders(processes: &[Process]) -> HashMap<u64, &Process> {
    let mut sorted: Vec<&Process> = processes.iter().collect();
    sorted.sort_by_key(|process| process.started);
    let mut holders = HashMap::new();
    for process in sorted {
        let Ok(descriptors) = fs::read_dir(format!("/proc/{}/fd", process.pid)) else { continue };
        for descriptor in descriptors.flatten() {
            let target = fs::read_link(descriptor.path()).ok();
            if let Some(inode) = target.as_deref().and_then(|target| socket_inode(target.to_str()?))
            {
                holders.entry(inode).or_insert(process);
            }
        }
    }
    holders
}

fn socket_inode(target: &str) -> Option<u64> {
    target.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok()
}

fn all_listeners() -> Vec<Listener> {
    ["/proc/net/tcp", "/proc/net/tcp6"]
        .iter()
        .filter_map(|table| fs::read_to_string(table).ok())
        .flat_map(|table| table.lines().filter_map(parse_listener).collect::<Vec<_>>())
        .collect()
}

/// Reads a line of `/proc/net/tcp`, if its socket listens.
fn parse_listener(line: &str) -> Option<Listener> {
    let mut fields = line.split_ascii_whitespace();
    let (local, state) = (fields.nth(1)?, fields.nth(1)?);
    if state != LISTENS {
        return None;
    }
    let inode = fields.nth(5)?.parse().ok()?;
    let (address, port) = local.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    Some(Listener { at: SocketAddr::new(parse_address(address)?, port), inode })
}

/// Reads an address as the kernel writes it: words of this machine's byte order.
fn parse_address(hex: &str) -> Option<IpAddr> {
    let words = hex.as_bytes().chunks(8).map(|word| {
        let word = u32::from_str_radix(std::str::from_utf8(word).ok()?, 16).ok()?;
        Some(word.to_ne_bytes())
    });
    let octets = words.collect::<Option<Vec<_>>>()?.concat();
    let four = |octets: &[u8]| <[u8; 4]>::try_from(octets).ok().map(IpAddr::from);
    // A mapped address is one of the older kind.
    let six =
        |octets: &[u8]| <[u8; 16]>::try_from(octets).ok().map(|it| IpAddr::from(it).to_canonical());
    four(&octets).or_else(|| six(&octets))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_the_kernel_are_read() {
        let check = |line: &str, expected: Option<(&str, u64)>| {
            let expected = expected.map(|(at, inode)| Listener { at: at.parse().unwrap(), inode });
            assert_eq!(parse_listener(line), expected, "{line}");
        };
        let rest = "00000000:00000000 00:00000000 00000000  1000        0 4711 1 0 100 0 0 10 0";
        if cfg!(target_endian = "little") {
            check(
                &format!("0: 0100007F:0BB8 00000000:0000 0A {rest}"),
                Some(("127.0.0.1:3000", 4711)),
            );
            check(
                &format!("1: 00000000000000000000000001000000:FFFF 0:0 0A {rest}"),
                Some(("[::1]:65535", 4711)),
            );
            check(
                &format!("2: 0000000000000000FFFF00000100007F:0BB8 0:0 0A {rest}"),
                Some(("127.0.0.1:3000", 4711)),
            );
        }
        check(&format!("3: 00000000:0050 0:0 0A {rest}"), Some(("0.0.0.0:80", 4711)));
        check(&format!("3: 00000000:0050 0:0 01 {rest}"), None);
        check("  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt", None);
        check("", None);
    }

    #[test]
    fn an_address_is_ours_if_nobody_else_answers_there() {
        // Sockets below 10 are ours.
        let check = |listeners: &[(&str, u64)], expected: &[&str]| {
            let listeners: Vec<Listener> = listeners
                .iter()
                .map(|(at, inode)| Listener { at: at.parse().unwrap(), inode: *inode })
                .collect();
            let expected: Vec<SocketAddr> =
                expected.iter().map(|address| address.parse().unwrap()).collect();
            assert_eq!(reachable(80, &listeners, |inode| inode < 10), expected, "{listeners:?}");
        };
        check(&[("127.0.0.1:80", 1)], &["127.0.0.1:80"]);
        check(&[("0.0.0.0:80", 1)], &["127.0.0.1:80"]);
        check(&[("[::]:80", 1)], &["127.0.0.1:80", "[::1]:80"]);
        check(&[("192.0.2.1:80", 1), ("[::1]:80", 2)], &["[::1]:80", "192.0.2.1:80"]);
        check(&[("127.0.0.1:81", 1), ("127.0.0.1:80", 10)], &[]);
        check(&[("127.0.0.1:80", 10), ("127.0.0.2:80", 1)], &["127.0.0.2:80"]);
        check(&[("0.0.0.0:80", 1), ("127.0.0.1:80", 10)], &[]);
        check(&[("127.0.0.1:80", 1), ("0.0.0.0:80", 10)], &[]);
        check(&[("127.0.0.1:80", 1), ("[::]:80", 10)], &[]);
        check(&[("[::]:80", 1), ("127.0.0.1:80", 10)], &["[::1]:80"]);
        check(&[("[::1]:80", 1), ("0.0.0.0:80", 10)], &["[::1]:80"]);
        check(&[], &[]);
    }
}
