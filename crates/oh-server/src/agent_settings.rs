//! What the agent of a conversation may do: the user's settings over the configuration.

use oh_config::Config;
use oh_session::{AgentConfig, Condenser, Limits, Sizes};
use oh_store::Settings;

use crate::clock;
use crate::llm_choice::DEMO;

/// What somebody decided for this process, above settings and configuration.
#[derive(Debug, Clone, Default)]
pub(crate) struct Overrides {
    /// Nobody watches the agent.
    pub(crate) is_headless: bool,
    pub(crate) model: Option<String>,
    pub(crate) max_iterations: Option<u64>,
    pub(crate) max_budget: Option<f64>,
}

/// Returns the agent's settings for a session that starts now.
pub(crate) fn agent_config(
    config: &Config,
    settings: Option<&Settings>,
    model: &str,
    overrides: &Overrides,
) -> AgentConfig {
    let agent = &config.agent;
    let limits = Limits {
        max_iterations: overrides
            .max_iterations
            .or_else(|| settings.and_then(|settings| settings.max_iterations))
            .filter(|max| *max > 0)
            .unwrap_or(agent.limits.max_iterations),
        max_budget: overrides
            .max_budget
            .or_else(|| settings.and_then(|settings| settings.max_budget_per_task))
            .filter(|max| *max > 0.0)
            .or(agent.limits.max_budget),
        ..agent.limits
    };
    let size = settings.and_then(|settings| settings.condenser_max_size);
    let condensers = if model == DEMO && agent.condensers.is_none() {
        // The demonstration follows a script and summarizes nothing.
        vec![Condenser::Amortized(Sizes::default())]
    } else {
        agent.condensers(
            size.and_then(|size| usize::try_from(size).ok()),
            settings.map(|settings| settings.enable_default_condenser),
        )
    };
    AgentConfig {
        agent_class: agent.default_agent.clone(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        date: clock::today(),
        limits,
        max_message_chars: config.llm.max_message_chars,
        tools: agent.tools,
        confirmation: agent.confirmation(
            settings.and_then(|settings| settings.confirmation_mode),
            settings.and_then(|settings| settings.security_analyzer.as_deref()),
        ),
        condensers,
        truncates_history: agent.enable_history_truncation,
        stuck: agent.stuck,
        has_prompt_extensions: agent.enable_prompt_extensions,
        shows_pages: agent.shows_pages,
        is_headless: overrides.is_headless,
        // What is known of the place is filled in there.
        ..AgentConfig::default()
    }
}
