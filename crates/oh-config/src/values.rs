//! Values as the environment spells them.

use toml::Value;

/// `true`, `1`, `yes`, `on` in any case are true; everything else is false.
pub(crate) fn parse_flag(text: &str) -> bool {
    matches!(text.trim().to_ascii_lowercase().as_str(), "true" | "1" | "yes" | "on")
}

/// A list as JSON, as Python writes it, or with commas.
pub(crate) fn parse_list(text: &str) -> Vec<String> {
    let text = text.trim();
    let json = serde_json::from_str::<Vec<String>>(text)
        .or_else(|_| serde_json::from_str(&text.replace('\'', "\"")));
    json.unwrap_or_else(|_| text.split(',').map(|item| item.trim().to_owned()).collect())
        .into_iter()
        .filter(|item| !item.is_empty())
        .collect()
}

/// A table of strings as JSON or as Python writes it.
pub(crate) fn parse_table(text: &str) -> Option<Vec<(String, String)>> {
    let json: serde_json::Map<String, serde_json::Value> = serde_json::from_str(text)
        .or_else(|_| serde_json::from_str(&text.replace('\'', "\"")))
        .ok()?;
    let entry = |(key, value): (String, serde_json::Value)| {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        (key, value)
    };
    Some(json.into_iter().map(entry).collect())
}

pub(crate) fn list_of(value: &Value) -> Option<Vec<String>> {
    value.as_array()?.iter().map(|item| item.as_str().map(str::to_owned)).collect()
}

pub(crate) fn table_of(value: &Value) -> Option<Vec<(String, String)>> {
    let entry = |(key, value): (&String, &Value)| {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        (key.clone(), value)
    };
    Some(value.as_table()?.iter().map(entry).collect())
}
