//! What asks for something that is not here is told, and nothing else is.

use crate::config::parse;

#[test]
fn what_has_no_effect_and_would_be_missed_is_told() {
    fn check(text: &str, variables: &[(&str, &str)], expected: &[&str]) {
        assert_eq!(parse(text, variables).warnings, expected, "{text} {variables:?}");
    }
    let elsewhere = "[core] file_store has no effect here: conversations are kept in a database in file_store_path, and nowhere else";
    check("[core]\nfile_store = \"s3\"", &[], &[elsewhere]);
    check("", &[("FILE_STORE", "google_cloud")], &[elsewhere]);
    check("[core]\nfile_store = \"local\"", &[], &[]);
    check("[security]\nsecurity_analyzer = \"llm\"", &[], &[]);
    check("[model_routing]\nrouter_name = \"noop_router\"", &[], &[]);
    check(
        "[model_routing]\nrouter_name = \"multimodal_router\"",
        &[],
        &[
            "[model_routing] router_name has no effect here: one model answers everything; choose it with [agent] llm_config",
        ],
    );
    check(
        "",
        &[("REDIS_HOST", "localhost:6379")],
        &["REDIS_HOST has no effect here: one process serves all clients of a conversation"],
    );
}

#[test]
fn every_section_names_its_unknown_keys() {
    fn check(text: &str, expected: &str) {
        assert_eq!(parse(text, &[]).warnings, [expected]);
    }
    check(
        "[condenser]\ntype = \"recent\"\nmax_event = 3",
        "unknown key `max_event` in [condenser]; did you mean `max_events`?",
    );
    check(
        "[kubernetes]\nnamespaces = \"x\"",
        "unknown key `namespaces` in [kubernetes]; did you mean `namespace`?",
    );
    assert!(parse("[extended]\nanything = 1", &[]).warnings.is_empty());
}

#[test]
fn a_wrong_port_of_the_interface_is_told() {
    let config = parse("", &[("VITE_FRONTEND_PORT", "x")]);
    let expected = "VITE_FRONTEND_PORT must be a port number; its value is ignored";
    assert_eq!(
        (config.server.frontend_port, &*config.warnings),
        (None, &[expected.to_owned()][..])
    );
}

#[test]
fn every_key_of_a_condenser_has_a_variable() {
    let variables = [("CONDENSER_TYPE", "llm"), ("CONDENSER_MAX_EVENT_LENGTH", "77")];
    let condensers = parse("", &variables).agent.condensers.unwrap();
    let oh_agent::Condenser::Llm(llm) = &condensers[0] else { panic!("{condensers:?}") };
    assert_eq!(llm.max_event_length, 77);
}

#[test]
fn levels_of_the_log_have_the_names_of_python_too() {
    fn check(level: &str, expected: &str, warnings: usize) {
        let config = parse("", &[("LOG_LEVEL", level)]);
        let found = (&*config.server.log_level, config.warnings.len());
        assert_eq!(found, (expected, warnings), "{level}");
    }
    check("WARNING", "warn", 0);
    check("critical", "error", 0);
    check("Debug", "debug", 0);
    check("loud", "info", 1);
}

#[test]
fn colors_can_be_switched_off() {
    assert!(parse("", &[]).server.has_colors);
    assert!(!parse("[core]\ndisable_color = true", &[]).server.has_colors);
    assert!(!parse("", &[("NO_COLOR", "1")]).server.has_colors);
}
