//! What services answer, in OpenHands' form.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Provider;

/// Who a token belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[allow(missing_docs, reason = "the names are OpenHands' and say what they are")]
pub struct User {
    pub id: String,
    pub login: String,
    pub avatar_url: String,
    pub company: Option<String>,
    pub name: Option<String>,
    pub email: Option<String>,
}

/// Who owns a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "the names are OpenHands' and say what they are")]
pub enum OwnerType {
    User,
    Organization,
}

/// A repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[allow(missing_docs, reason = "the names are OpenHands' and say what they are")]
pub struct Repository {
    pub id: String,
    pub full_name: String,
    pub git_provider: Provider,
    pub is_public: bool,
    pub stargazers_count: Option<u64>,
    /// Names the next page, in the first repository of a page.
    pub link_header: Option<String>,
    pub pushed_at: Option<String>,
    pub owner_type: Option<OwnerType>,
    pub main_branch: Option<String>,
}

/// A branch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[allow(missing_docs, reason = "the names are OpenHands' and say what they are")]
pub struct Branch {
    pub name: String,
    pub commit_sha: String,
    pub protected: bool,
    pub last_push_date: Option<String>,
}

/// Some branches of a repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[allow(missing_docs, reason = "the names are OpenHands' and say what they are")]
pub struct BranchPage {
    pub branches: Vec<Branch>,
    pub has_next_page: bool,
    pub current_page: u32,
    pub per_page: u32,
    pub total_count: Option<u64>,
}

/// What there is to do in a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[allow(missing_docs, reason = "the names are OpenHands' and say what they are")]
pub enum TaskType {
    MergeConflicts,
    FailingChecks,
    UnresolvedComments,
    OpenIssue,
    OpenPr,
    CreateMicroagent,
}

/// Something to do that is waiting for the user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[allow(missing_docs, reason = "the names are OpenHands' and say what they are")]
pub struct SuggestedTask {
    pub git_provider: Provider,
    pub task_type: TaskType,
    pub repo: String,
    pub issue_number: u64,
    pub title: String,
}

/// Which part of a list is wanted, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// The page.
    pub number: u32,
    /// How many there are on it.
    pub size: u32,
}

/// A pull request, or merge request, that is to be opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullRequest {
    /// The repository, `owner/name`.
    pub repository: String,
    /// Where the changes are.
    pub source_branch: String,
    /// Where they are to go.
    pub target_branch: String,
    /// The title.
    pub title: String,
    /// What it says.
    pub body: String,
    /// It is not yet to be merged.
    pub is_draft: bool,
    /// Labels; services without labels ignore them.
    pub labels: Vec<String>,
}

/// Reads a text at a place in an answer.
pub(crate) fn text(value: &Value, at: &str) -> Option<String> {
    match value.pointer(at)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

pub(crate) fn flag(value: &Value, at: &str) -> bool {
    value.pointer(at).and_then(Value::as_bool).unwrap_or(false)
}

pub(crate) fn number(value: &Value, at: &str) -> Option<u64> {
    value.pointer(at).and_then(Value::as_u64)
}

/// Reads the list at a place; what is no list is an empty one.
pub(crate) fn items<'a>(value: &'a Value, at: &str) -> impl Iterator<Item = &'a Value> {
    value.pointer(at).and_then(Value::as_array).into_iter().flatten()
}
