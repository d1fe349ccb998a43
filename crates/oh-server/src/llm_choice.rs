//! Which model is asked: the user's settings, else the configuration, else the demonstration.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use oh_config::LlmSettings;
use oh_llm::{LlmClient, LlmConfig, LocalServer};
use oh_store::Settings;
use tokio::sync::OnceCell;

/// The model of the demonstration.
pub(crate) const DEMO: &str = "demo";

/// The client for the model that is chosen now.
#[derive(Debug)]
pub(crate) struct LlmChoice {
    configured: LlmSettings,
    /// The clients of the named groups of the configuration.
    groups: BTreeMap<String, Arc<dyn LlmClient>>,
    /// A server of models that was found on this machine.
    local: OnceCell<Option<LocalServer>>,
    chosen: RwLock<Chosen>,
}

/// Models that need no key: they run here.
const KEYLESS: [&str; 5] = ["ollama/", "ollama_chat/", "lemonade/", "lm_studio/", "llamafile/"];

/// A model that somebody thinks of choosing.
#[derive(Debug)]
pub(crate) struct Wanted {
    pub(crate) model: String,
    pub(crate) base_url: Option<String>,
    /// None is the stored one, an empty one is none.
    pub(crate) key: Option<String>,
}

#[derive(Debug)]
struct Chosen {
    config: LlmConfig,
    client: Arc<dyn LlmClient>,
    /// The client was brought from outside and needs nothing.
    is_fixed: bool,
}

impl LlmChoice {
    pub(crate) fn new(configured: LlmSettings, settings: Option<&Settings>) -> Self {
        let config = choose(&configured, settings, None);
        let client = oh_llm::connect(config.clone());
        let chosen = RwLock::new(Chosen { config, client, is_fixed: false });
        let connect =
            |(name, config): (&String, &LlmConfig)| (name.clone(), oh_llm::connect(config.clone()));
        let groups = configured.groups.iter().map(connect).collect();
        Self { groups, configured, local: OnceCell::new(), chosen }
    }

