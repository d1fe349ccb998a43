use serde::{Deserialize, Serialize};

/// What the user chose. The fields and defaults are those of OpenHands' settings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[allow(missing_docs, reason = "the names are OpenHands' and say what they are")]
pub struct Settings {
    pub language: Option<String>,
    pub agent: Option<String>,
    pub max_iterations: Option<u64>,
    pub security_analyzer: Option<String>,
    pub confirmation_mode: Option<bool>,
    pub llm_model: Option<String>,
    /// Kept encrypted, apart from the rest.
    #[serde(skip)]
    pub llm_api_key: Option<String>,
    pub llm_base_url: Option<String>,
    pub remote_runtime_resource_factor: Option<i64>,
    pub enable_default_condenser: bool,
    pub enable_sound_notifications: bool,
    pub enable_proactive_conversation_starters: bool,
    pub enable_solvability_analysis: bool,
    pub user_consents_to_analytics: Option<bool>,
    pub sandbox_base_container_image: Option<String>,
    pub sandbox_runtime_container_image: Option<String>,
    /// JSON. Kept encrypted, apart from the rest: it has keys in it.
    #[serde(skip)]
    pub mcp_config: Option<String>,
    /// Kept encrypted, apart from the rest.
    #[serde(skip)]
    pub search_api_key: Option<String>,
    /// Kept encrypted, apart from the rest.
    #[serde(skip)]
    pub sandbox_api_key: Option<String>,
    pub max_budget_per_task: Option<f64>,
    pub condenser_max_size: Option<u64>,
    pub email: Option<String>,
    pub email_verified: Option<bool>,
    pub git_user_name: Option<String>,
    pub git_user_email: Option<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            language: None,
            agent: None,
            max_iterations: None,
            security_analyzer: None,
            confirmation_mode: None,
            llm_model: None,
            llm_api_key: None,
            llm_base_url: None,
            remote_runtime_resource_factor: None,
            enable_default_condenser: true,
            enable_sound_notifications: false,
            enable_proactive_conversation_starters: true,
            enable_solvability_analysis: true,
            user_consents_to_analytics: None,
            sandbox_base_container_image: None,
            sandbox_runtime_container_image: None,
            mcp_config: None,
            search_api_key: None,
            sandbox_api_key: None,
            max_budget_per_task: None,
            condenser_max_size: None,
            email: None,
            email_verified: None,
            git_user_name: None,
            git_user_email: None,
        }
    }
}

impl Settings {
    /// Returns the secrets under the names they are kept by.
    pub(crate) fn secrets_mut(&mut self) -> [(&'static str, &mut Option<String>); 4] {
        [
            ("llm_api_key", &mut self.llm_api_key),
            ("mcp_config", &mut self.mcp_config),
            ("search_api_key", &mut self.search_api_key),
            ("sandbox_api_key", &mut self.sandbox_api_key),
        ]
    }
}
