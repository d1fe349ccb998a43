//! The configuration read from text and a made-up environment.

#[cfg(test)]
mod llm;
#[cfg(test)]
mod not_here;
#[cfg(test)]
mod properties;

#[cfg(test)]
mod config {
    use std::path::Path;
    use std::time::Duration;

    use oh_config::{ActionPace, Config, CorsOrigins, Environment, RuntimeKind};
    use oh_runtime::{
        ContainerConfig, ContainerOnClose, Gpus, NetworkPolicy, ResourceLimits, SandboxPolicy,
    };

    const GUIDE: &str = r#"
[core]
debug = true
runtime = "local"
enable_browser = true
[sandbox]
use_host_network = true
timeout = 120
[security]
confirmation_mode = false
"#;

    pub(crate) fn parse(text: &str, variables: &[(&str, &str)]) -> Config {
        let environment: Environment =
            variables.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        Config::parse(text, Path::new("config.toml"), &environment).unwrap()
    }

    #[test]
    fn the_guides_file_loads_without_warnings() {
        let config = parse(GUIDE, &[("HOME", "/home/me")]);
        assert_eq!(config.warnings, Vec::<String>::new());
        assert_eq!(config.server.log_level, "debug");
        assert_eq!(config.sandbox.timeout, Duration::from_secs(120));
        assert_eq!(config.data_dir, Path::new("/home/me/.openhands-rs"));
        assert_eq!((config.server.host.as_str(), config.server.port), ("127.0.0.1", 3000));
    }

