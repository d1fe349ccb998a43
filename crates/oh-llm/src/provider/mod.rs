//! Models of providers, over the network.
//!
//! The `genai` crate knows the protocols; it is used here and nowhere else.

mod abilities;
mod answer;
mod failure;
mod frames;
mod limits;
mod marked;
mod options;
mod prices;
mod reasoning;
mod request;
mod signs;
mod target;

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use genai::adapter::AdapterKind;
use genai::chat::ChatStreamEvent;
use oh_chat::{Completion, CompletionFailure, CompletionRequest};

use crate::client::{CompletionContext, LlmNotice};
use crate::config::LlmConfig;
use crate::retry::{Schedule, retry};
use answer::Texts;
use frames::Frames;
use options::Wishes;
use request::{CacheMarks, Pictures};
use target::Target;

pub(crate) use failure::is_about_tools;
pub use target::has_same_destination;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);
/// An answer that keeps coming may take this many times the timeout.
const WHOLE_ANSWER: u32 = 6;
/// The randomness after an answer with nothing in it.
const LIVELIER: f64 = 1.0;

/// A provider's model.
#[derive(Debug)]
pub(crate) struct Provider {
    client: genai::Client,
    target: Target,
    config: LlmConfig,
    /// Tokens that the model can read, if known; asked for before each step.
    window: Option<u64>,
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
        let window = prices::window(&config);
        Ok(Self { client, target, config, window })
    }

    pub(crate) fn config(&self) -> &LlmConfig {
        &self.config
    }

    pub(crate) fn has_vision(&self) -> bool {
        let config = &self.config;
        let sees = config.force_vision || abilities::understands_pictures(&config.model);
        sees && !config.disable_vision
    }

    pub(crate) fn max_input_tokens(&self) -> Option<u64> {
        self.window
    }

    /// Returns the model's answer, asking again where that may help.
    pub(crate) async fn complete(
        &self,
        request: CompletionRequest,
        context: CompletionContext,
        stop: Vec<String>,
    ) -> Result<Completion, CompletionFailure> {
        let is_cool = self.config.temperature.is_none_or(|temperature| temperature == 0.0);
        let attempt = |previous: Option<&CompletionFailure>| {
            let is_stuck = is_cool && previous.is_some_and(failure::is_no_response);
            let wishes = Wishes {
                temperature: is_stuck.then_some(LIVELIER),
                stop: stop.clone(),
                ..Wishes::default()
            };
            self.attempt(request.clone(), context.clone(), wishes)
        };
        retry(&Schedule::of(&self.config), &context, attempt).await
    }

    /// Asks once, and once more at once if the answer may only be shorter than asked for.
    async fn attempt(
        &self,
        request: CompletionRequest,
        context: CompletionContext,
        wishes: Wishes,
    ) -> Result<Completion, CompletionFailure> {
        let result = self.ask_in_time(request.clone(), context.clone(), wishes.clone()).await;
        let Err(failure) = &result else { return result };
        let room = match failure {
            CompletionFailure::ContextWindow { message }
            | CompletionFailure::BadRequest { message } => limits::room(message),
            CompletionFailure::Authentication { .. }
            | CompletionFailure::RateLimited { .. }
            | CompletionFailure::Unavailable { .. }
            | CompletionFailure::Server { .. }
            | CompletionFailure::OutOfCredits { .. }
            | CompletionFailure::ContentPolicy { .. } => None,
        };
        let asked = self.config.max_output_tokens.unwrap_or(u32::MAX);
        match room.filter(|room| *room < asked) {
            None => result,
            Some(room) => {
                tracing::debug!(room, %failure, "the model is asked for a shorter answer");
                let wishes = Wishes { max_output_tokens: Some(room), ..wishes };
                self.ask_in_time(request, context, wishes).await
            }
        }
    }

    async fn ask_in_time(
        &self,
        request: CompletionRequest,
        context: CompletionContext,
        wishes: Wishes,
    ) -> Result<Completion, CompletionFailure> {
        let limit = self.config.timeout.saturating_mul(WHOLE_ANSWER);
        let result = tokio::time::timeout(limit, self.ask(request, context, wishes)).await;
        let result = result.unwrap_or_else(|_| {
            let message = format!("the answer was not complete after {} s", limit.as_secs());
            Err(failure::unavailable(message))
        });
        result.map_err(|error| failure::without_secret(error, self.config.api_key.as_deref()))
    }

    async fn ask(
        &self,
        request: CompletionRequest,
        context: CompletionContext,
        mut wishes: Wishes,
    ) -> Result<Completion, CompletionFailure> {
        let model = &self.target.model;
        let pictures = if self.has_vision() { Pictures::Sent } else { Pictures::LeftOut };
        let is_marked = request.is_cached
            && self.config.caching_prompt
            && abilities::takes_cache_marks(&self.config.model);
        let marks = match model.adapter_kind {
            AdapterKind::Anthropic if is_marked => CacheMarks::Set,
            AdapterKind::OpenAI | AdapterKind::OpenRouter if is_marked => {
                wishes.messages = Some(marked::messages(&request.messages, model, pictures));
                CacheMarks::LeftOut
            }
            _ => CacheMarks::LeftOut,
        };
        let frames = Arc::new(Frames::default());
        let options = options::options(&self.config, &self.target, wishes, frames.clone());
        let request = request::chat_request(request, model, pictures, marks);
        let answer = self.client.exec_chat_stream(model.clone(), request, Some(&options)).await;
        let mut stream = answer.map_err(|error| failure::of_error(&error))?.stream;
        let mut texts = Texts::default();
        while let Some(event) = stream.next().await {
            match event.map_err(|error| reported(&frames, failure::of_error(&error)))? {
                ChatStreamEvent::Chunk(chunk) => {
                    texts.answer.push_str(&chunk.content);
                    context.notify(LlmNotice::Text(chunk.content));
                }
                ChatStreamEvent::ReasoningChunk(chunk) => {
                    texts.thoughts.push_str(&chunk.content);
                    context.notify(LlmNotice::Reasoning(chunk.content));
                }
                ChatStreamEvent::End(end) => {
                    let told = frames.take();
                    if let Some(error) = &told.error {
                        return Err(failure::of_report(error));
                    }
                    return answer::completion(&self.config, model, told, texts, end);
                }
                ChatStreamEvent::Start
                | ChatStreamEvent::ThoughtSignatureChunk(_)
                | ChatStreamEvent::ToolCallChunk(_)
                | ChatStreamEvent::Heartbeat => {}
            }
        }
        Err(reported(&frames, failure::cut_off()))
    }
}

/// Prefers what the provider said to what the library made of it.
fn reported(frames: &Frames, failure: CompletionFailure) -> CompletionFailure {
    let told = frames.take();
    if let Some(reason) = told.refusal {
        let message = format!("the provider refuses to answer this ({reason})");
        return CompletionFailure::ContentPolicy { message };
    }
    told.error.as_ref().map_or(failure, failure::of_report)
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
