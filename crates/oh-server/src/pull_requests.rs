//! Tools that open pull requests at git hosting services, with the tokens of the user.

use oh_event::ConversationId;
use oh_git_host::{GitHost, Provider, PullRequest};
use oh_store::Store;
use serde_json::{Value, json};

use crate::git_hosts;
use crate::secrets::Secrets;

const TOOLS: [(&str, Provider); 4] = [
    ("create_pr", Provider::GitHub),
    ("create_mr", Provider::GitLab),
    ("create_bitbucket_pr", Provider::Bitbucket),
    ("create_forgejo_pr", Provider::Forgejo),
];
/// What stands before the number in the addresses of the services.
const MARKS: [&str; 4] = ["/pull/", "/merge_requests/", "/pull-requests/", "/pulls/"];

/// Opens pull requests, and remembers in which conversation.
#[derive(Debug, Clone)]
pub(crate) struct PullRequestTools {
    pub(crate) secrets: Secrets,
    pub(crate) store: Store,
}

/// A tool as models are told of it.
#[derive(Debug, Clone)]
pub(crate) struct ToolDescription {
    pub(crate) name: &'static str,
    pub(crate) description: String,
    pub(crate) schema: Value,
}

/// Returns the tools.
pub(crate) fn all() -> Vec<ToolDescription> {
    TOOLS.into_iter().map(|(name, provider)| describe(name, provider)).collect()
}

fn describe(name: &'static str, provider: Provider) -> ToolDescription {
    let text = |description: &str| json!({"type": "string", "description": description});
    let optional = |schema: Value, default: Value| json!({"anyOf": [schema, {"type": "null"}], "default": default});
    let is_gitlab = provider == Provider::GitLab;
    let repository = if is_gitlab { "id" } else { "repo_name" };
    let body = if matches!(provider, Provider::GitHub | Provider::Forgejo) {
        "body"
    } else {
        "description"
    };
    let mut properties = json!({
        "source_branch": text("The branch with the changes; it must have been pushed"),
        "target_branch": text("The branch that they are to go to"),
        "title": text("The title"),
    });
    properties[repository] = match is_gitlab {
        true => {
            json!({"anyOf": [{"type": "integer"}, {"type": "string"}], "description": "The project: its number, or its path such as group/project"})
        }
        false => text("The repository, as owner/name"),
    };
    properties[body] = optional(json!({"type": "string"}), Value::Null);
    if matches!(provider, Provider::GitHub | Provider::Forgejo) {
        properties["draft"] = json!({"type": "boolean", "default": true});
    }
    if matches!(provider, Provider::GitHub | Provider::GitLab) {
        let labels = json!({"type": "array", "items": {"type": "string"}});
        properties["labels"] = optional(labels, Value::Null);
    }
    let kind = if is_gitlab { "merge request" } else { "pull request" };
    ToolDescription {
        name,
        description: format!(
            "Opens a {kind} at {} and returns its address. Push the source branch first.",
            provider.title()
        ),
        schema: json!({
            "type": "object",
            "properties": properties,
            "required": [repository, "source_branch", "target_branch", "title"],
        }),
    }
}

impl PullRequestTools {
    /// Returns the tools that the user has tokens for.
    pub(crate) fn usable(&self) -> Vec<ToolDescription> {
        let tokens = self.secrets.tokens();
        let has_token = |provider: Provider| {
            tokens.iter().any(|one| one.provider == provider.name() && !one.token.is_empty())
        };
        let usable = TOOLS.into_iter().filter(|(_, provider)| has_token(*provider));
        usable.map(|(name, provider)| describe(name, provider)).collect()
    }

    /// Says whether a tool is one of these.
    pub(crate) fn has(name: &str) -> bool {
        TOOLS.iter().any(|(known, _)| *known == name)
    }

