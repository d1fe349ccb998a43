//! Which model is asked: the user's settings, else the configuration, else the demonstration.

use std::sync::{Arc, PoisonError, RwLock};

use oh_config::LlmSettings;
use oh_llm::{LlmClient, LlmConfig};
use oh_store::Settings;

/// The model of the demonstration.
pub(crate) const DEMO: &str = "demo";

/// The client for the model that is chosen now.
#[derive(Debug)]
pub(crate) struct LlmChoice {
    configured: LlmSettings,
    chosen: RwLock<Chosen>,
}

/// Models that need no key: they run here, or their provider knows the machine.
const KEYLESS: [&str; 6] =
    ["ollama/", "ollama_chat/", "bedrock/", "lemonade/", "lm_studio/", "llamafile/"];

#[derive(Debug)]
struct Chosen {
    config: LlmConfig,
    client: Arc<dyn LlmClient>,
    /// The client was brought from outside and needs nothing.
    is_fixed: bool,
}

impl LlmChoice {
    pub(crate) fn new(configured: LlmSettings, settings: Option<&Settings>) -> Self {
        let config = choose(&configured, settings);
        let client = oh_llm::connect(config.clone());
        Self { configured, chosen: RwLock::new(Chosen { config, client, is_fixed: false }) }
    }

    /// Uses `client` whatever is configured.
    pub(crate) fn fixed(client: Arc<dyn LlmClient>, configured: LlmSettings) -> Self {
        let config = LlmConfig { model: client.model().to_owned(), ..LlmConfig::default() };
        Self { configured, chosen: RwLock::new(Chosen { config, client, is_fixed: true }) }
    }

    pub(crate) fn client(&self) -> Arc<dyn LlmClient> {
        self.chosen.read().unwrap_or_else(PoisonError::into_inner).client.clone()
    }

    /// Returns a model for work beside the conversations, unless it is a scripted one.
    pub(crate) fn helper(&self) -> Option<Arc<dyn LlmClient>> {
        let chosen = self.chosen.read().unwrap_or_else(PoisonError::into_inner);
        (!chosen.is_fixed && chosen.config.model != DEMO).then(|| chosen.client.clone())
    }

    pub(crate) fn config(&self) -> LlmConfig {
        self.chosen.read().unwrap_or_else(PoisonError::into_inner).config.clone()
    }

    /// Says whether the chosen model needs a key that nobody gave.
    pub(crate) fn lacks_key(&self) -> bool {
        let chosen = self.chosen.read().unwrap_or_else(PoisonError::into_inner);
        let config = &chosen.config;
        !chosen.is_fixed
            && config.model != DEMO
            && config.api_key.is_none()
            && config.base_url.is_none()
            && !KEYLESS.iter().any(|prefix| config.model.starts_with(prefix))
    }

    /// Follows a change of the settings; requests under way are not touched.
    pub(crate) fn update(&self, settings: &Settings) {
        let config = choose(&self.configured, Some(settings));
        let mut chosen = self.chosen.write().unwrap_or_else(PoisonError::into_inner);
        if chosen.config != config && !chosen.is_fixed {
            let client = oh_llm::connect(config.clone());
            *chosen = Chosen { client, config, is_fixed: false };
        }
    }
}

fn choose(configured: &LlmSettings, settings: Option<&Settings>) -> LlmConfig {
    let present = |value: Option<&String>| value.filter(|text| !text.trim().is_empty()).cloned();
    let model = settings.and_then(|settings| present(settings.llm_model.as_ref()));
    let key = settings.and_then(|settings| present(settings.llm_api_key.as_ref()));
    let url = settings.and_then(|settings| present(settings.llm_base_url.as_ref()));
    // A key of the configuration belongs to the configured provider, and to no other.
    let is_configured_model = model.is_none() || model == configured.model;
    let configured_key = configured.api_key.clone().filter(|_| is_configured_model);
    let configured_url = configured.base_url.clone().filter(|_| is_configured_model);
    LlmConfig {
        model: model.or_else(|| configured.model.clone()).unwrap_or_else(|| DEMO.to_owned()),
        api_key: key.or(configured_key),
        base_url: url.or(configured_url),
        attempts: configured.num_retries,
        retry_multiplier: configured.retry_multiplier,
        retry_min_wait: configured.retry_min_wait,
        retry_max_wait: configured.retry_max_wait,
        timeout: configured.timeout,
        temperature: configured.temperature,
        top_p: configured.top_p,
        max_output_tokens: configured.max_output_tokens,
        disable_vision: configured.disable_vision,
        input_cost_per_token: configured.input_cost_per_token,
        output_cost_per_token: configured.output_cost_per_token,
    }
}