    /// Uses `client` whatever is configured.
    pub(crate) fn fixed(client: Arc<dyn LlmClient>, configured: LlmSettings) -> Self {
        let config = LlmConfig { model: client.model().to_owned(), ..LlmConfig::default() };
        Self {
            groups: BTreeMap::new(),
            local: OnceCell::new(),
            configured,
            chosen: RwLock::new(Chosen { config, client, is_fixed: true }),
        }
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

    /// Returns the client of a named group of the configuration, such as the condenser's.
    pub(crate) fn client_of(&self, group: &str) -> Option<Arc<dyn LlmClient>> {
        let chosen = self.chosen.read().unwrap_or_else(PoisonError::into_inner);
        if chosen.is_fixed {
            return Some(chosen.client.clone());
        }
        self.groups.get(group).cloned()
    }

    /// Returns every key that is configured or chosen.
    pub(crate) fn keys(&self) -> Vec<String> {
        let groups = self.configured.groups.values().map(|group| group.api_key.clone());
        groups.chain([self.config().api_key]).flatten().collect()
    }

    /// Returns what would be asked if these were the settings. Without a key it is the stored one,
    /// if that is meant for the same address.
    pub(crate) fn candidate(&self, wanted: Wanted, settings: Option<&Settings>) -> LlmConfig {
        let Wanted { model, base_url, key } = wanted;
        let key_is_open = key.is_none();
        let would_be = Settings {
            llm_model: Some(model),
            llm_base_url: base_url,
            llm_api_key: key,
            ..Settings::default()
        };
        let mut config = choose(&self.configured, Some(&would_be), None);
        let stored = settings.filter(|settings| present(settings.llm_api_key.as_ref()).is_some());
        if let (true, Some(settings)) = (key_is_open, stored) {
            let now = choose(&self.configured, Some(settings), None);
            if oh_llm::has_same_destination(&now, &config) {
                config.api_key = now.api_key;
            }
        }
        config
    }

    /// Looks once for a server of models on this machine, if nobody has named a model, and uses
    /// it as long as nobody does.
    pub(crate) async fn look_around(
        &self,
        settings: impl Fn() -> Option<Settings>,
    ) -> Option<&LocalServer> {
        let is_fixed = self.chosen.read().unwrap_or_else(PoisonError::into_inner).is_fixed;
        let is_named = || named(&self.configured, settings().as_ref()).is_some();
        if is_fixed || is_named() {
            return None;
        }
        let server = self.local.get_or_init(oh_llm::find_local_server).await.as_ref()?;
        self.choose_again(settings().as_ref());
        // Somebody may have named one meanwhile.
        (!is_named()).then_some(server)
    }

    /// Follows a change of the settings; requests under way are not touched.
    pub(crate) fn update(&self, settings: &Settings) {
        self.choose_again(Some(settings));
    }

    fn choose_again(&self, settings: Option<&Settings>) {
        let local = self.local.get().and_then(Option::as_ref);
        let config = choose(&self.configured, settings, local);
        let mut chosen = self.chosen.write().unwrap_or_else(PoisonError::into_inner);
        if chosen.config != config && !chosen.is_fixed {
            let client = oh_llm::connect(config.clone());
            *chosen = Chosen { client, config, is_fixed: false };
        }
    }
}

fn present(value: Option<&String>) -> Option<String> {
    value.filter(|text| !text.trim().is_empty()).cloned()
}

/// Returns the model that somebody named.
fn named(configured: &LlmSettings, settings: Option<&Settings>) -> Option<String> {
    let model = settings.and_then(|settings| present(settings.llm_model.as_ref()));
    model.or_else(|| present(configured.model.as_ref()))
}

/// Lets a model that somebody named for this process take the place of every other choice. The
/// key and address of another choice stay only if they belong to the same provider.
pub(crate) fn prefer(model: &str, configured: &mut LlmSettings, settings: &mut Option<Settings>) {
    let provider = |model: &str| model.split_once('/').map(|(provider, _)| provider.to_owned());
    let is_akin = |other: Option<&String>| {
        other.is_some_and(|other| other == model || provider(other) == provider(model))
    };
    if let Some(settings) = settings {
        if !is_akin(settings.llm_model.as_ref()) {
            settings.llm_api_key = None;
            settings.llm_base_url = None;
        }
        settings.llm_model = None;
    }
    if configured.model.is_some() && !is_akin(configured.model.as_ref()) {
        configured.config.api_key = None;
        configured.config.base_url = None;
    }
    configured.model = Some(model.to_owned());
}

fn choose(
    configured: &LlmSettings,
    settings: Option<&Settings>,
    local: Option<&LocalServer>,
) -> LlmConfig {
    let config = configured.config.clone();
    let model = named(configured, settings);
    if let (None, Some(local)) = (&model, local) {
        // No key is sent to what happens to be there.
        let base_url = Some(local.base_url.clone());
        return LlmConfig { model: local.model.clone(), base_url, api_key: None, ..config };
    }
    let key = settings.and_then(|settings| present(settings.llm_api_key.as_ref()));
    let url = settings.and_then(|settings| present(settings.llm_base_url.as_ref()));
    // A key of the configuration belongs to the configured provider, and to no other.
    let is_configured_model =
        model == configured.model || configured.model.is_none() && model.is_none();
    let configured_key = config.api_key.clone().filter(|_| is_configured_model);
    let configured_url = config.base_url.clone().filter(|_| is_configured_model);
    LlmConfig {
        model: model.unwrap_or_else(|| DEMO.to_owned()),
        api_key: key.or(configured_key),
        base_url: url.or(configured_url),
        ..config
    }
}

#[cfg(test)]
mod tests {
    use oh_config::{Config, Environment};

    use super::*;

    fn configured(text: &str) -> LlmSettings {
        let path = std::path::Path::new("config.toml");
        Config::parse(text, path, &Environment::new()).unwrap().llm
    }

