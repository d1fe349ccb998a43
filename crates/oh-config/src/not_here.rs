//! Keys and variables of OpenHands that ask for something which is not here, and say so.
//!
//! Whatever else is known and has no effect changes nothing that anybody would miss.

use crate::source::Source;

/// Section, key, the values that ask for nothing, and what happens instead.
const KEYS: [(&str, &str, &[&str], &str); 6] = [
    (
        "core",
        "file_store",
        &["local"],
        "conversations are kept in a database in file_store_path, and nowhere else",
    ),
    ("core", "file_store_web_hook_url", &[], "nobody is called when something is stored"),
    ("agent", "classpath", &[], "classes of Python cannot be loaded; the agent is our own"),
    (
        "agent",
        "system_prompt_filename",
        &["system_prompt.j2"],
        "the agent keeps its own; tell it more in AGENTS.md",
    ),
    (
        "security",
        "security_analyzer",
        &["llm", "none"],
        "the risks that the model names count, raised by built-in patterns",
    ),
    (
        "model_routing",
        "router_name",
        &["noop_router"],
        "one model answers everything; choose it with [agent] llm_config",
    ),
];

/// Variables, and what happens instead of what they ask for.
const VARIABLES: [(&str, &str); 9] = [
    ("REDIS_HOST", "one process serves all clients of a conversation"),
    ("CONVERSATION_MANAGER_CLASS", PLUG_IN),
    ("OPENHANDS_CONFIG_CLS", PLUG_IN),
    ("OPENHANDS_CONVERSATION_VALIDATOR_CLS", PLUG_IN),
    ("OPENHANDS_EXPERIMENT_MANAGER_CLS", PLUG_IN),
    ("OPENHANDS_MCP_CONFIG_CLS", PLUG_IN),
    ("OPENHANDS_GITHUB_SERVICE_CLS", PLUG_IN),
    ("OPENHANDS_GITLAB_SERVICE_CLS", PLUG_IN),
    ("OPENHANDS_BITBUCKET_SERVICE_CLS", PLUG_IN),
];
const PLUG_IN: &str = "classes of Python cannot be loaded";

pub(crate) fn warn(s: &mut Source<'_>) {
    for (section, key, harmless, instead) in KEYS {
        let value = s.text(section, key).filter(|value| !value.trim().is_empty());
        if value.is_some_and(|value| !harmless.contains(&value.trim())) {
            s.warnings.push(format!("[{section}] {key} has no effect here: {instead}"));
        }
    }
    for (name, instead) in VARIABLES {
        if s.variable(name).is_some() {
            s.warnings.push(format!("{name} has no effect here: {instead}"));
        }
    }
}
