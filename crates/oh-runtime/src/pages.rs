//! The proxy of pages: what a browser inside may reach where commands share this machine's network.
//!
//! A page is not the agent: it may come from anybody and wants to know what else is around. So it
//! reaches this machine only at ports of the conversation's own processes, and never an address by
//! which machines tell secrets to themselves. Addresses are looked at when a connection is made, so
//! that no name leads to another place the second time.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::BufReader;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::ports;
use crate::processes::Process;
use crate::proxy_request::{
    Wanted, is_this_machine, parse, pass_on, read_head, refuse, tells_secrets,
};

/// Connections at a time.
const CONNECTIONS: usize = 128;
/// Names that are looked up at a time: each takes one of few threads.
const LOOKUPS: usize = 2;
const LOOKUP_TIME: Duration = Duration::from_secs(10);
const CONNECT_TIME: Duration = Duration::from_secs(15);
const HEAD_TIME: Duration = Duration::from_secs(30);

/// Finds the processes of the conversation.
pub(crate) type Find = Arc<dyn Fn() -> Vec<Process> + Send + Sync>;

/// A proxy that serves until it is dropped.
#[derive(Debug)]
pub(crate) struct PageProxy {
    address: SocketAddr,
    _work: JoinSet<()>,
}

impl PageProxy {
    pub(crate) async fn start(find: Find) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let mut work = JoinSet::new();
        let lookups = Arc::new(Semaphore::new(LOOKUPS));
        work.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                while connections.try_join_next().is_some() {}
                if connections.len() >= CONNECTIONS {
                    connections.join_next().await;
                }
                let (find, lookups) = (find.clone(), lookups.clone());
                connections.spawn(async move { drop(answer(stream, &find, &lookups).await) });
            }
        });
        Ok(Self { address, _work: work })
    }

    /// Returns what a browser is told.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

async fn answer(stream: TcpStream, find: &Find, lookups: &Semaphore) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    let head = tokio::time::timeout(HEAD_TIME, read_head(&mut stream)).await??;
    let Some(Wanted { host, port, head }) = parse(&head) else {
        return refuse(&mut stream, "400 Bad Request", "not a request for a proxy").await;
    };
    let there = match connect(&host, port, find, lookups).await {
        Ok(there) => there,
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            return refuse(&mut stream, "403 Forbidden", &error.to_string()).await;
        }
        Err(error) => {
            let reason = format!("{host}:{port} cannot be reached: {error}");
            return refuse(&mut stream, "502 Bad Gateway", &reason).await;
        }
    };
    pass_on(stream, there, head).await
}

async fn connect(host: &str, port: u16, find: &Find, lookups: &Semaphore) -> io::Result<TcpStream> {
    let addresses: Vec<IpAddr> = if is_local_name(host) {
        vec![Ipv4Addr::LOCALHOST.into()]
    } else {
        let _turn = lookups.acquire().await.map_err(io::Error::other)?;
        let found = tokio::time::timeout(LOOKUP_TIME, tokio::net::lookup_host((host, port)));
        found.await??.map(|address| address.ip()).collect()
    };
    let is_here = |address: &IpAddr| is_this_machine(*address);
    if addresses.iter().any(is_here) {
        let find = find.clone();
        return ports::connect(move || find(), port).await.map_err(|error| {
            let reason = format!(
                "pages reach this machine only at ports of this conversation's own programs: {error}"
            );
            io::Error::new(io::ErrorKind::PermissionDenied, reason)
        });
    }
    let allowed: Vec<SocketAddr> = addresses
        .iter()
        .filter(|address| !tells_secrets(**address))
        .map(|address| SocketAddr::new(*address, port))
        .collect();
    if allowed.is_empty() && !addresses.is_empty() {
        let reason = format!("pages may not reach {host}: it is a link-local or metadata address");
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, reason));
    }
    tokio::time::timeout(CONNECT_TIME, TcpStream::connect(&allowed[..])).await?
}

/// Names that always mean this machine, whatever a resolver says.
fn is_local_name(host: &str) -> bool {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    host == "localhost" || host.ends_with(".localhost")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn this_machine_is_reached_only_at_ports_of_its_own() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let lookups = Semaphore::new(1);
        let nobody: Find = Arc::new(Vec::new);
        let own: Find =
            Arc::new(|| Process::read(std::process::id().cast_signed()).into_iter().collect());
        for host in [
            "127.0.0.1",
            "localhost",
            "LOCALHOST.",
            "a.localhost",
            "0.0.0.0",
            "::1",
            "::ffff:127.0.0.1",
            "127.1.2.3",
            "2130706433",
            "0x7f.1",
        ] {
            let refused = connect(host, port, &nobody, &lookups).await.unwrap_err();
            assert_eq!(refused.kind(), io::ErrorKind::PermissionDenied, "{host}: {refused}");
            assert!(connect(host, port, &own, &lookups).await.is_ok(), "{host}");
        }
    }

    #[tokio::test]
    async fn addresses_that_tell_secrets_are_not_reached() {
        let lookups = Semaphore::new(1);
        let nobody: Find = Arc::new(Vec::new);
        for host in [
            "169.254.169.254",
            "169.254.170.2",
            "fe80::1",
            "::ffff:169.254.169.254",
            "fd00:ec2::254",
            "100.100.100.200",
            "2852039166",
        ] {
            let refused = connect(host, 80, &nobody, &lookups).await.unwrap_err();
            assert_eq!(refused.kind(), io::ErrorKind::PermissionDenied, "{host}: {refused}");
        }
        assert!(!tells_secrets("192.0.2.1".parse().unwrap()));
    }
}