    fn local() -> LocalServer {
        LocalServer {
            name: "Ollama",
            base_url: "http://127.0.0.1:11434".to_owned(),
            model: "ollama/qwen3:8b".to_owned(),
            models: vec!["ollama/qwen3:8b".to_owned()],
        }
    }

    #[tokio::test]
    async fn a_local_server_is_used_only_if_nobody_names_a_model() {
        let choice = LlmChoice::new(configured("[llm]\napi_key = \"sk-secret\""), None);
        choice.local.set(Some(local())).unwrap();
        assert_eq!(choice.look_around(|| None).await, Some(&local()));
        let config = choice.config();
        assert_eq!((config.model.as_str(), config.api_key), ("ollama/qwen3:8b", None));
        assert!(!choice.lacks_key());

        let settings = Settings { llm_model: Some("openai/x".to_owned()), ..Settings::default() };
        choice.update(&settings);
        assert_eq!(choice.config().model, "openai/x");
        choice.update(&Settings::default());
        assert_eq!(choice.config().model, "ollama/qwen3:8b");

        let named = LlmChoice::new(configured("[llm]\nmodel = \"demo\""), None);
        named.local.set(Some(local())).unwrap();
        assert_eq!(named.look_around(|| None).await, None);
        assert_eq!(named.config().model, "demo");
    }

    #[test]
    fn a_model_for_this_process_takes_only_a_key_of_its_provider() {
        let check = |model: &str, expected: Option<&str>| {
            let mut configured = configured("[llm]\nmodel = \"openai/a\"\napi_key = \"sk-openai\"");
            let mut settings = Some(Settings {
                llm_model: Some("anthropic/b".to_owned()),
                llm_api_key: Some("sk-anthropic".to_owned()),
                ..Settings::default()
            });
            prefer(model, &mut configured, &mut settings);
            let config = LlmChoice::new(configured, settings.as_ref()).config();
            assert_eq!((config.model.as_str(), config.api_key.as_deref()), (model, expected));
        };
        check("openai/a", Some("sk-openai"));
        check("openai/c", Some("sk-openai"));
        check("anthropic/b", Some("sk-anthropic"));
        check("anthropic/c", Some("sk-anthropic"));
        check("gemini/d", None);
    }

    #[test]
    fn a_stored_key_is_tried_only_where_it_belongs() {
        let configured = configured("[llm]\nmodel = \"openai/a\"\napi_key = \"sk-config\"");
        let settings = Settings {
            llm_model: Some("anthropic/b".to_owned()),
            llm_api_key: Some("sk-stored".to_owned()),
            ..Settings::default()
        };
        let choice = LlmChoice::new(configured, Some(&settings));
        let check = |model: &str, url: Option<&str>, key: Option<&str>, expected: Option<&str>| {
            let wanted = Wanted {
                model: model.to_owned(),
                base_url: url.map(str::to_owned),
                key: key.map(str::to_owned),
            };
            let config = choice.candidate(wanted, Some(&settings));
            assert_eq!(config.api_key.as_deref(), expected, "{model} {url:?} {key:?}");
        };
        check("anthropic/c", None, None, Some("sk-stored"));
        check("anthropic/c", Some(""), None, Some("sk-stored"));
        check("anthropic/c", None, Some("sk-new"), Some("sk-new"));
        check("anthropic/c", None, Some(""), None);
        check("anthropic/c", Some("http://elsewhere"), None, None);
        check("gemini/d", None, None, None);
        check("openai/e", None, None, None);
        check("openai/a", None, None, Some("sk-config"));
    }

    #[test]
    fn a_group_has_a_client_of_its_own() {
        let choice = LlmChoice::new(configured("[llm.small]\nmodel = \"openai/mini\""), None);
        assert_eq!(choice.client_of("small").unwrap().model(), "openai/mini");
        assert!(choice.client_of("large").is_none());
    }
}
