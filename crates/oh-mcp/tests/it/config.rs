use std::time::Duration;

use oh_mcp::{McpConfig, McpTransport, StdioProgram};
use serde_json::{Value, json};

fn names(config: &McpConfig) -> Vec<&str> {
    config.servers.iter().map(|server| server.name.as_str()).collect()
}

fn programs(config: &McpConfig) -> Vec<&StdioProgram> {
    let mut programs = Vec::new();
    for server in &config.servers {
        if let McpTransport::Stdio(program) = &server.transport {
            programs.push(program);
        }
    }
    programs
}

#[test]
fn servers_are_read_in_every_form_that_they_may_have() {
    let config = McpConfig::parse(&json!({
        "sse_servers": ["https://a.example/sse", {"url": "http://b.example", "api_key": "key-of-b"}],
        "shttp_servers": [
            "https://a.example/mcp",
            {"url": "https://c.example/mcp", "timeout": 5},
            {"url": "https://d.example/mcp?apiKey=key-of-d", "timeout": null},
        ],
        "stdio_servers": [
            {"name": "one", "command": "npx", "args": "-y 'a b' c\\ d \"e'\\\"f\"", "env": "A=1, B=x=y"},
            {"name": "two", "command": "x", "args": ["a b"], "env": {"K": "key-of-two"}},
            {"name": "two", "command": "y"},
        ],
    }))
    .unwrap();
    let expected =
        ["a_example", "b_example", "a_example_2", "c_example", "d_example", "one", "two", "two_2"];
    assert_eq!(names(&config), expected);
    let timeouts: Vec<_> = config.servers[2..5].iter().map(|server| server.timeout).collect();
    let seconds = |n| Some(Duration::from_secs(n));
    assert_eq!(timeouts, [seconds(60), seconds(5), None]);
    let programs = programs(&config);
    assert_eq!(programs[0].args, ["-y", "a b", "c d", "e'\"f"]);
    assert_eq!(programs[1].args, ["a b"]);
    let variables: Vec<_> = programs[0].env.iter().collect();
    assert_eq!(format!("{variables:?}"), r#"[("A", "1"), ("B", "x=y")]"#);
    assert_eq!(config.secrets(), ["key-of-b", "key-of-d", "key-of-two"]);
    let shown = format!("{config:?}");
    assert!(!shown.contains("key-of"), "{shown}");
    assert_eq!(McpConfig::parse(&Value::Null).unwrap(), McpConfig::default());
}

#[test]
fn what_is_wrong_is_named_with_its_place() {
    fn check(value: Value, expected: &str) {
        assert_eq!(McpConfig::parse(&value).unwrap_err().to_string(), expected);
    }
    let stdio = |server: Value| json!({"stdio_servers": [server]});
    check(json!([]), "mcp: it must be an object");
    check(
        json!({"servers": []}),
        "mcp.servers: unknown key; known are sse_servers, shttp_servers, stdio_servers",
    );
    check(json!({"sse_servers": "x"}), "sse_servers: it must be a list");
    check(
        json!({"sse_servers": ["example.com"]}),
        "sse_servers[0].url: it is not a URL such as https://example.com/mcp: relative URL without a base",
    );
    check(
        json!({"shttp_servers": ["ftp://x"]}),
        "shttp_servers[0].url: its scheme must be http, https, ws or wss",
    );
    check(
        json!({"sse_servers": ["http://x", {"url": "http://x", "api_key": "k"}]}),
        "sse_servers[1]: another entry has the same URL; remove one of them",
    );
    for timeout in [json!(0), json!(3601), json!("5")] {
        check(
            json!({"shttp_servers": [{"url": "http://x", "timeout": timeout}]}),
            "shttp_servers[0].timeout: it must be 1 to 3600 seconds",
        );
    }
    check(
        json!({"sse_servers": [{"url": "http://x", "timeout": 5}]}),
        "sse_servers[0].timeout: unknown key; known are url, api_key",
    );
    check(stdio(json!({"command": "x"})), "stdio_servers[0].name: it is missing or empty");
    check(
        stdio(json!({"name": "a b", "command": "x"})),
        "stdio_servers[0].name: `a b` may have letters, digits, `_` and `-` only",
    );
    check(
        stdio(json!({"name": "a", "command": "npx server"})),
        "stdio_servers[0].command: it must be one word; put what follows it into args",
    );
    for args in [json!("'open"), json!([1]), json!({})] {
        check(
            stdio(json!({"name": "a", "command": "x", "args": args})),
            "stdio_servers[0].args: it must be a list of strings, or one string as a shell reads it",
        );
    }
    for env in [json!("A"), json!({"A": 1}), json!("=x")] {
        check(
            stdio(json!({"name": "a", "command": "x", "env": env})),
            "stdio_servers[0].env: it must be an object of strings, or a string such as `A=1,B=2`",
        );
    }
}

#[test]
fn lists_are_joined_and_what_is_there_twice_is_there_once() {
    let of = |value: Value| McpConfig::parse(&json!({"stdio_servers": value})).unwrap();
    let first = of(json!([{"name": "a", "command": "x", "env": "A=1,B=2"}]));
    let second = of(json!([
        {"name": "b", "command": "x", "env": {"B": "2", "A": "1"}},
        {"name": "a", "command": "y"},
    ]));
    assert_eq!(names(&first.merged(second)), ["a", "a_2"]);
}

#[test]
fn a_key_of_tavily_adds_its_search() {
    let with = |key| McpConfig::default().with_search(key);
    assert_eq!(names(&with(Some("tvly-key"))), ["tavily"]);
    assert_eq!(with(Some("tvly-key")).secrets(), ["tvly-key"]);
    assert_eq!(with(Some("other")), McpConfig::default());
    assert_eq!(with(None), McpConfig::default());
}

#[test]
fn a_list_comes_back_masked_and_keeps_what_was_masked() {
    let sent = json!({
        "sse_servers": [{"url": "http://a.example/", "api_key": "key-of-a"}],
        "shttp_servers": [{"url": "http://b.example/", "api_key": null, "timeout": null}],
        "stdio_servers": [{"name": "one", "command": "x", "args": ["y"], "env": {"K": "value"}}],
    });
    let stored = McpConfig::parse(&sent).unwrap();
    assert_eq!(stored.to_json(), sent);
    let shown = stored.clone().hidden().to_json();
    assert_eq!(shown["sse_servers"][0]["api_key"], "**********");
    assert_eq!(shown["stdio_servers"][0]["env"], json!({"K": "**********"}));
    let back = McpConfig::parse(&shown).unwrap();
    assert_eq!(back.clone().revealed(&stored).unwrap(), stored);
    let error = back.revealed(&McpConfig::default()).unwrap_err().to_string();
    assert_eq!(error, "a_example: the mask stands for no value that is stored; give api_key anew");
    assert_eq!(stored.clone().without(&stored), McpConfig::default());
    assert_eq!(stored.clone().without(&McpConfig::default()), stored);
}
