//! Models: one trait, the providers behind it, and a scripted demonstration.
//!
//! - [`LlmClient`]: something that answers a conversation;
//! - [`connect`]: the client for an [`LlmConfig`];
//! - [`DemoLlm`]: the demonstration.
//!
//! Provider JSON is known nowhere else. Retries are made here and nowhere else.
#![warn(missing_docs)]

mod client;
mod config;
mod demo;

use std::sync::Arc;

pub use client::{BoxFuture, CompletionContext, LlmClient, LlmNotice};
pub use config::LlmConfig;
pub use demo::DemoLlm;

/// Returns a client for the model that the configuration names.
#[must_use]
pub fn connect(config: LlmConfig) -> Arc<dyn LlmClient> {
    if config.model == demo::NAME {
        return Arc::new(DemoLlm);
    }
    Arc::new(Unconnected(config.model))
}

/// Stands in until the providers are here.
#[derive(Debug)]
struct Unconnected(String);

impl LlmClient for Unconnected {
    fn complete(
        &self,
        _: oh_chat::CompletionRequest,
        _: CompletionContext,
    ) -> BoxFuture<'_, Result<oh_chat::Completion, oh_chat::CompletionFailure>> {
        let message = "no provider".to_owned();
        Box::pin(async { Err(oh_chat::CompletionFailure::BadRequest { message }) })
    }

    fn model(&self) -> &str {
        &self.0
    }
}
