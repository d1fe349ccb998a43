//! A Socket.IO client that does nothing but what is measured.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};

use crate::target::Target;

const PATIENCE: Duration = Duration::from_secs(60);

#[derive(Debug)]
pub(crate) struct Socket(WebSocketStream<TcpStream>);

impl Socket {
    /// Opens a WebSocket and waits for nothing more.
    pub(crate) async fn open(authority: &str, path: &str) -> Result<Self> {
        let stream = TcpStream::connect(authority)
            .await
            .with_context(|| format!("no server answers at {authority}"))?;
        stream.set_nodelay(true)?;
        let url = format!("ws://{authority}{path}");
        let (socket, _) = tokio_tungstenite::client_async(url, stream)
            .await
            .context("the server refused a WebSocket")?;
        Ok(Self(socket))
    }

    /// Opens a socket on a conversation and reads the open packet.
    pub(crate) async fn handshake(
        target: &Target,
        conversation: &str,
        latest: i64,
    ) -> Result<Self> {
        let key =
            target.key.as_ref().map(|key| format!("&session_api_key={key}")).unwrap_or_default();
        let path = format!(
            "/socket.io/?EIO=4&transport=websocket&conversation_id={conversation}&latest_event_id={latest}{key}"
        );
        let mut socket = Self::open(&target.authority, &path).await?;
        let open = socket.text().await?;
        anyhow::ensure!(open.starts_with("0{"), "expected an open packet, got {}", open.as_str());
        Ok(socket)
    }

    /// Joins a conversation.
    pub(crate) async fn join(target: &Target, conversation: &str, latest: i64) -> Result<Self> {
        let mut socket = Self::handshake(target, conversation, latest).await?;
        socket.send("40").await?;
        let answer = socket.text().await?;
        anyhow::ensure!(
            answer.starts_with("40"),
            "the server did not let us join: {}",
            answer.as_str()
        );
        Ok(socket)
    }

    pub(crate) async fn send(&mut self, text: &str) -> Result<()> {
        self.0.send(Message::text(text)).await.context("failed to write to a socket")
    }

    /// Returns the next text frame that is no ping; pings are answered.
    pub(crate) async fn text(&mut self) -> Result<Utf8Bytes> {
        loop {
            let next = tokio::time::timeout(PATIENCE, self.0.next())
                .await
                .context("the server sent nothing for a minute")?;
            match next {
                Some(Ok(Message::Text(text))) if text.as_str() == "2" => self.send("3").await?,
                Some(Ok(Message::Text(text))) => return Ok(text),
                Some(Ok(Message::Close(frame))) => {
                    let reason = frame.map(|frame| frame.reason.to_string()).unwrap_or_default();
                    bail!("the server closed a socket: {reason}");
                }
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(error).context("a socket broke"),
                None => bail!("the server closed a socket"),
            }
        }
    }
}

/// Says whether a frame is an event and no notice.
pub(crate) fn is_event(frame: &str) -> bool {
    frame.starts_with("42[\"oh_event\",{\"id\":")
}
