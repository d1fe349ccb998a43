//! `[agent]`, `[condenser]`, `[security]` and the limits of `[core]`: what the agent may do.

use oh_agent::{
    Condenser, ConfirmationPolicy, Limits, LlmCondenser, LlmForm, Sizes, StuckThresholds,
    ToolChoice,
};
use toml::{Table, Value};

use crate::known_keys::keys_of;
use crate::source::Source;

/// The agent.
#[derive(Debug, Clone, PartialEq)]
pub struct AgentSettings {
    /// Class of the agent.
    pub default_agent: String,
    /// Name of the `[llm.NAME]` group with the agent's model.
    pub llm_config: Option<String>,
    /// Where the agent stops.
    pub limits: Limits,
    /// Which actions wait for the user.
    pub confirmation: ConfirmationPolicy,
    /// The tools on offer.
    pub tools: ToolChoice,
    /// What shortens long histories, as `[condenser]` says; without it the default does.
    pub condensers: Option<Vec<Condenser>>,
    /// A model summarizes long histories unless `[condenser]` says otherwise.
    pub enable_default_condenser: bool,
    /// A request that is too long for the model shortens the history instead of failing.
    pub enable_history_truncation: bool,
    /// When a repetition is a loop.
    pub stuck: StuckThresholds,
    /// Tell the model of the workspace, its instructions and its knowledge.
    pub enable_prompt_extensions: bool,
    /// Knowledge that is not used, by name.
    pub disabled_microagents: Vec<String>,
    /// Offer the tools of MCP servers.
    pub enable_mcp: bool,
}

/// Events beyond which the default condenser works.
const DEFAULT_MAX_SIZE: usize = 240;

impl AgentSettings {
    /// Returns what shortens long histories; a user may choose the size, and whether a model
    /// summarizes.
    #[must_use]
    pub fn condensers(
        &self,
        chosen_size: Option<usize>,
        chosen_default: Option<bool>,
    ) -> Vec<Condenser> {
        if let Some(condensers) = &self.condensers {
            return condensers.clone();
        }
        if !chosen_default.unwrap_or(self.enable_default_condenser) {
            return vec![Condenser::ConversationWindow];
        }
        let max_size = chosen_size.unwrap_or(DEFAULT_MAX_SIZE);
        vec![
            Condenser::ConversationWindow,
            Condenser::BrowserOutputMasking { attention_window: 2 },
            Condenser::Llm(LlmCondenser {
                form: LlmForm::Summary,
                sizes: Sizes { keep_first: 4, max_size, max_tokens: None },
                max_event_length: 10_000,
                llm_config: None,
            }),
        ]
    }

    /// Returns which actions wait for a user who chose a mode and an analyzer.
    #[must_use]
    pub fn confirmation(
        &self,
        chosen_mode: Option<bool>,
        analyzer: Option<&str>,
    ) -> ConfirmationPolicy {
        match (chosen_mode, self.confirmation) {
            (Some(false), _) => ConfirmationPolicy::Never,
            // OpenHands' interface calls this "ask for every command".
            (Some(true), _) if analyzer == Some("none") => ConfirmationPolicy::Always,
            (Some(true), ConfirmationPolicy::Never) => ConfirmationPolicy::RISKY,
            (Some(true) | None, configured) => configured,
        }
    }
}

pub(crate) fn read(s: &mut Source<'_>) -> AgentSettings {
    let has = |s: &mut Source<'_>, key, default| s.flag("agent", key).unwrap_or(default);
    let defaults = StuckThresholds::default();
    let threshold = |s: &mut Source<'_>, key, default| {
        s.integer("agent", key).and_then(|n| usize::try_from(n).ok()).unwrap_or(default)
    };
    AgentSettings {
        default_agent: agent_class(s),
        llm_config: s.text("agent", "llm_config"),
        limits: Limits {
            max_iterations: s.integer("core", "max_iterations").unwrap_or(500).max(1),
            max_budget: s.number("core", "max_budget_per_task").filter(|max| *max > 0.0),
            max_tokens: s.integer("core", "max_tokens_per_task").filter(|max| *max > 0),
            max_seconds: s.integer("core", "max_seconds_per_task").filter(|max| *max > 0),
        },
        confirmation: confirmation(s),
        tools: ToolChoice {
            has_bash: has(s, "enable_cmd", true),
            has_think: has(s, "enable_think", true),
            has_finish: has(s, "enable_finish", true),
            has_condensation_request: has(s, "enable_condensation_request", false),
            has_delegate: has(s, "enable_delegation", false),
            has_ipython: has(s, "enable_jupyter", true),
            has_task_tracker: has(s, "enable_plan_mode", true),
            has_editor: has(s, "enable_editor", true),
            has_draft_editor: has(s, "enable_llm_editor", false),
        },
        condensers: condensers(s),
        enable_default_condenser: s.flag("core", "enable_default_condenser").unwrap_or(true),
        enable_history_truncation: has(s, "enable_history_truncation", true),
        stuck: StuckThresholds {
            action_observation: threshold(
                s,
                "stuck_action_observation",
                defaults.action_observation,
            ),
            action_error: threshold(s, "stuck_action_error", defaults.action_error),
            monologue: threshold(s, "stuck_monologue", defaults.monologue),
            alternating: threshold(s, "stuck_alternating", defaults.alternating),
        },
        enable_prompt_extensions: has(s, "enable_prompt_extensions", true),
        disabled_microagents: s.list("agent", "disabled_microagents").unwrap_or_default(),
        enable_mcp: has(s, "enable_mcp", true),
    }
}

