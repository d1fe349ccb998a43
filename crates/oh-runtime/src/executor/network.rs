//! The inside's part of a network of its own: a proxy that leads out, and ports that lead in.

use std::io;
use std::path::Path;

use tokio::io::{AsyncReadExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::task::JoinSet;

use crate::sandbox::Plan;

/// Where commands find the proxy.
pub(super) const PROXY_PORT: u16 = 3128;
/// Connections at a time.
const CONNECTIONS: usize = 256;

/// Serves until it is dropped.
pub(super) async fn serve(plan: &Plan) -> io::Result<JoinSet<()>> {
    let mut tasks = JoinSet::new();
    if !plan.has_relays() {
        return Ok(tasks);
    }
    let outside = plan.proxy_socket();
    let listener = TcpListener::bind(("127.0.0.1", PROXY_PORT)).await?;
    tasks.spawn(async move {
        let mut connections = JoinSet::new();
        while let Ok((stream, _)) = listener.accept().await {
            let outside = outside.clone();
            make_room(&mut connections).await;
            connections.spawn(async move { drop(lead_out(stream, &outside).await) });
        }
    });
    let socket = plan.ports_socket();
    let _ = std::fs::remove_file(&socket);
    let listener = UnixListener::bind(&socket)?;
    tasks.spawn(async move {
        let mut connections = JoinSet::new();
        while let Ok((stream, _)) = listener.accept().await {
            make_room(&mut connections).await;
            connections.spawn(async move { drop(lead_in(stream).await) });
        }
    });
    Ok(tasks)
}

/// Waits until there may be one more.
pub(super) async fn make_room(connections: &mut JoinSet<()>) {
    while connections.try_join_next().is_some() {}
    if connections.len() >= CONNECTIONS {
        connections.join_next().await;
    }
}

async fn lead_out(mut inside: TcpStream, socket: &Path) -> io::Result<()> {
    let mut outside = UnixStream::connect(socket).await?;
    copy_bidirectional(&mut inside, &mut outside).await?;
    Ok(())
}

/// The first two bytes say which port is meant.
async fn lead_in(mut outside: UnixStream) -> io::Result<()> {
    let port = outside.read_u16().await?;
    let mut inside = TcpStream::connect(("127.0.0.1", port)).await?;
    copy_bidirectional(&mut outside, &mut inside).await?;
    Ok(())
}
