//! Whatever stands in a file or the environment, the start goes on or says why not.

use std::path::Path;

use oh_config::{Config, Environment};
use proptest::prelude::*;

const SECTIONS: [&str; 9] =
    ["core", "llm", "agent", "sandbox", "security", "condenser", "mcp", "server", "llm.fast"];
const KEYS: [&str; 16] = [
    "model",
    "api_key",
    "timeout",
    "volumes",
    "runtime",
    "debug",
    "max_iterations",
    "type",
    "sse_servers",
    "stdio_servers",
    "trusted_proxies",
    "rate_limit",
    "process_limit",
    "policy",
    "file_uploads_allowed_extensions",
    "no_such_key",
];
const VARIABLES: [&str; 12] = [
    "PORT",
    "LLM_MODEL",
    "LLM_TIMEOUT",
    "SANDBOX_VOLUMES",
    "MCP_SHTTP_SERVERS",
    "DEBUG",
    "CORS_ALLOWED_ORIGINS",
    "SECURITY_TRUSTED_PROXIES",
    "SERVER_RATE_LIMIT",
    "MAX_ITERATIONS",
    "AGENT_DISABLED_MICROAGENTS",
    "CONDENSER_TYPE",
];

/// A value of any type, often one that is nearly right.
fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("true".to_owned()),
        any::<i64>().prop_map(|n| n.to_string()),
        (-1e300..1e300).prop_map(|n: f64| format!("{n:e}")),
        "[a-z/:.,*\\[\\]{}'= 0-9-]{0,30}".prop_map(|text| format!("{text:?}")),
        "[a-z0-9./:]{0,12}".prop_map(|text| format!("[\"{text}\", 1]")),
        "[a-z0-9./:]{0,12}".prop_map(|text| format!("[{{ url = \"{text}\", name = \"x\" }}]")),
        Just("{ }".to_owned()),
    ]
}

fn check(text: &str, environment: &Environment) -> Result<(), TestCaseError> {
    match Config::parse(text, Path::new("config.toml"), environment) {
        Ok(config) => prop_assert!(config.warnings.iter().all(|warning| !warning.is_empty())),
        Err(error) => prop_assert!(!error.to_string().is_empty()),
    }
    Ok(())
}

proptest! {
    #[test]
    fn any_text_is_a_configuration_or_an_error(text in "(?s).{0,300}") {
        check(&text, &Environment::new())?;
    }

    #[test]
    fn known_keys_may_have_any_value(
        lines in prop::collection::vec(
            (prop::sample::select(&SECTIONS[..]), prop::sample::select(&KEYS[..]), value()),
            1..12,
        ),
        variables in prop::collection::vec(
            (prop::sample::select(&VARIABLES[..]), "[ -~]{0,40}"),
            0..6,
        ),
    ) {
        let mut file = std::collections::BTreeMap::<_, std::collections::BTreeMap<_, _>>::new();
        for (section, key, value) in lines {
            file.entry(section).or_default().insert(key, value);
        }
        let mut text = String::new();
        for (section, keys) in file {
            text.push_str(&format!("[{section}]\n"));
            for (key, value) in keys {
                text.push_str(&format!("{key} = {value}\n"));
            }
        }
        let environment =
            variables.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        check(&text, &environment)?;
    }
}
