//! A provider's model as everybody else sees it.

use std::sync::atomic::{AtomicBool, Ordering};

use oh_chat::{Completion, CompletionFailure, CompletionRequest};

use crate::client::{BoxFuture, CompletionContext, LlmClient};
use crate::config::LlmConfig;
use crate::log;
use crate::provider::{Provider, is_about_tools};
use crate::text_tools;

/// Asks a provider, by its protocol for tools or in words.
#[derive(Debug)]
pub(crate) struct Model {
    provider: Provider,
    /// The model calls tools in words.
    in_words: AtomicBool,
}

impl Model {
    pub(crate) fn new(config: LlmConfig) -> Result<Self, CompletionFailure> {
        let in_words = AtomicBool::new(config.native_tool_calling == Some(false));
        Ok(Self { provider: Provider::new(config)?, in_words })
    }

    async fn ask(
        &self,
        request: CompletionRequest,
        context: CompletionContext,
    ) -> Result<Completion, CompletionFailure> {
        if request.tools.is_empty() {
            return self.provider.complete(request, context, Vec::new()).await;
        }
        if !self.in_words.load(Ordering::Relaxed) {
            let kept = request.clone();
            let result = self.provider.complete(request, context.clone(), Vec::new()).await;
            let is_free = self.provider.config().native_tool_calling.is_none();
            match &result {
                Err(failure) if is_free && is_about_tools(failure) => {
                    tracing::info!(%failure, "the model is asked to call tools in words");
                    self.in_words.store(true, Ordering::Relaxed);
                }
                _ => return result,
            }
            return text_tools::complete(&self.provider, kept, context).await;
        }
        text_tools::complete(&self.provider, request, context).await
    }
}

impl LlmClient for Model {
    fn complete(
        &self,
        request: CompletionRequest,
        context: CompletionContext,
    ) -> BoxFuture<'_, Result<Completion, CompletionFailure>> {
        Box::pin(async move {
            let config = self.provider.config();
            let Some(folder) = &config.log_folder else { return self.ask(request, context).await };
            let kept = request.clone();
            let result = self.ask(request, context).await;
            log::write(folder, config, &kept, &result).await;
            result
        })
    }

    fn model(&self) -> &str {
        &self.provider.config().model
    }

    fn has_vision(&self) -> bool {
        self.provider.has_vision()
    }

    fn max_input_tokens(&self) -> Option<u64> {
        self.provider.max_input_tokens()
    }
}
