//! Where a value comes from: the environment, else the file, else the default.

use toml::{Table, Value};

use crate::config::Environment;
use crate::known_keys::{SECTIONS, keys_of, nearest};
use crate::values::{list_of, parse_flag, parse_list, parse_table, table_of};

/// The file and the environment, and what was odd about them.
pub(crate) struct Source<'a> {
    file: Table,
    environment: &'a Environment,
    pub(crate) warnings: Vec<String>,
}

impl<'a> Source<'a> {
    pub(crate) fn new(file: Table, environment: &'a Environment) -> Self {
        let mut source = Self { file, environment, warnings: Vec::new() };
        source.warn_of_unknown_names();
        source
    }

    /// Returns a variable that has a value.
    pub(crate) fn variable(&self, name: &str) -> Option<&'a str> {
        self.environment.get(name).map(String::as_str).filter(|value| !value.trim().is_empty())
    }

    pub(crate) fn is_set(&self, section: &str, key: &str) -> bool {
        let in_file = || self.file.get(section)?.as_table()?.get(key);
        self.variable(&variable_name(section, key)).is_some() || in_file().is_some()
    }

    /// Returns a section of the file as it stands there.
    pub(crate) fn section(&self, section: &str) -> Option<Table> {
        self.file.get(section)?.as_table().cloned()
    }

    pub(crate) fn text(&mut self, section: &str, key: &str) -> Option<String> {
        let parse = |text: &str| Some(text.to_owned());
        self.value(section, key, "a string", parse, |value| value.as_str().map(str::to_owned))
    }

    pub(crate) fn flag(&mut self, section: &str, key: &str) -> Option<bool> {
        self.value(section, key, "true or false", |text| Some(parse_flag(text)), Value::as_bool)
    }

    pub(crate) fn integer(&mut self, section: &str, key: &str) -> Option<u64> {
        let parse = |text: &str| text.trim().parse().ok();
        self.value(section, key, "a whole number, 0 or more", parse, |value| {
            u64::try_from(value.as_integer()?).ok()
        })
    }

    pub(crate) fn number(&mut self, section: &str, key: &str) -> Option<f64> {
        let parse = |text: &str| text.trim().parse().ok().filter(|n: &f64| n.is_finite());
        self.value(section, key, "a number", parse, |value| {
            #[allow(clippy::cast_precision_loss, reason = "settings are small numbers")]
            value.as_float().or_else(|| value.as_integer().map(|n| n as f64))
        })
    }

    pub(crate) fn list(&mut self, section: &str, key: &str) -> Option<Vec<String>> {
        self.value(section, key, "a list of strings", |text| Some(parse_list(text)), list_of)
    }

    pub(crate) fn table(&mut self, section: &str, key: &str) -> Option<Vec<(String, String)>> {
        self.value(section, key, "a table", parse_table, table_of)
    }

    fn value<T>(
        &mut self,
        section: &str,
        key: &str,
        expected: &str,
        from_text: impl Fn(&str) -> Option<T>,
        from_toml: impl Fn(&Value) -> Option<T>,
    ) -> Option<T> {
        let name = variable_name(section, key);
        if let Some(text) = self.variable(&name) {
            let value = from_text(text);
            if value.is_none() {
                self.warnings.push(format!("{name} must be {expected}; its value is ignored"));
            }
            if value.is_some() {
                return value;
            }
        }
        let found = self.file.get(section)?.as_table()?.get(key)?;
        let value = from_toml(found);
        if value.is_none() {
            self.warnings
                .push(format!("[{section}] {key} must be {expected}; its value is ignored"));
        }
        value
    }

    fn warn_of_unknown_names(&mut self) {
        for (section, value) in &self.file {
            let Some(keys) = keys_of(section) else {
                let known = SECTIONS.iter().map(|(name, _)| *name);
                self.warnings.push(unknown(&format!("section [{section}]"), section, known));
                continue;
            };
            let Some(table) = value.as_table() else {
                self.warnings.push(format!("[{section}] must be a section; it is ignored"));
                continue;
            };
            // Sections without a list of keys are read elsewhere; `[llm.name]` is a group.
            let is_group =
                |value: &Value| matches!(section.as_str(), "llm" | "agent") && value.is_table();
            for (key, value) in table {
                if !keys.is_empty() && !keys.contains(&key.as_str()) && !is_group(value) {
                    let name = format!("key `{key}` in [{section}]");
                    self.warnings.push(unknown(&name, key, keys.iter().copied()));
                }
            }
        }
    }
}

fn unknown<'a>(what: &str, name: &str, known: impl Iterator<Item = &'a str>) -> String {
    match nearest(name, known) {
        Some(nearest) => format!("unknown {what}; did you mean `{nearest}`?"),
        None => format!("unknown {what}"),
    }
}

/// `[core] key` is `KEY`; `[section] key` is `SECTION_KEY`.
fn variable_name(section: &str, key: &str) -> String {
    match section {
        "core" => key.to_ascii_uppercase(),
        _ => format!("{section}_{key}").to_ascii_uppercase(),
    }
}

impl Source<'_> {
    /// `SANDBOX_ENV_X=value` gives commands the variable `X`.
    pub(crate) fn exported_variables(&self) -> Vec<(String, String)> {
        let exported = |(name, value): (&String, &String)| {
            let name = name.strip_prefix("SANDBOX_ENV_")?;
            (!name.is_empty()).then(|| (name.to_owned(), value.clone()))
        };
        self.environment.iter().filter_map(exported).collect()
    }
}