    /// Opens a pull request and returns its address.
    pub(crate) async fn call(
        &self,
        name: &str,
        arguments: &Value,
        conversation: Option<&ConversationId>,
    ) -> Result<String, String> {
        let found = TOOLS.iter().find(|(known, _)| *known == name);
        let (_, provider) = found.ok_or_else(|| format!("there is no tool `{name}`"))?;
        let request = read(*provider, arguments)?;
        let hosts = git_hosts::hosts(&self.secrets.tokens());
        let host = hosts.into_iter().find(|host: &GitHost| host.provider() == *provider);
        let host = host.ok_or_else(|| {
            let title = provider.title();
            format!("there is no token for {title}; the user can give one in the settings")
        })?;
        let url = host.open_pull_request(&request).await.map_err(|error| error.to_string())?;
        if let (Some(id), Some(number)) = (conversation, number_in(&url))
            && let Err(error) = self.store.add_pr_number(id, number).await
        {
            tracing::warn!(%error, %id, "a pull request is not noted with its conversation");
        }
        Ok(url)
    }
}

fn read(provider: Provider, arguments: &Value) -> Result<PullRequest, String> {
    let text = |name: &str| -> Result<Option<String>, String> {
        match arguments.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(Value::Number(number)) if name == "id" => Ok(Some(number.to_string())),
            Some(_) => Err(format!("`{name}` must be a string")),
        }
    };
    let required = |name: &str| {
        text(name)?.filter(|text| !text.is_empty()).ok_or_else(|| format!("`{name}` is missing"))
    };
    let labels = match arguments.get("labels") {
        None | Some(Value::Null) => Some(Vec::new()),
        Some(value) => serde_json::from_value(value.clone()).ok(),
    };
    let is_draft = match arguments.get("draft") {
        // Only these two services have been told that it is a draft unless somebody says so.
        None | Some(Value::Null) => matches!(provider, Provider::GitHub | Provider::Forgejo),
        Some(Value::Bool(is_draft)) => *is_draft,
        Some(_) => return Err("`draft` must be true or false".to_owned()),
    };
    Ok(PullRequest {
        repository: required(if provider == Provider::GitLab { "id" } else { "repo_name" })?,
        source_branch: required("source_branch")?,
        target_branch: required("target_branch")?,
        title: required("title")?,
        body: text("body")?.or(text("description")?).unwrap_or_default(),
        is_draft,
        labels: labels.ok_or_else(|| "`labels` must be a list of strings".to_owned())?,
    })
}

/// Returns the number of a pull request from its address.
fn number_in(url: &str) -> Option<i64> {
    let rest = MARKS.iter().find_map(|mark| Some(url.split_once(mark)?.1))?;
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_is_in_the_address() {
        assert_eq!(number_in("https://github.com/o/r/pull/17"), Some(17));
        assert_eq!(number_in("https://gitlab.com/g/r/-/merge_requests/8?x"), Some(8));
        assert_eq!(number_in("https://bitbucket.org/w/r/pull-requests/3/title"), Some(3));
        assert_eq!(number_in("https://codeberg.org/o/r/pulls/5"), Some(5));
        assert_eq!(number_in("https://github.com/o/r"), None);
    }

    #[test]
    fn wrong_arguments_are_named() {
        let check = |provider, arguments: Value, words: &str| {
            let problem = read(provider, &arguments).unwrap_err();
            assert!(problem.contains(words), "{problem}");
        };
        let whole =
            json!({"repo_name": "o/r", "source_branch": "a", "target_branch": "b", "title": "t"});
        let request = read(Provider::GitHub, &whole).unwrap();
        assert!(request.is_draft && request.labels.is_empty());
        check(Provider::GitLab, whole.clone(), "`id` is missing");
        let with = |name: &str, value: Value| {
            let mut arguments = whole.clone();
            arguments[name] = value;
            arguments
        };
        check(Provider::GitHub, with("title", json!("")), "`title` is missing");
        check(Provider::GitHub, with("body", json!(3)), "`body` must be");
        check(Provider::GitHub, with("labels", json!("bug")), "`labels` must be");
        check(Provider::GitHub, with("draft", json!("no")), "`draft` must be");
        assert_eq!(read(Provider::GitLab, &with("id", json!(5))).unwrap().repository, "5");
    }
}
