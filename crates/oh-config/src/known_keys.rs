//! Every key that OpenHands' configuration knows, and ours.

/// The sections with their keys; a section `x.name` has the keys of `x`.
pub(crate) const SECTIONS: [(&str, &[&str]); 11] = [
    ("core", CORE),
    ("llm", LLM),
    ("agent", AGENT),
    ("sandbox", SANDBOX),
    ("security", SECURITY),
    ("server", SERVER),
    ("condenser", CONDENSER),
    ("mcp", MCP),
    ("kubernetes", KUBERNETES),
    ("model_routing", MODEL_ROUTING),
    // A table of anything, as in OpenHands.
    ("extended", &[]),
];

const CORE: &[&str] = &[
    "workspace_base",
    "workspace_mount_path",
    "workspace_mount_path_in_sandbox",
    "workspace_mount_rewrite",
    "cache_dir",
    "debug",
    "disable_color",
    "save_trajectory_path",
    "save_screenshots_in_trajectory",
    "replay_trajectory_path",
    "file_store",
    "file_store_path",
    "file_store_web_hook_url",
    "file_store_web_hook_headers",
    "file_store_web_hook_batch",
    "file_uploads_max_file_size_mb",
    "file_uploads_restrict_file_types",
    "file_uploads_allowed_extensions",
    "enable_browser",
    "max_budget_per_task",
    "max_tokens_per_task",
    "max_seconds_per_task",
    "max_iterations",
    "run_as_openhands",
    "runtime",
    "default_agent",
    "jwt_secret",
    "init_git_in_empty_workspace",
    "enable_default_condenser",
    "max_concurrent_conversations",
    "conversation_max_age_seconds",
    "client_wait_timeout",
    "mcp_host",
    "search_api_key",
    "git_user_name",
    "git_user_email",
    "cli_multiline_input",
    "durability",
];

const LLM: &[&str] = &[
    "model",
    "api_key",
    "base_url",
    "api_version",
    "aws_access_key_id",
    "aws_secret_access_key",
    "aws_region_name",
    "openrouter_site_url",
    "openrouter_app_name",
    "num_retries",
    "retry_multiplier",
    "retry_min_wait",
    "retry_max_wait",
    "timeout",
    "max_message_chars",
    "temperature",
    "top_p",
    "top_k",
    "custom_llm_provider",
    "max_input_tokens",
    "max_output_tokens",
    "input_cost_per_token",
    "output_cost_per_token",
    "ollama_base_url",
    "drop_params",
    "modify_params",
    "disable_vision",
    "disable_stop_word",
    "caching_prompt",
    "log_completions",
    "log_completions_folder",
    "custom_tokenizer",
    "native_tool_calling",
    "reasoning_effort",
    "seed",
    "safety_settings",
    "for_routing",
    "correct_num",
    "completion_kwargs",
];

const AGENT: &[&str] = &[
    "llm_config",
    "classpath",
    "system_prompt_filename",
    "enable_browsing",
    "enable_editor",
    "enable_jupyter",
    "enable_cmd",
    "enable_think",
    "enable_finish",
    "enable_prompt_extensions",
    "enable_mcp",
    "enable_history_truncation",
    "enable_som_visual_browsing",
    "enable_plan_mode",
    "enable_llm_editor",
    "enable_condensation_request",
    "enable_delegation",
    "stuck_action_observation",
    "stuck_action_error",
    "stuck_monologue",
    "stuck_alternating",
    "cli_mode",
    "disabled_microagents",
    "condenser",
    "model_routing",
    "extended",
    "runtime",
    "function_calling",
];

const SANDBOX: &[&str] = &[
    "timeout",
    "use_host_network",
    "close_delay",
    "user_id",
    "base_container_image",
    "runtime_container_image",
    "local_runtime_url",
    "remote_runtime_api_url",
    "remote_runtime_init_timeout",
    "remote_runtime_api_timeout",
    "remote_runtime_enable_retries",
    "remote_runtime_class",
    "remote_runtime_resource_factor",
    "api_key",
    "keep_runtime_alive",
    "pause_closed_runtimes",
    "rm_all_containers",
    "enable_auto_lint",
    "additional_networks",
    "runtime_binding_address",
    "runtime_extra_build_args",
    "runtime_extra_deps",
    "runtime_startup_env_vars",
    "initialize_plugins",
    "force_rebuild_runtime",
    "browsergym_eval_env",
    "platform",
    "enable_gpu",
    "cuda_visible_devices",
    "docker_runtime_kwargs",
    "selected_repo",
    "trusted_dirs",
    "vscode_port",
    "volumes",
    "container_executor",
    "soft_timeout",
    "longest_command",
    "policy",
    "network",
    "allowed_hosts",
    "mode",
    "allow_unsandboxed",
    "chromium_path",
    "protect_repository",
    "memory_limit_mb",
    "process_limit",
    "open_files_limit",
    "disk_reserve_mb",
];

const SECURITY: &[&str] = &[
    "confirmation_mode",
    "security_analyzer",
    "enable_security_analyzer",
    "confirm",
    "confirm_unknown",
    "local_trust",
    "trusted_proxies",
];

const SERVER: &[&str] = &[
    "preview_host",
    "implicit_join_seconds",
    "allow_implicit_conversations",
    "max_sockets",
    "max_sockets_per_conversation",
    "socketio_transports",
    "actions_per_second",
    "action_burst",
    "max_waiting_actions",
    "rate_limit",
    "rate_burst",
    "tls_cert",
    "tls_key",
];

const CONDENSER: &[&str] = &[
    "type",
    "llm_config",
    "attention_window",
    "keep_first",
    "max_events",
    "max_size",
    "max_tokens",
    "max_event_length",
    "condensers",
];

const MCP: &[&str] = &["sse_servers", "shttp_servers", "stdio_servers"];

const KUBERNETES: &[&str] = &[
    "namespace",
    "ingress_domain",
    "pvc_storage_size",
    "pvc_storage_class",
    "resource_cpu_request",
    "resource_memory_request",
    "resource_memory_limit",
    "image_pull_secret",
    "ingress_tls_secret",
    "node_selector_key",
    "node_selector_val",
    "tolerations_yaml",
    "privileged",
];

const MODEL_ROUTING: &[&str] = &["router_name"];

/// Returns every section with its keys; a section without keys takes any.
pub fn known_sections() -> impl Iterator<Item = (&'static str, &'static [&'static str])> {
    SECTIONS.into_iter()
}

/// Returns the keys of a section, `None` if there is no such section.
pub(crate) fn keys_of(section: &str) -> Option<&'static [&'static str]> {
    SECTIONS.iter().find(|(name, _)| *name == section).map(|(_, keys)| *keys)
}

/// Returns the known name that is most like `name`, if one is alike at all.
pub(crate) fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    known
        .map(|candidate| (distance(name, candidate), candidate))
        .min()
        .filter(|(distance, _)| *distance <= 1 + name.len() / 3)
        .map(|(_, candidate)| candidate)
}

/// Levenshtein's distance.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let substituted = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}
