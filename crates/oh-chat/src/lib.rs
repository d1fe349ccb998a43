//! The vocabulary of talking to a model, without any provider's form.
//!
//! A [`CompletionRequest`] is a list of [`ChatMessage`]s and the [`ToolSpec`]s on offer;
//! the answer is a [`Completion`] or a [`CompletionFailure`]. `oh-agent` makes requests
//! and reads answers, `oh-llm` carries them to providers. Nothing here does IO.
#![warn(missing_docs, clippy::wildcard_enum_match_arm)]

use std::fmt;
use std::time::Duration;

/// What the model is asked.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CompletionRequest {
    /// The conversation so far; the first message is the system prompt.
    pub messages: Vec<ChatMessage>,
    /// The tools on offer.
    pub tools: Vec<ToolSpec>,
    /// The next request begins in the same way, so a provider's cache is worth its price.
    pub is_cached: bool,
}

/// One message of a conversation with a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChatMessage {
    /// Instructions that stand above everything.
    System {
        /// The text.
        text: String,
    },
    /// What the user says, or what the server says on the user's side.
    User {
        /// The text.
        text: String,
        /// Pictures as `data:` or http(s) addresses.
        image_urls: Vec<String>,
    },
    /// What the model said.
    Assistant {
        /// The text, possibly empty.
        text: String,
        /// The tools it called.
        tool_calls: Vec<ToolCall>,
        /// What it thought before, if it is to be reminded of that.
        reasoning: Option<Reasoning>,
    },
    /// What came of one tool call.
    ToolResult {
        /// The model's name for the call.
        call_id: String,
        /// The tool.
        name: String,
        /// The result.
        text: String,
    },
}

/// A tool that the model may call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolSpec {
    /// Name, unique among the tools of a request.
    pub name: String,
    /// What it does and when to use it.
    pub description: String,
    /// JSON Schema of the arguments, as text.
    pub parameters: String,
}

/// A call of a tool by the model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolCall {
    /// The model's name for the call.
    pub id: String,
    /// The tool.
    pub name: String,
    /// The arguments as the model wrote them; meant to be JSON, but unchecked.
    pub arguments: String,
}

/// What a model thought before it answered.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reasoning {
    /// The thoughts as far as the provider shows them.
    pub text: String,
    /// JSON with which the provider recognizes its own thoughts, such as signatures.
    /// Only the provider's adapter looks into it.
    pub state: Option<String>,
}

/// What the model answered.
#[derive(Debug, Clone, PartialEq)]
pub struct Completion {
    /// The provider's id of the response.
    pub response_id: String,
    /// Seconds since 1970.
    pub created: i64,
    /// The model that answered.
    pub model: String,
    /// The text; empty if there is none.
    pub text: String,
    /// The tool calls, in order.
    pub tool_calls: Vec<ToolCall>,
    /// What the model thought, if it tells.
    pub reasoning: Option<Reasoning>,
    /// Why the model stopped, in the words of OpenAI's protocol.
    pub finish_reason: String,
    /// Tokens used.
    pub usage: Usage,
    /// US dollars, if known.
    pub cost: Option<f64>,
}

/// Tokens of one completion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usage {
    /// Sent.
    pub prompt_tokens: u64,
    /// Received.
    pub completion_tokens: u64,
    /// Of those sent, read from the provider's cache.
    pub cache_read_tokens: u64,
    /// Of those sent, written to the provider's cache.
    pub cache_write_tokens: u64,
    /// Of those received, spent on thoughts.
    pub reasoning_tokens: u64,
}

/// What work beside the agent's own answers has used of models.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Spent {
    /// Tokens.
    pub usage: Usage,
    /// US dollars.
    pub cost: f64,
}

