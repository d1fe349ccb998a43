use serde_json::{Value, json};

/// What the script says and does next.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) text: String,
    pub(crate) calls: Vec<Call>,
}

/// A call of a tool.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) tool: &'static str,
    pub(crate) arguments: Value,
}

impl Reply {
    /// Only words, so that the user has the next one.
    pub(crate) fn words(text: impl Into<String>) -> Self {
        Self { text: text.into(), calls: Vec::new() }
    }

    pub(crate) fn command(text: &str, command: &str) -> Self {
        let arguments = json!({"command": command, "security_risk": "MEDIUM"});
        Self::call(text, "execute_bash", arguments)
    }

    pub(crate) fn create(text: &str, path: &str, content: &str) -> Self {
        let arguments = json!({
            "command": "create",
            "path": path,
            "file_text": content,
            "security_risk": "MEDIUM",
        });
        Self::call(text, "str_replace_editor", arguments)
    }

    pub(crate) fn view(text: &str, path: &str) -> Self {
        let arguments = json!({"command": "view", "path": path, "security_risk": "LOW"});
        Self::call(text, "str_replace_editor", arguments)
    }

    pub(crate) fn replace(text: &str, path: &str, old: &str, new: &str) -> Self {
        let arguments = json!({
            "command": "str_replace",
            "path": path,
            "old_str": old,
            "new_str": new,
            "security_risk": "MEDIUM",
        });
        Self::call(text, "str_replace_editor", arguments)
    }

    pub(crate) fn finish(message: &str) -> Self {
        Self::call("", "finish", json!({"message": message}))
    }

    fn call(text: &str, tool: &'static str, arguments: Value) -> Self {
        Self { text: text.to_owned(), calls: vec![Call { tool, arguments }] }
    }
}
