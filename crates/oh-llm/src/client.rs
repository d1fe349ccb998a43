use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use oh_chat::{ChatMessage, Completion, CompletionFailure, CompletionRequest};
use tokio::sync::mpsc;

/// A future that may be sent between threads.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Something that answers a conversation. Dropping the future ends the request.
pub trait LlmClient: Debug + Send + Sync + 'static {
    /// Returns the model's answer; retries are made inside.
    fn complete(
        &self,
        request: CompletionRequest,
        context: CompletionContext,
    ) -> BoxFuture<'_, Result<Completion, CompletionFailure>>;

    /// Returns the model's name as OpenHands writes it, such as `openai/gpt-4o`.
    fn model(&self) -> &str;

    /// Says whether the model understands pictures.
    fn has_vision(&self) -> bool {
        false
    }

    /// Returns how many tokens a request may have, if that is known.
    fn max_input_tokens(&self) -> Option<u64> {
        None
    }
}

/// Asks a single question without tools and returns the text of the answer.
///
/// # Errors
/// Fails as [`LlmClient::complete`] does.
pub async fn ask(
    llm: &dyn LlmClient,
    system: &str,
    question: &str,
) -> Result<String, CompletionFailure> {
    let request = CompletionRequest {
        messages: vec![
            ChatMessage::System { text: system.to_owned() },
            ChatMessage::User { text: question.to_owned(), image_urls: Vec::new() },
        ],
        tools: Vec::new(),
        is_cached: false,
    };
    Ok(llm.complete(request, CompletionContext::default()).await?.text)
}

/// What a request may tell while it is under way.
#[derive(Debug, Clone, Default)]
pub struct CompletionContext {
    /// Takes passing notices; one that finds no room is dropped.
    pub notices: Option<mpsc::Sender<LlmNotice>>,
}

/// A passing notice of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LlmNotice {
    /// A piece of the answer's text.
    Text(String),
    /// A piece of the model's reasoning.
    Reasoning(String),
    /// The answer begins anew: the text and the reasoning told so far are withdrawn.
    Restart,
    /// The request failed and is made again.
    Retry {
        /// The attempt that failed, from 1.
        attempt: u32,
        /// Attempts in all.
        attempts: u32,
        /// How long until the next one.
        wait: Duration,
        /// The provider refused because there were too many requests.
        is_rate_limited: bool,
    },
}

impl CompletionContext {
    /// Sends a notice if somebody listens and there is room.
    pub fn notify(&self, notice: LlmNotice) {
        if let Some(notices) = &self.notices {
            // Notices are lossy by design.
            let _ = notices.try_send(notice);
        }
    }
}
