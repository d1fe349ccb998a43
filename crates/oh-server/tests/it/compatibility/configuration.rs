//! Keys of `config.toml` and variables of the environment.

use std::collections::BTreeSet;
use std::path::Path;

use oh_config::{Config, ConfigError, Environment, known_sections};

use super::{Row, code_spans, rows, sources};

/// A group that some keys name.
const GROUP: &str = "[llm.small]\nmodel = \"small\"\n";

fn parse(text: &str, variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let mut environment = Environment::from([("HOME".to_owned(), "/home/me".to_owned())]);
    environment.extend(variables.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())));
    Config::parse(&format!("{text}\n{GROUP}"), Path::new("config.toml"), &environment)
}

/// Returns everything that was said of a configuration.
fn complaints(result: Result<Config, ConfigError>) -> String {
    result.map_or_else(|error| error.to_string(), |config| config.warnings.join("\n"))
}

struct Key {
    row: Row,
    section: &'static str,
    value: &'static str,
    /// Other keys that it needs.
    others: String,
}

impl Key {
    fn read(row: Row) -> Self {
        let spans = code_spans(row.cell("value"));
        let section = row.section.trim_start_matches('[').split(']').next().unwrap();
        Self { section, value: spans[0], others: spans[1..].join("\n"), row }
    }

    fn text(&self) -> String {
        format!("[{}]\n{}\n{} = {}", self.section, self.others, self.row.name(), self.value)
    }

    /// Returns the same in the environment, if it is a value that fits there.
    fn variable(&self) -> Option<(String, String)> {
        let name = match self.section {
            "core" => self.row.name().to_uppercase(),
            section => format!("{section}_{}", self.row.name()).to_uppercase(),
        };
        let value = self.value.trim_matches('"');
        (!self.value.contains('{')).then(|| (name, value.to_owned()))
    }
}

#[test]
fn every_key_is_taken_as_its_row_says() {
    for key in rows("key").into_iter().map(Key::read) {
        let text = key.text();
        let loaded = parse(&text, &[]);
        if key.row.state() == "no" {
            let warning = code_spans(key.row.cell("here"))[0];
            let with_docker = parse(&text, &[("RUNTIME", "docker")]);
            let said = format!("{}\n{}", complaints(loaded), complaints(with_docker));
            assert!(said.contains(warning), "{text}: {said}");
            continue;
        }
        let loaded = loaded.unwrap();
        assert_eq!(loaded.warnings, Vec::<String>::new(), "{text}");
        // Half of what HTTPS needs does not load.
        if let Ok(without) = parse(&format!("[{}]\n{}", key.section, key.others), &[]) {
            assert_eq!(loaded != without, key.row.is_here(), "the effect of {text}");
        }
        if let Some((name, value)) = key.variable() {
            let others = format!("[{}]\n{}", key.section, key.others);
            // What is needed beside may stand in the file only together with it.
            let by_variable = parse(&others, &[(&name, &value)]).unwrap();
            assert_eq!(by_variable, loaded, "{name}={value}");
        }
    }
}

#[test]
fn every_known_key_has_a_row() {
    let rows: Vec<Key> = rows("key").into_iter().map(Key::read).collect();
    let described: BTreeSet<_> = rows.iter().map(|key| (key.section, key.row.name())).collect();
    let known: BTreeSet<_> = known_sections()
        .flat_map(|(section, keys)| keys.iter().map(move |key| (section, *key)))
        .collect();
    assert_eq!(described, known);
}

#[test]
fn every_variable_is_taken_as_its_row_says() {
    let nothing = parse("", &[]).unwrap();
    for row in rows("variable") {
        let (name, value) = (row.name(), code_spans(row.cell("value"))[0]);
        let loaded = parse("", &[(name, value)]).unwrap();
        if row.state() == "no" {
            let warning = code_spans(row.cell("here"))[0];
            assert!(loaded.warnings.join("\n").contains(warning), "{row:?}");
        } else {
            assert_eq!(loaded.warnings, Vec::<String>::new(), "{row:?}");
            assert_eq!(loaded != nothing, row.is_here(), "the effect of {name}");
        }
    }
}

#[test]
fn every_variable_that_is_read_has_a_row() {
    let described = super::names(&rows("variable"));
    let text = sources();
    let read = text.split(".variable(\"").skip(1).filter_map(|rest| rest.split('"').next());
    let missing: Vec<&str> = read.filter(|name| !described.contains(name)).collect();
    assert_eq!(missing, Vec::<&str>::new());
}
