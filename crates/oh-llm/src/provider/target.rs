//! From a model's name, as OpenHands writes it, to a protocol and an address.

use genai::adapter::AdapterKind;
use genai::resolver::{AuthData, Endpoint, ProviderConfig};
use genai::{Headers, ModelIden};
use oh_chat::CompletionFailure;
use reqwest::Url;

use crate::config::LlmConfig;

/// The prefixes of model names and the protocols that they stand for.
const PREFIXES: [(&str, AdapterKind); 29] = [
    ("openai", AdapterKind::OpenAI),
    ("litellm_proxy", AdapterKind::OpenAI),
    ("hosted_vllm", AdapterKind::OpenAI),
    ("lm_studio", AdapterKind::OpenAI),
    ("llamafile", AdapterKind::OpenAI),
    ("custom_openai", AdapterKind::OpenAI),
    ("openhands", AdapterKind::OpenAI),
    ("azure", AdapterKind::OpenAI),
    ("huggingface", AdapterKind::OpenAI),
    ("cerebras", AdapterKind::OpenAI),
    ("sambanova", AdapterKind::OpenAI),
    ("nvidia_nim", AdapterKind::OpenAI),
    ("deepinfra", AdapterKind::OpenAI),
    ("dashscope", AdapterKind::OpenAI),
    ("anthropic", AdapterKind::Anthropic),
    ("gemini", AdapterKind::Gemini),
    ("ollama", AdapterKind::Ollama),
    ("ollama_chat", AdapterKind::Ollama),
    ("openrouter", AdapterKind::OpenRouter),
    ("deepseek", AdapterKind::DeepSeek),
    ("groq", AdapterKind::Groq),
    ("mistral", AdapterKind::Mistral),
    ("xai", AdapterKind::Xai),
    ("moonshot", AdapterKind::Moonshot),
    ("together_ai", AdapterKind::Together),
    ("fireworks_ai", AdapterKind::Fireworks),
    ("bedrock", AdapterKind::BedrockApi),
    ("kimi", AdapterKind::Kimi),
    ("zai", AdapterKind::Zai),
];

/// Addresses that the client library does not know.
const ADDRESSES: [(&str, &str); 7] = [
    ("openhands", "https://llm-proxy.app.all-hands.dev/"),
    ("huggingface", "https://router.huggingface.co/v1/"),
    ("cerebras", "https://api.cerebras.ai/v1/"),
    ("sambanova", "https://api.sambanova.ai/v1/"),
    ("nvidia_nim", "https://integrate.api.nvidia.com/v1/"),
    ("deepinfra", "https://api.deepinfra.com/v1/openai/"),
    ("dashscope", "https://dashscope-intl.aliyuncs.com/compatible-mode/v1/"),
];

/// These have no address of their own.
const NEED_ADDRESS: [&str; 6] =
    ["litellm_proxy", "hosted_vllm", "lm_studio", "llamafile", "custom_openai", "azure"];

/// The version of Azure's interface if none is configured.
const AZURE_VERSION: &str = "2024-12-01-preview";
/// The region of Bedrock if none is configured.
const BEDROCK_REGION: &str = "us-east-1";

/// Which model is asked, by which protocol, where and with which key.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    pub(crate) model: ModelIden,
    pub(crate) provider: ProviderConfig,
}

impl Target {
    pub(crate) fn of(config: &LlmConfig) -> Result<Self, CompletionFailure> {
        let full = full_name(config);
        let prefix = full.split_once('/').map_or("", |(prefix, _)| prefix);
        let base = match configured_address(config, prefix) {
            Some(text) => Some(base_url(text)?),
            None => ADDRESSES
                .iter()
                .find(|(known, _)| *known == prefix)
                .and_then(|(_, address)| Url::parse(address).ok()),
        };
        let (kind, name) = protocol(&full, base.as_ref())?;
        let key = config.api_key.as_deref().map(str::trim).filter(|key| !key.is_empty());
        let is_azure = prefix == "azure";
        let auth = match (key, &base) {
            (Some(key), Some(base)) if is_azure => azure(base, name, key, config),
            (Some(key), _) => AuthData::from_single(key),
            (None, _) if kind == AdapterKind::Ollama => AuthData::None,
            // A local server needs no key: none is sent.
            (None, Some(base)) if kind == AdapterKind::OpenAI && !is_azure => {
                AuthData::RequestOverride {
                    url: join(base, "chat/completions"),
                    headers: Headers::default(),
                }
            }
            // The library must not look for a key in the environment.
            (None, _) => {
                let message = format!("no key is set for the model `{}`", config.model);
                return Err(CompletionFailure::Authentication { message });
            }
        };
        let endpoint = match base {
            Some(base) => Some(with_version(base, kind)),
            None if kind == AdapterKind::BedrockApi => Some(bedrock(config)?),
            None => None,
        };
        Ok(Self {
            model: ModelIden::new(kind, name.to_owned()),
            provider: ProviderConfig {
                endpoint: endpoint.map(|url| Endpoint::from_owned(String::from(url))),
                auth: Some(auth),
            },
        })
    }

