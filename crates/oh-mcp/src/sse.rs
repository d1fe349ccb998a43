//! The protocol's first HTTP transport: one stream of events, and a request for each message.

use std::fmt;
use std::pin::Pin;

use futures_util::{Stream, StreamExt};
use reqwest::header::{ACCEPT, HeaderMap};
use rmcp::RoleClient;
use rmcp::service::{RxJsonRpcMessage, TxJsonRpcMessage};
use rmcp::transport::Transport;
use url::Url;

use crate::sse_events::SseParser;

type Bytes = Pin<Box<dyn Stream<Item = reqwest::Result<Vec<u8>>> + Send>>;

/// A connection.
pub(crate) struct SseTransport {
    http: reqwest::Client,
    headers: HeaderMap,
    /// Where messages go.
    endpoint: Url,
    events: Events,
}

/// Says why there is no connection, or why a message was not sent.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SseError {
    #[error("the request failed")]
    Request(#[source] reqwest::Error),
    #[error("the server answered {0}")]
    Status(reqwest::StatusCode),
    #[error("the server sent no `endpoint` event; is it a server with the SSE transport?")]
    NoEndpoint,
    #[error("the server wants messages at another address than its own")]
    ForeignEndpoint,
}

impl fmt::Debug for SseTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SseTransport")
    }
}

impl SseTransport {
    pub(crate) async fn connect(
        http: reqwest::Client,
        url: &Url,
        headers: HeaderMap,
    ) -> Result<Self, SseError> {
        let request = http.get(url.clone()).headers(headers.clone());
        let response = request.header(ACCEPT, "text/event-stream").send().await;
        let response = checked(response)?;
        let bytes = response.bytes_stream().map(|chunk| chunk.map(|bytes| bytes.to_vec()));
        let mut events = Events { bytes: Some(Box::pin(bytes)), parser: SseParser::default() };
        let endpoint = events.next("endpoint").await.ok_or(SseError::NoEndpoint)?;
        let endpoint = url.join(endpoint.trim()).map_err(|_| SseError::NoEndpoint)?;
        // The key is for the configured address only.
        if endpoint.origin() != url.origin() {
            return Err(SseError::ForeignEndpoint);
        }
        Ok(Self { http, headers, endpoint, events })
    }
}

impl Transport<RoleClient> for SseTransport {
    type Error = SseError;

    fn send(
        &mut self,
        item: TxJsonRpcMessage<RoleClient>,
    ) -> impl Future<Output = Result<(), SseError>> + Send + 'static {
        let request = self.http.post(self.endpoint.clone()).headers(self.headers.clone());
        let request = request.json(&item).send();
        async move { checked(request.await).map(drop) }
    }

    async fn receive(&mut self) -> Option<RxJsonRpcMessage<RoleClient>> {
        loop {
            let data = self.events.next("message").await?;
            match serde_json::from_str(&data) {
                Ok(message) => return Some(message),
                Err(error) => tracing::warn!(%error, "an MCP server sent what is no message"),
            }
        }
    }

    async fn close(&mut self) -> Result<(), SseError> {
        self.events.bytes = None;
        Ok(())
    }
}

struct Events {
    bytes: Option<Bytes>,
    parser: SseParser,
}

impl Events {
    /// Returns the data of the next event of a kind. Dropping the future loses nothing.
    async fn next(&mut self, kind: &str) -> Option<String> {
        loop {
            while let Some(event) = self.parser.next_event() {
                if event.kind == kind {
                    return Some(event.data);
                }
            }
            let bytes = self.bytes.as_mut()?.next().await?.ok()?;
            self.parser.push(&bytes).ok()?;
        }
    }
}

fn checked(response: reqwest::Result<reqwest::Response>) -> Result<reqwest::Response, SseError> {
    let response = response.map_err(|error| SseError::Request(error.without_url()))?;
    let status = response.status();
    if status.is_success() { Ok(response) } else { Err(SseError::Status(status)) }
}
