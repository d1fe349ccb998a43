//! What the server knows, as the model reads it.

use std::fmt::Write as _;

use oh_event::{MicroagentKnowledge, OpaqueJson, RecallObservation};
use serde_json::Value;

/// Returns a recall in words; `shorten` is applied to what people wrote.
pub(super) fn recall_text(recall: &RecallObservation, shorten: impl Fn(&str) -> String) -> String {
    let facts = facts(recall, &shorten);
    let mut parts = Vec::new();
    if !facts.is_empty() {
        parts.push(format!(
            "<context>\nFacts from the server, not from the user.{facts}\n</context>"
        ));
    }
    for MicroagentKnowledge { name, trigger, content } in &recall.microagent_knowledge {
        let content = shorten(content);
        parts.push(format!(
            "<knowledge name={name:?}>\nBrought in because the message has {trigger:?}. It may have nothing to do with what is wanted: use it only where it helps.\n{content}\n</knowledge>"
        ));
    }
    parts.join("\n")
}

fn facts(recall: &RecallObservation, shorten: impl Fn(&str) -> String) -> String {
    let mut text = String::new();
    for (label, value) in [
        ("Working directory", &recall.working_dir),
        ("Date (UTC)", &recall.date),
        ("Repository", &recall.repo_name),
        ("Repository directory", &recall.repo_directory),
        ("Branch", &recall.repo_branch),
        ("Repository instructions", &recall.repo_instructions),
        ("Instructions for this runtime", &recall.additional_agent_instructions),
        ("Instructions for this conversation", &recall.conversation_instructions),
    ] {
        if !value.is_empty() {
            let _ = write!(text, "\n{label}: {}", shorten(value));
        }
    }
    let hosts = entries(&recall.runtime_hosts);
    if !hosts.is_empty() {
        text.push_str(
            "\nWhat a web server of yours listens on can be seen by the user; bind it to 0.0.0.0, allow requests from every origin (CORS) and being shown in a frame:",
        );
        for (address, port) in hosts {
            let _ = write!(text, "\n- port {port}: {address}");
        }
    }
    let secrets = entries(&recall.custom_secrets_descriptions);
    if !secrets.is_empty() {
        text.push_str("\nSecrets that commands find in variables of these names:");
        for (name, use_for) in secrets {
            let _ = write!(text, "\n- ${name}: {}", use_for.as_str().unwrap_or_default());
        }
    }
    text
}

fn entries(json: &OpaqueJson) -> serde_json::Map<String, Value> {
    serde_json::from_str(json.as_str()).unwrap_or_default()
}