    /// Returns where the key goes, in a form that can be compared.
    fn destination(&self) -> String {
        let kind = match self.model.adapter_kind {
            // Two protocols at one address.
            AdapterKind::OpenAIResp => AdapterKind::OpenAI,
            other => other,
        };
        let endpoint = self.provider.endpoint.as_ref();
        endpoint.map_or_else(|| format!("{kind:?}"), |endpoint| endpoint.base_url().to_owned())
    }

    pub(crate) fn is_plain_http(&self) -> bool {
        let endpoint = self.provider.endpoint.as_ref();
        endpoint.is_some_and(|endpoint| endpoint.base_url().starts_with("http:"))
    }
}

/// Says whether both configurations send their key to the same address; one that cannot work
/// sends none.
#[must_use]
pub fn has_same_destination(one: &LlmConfig, other: &LlmConfig) -> bool {
    let destination = |config: &LlmConfig| {
        // Whether there is a key makes no difference to where it would go.
        let config = LlmConfig { api_key: Some("key".to_owned()), ..config.clone() };
        Target::of(&config).ok().map(|target| target.destination())
    };
    let one = destination(one);
    one.is_some() && one == destination(other)
}

/// Returns the name with the provider that the settings name apart from it.
fn full_name(config: &LlmConfig) -> String {
    let model = config.model.trim();
    let prefix = model.split_once('/').map(|(prefix, _)| prefix);
    let is_known = PREFIXES.iter().any(|(known, _)| Some(*known) == prefix);
    match config.custom_llm_provider.as_deref().map(str::trim) {
        Some(provider) if !provider.is_empty() && !is_known => format!("{provider}/{model}"),
        _ => model.to_owned(),
    }
}

fn configured_address<'a>(config: &'a LlmConfig, prefix: &str) -> Option<&'a str> {
    let present =
        |text: &'a Option<String>| text.as_deref().map(str::trim).filter(|text| !text.is_empty());
    let of_ollama = present(&config.ollama_base_url).filter(|_| prefix.starts_with("ollama"));
    present(&config.base_url).or(of_ollama)
}

/// These addresses are usually written without their version.
fn with_version(mut base: Url, kind: AdapterKind) -> Url {
    if base.path() == "/" {
        match kind {
            AdapterKind::Anthropic => base.set_path("/v1/"),
            AdapterKind::Gemini => base.set_path("/v1beta/"),
            _ => {}
        }
    }
    base
}

/// Azure has an address for each deployment and a header of its own for the key.
fn azure(base: &Url, deployment: &str, key: &str, config: &LlmConfig) -> AuthData {
    let is_new = base.path().ends_with("/openai/v1/");
    let is_deployment = base.path().contains("/deployments/");
    let part = if is_new || is_deployment {
        "chat/completions".to_owned()
    } else if base.path().ends_with("/openai/") {
        format!("deployments/{deployment}/chat/completions")
    } else {
        format!("openai/deployments/{deployment}/chat/completions")
    };
    let mut url = base.clone();
    url.set_path(&format!("{}{part}", base.path()));
    if !is_new && !url.query_pairs().any(|(name, _)| name == "api-version") {
        let version = config.api_version.as_deref().map(str::trim).filter(|v| !v.is_empty());
        url.query_pairs_mut().append_pair("api-version", version.unwrap_or(AZURE_VERSION));
    }
    let headers = Headers::from(("api-key".to_owned(), key.to_owned()));
    AuthData::RequestOverride { url: url.into(), headers }
}

fn bedrock(config: &LlmConfig) -> Result<Url, CompletionFailure> {
    let region = config.aws_region.as_deref().map(str::trim).filter(|region| !region.is_empty());
    let region = region.unwrap_or(BEDROCK_REGION);
    let is_name = region.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let url = Url::parse(&format!("https://bedrock-runtime.{region}.amazonaws.com/"));
    url.ok().filter(|_| is_name).ok_or_else(|| unusable(format!("`{region}` is no AWS region")))
}

