//! A provider on this machine that answers from fixtures.

use std::path::PathBuf;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

use crate::frames;

/// What the server does with one request.
pub(crate) enum Answer {
    /// Streams an answer in small pieces.
    Stream(&'static str),
    /// Streams an answer and closes the connection where the next piece was announced.
    BreakOff(&'static str),
    /// Answers with a status, further header lines and a body.
    Status(u16, &'static str, &'static str),
    /// Says nothing.
    Silence,
}

/// A request as it came in.
pub(crate) struct Seen {
    pub(crate) head: String,
    pub(crate) body: Value,
}

pub(crate) struct Server {
    pub(crate) base_url: String,
    seen: mpsc::UnboundedReceiver<Seen>,
    answered: mpsc::UnboundedReceiver<()>,
}

impl Server {
    /// Starts a server that gives one answer after the other.
    pub(crate) async fn start(answers: Vec<Answer>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("http://{}/v1", listener.local_addr().unwrap());
        let (sender, seen) = mpsc::unbounded_channel();
        let (done, answered) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            for answer in answers {
                let (mut stream, _) = listener.accept().await.unwrap();
                let request = read(&mut stream).await;
                if sender.send(request).is_err() {
                    return;
                }
                write(&mut stream, answer).await;
                let _ = done.send(());
            }
        });
        Self { base_url, seen, answered }
    }

    pub(crate) async fn request(&mut self) -> Seen {
        self.seen.recv().await.unwrap()
    }

    /// Waits until an answer is complete; silence is when the client has gone.
    pub(crate) async fn answered(&mut self) {
        self.answered.recv().await.unwrap();
    }
}

/// Reads a recorded answer; names without a folder are OpenAI's.
pub(crate) fn fixture(name: &str) -> Vec<u8> {
    let folder = if name.contains('/') { "" } else { "openai" };
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/llm").join(folder);
    let bytes = std::fs::read(path.join(name)).unwrap();
    if name.ends_with(".events") { frames::encode(&bytes) } else { bytes }
}

async fn read(stream: &mut TcpStream) -> Seen {
    let mut bytes = Vec::new();
    loop {
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n");
        if let Some(end) = end {
            let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
            let length: usize = header(&head, "content-length").unwrap().parse().unwrap();
            if bytes.len() >= end + 4 + length {
                let body = serde_json::from_slice(&bytes[end + 4..]).unwrap();
                return Seen { head, body };
            }
        }
        assert!(stream.read_buf(&mut bytes).await.unwrap() > 0, "request cut off");
    }
}

pub(crate) fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().find_map(|line| {
        let (other, value) = line.split_once(':')?;
        other.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

async fn write(stream: &mut TcpStream, answer: Answer) {
    const OK: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\n\
        transfer-encoding: chunked\r\nconnection: close\r\n\r\n";
    match answer {
        Answer::Stream(name) => {
            stream.write_all(OK).await.unwrap();
            write_pieces(stream, &fixture(name)).await;
            // The client may have gone after the last event.
            let _ = stream.write_all(b"0\r\n\r\n").await;
        }
        Answer::BreakOff(name) => {
            stream.write_all(OK).await.unwrap();
            write_pieces(stream, &fixture(name)).await;
            stream.write_all(b"40\r\n").await.unwrap();
        }
        Answer::Status(status, headers, name) => {
            let body = if name.is_empty() { Vec::new() } else { fixture(name) };
            let head = format!(
                "HTTP/1.1 {status} Status\r\ncontent-type: application/json\r\n{headers}\
                 content-length: {}\r\nconnection: close\r\n\r\n",
                body.len()
            );
            stream.write_all(head.as_bytes()).await.unwrap();
            stream.write_all(&body).await.unwrap();
        }
        Answer::Silence => {
            // Waits until the client gives up.
            let _ = stream.read_u8().await;
        }
    }
}

/// Cuts anywhere, also within characters and events.
async fn write_pieces(stream: &mut TcpStream, bytes: &[u8]) {
    for piece in bytes.chunks(97) {
        let head = format!("{:x}\r\n", piece.len());
        if stream.write_all(&[head.as_bytes(), piece, b"\r\n"].concat()).await.is_err() {
            return;
        }
        tokio::task::yield_now().await;
    }
}
