//! Models of providers, over the network.
//!
//! The `genai` crate knows the protocols; it is used here and nowhere else.

mod abilities;
mod answer;
mod failure;
mod request;
mod target;

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use genai::chat::ChatStreamEvent;
use oh_chat::{Completion, CompletionFailure, CompletionRequest};

use crate::client::{BoxFuture, CompletionContext, LlmClient, LlmNotice};
use crate::config::LlmConfig;
use answer::Head;
use request::Pictures;
use target::Target;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);
/// An answer that keeps coming may take this many times the timeout.
const WHOLE_ANSWER: u32 = 6;

/// A provider's model. One call is one attempt.
#[derive(Debug)]
pub(crate) struct Provider {
    client: genai::Client,
    target: Target,
    config: LlmConfig,
}

impl Provider {
    /// Prepares the connection; nothing is sent.
    pub(crate) fn new(config: LlmConfig) -> Result<Self, CompletionFailure> {
        let target = Target::of(&config)?;
        let client = http_client(&target)?;
        let client = genai::Client::builder()
            .with_reqwest(client)
            .append_provider_config(target.model.adapter_kind, target.provider.clone())
            .build()
            .map_err(|error| failure::of_error(&error))?;
        Ok(Self { client, target, config })
    }

    async fn ask(
        &self,
        request: CompletionRequest,
        context: CompletionContext,
    ) -> Result<Completion, CompletionFailure> {
        let pictures = if self.has_vision() { Pictures::Sent } else { Pictures::LeftOut };
        let head = Arc::new(Head::default());
        let options = request::options(&self.config, &self.target, head.clone());
        let request = request::chat_request(request, pictures);
        let answer =
            self.client.exec_chat_stream(self.target.model.clone(), request, Some(&options)).await;
        let mut stream = answer.map_err(|error| failure::of_error(&error))?.stream;
        let mut text = String::new();
        while let Some(event) = stream.next().await {
            match event.map_err(|error| failure::of_error(&error))? {
                ChatStreamEvent::Chunk(chunk) => {
                    text.push_str(&chunk.content);
                    context.notify(LlmNotice::Text(chunk.content));
                }
                ChatStreamEvent::ReasoningChunk(chunk) => {
                    context.notify(LlmNotice::Reasoning(chunk.content));
                }
                ChatStreamEvent::End(end) => {
                    return answer::completion(&self.config, &head, text, end);
                }
                ChatStreamEvent::Start
                | ChatStreamEvent::ThoughtSignatureChunk(_)
                | ChatStreamEvent::ToolCallChunk(_)
                | ChatStreamEvent::Heartbeat => {}
            }
        }
        Err(failure::unavailable("the answer ended before it was complete".to_owned()))
    }
}

impl LlmClient for Provider {
    fn complete(
        &self,
        request: CompletionRequest,
        context: CompletionContext,
    ) -> BoxFuture<'_, Result<Completion, CompletionFailure>> {
        Box::pin(async move {
            let limit = self.config.timeout.saturating_mul(WHOLE_ANSWER);
            let result = tokio::time::timeout(limit, self.ask(request, context)).await;
            let result = result.unwrap_or_else(|_| {
                let message = format!("the answer was not complete after {} s", limit.as_secs());
                Err(failure::unavailable(message))
            });
            result.map_err(|error| failure::without_secret(error, self.config.api_key.as_deref()))
        })
    }

    fn model(&self) -> &str {
        &self.config.model
    }

    fn has_vision(&self) -> bool {
        !self.config.disable_vision && abilities::understands_pictures(&self.config.model)
    }
}

fn http_client(target: &Target) -> Result<reqwest::Client, CompletionFailure> {
    // Fails if there is a provider of cryptography already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = || {
        reqwest::Client::builder()
            .user_agent("openhands")
            .connect_timeout(CONNECT_TIMEOUT)
            // The key is for the configured address only.
            .redirect(reqwest::redirect::Policy::none())
            .tcp_nodelay(true)
            .tcp_keepalive(Duration::from_secs(30))
    };
    let result = match builder().build() {
        // A server without TLS can be asked where no certificates are installed.
        Err(_) if target.is_plain_http() => builder().tls_certs_only([]).build(),
        result => result,
    };
    result.map_err(|error| CompletionFailure::BadRequest {
        message: format!(
            "could not prepare encrypted connections: {}; \
             is the package `ca-certificates` installed?",
            failure::root_cause(&error)
        ),
    })
}
