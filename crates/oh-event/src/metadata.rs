use crate::ToolCallId;

/// JSON text that is kept and passed on without being looked into.
///
/// Two values are equal if their texts are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpaqueJson(Box<str>);

impl OpaqueJson {
    /// Wraps `text`, which must be one complete JSON value.
    #[must_use]
    pub fn from_json_text(text: String) -> Self {
        Self(text.into_boxed_str())
    }

    /// Returns `{}`.
    #[must_use]
    pub fn empty_object() -> Self {
        Self("{}".into())
    }

    /// Returns the JSON text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for OpaqueJson {
    fn default() -> Self {
        Self::empty_object()
    }
}

/// Ties an event to the tool call of a model's response.
#[derive(Debug, Clone, PartialEq)]
pub struct ToolCallMetadata {
    /// Name of the tool that the model called.
    pub function_name: String,
    /// The model's name for this call.
    pub tool_call_id: ToolCallId,
    /// The response that holds the call.
    pub model_response: ModelResponse,
    /// How many calls the response holds.
    pub total_calls_in_response: u32,
}

/// A model's response, as far as a conversation needs to remember it.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelResponse {
    /// The provider's id of the response.
    pub id: String,
    /// Time of the response, in seconds since 1970.
    pub created: i64,
    /// The model that answered.
    pub model: String,
    /// Why the model stopped, in the provider's words.
    pub finish_reason: String,
    /// The text beside the tool calls.
    pub content: Option<String>,
    /// The tool calls, in order.
    pub tool_calls: Vec<ToolCallRecord>,
    /// What the model thought before, as far as the provider shows it.
    pub reasoning: Option<String>,
    /// JSON with which the provider recognizes its own thoughts.
    pub reasoning_state: Option<OpaqueJson>,
    /// Tokens of the prompt.
    pub prompt_tokens: u64,
    /// Tokens of the response.
    pub completion_tokens: u64,
    /// The whole response as it was recorded elsewhere, if it was.
    pub recorded: Option<OpaqueJson>,
}

/// One tool call of a [`ModelResponse`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolCallRecord {
    /// The model's name for the call.
    pub id: ToolCallId,
    /// The tool.
    pub name: String,
    /// The arguments, as the model wrote them (meant to be JSON).
    pub arguments: String,
}

/// Totals of a conversation's use of models, so far.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LlmMetrics {
    /// US dollars.
    pub accumulated_cost: f64,
    /// US dollars, if the conversation has a budget.
    pub max_budget_per_task: Option<f64>,
    /// Tokens.
    pub accumulated_token_usage: TokenUsage,
    /// Cost per call; empty in our own events.
    pub costs: Vec<CostEntry>,
    /// Latency per call; empty in our own events.
    pub response_latencies: Vec<LatencyEntry>,
    /// Tokens per call; empty in our own events.
    pub token_usages: Vec<TokenUsage>,
}

/// Tokens of one call or of many.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TokenUsage {
    /// The model, or `default` for a total.
    pub model: String,
    /// Tokens sent.
    pub prompt_tokens: u64,
    /// Tokens received.
    pub completion_tokens: u64,
    /// Of the tokens sent, those read from the provider's cache.
    pub cache_read_tokens: u64,
    /// Of the tokens sent, those written to the provider's cache.
    pub cache_write_tokens: u64,
    /// Largest context window of the models used.
    pub context_window: u64,
    /// Tokens of the last call.
    pub per_turn_token: u64,
    /// The provider's id of the response; empty for a total.
    pub response_id: String,
}

/// Cost of one model call.
#[derive(Debug, Clone, PartialEq)]
pub struct CostEntry {
    /// The model.
    pub model: String,
    /// US dollars.
    pub cost: f64,
    /// Seconds since 1970.
    pub timestamp: f64,
}

/// Latency of one model call.
#[derive(Debug, Clone, PartialEq)]
pub struct LatencyEntry {
    /// The model.
    pub model: String,
    /// Seconds.
    pub latency: f64,
    /// The provider's id of the response.
    pub response_id: String,
}
