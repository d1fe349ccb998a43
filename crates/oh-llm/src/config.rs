use std::time::Duration;

/// Which model is asked, where, and how patiently.
#[derive(Clone, PartialEq)]
pub struct LlmConfig {
    /// The model as OpenHands names it: `provider/model`, or `demo`.
    pub model: String,
    /// The provider's key.
    pub api_key: Option<String>,
    /// Address of the provider; `None` is the provider's own.
    pub base_url: Option<String>,
    /// Attempts in all, at least 1.
    pub attempts: u32,
    /// Waits between attempts grow by doubling from `multiplier` seconds.
    pub retry_multiplier: f64,
    /// Shortest wait.
    pub retry_min_wait: Duration,
    /// Longest wait.
    pub retry_max_wait: Duration,
    /// Longest silence of the provider; a whole answer may take six times as long.
    pub timeout: Duration,
    /// Randomness; `None` leaves it to the provider.
    pub temperature: Option<f64>,
    /// Share of likely words; `None` leaves it to the provider.
    pub top_p: Option<f64>,
    /// Longest answer, in tokens.
    pub max_output_tokens: Option<u32>,
    /// Send no pictures.
    pub disable_vision: bool,
    /// US dollars per token sent, if known.
    pub input_cost_per_token: Option<f64>,
    /// US dollars per token received, if known.
    pub output_cost_per_token: Option<f64>,
}

impl Default for LlmConfig {
    fn default() -> Self {
        Self {
            model: "demo".to_owned(),
            api_key: None,
            base_url: None,
            attempts: 5,
            retry_multiplier: 8.0,
            retry_min_wait: Duration::from_secs(8),
            retry_max_wait: Duration::from_secs(64),
            timeout: Duration::from_secs(300),
            temperature: None,
            top_p: None,
            max_output_tokens: None,
            disable_vision: false,
            input_cost_per_token: None,
            output_cost_per_token: None,
        }
    }
}

impl std::fmt::Debug for LlmConfig {
    /// Shows everything but the key.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LlmConfig")
            .field("model", &self.model)
            .field("base_url", &self.base_url)
            .field("has_key", &self.api_key.is_some())
            .finish_non_exhaustive()
    }
}
