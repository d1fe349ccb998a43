//! `[llm]` and its groups.

use std::path::PathBuf;

use crate::config::parse;

#[test]
fn a_group_takes_what_it_does_not_say() {
    let config = parse(
        "[llm]\nmodel = \"openai/gpt-5\"\napi_key = \"k\"\nnum_retries = 2\ntop_k = 40\n\
         [llm.small]\nmodel = \"openai/gpt-5-mini\"\ntemperature = 1\n\
         [llm.other]\nmodel = \"anthropic/claude-sonnet-4-5\"\n\
         [llm.elsewhere]\nbase_url = \"http://localhost:8000/v1\"\n",
        &[],
    );
    assert_eq!(config.warnings, Vec::<String>::new());
    let groups = &config.llm.groups;
    assert_eq!(groups.keys().collect::<Vec<_>>(), ["elsewhere", "other", "small"]);
    let small = &groups["small"];
    assert_eq!((small.model.as_str(), small.attempts), ("openai/gpt-5-mini", 2));
    assert_eq!((small.temperature, small.top_k), (Some(1.0), Some(40.0)));
    // A key goes to the provider that it was given for, and to no other.
    let keys = ["small", "other", "elsewhere"].map(|name| groups[name].api_key.as_deref());
    assert_eq!(keys, [Some("k"), None, None]);
}

#[test]
fn every_setting_reaches_the_model() {
    let config = parse(
        "[llm]\napi_version = \"2025-01-01\"\naws_region_name = \"eu-west-1\"\n\
         native_tool_calling = false\nreasoning_effort = \"High\"\nlog_completions = true\n\
         max_input_tokens = 100000\nseed = 7\n\
         safety_settings = [{ category = \"C\", threshold = \"T\" }]\n\
         [llm.completion_kwargs]\nmetadata = { a = 1 }\n",
        &[("LLM_CACHING_PROMPT", "false"), ("OPENHANDS_FORCE_VISION", "1")],
    );
    assert_eq!(config.warnings, Vec::<String>::new());
    assert!(config.llm.groups.is_empty());
    let llm = config.llm.config;
    assert_eq!(llm.api_version.as_deref(), Some("2025-01-01"));
    assert_eq!(llm.aws_region.as_deref(), Some("eu-west-1"));
    assert_eq!(llm.native_tool_calling, Some(false));
    assert_eq!(llm.reasoning_effort.as_deref(), Some("high"));
    assert_eq!(llm.log_folder, Some(PathBuf::from("logs/completions")));
    assert_eq!((llm.max_input_tokens, llm.seed), (Some(100_000), Some(7)));
    let settings = r#"[{"category":"C","threshold":"T"}]"#;
    assert_eq!(llm.safety_settings.as_deref(), Some(settings));
    assert_eq!(llm.completion_kwargs.as_deref(), Some(r#"{"metadata":{"a":1}}"#));
    assert!(!llm.caching_prompt && llm.force_vision);
}

#[test]
fn the_agent_can_have_a_group_as_its_model() {
    let text = "[llm]\nmodel = \"demo\"\n[llm.big]\nmodel = \"openai/o3\"\n[agent]\nllm_config = ";
    let config = parse(&format!("{text}\"big\""), &[]);
    let llm = config.llm.with_group(config.agent.llm_config.as_deref());
    assert_eq!((llm.model.as_deref(), llm.config.model.as_str()), (Some("openai/o3"), "openai/o3"));
    let config = parse(&format!("{text}\"none\""), &[]);
    assert_eq!(config.warnings, ["[agent] llm_config: there is no [llm.none]; [llm] is used"]);
    assert_eq!(config.llm.with_group(Some("none")).model.as_deref(), Some("demo"));
}

#[test]
fn what_makes_no_sense_is_told() {
    let check = |text: &str, words: &str| {
        let warnings = parse(text, &[]).warnings;
        assert!(warnings.len() == 1 && warnings[0].contains(words), "{warnings:?}");
    };
    check("[llm]\nreasoning_effort = \"much\"", "must be one of");
    check("[llm]\ncompletion_kwargs = 3", "must be a table");
    check("[llm]\naws_access_key_id = \"AKIA\"", "Bedrock is asked with an API key");
    check("[llm.small]\nmodell = \"x\"", "did you mean `model`?");
}