    #[test]
    fn the_template_loads_without_warnings_and_changes_nothing() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config.template.toml");
        let text = std::fs::read_to_string(path).unwrap();
        // Commented keys are the defaults: with them switched on nothing changes.
        let uncommented: String = text
            .lines()
            .map(|line| match line.strip_prefix("# ") {
                Some(rest) if rest.contains(" = ") => format!("{rest}\n"),
                Some(_) | None => format!("{line}\n"),
            })
            .collect();
        let home = [("HOME", "/h")];
        assert_eq!(parse(&uncommented, &home), parse("", &home));
        assert_eq!(parse(&text, &home), parse("", &home));
    }

    #[test]
    fn mcp_servers_are_read_from_the_file_and_from_variables() {
        let text = "[core]\nsearch_api_key = \"tvly-key\"\n[agent]\nenable_mcp = false\n[mcp]\nshttp_servers = [\"http://a.example\"]\nstdio_servers = [{ name = \"x\", command = \"y\", env = { A = \"1\" } }]";
        let names = |variables: &[(&str, &str)]| {
            let Config { mcp, agent, .. } = parse(text, variables);
            assert_eq!(
                (agent.enable_mcp, mcp.search_api_key.as_deref()),
                (false, Some("tvly-key"))
            );
            mcp.servers.servers.into_iter().map(|server| server.name).collect::<Vec<_>>()
        };
        assert_eq!(names(&[]), ["a_example", "x"]);
        let variable = ("MCP_SHTTP_SERVERS", r#"[{"url": "http://b.example", "timeout": 5}]"#);
        assert_eq!(names(&[variable]), ["b_example", "x"]);
        assert!(parse("", &[]).agent.enable_mcp);
    }

    #[test]
    fn wrong_mcp_servers_stop_the_start_and_are_named() {
        fn check(text: &str, variables: &[(&str, &str)], expected: &str) {
            let environment = variables
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect();
            let error = Config::parse(text, Path::new("config.toml"), &environment).unwrap_err();
            assert_eq!(error.to_string(), expected);
        }
        check(
            "[mcp]\nstdio_servers = [{ name = \"x\", command = \"y z\" }]",
            &[],
            "[mcp] stdio_servers[0].command: it must be one word; put what follows it into args",
        );
        check(
            "[mcp]\nservers = []",
            &[],
            "[mcp] mcp.servers: unknown key; known are sse_servers, shttp_servers, stdio_servers",
        );
        let broken = [("MCP_SSE_SERVERS", "[")];
        check(
            "",
            &broken,
            "MCP_SSE_SERVERS: it is not JSON: EOF while parsing a list at line 1 column 1",
        );
    }

    #[test]
    fn environment_beats_file() {
        let config = parse(
            "[llm]\nmodel = \"a\"\n[core]\nmax_iterations = 7",
            &[("LLM_MODEL", "b"), ("LLM_API_KEY", ""), ("MAX_ITERATIONS", "9")],
        );
        assert_eq!(config.llm.model.as_deref(), Some("b"));
        assert_eq!(config.llm.config.api_key, None);
        assert_eq!(config.agent.limits.max_iterations, 9);
    }

    #[test]
    fn limits_and_tools_are_read() {
        let config = parse(
            "[core]\nmax_budget_per_task = 2.5\nmax_tokens_per_task = 0\n[agent]\nenable_plan_mode = false\nenable_condensation_request = true\nstuck_monologue = 9",
            &[("MAX_SECONDS_PER_TASK", "60")],
        );
        let limits = config.agent.limits;
        assert_eq!((limits.max_budget, limits.max_tokens), (Some(2.5), None));
        assert_eq!(limits.max_seconds, Some(60));
        assert!(!config.agent.tools.has_task_tracker);
        assert!(config.agent.tools.has_ipython);
        assert!(config.agent.tools.has_condensation_request);
        assert_eq!(config.agent.stuck.monologue, 9);
    }

    #[test]
    fn confirmation_follows_the_file_and_the_user() {
        use oh_agent::ConfirmationPolicy;

        let off = parse("", &[]).agent;
        assert_eq!(off.confirmation(None, None), ConfirmationPolicy::Never);
        assert_eq!(off.confirmation(Some(true), Some("llm")), ConfirmationPolicy::RISKY);
        assert_eq!(off.confirmation(Some(true), Some("none")), ConfirmationPolicy::Always);
        let all = parse("[security]\nconfirmation_mode = true\nconfirm = \"all\"", &[]).agent;
        assert_eq!(all.confirmation(None, None), ConfirmationPolicy::Always);
        assert_eq!(all.confirmation(Some(false), None), ConfirmationPolicy::Never);
        let odd = parse("[security]\nconfirmation_mode = true\nconfirm = \"no\"", &[]);
        assert_eq!(odd.agent.confirmation, ConfirmationPolicy::RISKY);
        assert!(odd.warnings[0].contains("confirm must be"), "{:?}", odd.warnings);
    }

    #[test]
    fn condensers_are_read() {
        use oh_agent::{Condenser, LlmForm};

        let check = |text: &str, variables: &[(&str, &str)], expected: &[&str]| {
            let config = parse(text, variables);
            let name = |condenser: &Condenser| match condenser {
                Condenser::ObservationMasking { attention_window } => {
                    format!("mask {attention_window}")
                }
                Condenser::BrowserOutputMasking { attention_window } => {
                    format!("pages {attention_window}")
                }
                Condenser::Recent { keep_first, max_events } => {
                    format!("recent {keep_first} {max_events}")
                }
                Condenser::ConversationWindow => "window".to_owned(),
                Condenser::Amortized(sizes) => format!("amortized {}", sizes.max_size),
                Condenser::Llm(llm) => {
                    let form = match llm.form {
                        LlmForm::Summary => "llm",
                        LlmForm::Structured => "structured",
                        LlmForm::Attention => "attention",
                    };
                    format!("{form} {} {:?}", llm.sizes.max_size, llm.llm_config)
                }
            };
            let found: Vec<String> = config.agent.condensers(None, None).iter().map(name).collect();
            assert_eq!(found, expected, "{text}");
        };
        check("", &[], &["window", "pages 2", "llm 240 None"]);
        check("[core]\nenable_default_condenser = false", &[], &["window"]);
        check("[condenser]\ntype = \"noop\"", &[], &[]);
        check("[condenser]\ntype = \"recent\"", &[], &["recent 1 100"]);
        check(
            "",
            &[("CONDENSER_TYPE", "amortized"), ("CONDENSER_MAX_SIZE", "50")],
            &["amortized 50"],
        );
        check(
            "[condenser]\ntype = \"pipeline\"\n[[condenser.condensers]]\ntype = \"observation_masking\"\nattention_window = 5\n[[condenser.condensers]]\ntype = \"llm\"\nllm_config = \"small\"\nmax_size = 80",
            &[],
            &["mask 5", "llm 80 Some(\"small\")"],
        );
        check("[agent.condenser]\ntype = \"structured\"", &[], &["structured 240 None"]);
        let config = parse("[condenser]\ntype = \"llm\"\nkeep_first = 60\nmax_size = 100", &[]);
        assert_eq!(config.agent.condensers, Some(vec![]));
        assert!(config.warnings[0].contains("keep_first (60)"), "{:?}", config.warnings);
        let config = parse("[condenser]\ntype = \"lmm\"", &[]);
        assert!(config.warnings[0].contains("\"lmm\" is unknown"), "{:?}", config.warnings);
    }

    #[test]
    fn odd_things_are_named_and_ignored() {
        fn check(text: &str, warning: &str) {
            let config = parse(text, &[]);
            assert_eq!(config.warnings, [warning], "{text}");
        }
        check(
            "[core]\nmax_iteration = 3",
            "unknown key `max_iteration` in [core]; did you mean `max_iterations`?",
        );
        check("[cor]\na = 3", "unknown section [cor]; did you mean `core`?");
        check(
            "[core]\nmax_iterations = \"x\"",
            "[core] max_iterations must be a whole number, 0 or more; its value is ignored",
        );
        check(
            "[core]\ndurability = \"none\"",
            "[core] durability must be \"fsync\" or \"os\", not \"none\"; \"fsync\" is used",
        );
        check(
            "[security]\ntrusted_proxies = [\"x\"]",
            "[security] trusted_proxies: `x` is neither an IP address nor a network such as 10.0.0.0/8; it is ignored",
        );
        check("core = 1", "[core] must be a section; it is ignored");
        assert_eq!(parse("[llm.small]\nmodel = \"x\"", &[]).warnings, Vec::<String>::new());
        assert_eq!(parse("", &[("BACKEND_PORT", "x")]).warnings.len(), 1);
    }

    #[test]
    fn origins_are_read_in_every_documented_form() {
        fn check(text: &str, expected: CorsOrigins) {
            assert_eq!(parse("", &[("CORS_ALLOWED_ORIGINS", text)]).server.cors, expected);
        }
        let listed = |origins: &[&str]| {
            CorsOrigins::Listed(origins.iter().map(|origin| (*origin).to_owned()).collect())
        };
        check("*", CorsOrigins::Any);
        check("", CorsOrigins::Any);
        check("https://a.com, https://b.com", listed(&["https://a.com", "https://b.com"]));
        check("['https://yourdomain.com']", listed(&["https://yourdomain.com"]));
    }

    #[test]
    fn ports_follow_the_documented_order() {
        fn check(variables: &[(&str, &str)], port: u16) {
            assert_eq!(parse("", variables).server.port, port);
        }
        check(&[("BACKEND_PORT", "12000"), ("PORT", "1"), ("port", "2")], 12000);
        check(&[("PORT", "1"), ("port", "2")], 1);
        check(&[("port", "2")], 2);
    }

    #[test]
    fn uploads_are_limited_only_if_asked() {
        let rules = |text: &str| {
            let uploads = parse(&format!("[core]\n{text}"), &[]).uploads;
            (uploads.max_bytes, uploads.allowed_extensions)
        };
        let extensions = "file_uploads_allowed_extensions = [\"PDF\", \".Txt\", \".\"]\n";
        assert_eq!(rules(""), (None, None));
        assert_eq!(rules("file_uploads_max_file_size_mb = 0"), (None, None));
        assert_eq!(rules("file_uploads_max_file_size_mb = 2"), (Some(2 * 1024 * 1024), None));
        assert_eq!(rules(extensions), (None, None));
        let expected = [".pdf", ".txt", "."].map(str::to_owned).to_vec();
        let restricted = format!("{extensions}file_uploads_restrict_file_types = true");
        assert_eq!(rules(&restricted), (None, Some(expected)));
    }

    #[test]
    fn commands_get_the_variables_declared_for_them() {
        let config = parse(
            "[sandbox]\nruntime_startup_env_vars = { A = \"1\" }",
            &[("SANDBOX_ENV_B", "2"), ("LLM_API_KEY", "secret")],
        );
        let pair = |k: &str, v: &str| (k.to_owned(), v.to_owned());
        assert_eq!(config.sandbox.environment, [pair("A", "1"), pair("B", "2")]);
    }

    #[test]
    fn a_runtime_has_a_known_name() {
        fn check(name: &str, expected: Result<RuntimeKind, &str>) {
            let text = format!("[core]\nruntime = \"{name}\"");
            let parsed = Config::parse(&text, Path::new("config.toml"), &Environment::new());
            match (parsed, expected) {
                (Ok(config), Ok(kind)) => assert_eq!(config.sandbox.runtime, kind, "{name}"),
                (Err(error), Err(expected)) => {
                    assert!(error.to_string().contains(expected), "{error}");
                }
                (Ok(_), Err(_)) => panic!("{name} is accepted"),
                (Err(error), Ok(_)) => panic!("{error}"),
            }
        }
        assert_eq!(parse("", &[]).sandbox.runtime, RuntimeKind::Local);
        assert_eq!(parse("", &[("RUNTIME", "docker")]).sandbox.runtime, RuntimeKind::Docker);
        check("local", Ok(RuntimeKind::Local));
        check("cli", Ok(RuntimeKind::Local));
        check("docker", Ok(RuntimeKind::Docker));
        check("eventstream", Ok(RuntimeKind::Docker));
        check("remote", Err("\"local\" or \"docker\""));
        check("kubernetes", Err("does not have"));
        check("dokcer", Err("known are \"local\", \"docker\", \"eventstream\""));
    }

    #[test]
    fn containers_are_made_as_configured() {
        let defaults = parse("", &[]).sandbox.container;
        let limits = defaults.limits.clone();
        assert_eq!(defaults, ContainerConfig { limits, ..ContainerConfig::default() });
        let config = parse(
            r#"
[core]
runtime = "docker"
[sandbox]
base_container_image = "a:1"
runtime_container_image = "b:2"
platform = "linux/arm64"
user_id = 7
network = "off"
policy = "read-only"
use_host_network = true
additional_networks = ["back"]
runtime_binding_address = "::1"
keep_runtime_alive = true
enable_gpu = true
cuda_visible_devices = "0,2"
container_executor = "/opt/executor"
memory_limit_mb = 1
process_limit = 4096
docker_runtime_kwargs = { privileged = true }
"#,
            &[("DOCKER_HOST", "tcp://127.0.0.1:2375")],
        );
        let expected = ContainerConfig {
            engine: "tcp://127.0.0.1:2375".to_owned(),
            image: "b:2".to_owned(),
            platform: Some("linux/arm64".to_owned()),
            program: "/opt/executor".into(),
            user: Some(7),
            policy: SandboxPolicy::ReadOnly,
            network: NetworkPolicy::Off,
            uses_host_network: true,
            additional_networks: vec!["back".to_owned()],
            binding_address: "::1".parse().unwrap(),
            limits: ResourceLimits { memory_bytes: 1024 * 1024, ..ResourceLimits::default() },
            gpus: Gpus::Listed(vec!["0".to_owned(), "2".to_owned()]),
            on_close: ContainerOnClose::Keep,
            ..ContainerConfig::default()
        };
        assert_eq!(config.sandbox.container, expected);
        let warning = "[sandbox] docker_runtime_kwargs has no effect on containers here";
        assert_eq!(config.warnings, [warning]);
        let odd = parse("[sandbox]\nruntime_binding_address = \"here\"", &[]);
        assert!(odd.sandbox.container.binding_address.is_loopback());
        assert_eq!(odd.warnings.len(), 1);
    }

    #[test]
    fn variables_that_no_shell_can_name_are_refused() {
        let config = parse(
            "[sandbox]\nruntime_startup_env_vars = { 1A = \"1\", lower_case = \"a $b \\\"c\\\"\" }",
            &[("SANDBOX_ENV_B-C", "2")],
        );
        let kept = ("lower_case".to_owned(), "a $b \"c\"".to_owned());
        assert_eq!(config.sandbox.environment, [kept]);
        let named: Vec<bool> =
            ["`1A`", "`B-C`"].map(|name| config.warnings.iter().any(|w| w.contains(name))).into();
        assert_eq!((named, config.warnings.len()), (vec![true, true], 2), "{:?}", config.warnings);
    }

    #[test]
    fn sockets_are_reached_as_the_configuration_says() {
        let check = |text: &str, variables: &[(&str, &str)], expected: (bool, bool), warnings| {
            let config = parse(text, variables);
            let sockets = config.server.sockets;
            assert_eq!((sockets.has_websocket, sockets.has_polling), expected, "{text}");
            assert_eq!(config.warnings.len(), warnings, "{:?}", config.warnings);
        };
        let variable = |value| [("SOCKETIO_TRANSPORTS", value)];
        check("", &[], (true, false), 0);
        check("", &variable("websocket,polling"), (true, true), 0);
        check("", &variable(" Polling "), (false, true), 0);
        check("", &variable("carrier"), (true, false), 1);
        let both = "[server]\nsocketio_transports = [\"polling\", \"websocket\"]";
        check(both, &[], (true, true), 0);
        check(both, &variable("websocket"), (true, false), 0);
    }

    #[test]
    fn actions_are_taken_as_fast_as_the_configuration_says() {
        let actions = |text: &str| parse(text, &[]).server.sockets.actions;
        let pace = |per_second, burst, max_waiting| ActionPace { per_second, burst, max_waiting };
        assert_eq!(actions(""), pace(Some(20.0), 100, 1000));
        assert_eq!(
            actions("[server]\nactions_per_second = 0\naction_burst = 0\nmax_waiting_actions = 5"),
            pace(None, 1, 5)
        );
    }

    #[test]
    fn conversations_live_as_long_as_the_configuration_says() {
        let lifecycle = parse("", &[]).lifecycle;
        assert_eq!(lifecycle.close_delay, Some(Duration::from_secs(3600)));
        // It depends on the machine.
        assert!(lifecycle.max_conversations.is_some_and(|limit| (3..=200).contains(&limit)));
        let named = parse("[core]\nmax_concurrent_conversations = 7", &[]).lifecycle;
        assert_eq!(named.max_conversations, Some(7));
        let config = parse(
            "[sandbox]\nclose_delay = 0\ntrusted_dirs = [\"/a/b\", \"~/c\", \"d\", \"/\"]",
            &[
                ("HOME", "/h"),
                ("MAX_CONCURRENT_CONVERSATIONS", "0"),
                ("WORK_PORT_1", "50007"),
                ("APP_PORT_1", "50008"),
                ("APP_PORT_2", "many"),
                ("SANDBOX_LOCAL_RUNTIME_URL", "https://me.example/"),
            ],
        );
        let lifecycle = config.lifecycle;
        assert_eq!((lifecycle.close_delay, lifecycle.max_conversations), (None, None));
        assert_eq!(lifecycle.trusted_dirs, [Path::new("/a/b"), Path::new("/h/c")]);
        assert_eq!(lifecycle.app_ports, [Some(50007), None]);
        assert_eq!(lifecycle.runtime_url.as_deref(), Some("https://me.example"));
        assert_eq!(config.warnings.len(), 3, "{:?}", config.warnings);
    }
}
