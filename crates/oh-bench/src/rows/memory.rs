use std::time::Duration;

use anyhow::Result;

use super::{Bench, Figure, Server, with_server};
use crate::http::Http;
use crate::socket::Socket;

const CONVERSATIONS: u32 = 50;
const SOCKETS: u32 = 200;
/// The first few pay for what all share.
const WARM_UP: u32 = 10;
const SETTLE_TIME: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(super) struct Memory {
    pub(super) idle: Figure,
    pub(super) conversation: Figure,
    pub(super) socket: Figure,
}

/// Resident memory of the server: at rest, and what conversations and sockets add.
pub(super) async fn measure(bench: &Bench) -> Result<Memory> {
    with_server(bench, async |server| {
        let idle = settled(server).await?;
        let mut http = Http::connect(&server.target).await?;
        create(&mut http, WARM_UP).await?;
        let before = settled(server).await?;
        create(&mut http, CONVERSATIONS).await?;
        let after = settled(server).await?;
        let per_conversation = (after - before) / f64::from(CONVERSATIONS);

        let id = http.create_conversation().await?;
        let mut sockets = join(server, &id, WARM_UP).await?;
        let before = settled(server).await?;
        sockets.extend(join(server, &id, SOCKETS).await?);
        let after = settled(server).await?;
        let per_socket = (after - before) / f64::from(SOCKETS);
        drop(sockets);
        Ok(Memory {
            idle: Figure { value: idle / 1024.0, note: "one second after the start".to_owned() },
            conversation: Figure {
                value: per_conversation,
                note: format!("{CONVERSATIONS} live conversations without a shell"),
            },
            socket: Figure {
                value: per_socket,
                note: format!("{SOCKETS} sockets on one conversation"),
            },
        })
    })
    .await
}

async fn settled(server: &Server) -> Result<f64> {
    tokio::time::sleep(SETTLE_TIME).await;
    server.own()?.0.resident_kib()
}

async fn create(http: &mut Http, count: u32) -> Result<()> {
    for _ in 0..count {
        http.create_conversation().await?;
    }
    Ok(())
}

async fn join(server: &Server, conversation: &str, count: u32) -> Result<Vec<Socket>> {
    let mut sockets = Vec::new();
    for _ in 0..count {
        sockets.push(Socket::join(&server.target, conversation, -1).await?);
    }
    Ok(sockets)
}
