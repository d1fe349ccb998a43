//! Models: one trait, the providers behind it, and a scripted demonstration.
//!
//! - [`LlmClient`]: something that answers a conversation;
//! - [`connect`]: the client for an [`LlmConfig`];
//! - [`find_local_server`], [`find_local_servers`]: servers of models on this machine;
//! - [`has_same_destination`]: whether a key for the one is a key for the other;
//! - [`WithPictures`]: a client that is shown the pictures that messages only name;
//! - [`DemoLlm`]: the demonstration.
//!
//! Provider JSON is known nowhere else. Retries are made here and nowhere else.
#![warn(missing_docs)]

mod client;
mod config;
mod demo;
mod local;
mod log;
mod model;
mod pictures;
mod provider;
mod retry;
mod text_tools;

use std::sync::Arc;

use oh_chat::{Completion, CompletionFailure, CompletionRequest};

use model::Model;

pub use client::{BoxFuture, CompletionContext, LlmClient, LlmNotice, ask};
pub use config::LlmConfig;
pub use demo::DemoLlm;
pub use local::{LocalServer, find_local_server, find_local_servers};
pub use pictures::{PictureSource, WithPictures};
pub use provider::has_same_destination;

/// Returns a client for the model that the configuration names.
///
/// Nothing is sent before the first request. A configuration that cannot work gives a client
/// that says so in answer to every request.
#[must_use]
pub fn connect(config: LlmConfig) -> Arc<dyn LlmClient> {
    if config.model == demo::NAME {
        return Arc::new(DemoLlm);
    }
    let model = config.model.clone();
    match Model::new(config) {
        Ok(model) => Arc::new(model),
        Err(failure) => Arc::new(Unusable { model, failure }),
    }
}

/// The client for a configuration that cannot work.
#[derive(Debug)]
struct Unusable {
    model: String,
    failure: CompletionFailure,
}

impl LlmClient for Unusable {
    fn complete(
        &self,
        _: CompletionRequest,
        _: CompletionContext,
    ) -> BoxFuture<'_, Result<Completion, CompletionFailure>> {
        Box::pin(async { Err(self.failure.clone()) })
    }

    fn model(&self) -> &str {
        &self.model
    }
}
