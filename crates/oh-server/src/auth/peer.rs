//! Who is at the other end of a loopback connection: the kernel knows.

use std::io;
use std::net::{IpAddr, SocketAddr};

use rustix::net::netlink::SocketAddrNetlink;
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketType, netlink};

/// What is known of the peer of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PeerTrust {
    /// A program of our own user on this machine, outside our sandboxes.
    OwnUser,
    /// A program in one of our sandboxes.
    Sandboxed,
    /// Anybody else, or nobody can tell.
    Stranger,
}

/// The owner of a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct SocketOwner {
    uid: u32,
    inode: u64,
}

/// Says whether a connection comes from this machine.
pub(crate) fn is_from_here(peer: SocketAddr, local: SocketAddr) -> bool {
    peer.ip() == local.ip() || (peer.ip().is_loopback() && local.ip().is_loopback())
}

/// Asks the kernel who holds the other end of a connection. May block for milliseconds.
pub(crate) fn look_up(peer: SocketAddr, local: SocketAddr) -> PeerTrust {
    if !is_from_here(peer, local) {
        return PeerTrust::Stranger;
    }
    let owner = ask_netlink(peer, local).or_else(|error| {
        tracing::debug!(%error, "netlink is refused; reading /proc/net instead");
        read_proc(peer, local)
    });
    match owner {
        Ok(owner) if owner.uid == rustix::process::getuid().as_raw() => {
            if !oh_runtime::is_socket_held_outside(owner.inode) {
                PeerTrust::Sandboxed
            } else if peer.ip().is_loopback() && local.ip().is_loopback() {
                PeerTrust::OwnUser
            } else {
                PeerTrust::Stranger
            }
        }
        Ok(_) => PeerTrust::Stranger,
        Err(error) => {
            tracing::warn!(%error, "cannot tell who the peer is; it needs the key");
            PeerTrust::Stranger
        }
    }
}

const HEADER: usize = 16;
/// Offset of the user id in `inet_diag_msg`, counted from the message's begin.
const UID_AT: usize = HEADER + 64;
const INODE_AT: usize = HEADER + 68;
const SOCK_DIAG_BY_FAMILY: u16 = 20;

/// One exact look-up by `sock_diag(7)`.
fn ask_netlink(peer: SocketAddr, local: SocketAddr) -> io::Result<SocketOwner> {
    let socket =
        rustix::net::socket(AddressFamily::NETLINK, SocketType::DGRAM, Some(netlink::SOCK_DIAG))?;
    let request = request(peer, local);
    let kernel = SocketAddrNetlink::new(0, 0);
    rustix::net::sendto(&socket, &request, SendFlags::empty(), &kernel)?;
    let mut answer = [0_u8; 512];
    let (length, _) = rustix::net::recv(&socket, &mut answer[..], RecvFlags::empty())?;
    let answer = &answer[..length];
    let kind = answer.get(4..6).map(|bytes| u16::from_ne_bytes([bytes[0], bytes[1]]));
    let word = |at: usize| {
        let bytes = answer.get(at..at + 4)?;
        Some(u32::from_ne_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
    };
    match (kind, word(UID_AT), word(INODE_AT)) {
        (Some(SOCK_DIAG_BY_FAMILY), Some(uid), Some(inode)) => {
            Ok(SocketOwner { uid, inode: u64::from(inode) })
        }
        (Some(_) | None, Some(_) | None, Some(_) | None) => {
            Err(io::Error::new(io::ErrorKind::NotFound, "the kernel does not know the connection"))
        }
    }
}

/// `nlmsghdr` and `inet_diag_req_v2` for the peer's socket.
fn request(peer: SocketAddr, local: SocketAddr) -> Vec<u8> {
    const LENGTH: u32 = 72;
    const NLM_F_REQUEST: u16 = 1;
    const IPPROTO_TCP: u8 = 6;
    const ALL_STATES: u32 = u32::MAX;
    let family = match peer.ip() {
        IpAddr::V4(_) => AddressFamily::INET,
        IpAddr::V6(_) => AddressFamily::INET6,
    };
    let mut bytes = Vec::with_capacity(LENGTH as usize);
    bytes.extend(LENGTH.to_ne_bytes());
    bytes.extend(SOCK_DIAG_BY_FAMILY.to_ne_bytes());
    bytes.extend(NLM_F_REQUEST.to_ne_bytes());
    bytes.extend([0; 8]);
    bytes.push(u8::try_from(family.as_raw()).unwrap_or(0));
    bytes.extend([IPPROTO_TCP, 0, 0]);
    bytes.extend(ALL_STATES.to_ne_bytes());
    bytes.extend(peer.port().to_be_bytes());
    bytes.extend(local.port().to_be_bytes());
    for address in [peer.ip(), local.ip()] {
        match address {
            IpAddr::V4(address) => {
                bytes.extend(address.octets());
                bytes.extend([0; 12]);
            }
            IpAddr::V6(address) => bytes.extend(address.octets()),
        }
    }
    // Any interface, no cookie.
    bytes.extend([0; 4]);
    bytes.extend([0xff; 8]);
    bytes
}

/// The same from `/proc/net/tcp` and `/proc/net/tcp6`.
fn read_proc(peer: SocketAddr, local: SocketAddr) -> io::Result<SocketOwner> {
    let wanted = (proc_address(peer), proc_address(local));
    let file = match peer.ip() {
        IpAddr::V4(_) => "/proc/net/tcp",
        IpAddr::V6(_) => "/proc/net/tcp6",
    };
    let table = std::fs::read_to_string(file)?;
    let found = table.lines().find_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let ours = fields.get(1)? == &wanted.0 && fields.get(2)? == &wanted.1;
        ours.then_some(())?;
        Some(SocketOwner { uid: fields.get(7)?.parse().ok()?, inode: fields.get(9)?.parse().ok()? })
    });
    found.ok_or_else(|| {
        io::Error::new(io::ErrorKind::NotFound, "the connection is not in /proc/net")
    })
}

/// An address as `/proc/net/tcp` writes it: words of the host's byte order.
fn proc_address(address: SocketAddr) -> String {
    let octets = match address.ip() {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    };
    let words: String = octets
        .chunks_exact(4)
        .map(|word| {
            let word = u32::from_ne_bytes([word[0], word[1], word[2], word[3]]);
            format!("{word:08X}")
        })
        .collect();
    format!("{words}:{:04X}", address.port())
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};

    use super::*;

    #[test]
    fn both_ways_of_asking_find_our_own_socket() {
        for host in ["127.0.0.1:0", "[::1]:0"] {
            let Ok(listener) = TcpListener::bind(host) else {
                println!("skipped: {host} cannot be bound here");
                continue;
            };
            let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            let (server, peer) = listener.accept().unwrap();
            let local = server.local_addr().unwrap();
            let by_netlink = ask_netlink(peer, local).unwrap();
            assert_eq!(by_netlink, read_proc(peer, local).unwrap());
            assert_eq!(by_netlink.uid, rustix::process::getuid().as_raw());
            assert_eq!(look_up(peer, local), PeerTrust::OwnUser);
            drop(client);
        }
    }

    #[test]
    fn other_machines_are_strangers() {
        let peer = "192.0.2.1:5".parse().unwrap();
        let local = "192.0.2.2:6".parse().unwrap();
        assert_eq!(look_up(peer, local), PeerTrust::Stranger);
    }
}