impl Spent {
    /// Adds one answer.
    pub fn add(&mut self, completion: &Completion) {
        let (sum, usage) = (&mut self.usage, completion.usage);
        sum.prompt_tokens += usage.prompt_tokens;
        sum.completion_tokens += usage.completion_tokens;
        sum.cache_read_tokens += usage.cache_read_tokens;
        sum.cache_write_tokens += usage.cache_write_tokens;
        sum.reasoning_tokens += usage.reasoning_tokens;
        self.cost += completion.cost.unwrap_or(0.0);
    }
}

/// Why there is no answer, by what can be done about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CompletionFailure {
    /// The key is missing or refused: the user must change the settings.
    Authentication {
        /// The provider's words.
        message: String,
    },
    /// Too many requests: wait and try again.
    RateLimited {
        /// How long the provider asks us to wait.
        retry_after: Option<Duration>,
        /// The provider's words.
        message: String,
    },
    /// No connection, a timeout, or the provider is overloaded: try again.
    Unavailable {
        /// How long the provider asks us to wait.
        retry_after: Option<Duration>,
        /// What happened.
        message: String,
    },
    /// The provider failed: try again.
    Server {
        /// The provider's words.
        message: String,
    },
    /// The account has no credit: the user must pay.
    OutOfCredits {
        /// The provider's words.
        message: String,
    },
    /// The provider refuses the content: the user must ask for something else.
    ContentPolicy {
        /// The provider's words.
        message: String,
    },
    /// The request is longer than the model can read: the history must shrink.
    ContextWindow {
        /// The provider's words.
        message: String,
    },
    /// The provider does not understand the request: the settings must change.
    BadRequest {
        /// The provider's words.
        message: String,
    },
}

impl CompletionFailure {
    /// Says whether the same request may succeed later.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::RateLimited { .. } | Self::Unavailable { .. } | Self::Server { .. } => true,
            Self::Authentication { .. }
            | Self::OutOfCredits { .. }
            | Self::ContentPolicy { .. }
            | Self::ContextWindow { .. }
            | Self::BadRequest { .. } => false,
        }
    }

    /// Returns how long the provider asks us to wait, if it does.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::RateLimited { retry_after, .. } | Self::Unavailable { retry_after, .. } => {
                *retry_after
            }
            Self::Server { .. }
            | Self::Authentication { .. }
            | Self::OutOfCredits { .. }
            | Self::ContentPolicy { .. }
            | Self::ContextWindow { .. }
            | Self::BadRequest { .. } => None,
        }
    }

    /// Returns the status id by which OpenHands tells the user.
    #[must_use]
    pub fn status_id(&self) -> &'static str {
        match self {
            Self::Authentication { .. } => "STATUS$ERROR_LLM_AUTHENTICATION",
            Self::Unavailable { .. } => "STATUS$ERROR_LLM_SERVICE_UNAVAILABLE",
            Self::Server { .. } => "STATUS$ERROR_LLM_INTERNAL_SERVER_ERROR",
            Self::OutOfCredits { .. } => "STATUS$ERROR_LLM_OUT_OF_CREDITS",
            Self::ContentPolicy { .. } => "STATUS$ERROR_LLM_CONTENT_POLICY_VIOLATION",
            Self::RateLimited { .. } => "CHAT_INTERFACE$AGENT_RATE_LIMITED_STOPPED_MESSAGE",
            Self::ContextWindow { .. } => "STATUS$ERROR_LLM_CONTEXT_WINDOW",
            Self::BadRequest { .. } => "STATUS$ERROR",
        }
    }

    /// Returns the provider's words.
    #[must_use]
    pub fn message(&self) -> &str {
        match self {
            Self::Authentication { message }
            | Self::RateLimited { message, .. }
            | Self::Unavailable { message, .. }
            | Self::Server { message }
            | Self::OutOfCredits { message }
            | Self::ContentPolicy { message }
            | Self::ContextWindow { message }
            | Self::BadRequest { message } => message,
        }
    }
}

impl fmt::Display for CompletionFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message())
    }
}

impl std::error::Error for CompletionFailure {}
