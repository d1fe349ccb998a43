//! Pictures that a conversation only names.

use std::fmt;
use std::sync::Arc;

use oh_chat::{ChatMessage, Completion, CompletionFailure, CompletionRequest};

use crate::client::{BoxFuture, CompletionContext, LlmClient};

/// Finds the picture with a name and returns it as a `data:` address; `None` if there is none.
pub type PictureSource = Arc<dyn Fn(String) -> BoxFuture<'static, Option<String>> + Send + Sync>;

/// A model that is shown the pictures that messages name.
pub struct WithPictures {
    inner: Arc<dyn LlmClient>,
    find: PictureSource,
}

impl fmt::Debug for WithPictures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("WithPictures").field(&self.inner).finish()
    }
}

impl WithPictures {
    /// Makes a client that asks `inner`.
    #[must_use]
    pub fn new(inner: Arc<dyn LlmClient>, find: PictureSource) -> Self {
        Self { inner, find }
    }

    async fn show(&self, message: &mut ChatMessage) {
        let ChatMessage::User { image_urls, .. } = message else { return };
        for url in std::mem::take(image_urls) {
            // A name of ours that leads to nothing says nothing to a model.
            if !url.starts_with('/') {
                image_urls.push(url);
            } else if let Some(picture) = (self.find)(url).await {
                image_urls.push(picture);
            }
        }
    }
}

impl LlmClient for WithPictures {
    fn complete(
        &self,
        mut request: CompletionRequest,
        context: CompletionContext,
    ) -> BoxFuture<'_, Result<Completion, CompletionFailure>> {
        Box::pin(async move {
            if self.inner.has_vision() {
                for message in &mut request.messages {
                    self.show(message).await;
                }
            }
            self.inner.complete(request, context).await
        })
    }

    fn model(&self) -> &str {
        self.inner.model()
    }

    fn has_vision(&self) -> bool {
        self.inner.has_vision()
    }

    fn max_input_tokens(&self) -> Option<u64> {
        self.inner.max_input_tokens()
    }
}
