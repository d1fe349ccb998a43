//! A file → a skill.

use super::front_matter::{Value, split};
use super::{Skill, SkillFile, SkillForm, SkillInput, SkillKind, SkillProblem};

/// Longest description, in characters; the rest is cut off.
const MAX_DESCRIPTION: usize = 1024;
/// Most triggers or inputs of one skill.
const MAX_LIST: usize = 100;

impl Skill {
    /// Reads a file.
    ///
    /// # Errors
    /// Fails if the front matter is no YAML or has values of the wrong kind.
    pub fn parse(file: SkillFile) -> Result<Self, SkillProblem> {
        let SkillFile { name, path, form, text } = file;
        if form == SkillForm::Instructions {
            // These are read by other tools too and have no front matter.
            return Ok(Self {
                name,
                path,
                kind: SkillKind::Repo,
                description: String::new(),
                triggers: Vec::new(),
                content: text.trim().to_owned(),
            });
        }
        let (head, body) = split(&text)?;
        check_type(&head)?;
        let inputs = inputs(&head)?;
        let paths = texts(&head, "paths")?;
        let mut triggers = texts(&head, "triggers")?;
        triggers.retain(|trigger| !trigger.trim().is_empty());
        let mut description: String =
            text_of(&head, "description")?.chars().take(MAX_DESCRIPTION).collect();
        let command = format!("/{name}");
        let kind = if !inputs.is_empty() {
            triggers.insert(0, command);
            SkillKind::Task { inputs }
        } else if !triggers.is_empty() {
            SkillKind::Knowledge
        } else if form == SkillForm::Directory || !paths.is_empty() {
            triggers.push(command);
            SkillKind::OnDemand
        } else {
            SkillKind::Repo
        };
        if !paths.is_empty() {
            description = format!("{description} (for files like {})", paths.join(", "));
        }
        let mut content = body.trim().to_owned();
        if has_variables(&content) {
            content.push_str("\n\nWhere `${name}` stands for a value that the user has not given, ask the user for it.");
        }
        let description = description.trim().to_owned();
        Ok(Self { name, path, kind, description, triggers, content })
    }
}

fn check_type(head: &Value) -> Result<(), SkillProblem> {
    let kind = text_of(head, "type")?;
    if matches!(kind.as_str(), "" | "repo" | "knowledge" | "task") {
        return Ok(());
    }
    Err(SkillProblem::Value {
        key: "type",
        expected: "`repo`, `knowledge` or `task`; it may be left out",
    })
}

fn text_of(head: &Value, key: &'static str) -> Result<String, SkillProblem> {
    match head.get(key) {
        None => Ok(String::new()),
        Some(Value::Text(text)) => Ok(text.trim().to_owned()),
        Some(Value::Null | Value::List(_) | Value::Map(_)) => {
            Err(SkillProblem::Value { key, expected: "a text" })
        }
    }
}

/// Returns a list of texts; a single text is a list of one.
fn texts(head: &Value, key: &'static str) -> Result<Vec<String>, SkillProblem> {
    let wrong = || SkillProblem::Value { key, expected: "a list of texts" };
    match head.get(key) {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Text(text)) => Ok(vec![text.clone()]),
        Some(Value::Map(_)) => Err(wrong()),
        Some(Value::List(list)) => list
            .iter()
            .take(MAX_LIST)
            .map(|value| match value {
                Value::Text(text) => Ok(text.clone()),
                Value::Null | Value::List(_) | Value::Map(_) => Err(wrong()),
            })
            .collect(),
    }
}

fn inputs(head: &Value) -> Result<Vec<SkillInput>, SkillProblem> {
    let expected = "a list of entries with `name` and `description`";
    let wrong = || SkillProblem::Value { key: "inputs", expected };
    match head.get("inputs") {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Text(_) | Value::Map(_)) => Err(wrong()),
        Some(Value::List(list)) => list
            .iter()
            .take(MAX_LIST)
            .map(|entry| match (entry.get("name"), entry.get("description")) {
                (Some(Value::Text(name)), None) => {
                    Ok(SkillInput { name: name.clone(), description: String::new() })
                }
                (Some(Value::Text(name)), Some(Value::Text(description))) => {
                    Ok(SkillInput { name: name.clone(), description: description.clone() })
                }
                (_, _) => Err(wrong()),
            })
            .collect(),
    }
}

/// Says whether `${name}` occurs.
fn has_variables(content: &str) -> bool {
    content.split("${").skip(1).any(|rest| {
        rest.split_once('}').is_some_and(|(name, _)| {
            !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_')
        })
    })
}
