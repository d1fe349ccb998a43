//! What GitHub tells only through its query language.

use serde_json::{Value, json};
use url::Url;

use crate::answer::{items, number, text};
use crate::api::{Api, MAX_PAGE};
use crate::{Branch, GitHostError, Provider, SuggestedTask, TaskType};

const TASKS: &str = "query($login: String!, $issues: String!) {
  user(login: $login) {
    pullRequests(first: 50, states: [OPEN], orderBy: {field: UPDATED_AT, direction: DESC}) {
      nodes {
        number title mergeable
        repository { nameWithOwner }
        commits(last: 1) { nodes { commit { statusCheckRollup { state } } } }
        reviews(first: 20, states: [CHANGES_REQUESTED, COMMENTED]) { nodes { state } }
      }
    }
  }
  search(query: $issues, type: ISSUE, first: 50) {
    nodes { ... on Issue { number title repository { nameWithOwner } } }
  }
}";

const BRANCHES: &str = "query($owner: String!, $name: String!, $query: String!, $size: Int!) {
  repository(owner: $owner, name: $name) {
    refs(refPrefix: \"refs/heads/\", query: $query, first: $size) {
      nodes {
        name
        target { oid ... on Commit { committedDate } }
        branchProtectionRule { id }
      }
    }
  }
}";

pub(crate) async fn suggested(api: &Api) -> Result<Vec<SuggestedTask>, GitHostError> {
    let user = api.get(&["user"], &[]).await?.json;
    let login = text(&user, "/login").ok_or_else(|| api.malformed("a user without a name"))?;
    let issues = format!("is:open is:issue assignee:{login} sort:updated-desc");
    let body = json!({"query": TASKS, "variables": {"login": login, "issues": issues}});
    let json = api.query(address(api), &body).await?;
    let task = |node: &Value, task_type| {
        Some(SuggestedTask {
            git_provider: Provider::GitHub,
            task_type,
            repo: text(node, "/repository/nameWithOwner")?,
            issue_number: number(node, "/number")?,
            title: text(node, "/title")?,
        })
    };
    let requests = items(&json, "/data/user/pullRequests/nodes")
        .filter_map(|node| task(node, trouble_of(node)?));
    let issues =
        items(&json, "/data/search/nodes").filter_map(|node| task(node, TaskType::OpenIssue));
    Ok(requests.chain(issues).collect())
}

/// Returns what keeps a pull request from being merged, if anything does.
fn trouble_of(node: &Value) -> Option<TaskType> {
    let checks = text(node, "/commits/nodes/0/commit/statusCheckRollup/state");
    if text(node, "/mergeable").as_deref() == Some("CONFLICTING") {
        Some(TaskType::MergeConflicts)
    } else if matches!(checks.as_deref(), Some("FAILURE" | "ERROR")) {
        Some(TaskType::FailingChecks)
    } else if items(node, "/reviews/nodes").next().is_some() {
        Some(TaskType::UnresolvedComments)
    } else {
        None
    }
}

pub(crate) async fn branches(
    api: &Api,
    name: &[&str],
    query: &str,
    size: u32,
) -> Result<Vec<Branch>, GitHostError> {
    let [owner, name] = name else {
        return Err(GitHostError::Name { name: name.join("/") });
    };
    let variables =
        json!({"owner": owner, "name": name, "query": query, "size": size.clamp(1, MAX_PAGE)});
    let body = json!({"query": BRANCHES, "variables": variables});
    let json = api.query(address(api), &body).await?;
    let read = |node: &Value| {
        Some(Branch {
            name: text(node, "/name")?,
            commit_sha: text(node, "/target/oid")?,
            protected: node.pointer("/branchProtectionRule").is_some_and(|rule| !rule.is_null()),
            last_push_date: text(node, "/target/committedDate"),
        })
    };
    Ok(items(&json, "/data/repository/refs/nodes").filter_map(read).collect())
}

/// On a host of its own it stands beside the interface, not below it.
fn address(api: &Api) -> Url {
    let mut url = api.base().clone();
    let path = url.path().trim_end_matches('/').trim_end_matches("/v3").to_owned();
    url.set_path(&format!("{path}/graphql"));
    url
}