/// Returns the protocol and the name that the provider knows.
fn protocol<'a>(
    model: &'a str,
    base: Option<&Url>,
) -> Result<(AdapterKind, &'a str), CompletionFailure> {
    let known = model.split_once('/').and_then(|(prefix, name)| {
        PREFIXES.iter().find(|(known, _)| *known == prefix).map(|(_, kind)| (prefix, *kind, name))
    });
    match (known, base) {
        (Some((_, _, "")), _) => Err(unusable(format!("the model name `{model}` is incomplete"))),
        (Some((prefix, _, _)), None) if NEED_ADDRESS.contains(&prefix) => {
            Err(unusable(format!("the model `{model}` needs a base URL")))
        }
        // Ollama's address for OpenAI's protocol.
        (Some((_, AdapterKind::Ollama, name)), Some(base)) if base.path().ends_with("/v1/") => {
            Ok((AdapterKind::OpenAI, name))
        }
        (Some(("openai", kind, name)), base) => match (name.strip_prefix("responses/"), base) {
            (Some(name), _) => Ok((AdapterKind::OpenAIResp, name)),
            (None, None) => Ok((openai_protocol(name), name)),
            (None, Some(_)) => Ok((kind, name)),
        },
        (Some(("bedrock", kind, name)), _) => {
            Ok((kind, name.strip_prefix("converse/").unwrap_or(name)))
        }
        (Some((_, kind, name)), _) => Ok((kind, name)),
        (None, Some(_)) => Ok((AdapterKind::OpenAI, model)),
        (None, None) if model.starts_with("claude") => Ok((AdapterKind::Anthropic, model)),
        (None, None) if model.starts_with("gemini") => Ok((AdapterKind::Gemini, model)),
        (None, None) if is_openai_name(model) => Ok((openai_protocol(model), model)),
        (None, None) => Err(unusable(format!(
            "the provider of the model `{model}` is not known; \
             write it as `provider/model` or set a base URL"
        ))),
    }
}

fn is_openai_name(name: &str) -> bool {
    ["gpt-", "o1", "o3", "o4", "chatgpt", "codex"].iter().any(|start| name.starts_with(start))
}

/// Some of OpenAI's models are only offered by its newer protocol.
fn openai_protocol(name: &str) -> AdapterKind {
    if name.contains("codex") || name.ends_with("-pro") {
        AdapterKind::OpenAIResp
    } else {
        AdapterKind::OpenAI
    }
}

/// Returns the address in the form that parts are appended to.
fn base_url(text: &str) -> Result<Url, CompletionFailure> {
    let mut url = Url::parse(text)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
        .ok_or_else(|| unusable(format!("the base URL `{text}` is no http address")))?;
    let path = url.path().trim_end_matches('/');
    let path = path.strip_suffix("/chat/completions").unwrap_or(path).to_owned();
    url.set_path(&format!("{path}/"));
    Ok(url)
}

fn join(base: &Url, part: &str) -> String {
    let mut url = base.clone();
    url.set_path(&format!("{}{part}", base.path()));
    url.into()
}