/// There is one class of agents so far.
fn agent_class(s: &mut Source<'_>) -> String {
    const ONLY: &str = "CodeActAgent";
    if let Some(other) = s.text("core", "default_agent").filter(|class| class != ONLY) {
        s.warnings.push(format!(
            "[core] default_agent is \"{other}\", which is not here; \"{ONLY}\" is used"
        ));
    }
    ONLY.to_owned()
}

fn confirmation(s: &mut Source<'_>) -> ConfirmationPolicy {
    if !s.flag("security", "confirmation_mode").unwrap_or(false) {
        return ConfirmationPolicy::Never;
    }
    let name = s.text("security", "confirm").unwrap_or_else(|| "high".to_owned());
    let asks_when_unknown = s.flag("security", "confirm_unknown").unwrap_or(true);
    ConfirmationPolicy::from_name(&name, asks_when_unknown).unwrap_or_else(|| {
        s.warnings.push(format!(
            "[security] confirm must be \"all\", \"low\", \"medium\" or \"high\", not \"{name}\"; \"high\" is used"
        ));
        ConfirmationPolicy::RISKY
    })
}

/// `[condenser]`, or `[agent.condenser]`.
fn condensers(s: &mut Source<'_>) -> Option<Vec<Condenser>> {
    let table = s.section("condenser").or_else(|| {
        s.section("agent").and_then(|agent| agent.get("condenser")?.as_table().cloned())
    });
    // `CONDENSER_TYPE` and the like work too.
    let mut table = table;
    let keys = keys_of("condenser").unwrap_or_default();
    for key in keys.iter().filter(|key| **key != "condensers") {
        if let Some(text) = s.variable(&format!("CONDENSER_{}", key.to_uppercase())) {
            let value = match text.trim().parse::<i64>() {
                Ok(number) => Value::Integer(number),
                Err(_) => Value::String(text.to_owned()),
            };
            table.get_or_insert_default().insert((*key).to_owned(), value);
        }
    }
    // An empty section says nothing.
    let table = table.filter(|table| !table.is_empty())?;
    let mut found = Vec::new();
    collect(&table, s, &mut found);
    Some(found)
}

fn collect(table: &Table, s: &mut Source<'_>, found: &mut Vec<Condenser>) {
    let name = table.get("type").and_then(Value::as_str).unwrap_or("noop");
    if name == "pipeline" {
        let parts = table.get("condensers").and_then(Value::as_array).cloned().unwrap_or_default();
        for part in parts.iter().filter_map(Value::as_table) {
            collect(part, s, found);
        }
        return;
    }
    match condenser(name, table) {
        Ok(condenser) => found.extend(condenser),
        Err(problem) => {
            s.warnings.push(format!("[condenser] {problem}; this condenser is left out"));
        }
    }
}

fn condenser(name: &str, table: &Table) -> Result<Option<Condenser>, String> {
    let number = |key: &str, default: usize| match table.get(key) {
        None => Ok(default),
        Some(value) => value
            .as_integer()
            .and_then(|n| usize::try_from(n).ok())
            .ok_or_else(|| format!("{key} must be a whole number, 0 or more")),
    };
    let window = |default| match number("attention_window", default)? {
        0 => Err("attention_window must be 1 or more".to_owned()),
        window => Ok(window),
    };
    let sizes = || {
        let sizes = Sizes {
            keep_first: number("keep_first", Sizes::default().keep_first)?,
            max_size: number("max_size", Sizes::default().max_size)?,
            max_tokens: match number("max_tokens", 0)? {
                0 => None,
                tokens => Some(tokens as u64),
            },
        };
        if sizes.max_size < 2 || sizes.keep_first >= sizes.max_size / 2 {
            return Err(format!(
                "keep_first ({}) must be less than half of max_size ({})",
                sizes.keep_first, sizes.max_size
            ));
        }
        Ok(sizes)
    };
    let llm = |form| {
        Ok(Some(Condenser::Llm(LlmCondenser {
            form,
            sizes: sizes()?,
            max_event_length: number("max_event_length", 10_000)?,
            llm_config: table.get("llm_config").and_then(Value::as_str).map(str::to_owned),
        })))
    };
    match name {
        "noop" => Ok(None),
        "conversation_window" => Ok(Some(Condenser::ConversationWindow)),
        "observation_masking" => {
            Ok(Some(Condenser::ObservationMasking { attention_window: window(100)? }))
        }
        "browser_output_masking" => {
            Ok(Some(Condenser::BrowserOutputMasking { attention_window: window(1)? }))
        }
        "recent" => Ok(Some(Condenser::Recent {
            keep_first: number("keep_first", 1)?,
            max_events: number("max_events", 100)?.max(1),
        })),
        "amortized" => Ok(Some(Condenser::Amortized(sizes()?))),
        "llm" => llm(LlmForm::Summary),
        "structured" => llm(LlmForm::Structured),
        "llm_attention" => llm(LlmForm::Attention),
        other => Err(format!(
            "type \"{other}\" is unknown; known are noop, observation_masking, browser_output_masking, recent, conversation_window, amortized, llm, structured, llm_attention and pipeline"
        )),
    }
}
