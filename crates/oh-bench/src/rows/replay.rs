use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result};
use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};

use super::{Bench, Figure, Server, with_server};
use crate::http::{Http, message};
use crate::report::{median, milliseconds};
use crate::socket::{Socket, is_event};

const EVENTS: usize = 10_000;
const WRITERS: usize = 16;
const ROUNDS: usize = 9;
/// A message's text stands in its event twice; with the rest that is about 1 KiB.
const TEXT_LENGTH: usize = 380;

/// A long conversation sent to one client, beside the same frames from a server that does nothing else.
pub(super) async fn measure(bench: &Bench) -> Result<Figure> {
    with_server(bench, async |server| {
        let conversation = fill(server).await?;
        let newest = Http::connect(&server.target).await?.newest(&conversation).await?;
        let frames = Arc::new(read_all(server, &conversation, newest).await?);
        let count = frames.len();
        let bytes: usize = frames.iter().map(|frame| frame.len()).sum();
        let bare = BareServer::start(frames).await?;
        let (mut ours, mut plain) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            let socket = Socket::handshake(&server.target, &conversation, -1).await?;
            ours.push(time(socket, count).await?);
            plain.push(time(Socket::open(&bare.authority, "/").await?, count).await?);
        }
        let (ours, plain) = (median(&ours), median(&plain));
        let note = format!(
            "{ours:.1} ms beside {plain:.1} ms for {count} frames of {} bytes, medians of {ROUNDS}",
            bytes / count.max(1)
        );
        Ok(Figure { value: 100.0 * plain / ours, note })
    })
    .await
}

/// Makes a conversation with enough messages in it.
async fn fill(server: &Server) -> Result<String> {
    let conversation = Http::connect(&server.target).await?.create_conversation().await?;
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        let (target, conversation) = (server.target.clone(), conversation.clone());
        writers.spawn(async move {
            let mut http = Http::connect(&target).await?;
            for n in (writer..EVENTS).step_by(WRITERS) {
                let text = format!("{n:05} {}", "lorem ipsum ".repeat(TEXT_LENGTH / 12));
                http.act(&conversation, &message(&text)).await?;
            }
            anyhow::Ok(())
        });
    }
    while let Some(result) = writers.join_next().await {
        result.context("a writer failed")??;
    }
    Ok(conversation)
}

/// Reads the whole conversation once and returns the frames of its events.
async fn read_all(server: &Server, conversation: &str, newest: u64) -> Result<Vec<Utf8Bytes>> {
    let mut socket = Socket::join(&server.target, conversation, -1).await?;
    let mut frames = Vec::new();
    let last = format!("42[\"oh_event\",{{\"id\":{newest},");
    loop {
        let frame = socket.text().await?;
        if is_event(&frame) {
            let is_last = frame.starts_with(&last);
            frames.push(frame);
            if is_last {
                return Ok(frames);
            }
        }
    }
}

/// Asks to join and waits for so many events; returns the milliseconds.
async fn time(mut socket: Socket, count: usize) -> Result<f64> {
    let begin = Instant::now();
    socket.send("40").await?;
    let mut seen = 0;
    while seen < count {
        if is_event(&socket.text().await?) {
            seen += 1;
        }
    }
    Ok(milliseconds(begin.elapsed()))
}

/// A WebSocket server that sends the same frames to whoever says anything.
struct BareServer {
    authority: String,
    _task: JoinSet<()>,
}

impl BareServer {
    async fn start(frames: Arc<Vec<Utf8Bytes>>) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let authority = listener.local_addr()?.to_string();
        let mut task = JoinSet::new();
        task.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let frames = frames.clone();
                // One client at a time; its end is no concern of ours.
                drop(serve(stream, &frames).await);
            }
        });
        Ok(Self { authority, _task: task })
    }
}

async fn serve(stream: tokio::net::TcpStream, frames: &[Utf8Bytes]) -> Result<()> {
    stream.set_nodelay(true)?;
    let mut socket = tokio_tungstenite::accept_async(stream).await?;
    socket.next().await;
    for frame in frames {
        socket.feed(Message::Text(frame.clone())).await?;
    }
    socket.flush().await?;
    socket.next().await;
    Ok(())
}
