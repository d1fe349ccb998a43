//! A small HTTP client: one connection that is kept open, so that the server is measured and not the client.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use crate::target::Target;

/// No request of ours takes longer on a server that works.
const PATIENCE: Duration = Duration::from_secs(60);

#[derive(Debug)]
pub(crate) struct Http {
    stream: BufReader<TcpStream>,
    target: Target,
}

impl Http {
    pub(crate) async fn connect(target: &Target) -> Result<Self> {
        let stream = TcpStream::connect(&target.authority)
            .await
            .with_context(|| format!("no server answers at {}", target.authority))?;
        stream.set_nodelay(true)?;
        Ok(Self { stream: BufReader::new(stream), target: target.clone() })
    }

    pub(crate) async fn get(&mut self, path: &str) -> Result<Value> {
        self.ask("GET", path, "").await
    }

    pub(crate) async fn post(&mut self, path: &str, body: &str) -> Result<Value> {
        self.ask("POST", path, body).await
    }

    /// Makes a conversation and returns its id.
    pub(crate) async fn create_conversation(&mut self) -> Result<String> {
        let answer = self.post("/api/conversations", "{}").await?;
        let id = answer["conversation_id"].as_str();
        Ok(id.with_context(|| format!("there is no conversation_id in {answer}"))?.to_owned())
    }

    /// Sends an action.
    pub(crate) async fn act(&mut self, conversation: &str, action: &str) -> Result<()> {
        self.post(&format!("/api/conversations/{conversation}/events"), action).await.map(drop)
    }

    /// Returns a page of events.
    pub(crate) async fn events(&mut self, conversation: &str, query: &str) -> Result<Vec<Value>> {
        let path = format!("/api/conversations/{conversation}/events?{query}");
        Ok(self.get(&path).await?["events"].as_array().cloned().unwrap_or_default())
    }

    /// Returns the id of the newest event.
    pub(crate) async fn newest(&mut self, conversation: &str) -> Result<u64> {
        let events = self.events(conversation, "reverse=true&limit=1").await?;
        let id = events.first().and_then(|event| event["id"].as_u64());
        id.with_context(|| format!("the conversation {conversation} has no events"))
    }

    async fn ask(&mut self, method: &str, path: &str, body: &str) -> Result<Value> {
        let what = || format!("{method} {path}");
        let (status, answer) = tokio::time::timeout(PATIENCE, self.exchange(method, path, body))
            .await
            .with_context(|| format!("{} was not answered within a minute", what()))?
            .with_context(|| format!("{} failed", what()))?;
        if status != 200 {
            bail!("{} was answered with {status}: {}", what(), String::from_utf8_lossy(&answer));
        }
        serde_json::from_slice(&answer).with_context(|| format!("{} gave no JSON", what()))
    }

    pub(crate) async fn exchange(
        &mut self,
        method: &str,
        path: &str,
        body: &str,
    ) -> Result<(u16, Vec<u8>)> {
        let Target { authority, key } = &self.target;
        let key =
            key.as_ref().map(|key| format!("x-session-api-key: {key}\r\n")).unwrap_or_default();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: {authority}\r\n{key}content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        self.stream.get_mut().write_all(request.as_bytes()).await?;
        let mut line = String::new();
        self.stream.read_line(&mut line).await?;
        let status = line.split(' ').nth(1).and_then(|text| text.parse().ok());
        let status = status.context("the connection was closed")?;
        let mut length = 0;
        loop {
            line.clear();
            anyhow::ensure!(self.stream.read_line(&mut line).await? > 0, "the answer broke off");
            let Some((name, value)) = line.split_once(':') else { break };
            if name.eq_ignore_ascii_case("content-length") {
                length = value.trim().parse().context("bad content-length")?;
            } else if name.eq_ignore_ascii_case("transfer-encoding") {
                bail!("the answer comes in chunks, which this client does not read");
            }
        }
        let mut answer = vec![0; length];
        self.stream.read_exact(&mut answer).await?;
        Ok((status, answer))
    }
}

/// Returns a message of a user as an action.
pub(crate) fn message(text: &str) -> String {
    serde_json::json!({"action": "message", "args": {"content": text}}).to_string()
}
