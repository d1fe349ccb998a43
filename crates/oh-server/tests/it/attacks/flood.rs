//! A crowd of sockets that never show the key, against the real binary.

use std::time::Duration;

use futures_util::stream::{FuturesUnordered, StreamExt};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::crash::Process;
use crate::support::{Socket, WHOLE_MACHINE};

const CROWD: usize = 10_000;
/// Room for each of them, in KiB.
const EACH_KIB: u64 = 64;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_strangers_cost_little_and_keep_nobody_out() {
    let _quiet = WHOLE_MACHINE.lock().await;
    let crowd = room_for(CROWD);
    if crowd < CROWD {
        println!("the limit of open files allows {crowd} sockets only");
    }
    let folder = TempDir::new().unwrap();
    let process = Process::start_with(&folder, 9, &[("SESSION_API_KEY", "right")]).await;
    let before = process.resident_kib();
    let query = "EIO=4&transport=websocket&conversation_id=x&session_api_key=right";
    let mut friend = Socket::open(process.port, query).await;
    assert!(friend.text().await.starts_with("0{"));
    friend.send("40").await;
    friend.event().await;

    let mut open = Vec::new();
    let (mut taken, mut peak) = (0, 0);
    while open.len() < crowd {
        let wave: FuturesUnordered<_> = (0..200).map(|_| stranger(process.port)).collect();
        for (stream, is_taken) in wave.collect::<Vec<_>>().await {
            taken += usize::from(is_taken);
            open.push(stream);
        }
        peak = peak.max(process.resident_kib());
        friend.send(r#"421["oh_user_action",{"action":"message","args":{"content":"hi"}}]"#).await;
        while !friend.text().await.starts_with("431[{\"ok\":true") {}
        // Somebody new who has the key is let in all the same.
        let mut newcomer = Socket::open(process.port, query).await;
        assert!(newcomer.text().await.starts_with("0{"));
    }
    let grown = peak.saturating_sub(before);
    let limit = EACH_KIB * u64::try_from(crowd).unwrap();
    println!("{crowd} strangers, {taken} of them taken: {before} KiB before, {peak} KiB at most");
    assert!(taken > 0, "nobody was taken, so nothing was tried");
    assert!(grown < limit, "{grown} KiB for {crowd} sockets");

    // All of them are sent away.
    let mut left = open.len();
    let gone: FuturesUnordered<_> = open.into_iter().flatten().map(end_of).collect();
    let mut gone = std::pin::pin!(gone);
    let wait = async {
        while gone.next().await.is_some() {
            left -= 1;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), wait).await.expect("strangers are sent away");
}

/// Lets this process and its children have files for so many sockets; returns for how many.
fn room_for(sockets: usize) -> usize {
    let known = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: known.maximum, maximum: known.maximum }).unwrap();
    let files = known.maximum.map_or(usize::MAX, |files| usize::try_from(files).unwrap());
    sockets.min(files.saturating_sub(1_000))
}

/// Asks for a socket without the key; returns whether one was given.
async fn stranger(port: u16) -> (Option<TcpStream>, bool) {
    let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)).await else {
        return (None, false);
    };
    let request = format!(
        "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    let _ = stream.write_all(request.as_bytes()).await;
    let mut answer = [0; 12];
    let read = tokio::time::timeout(Duration::from_secs(30), stream.read_exact(&mut answer)).await;
    let is_taken = matches!(read, Ok(Ok(_))) && answer.ends_with(b"101");
    (Some(stream), is_taken)
}

async fn end_of(mut stream: TcpStream) {
    let mut rest = [0; 4096];
    while matches!(stream.read(&mut rest).await, Ok(1..)) {}
}
