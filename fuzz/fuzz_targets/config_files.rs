//! A config.toml, and the environment beside it: lines before the first empty one are `NAME=value`.
#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use oh_config::{Config, Environment};

fuzz_target!(|text: &str| {
    let (variables, file) = text.split_once("\n\n").unwrap_or(("", text));
    let environment: Environment = variables
        .lines()
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    match Config::parse(file, Path::new("config.toml"), &environment) {
        Ok(config) => {
            let sockets = config.server.sockets;
            assert!(sockets.has_websocket || sockets.has_polling);
            assert!(sockets.actions.burst > 0 && sockets.actions.max_waiting > 0);
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});