fn unusable(message: String) -> CompletionFailure {
    CompletionFailure::BadRequest { message }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(model: &str, base_url: Option<&str>, key: Option<&str>) -> Result<Target, String> {
        let config = LlmConfig {
            model: model.to_owned(),
            base_url: base_url.map(str::to_owned),
            api_key: key.map(str::to_owned),
            ..LlmConfig::default()
        };
        Target::of(&config).map_err(|failure| failure.message().to_owned())
    }

    #[test]
    fn a_name_says_which_protocol_is_spoken() {
        let check = |model, base_url, kind: AdapterKind, name: &str| {
            let target = target(model, base_url, Some("key")).unwrap();
            assert_eq!(target.model, ModelIden::new(kind, name.to_owned()), "{model}");
        };
        let local = Some("http://localhost:1234/v1");
        check("openai/gpt-4o", None, AdapterKind::OpenAI, "gpt-4o");
        check("gpt-4o", None, AdapterKind::OpenAI, "gpt-4o");
        check("openai/gpt-5-codex", None, AdapterKind::OpenAIResp, "gpt-5-codex");
        check("openai/gpt-5-codex", local, AdapterKind::OpenAI, "gpt-5-codex");
        check("litellm_proxy/claude-x", local, AdapterKind::OpenAI, "claude-x");
        check("Qwen/Qwen3-Coder", local, AdapterKind::OpenAI, "Qwen/Qwen3-Coder");
        check("claude-sonnet-4", local, AdapterKind::OpenAI, "claude-sonnet-4");
        check("claude-sonnet-4", None, AdapterKind::Anthropic, "claude-sonnet-4");
        check("anthropic/claude-sonnet-4", None, AdapterKind::Anthropic, "claude-sonnet-4");
        check("gemini/gemini-2.5-pro", None, AdapterKind::Gemini, "gemini-2.5-pro");
        check("openrouter/openai/gpt-4o", None, AdapterKind::OpenRouter, "openai/gpt-4o");
        check("deepseek/deepseek-chat", None, AdapterKind::DeepSeek, "deepseek-chat");
        check("ollama/qwen3:8b", None, AdapterKind::Ollama, "qwen3:8b");
        check("ollama/qwen3:8b", Some("http://host:11434"), AdapterKind::Ollama, "qwen3:8b");
        check("ollama/qwen3:8b", Some("http://host:11434/v1/"), AdapterKind::OpenAI, "qwen3:8b");
    }

    #[test]
    fn what_cannot_work_is_refused() {
        let check = |model, base_url, key, part: &str| {
            let message = target(model, base_url, key).unwrap_err();
            assert!(message.contains(part), "{message}");
        };
        check("openai/gpt-4o", None, None, "no key is set");
        check("anthropic/claude", Some("http://proxy"), Some(" "), "no key is set");
        check("litellm_proxy/x", None, Some("key"), "needs a base URL");
        check("something", None, Some("key"), "is not known");
        check("openai/", None, Some("key"), "incomplete");
        check("openai/x", Some("localhost:8000"), Some("key"), "no http address");
        check("openai/x", Some("file:///etc"), Some("key"), "no http address");
    }

    #[test]
    fn addresses_get_one_form() {
        let check = |text, expected| assert_eq!(base_url(text).unwrap().as_str(), expected);
        check("https://host/v1", "https://host/v1/");
        check("https://host/v1//", "https://host/v1/");
        check("https://host", "https://host/");
        check("https://host/v1/chat/completions", "https://host/v1/");
        check("https://host/v1?version=2", "https://host/v1/?version=2");
    }

    #[test]
    fn a_key_has_one_destination() {
        let check = |one: (&str, Option<&str>), other: (&str, Option<&str>), expected| {
            let config = |(model, url): (&str, Option<&str>)| LlmConfig {
                model: model.to_owned(),
                base_url: url.map(str::to_owned),
                ..LlmConfig::default()
            };
            let same = has_same_destination(&config(one), &config(other));
            assert_eq!(same, expected, "{one:?} {other:?}");
        };
        let (here, there) = (Some("http://localhost:1234/v1"), Some("http://evil:1234/v1"));
        check(("openai/gpt-4o", None), ("openai/gpt-5-codex", None), true);
        check(("gpt-4o", None), ("openai/gpt-5", None), true);
        check(("openai/gpt-4o", None), ("anthropic/claude-x", None), false);
        check(("gpt-4o", None), ("claude-x", None), false);
        check(("openai/a", here), ("hosted_vllm/b", Some("http://localhost:1234/v1/")), true);
        check(("openai/a", here), ("openai/a", there), false);
        check(("openai/a", None), ("openai/a", there), false);
        check(("azure/a", None), ("azure/a", None), false);
    }

    #[test]
    fn anthropics_address_needs_no_version() {
        let check = |base_url, expected| {
            let target = target("anthropic/claude-x", Some(base_url), Some("key")).unwrap();
            assert_eq!(target.provider.endpoint.unwrap().base_url(), expected);
        };
        check("https://api.anthropic.com", "https://api.anthropic.com/v1/");
        check("https://host/anthropic/v1", "https://host/anthropic/v1/");
    }

    #[test]
    fn a_local_server_is_asked_without_a_key() {
        let target = target("openai/x", Some("http://host/v1?a=b"), None).unwrap();
        let Some(AuthData::RequestOverride { url, .. }) = target.provider.auth else {
            panic!("a key is sent");
        };
        assert_eq!(url, "http://host/v1/chat/completions?a=b");
    }
}
