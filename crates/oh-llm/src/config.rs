use std::path::PathBuf;
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
    /// Address of Ollama, for its models if there is no `base_url`.
    pub ollama_base_url: Option<String>,
    /// The provider of a model whose name has no known prefix.
    pub custom_llm_provider: Option<String>,
    /// Version of Azure's interface.
    pub api_version: Option<String>,
    /// Region of Bedrock.
    pub aws_region: Option<String>,
    /// What OpenRouter is told of the application: its address.
    pub openrouter_site_url: String,
    /// What OpenRouter is told of the application: its name.
    pub openrouter_app_name: String,
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
    /// Number of likely words; `None` leaves it to the provider.
    pub top_k: Option<f64>,
    /// Makes answers repeatable where the provider can.
    pub seed: Option<u64>,
    /// How much the model thinks: `none`, `minimal`, `low`, `medium`, `high`, `xhigh` or `max`.
    pub reasoning_effort: Option<String>,
    /// Longest request, in tokens; `None` is what is known of the model.
    pub max_input_tokens: Option<u64>,
    /// Longest answer, in tokens.
    pub max_output_tokens: Option<u32>,
    /// Leave out what the model is known to refuse.
    pub drop_params: bool,
    /// Send no pictures.
    pub disable_vision: bool,
    /// Send pictures to models that are not known to see.
    pub force_vision: bool,
    /// Mark what the provider shall keep in its cache.
    pub caching_prompt: bool,
    /// Use the provider's protocol for tools; `None` tries it first.
    pub native_tool_calling: Option<bool>,
    /// Send no words at which the model shall stop.
    pub disable_stop_word: bool,
    /// Gemini's safety settings, as a JSON list.
    pub safety_settings: Option<String>,
    /// Further fields of the request, as a JSON object.
    pub completion_kwargs: Option<String>,
    /// Where every request and its answer are written to.
    pub log_folder: Option<PathBuf>,
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
            ollama_base_url: None,
            custom_llm_provider: None,
            api_version: None,
            aws_region: None,
            openrouter_site_url: "https://docs.all-hands.dev/".to_owned(),
            openrouter_app_name: "OpenHands".to_owned(),
            attempts: 5,
            retry_multiplier: 8.0,
            retry_min_wait: Duration::from_secs(8),
            retry_max_wait: Duration::from_secs(64),
            timeout: Duration::from_secs(300),
            temperature: None,
            top_p: None,
            top_k: None,
            seed: None,
            reasoning_effort: None,
            max_input_tokens: None,
            max_output_tokens: None,
            drop_params: true,
            disable_vision: false,
            force_vision: false,
            caching_prompt: true,
            native_tool_calling: None,
            disable_stop_word: false,
            safety_settings: None,
            completion_kwargs: None,
            log_folder: None,
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
