//! Forgejo, and Gitea, from which it comes.

use serde_json::{Value, json};

use crate::answer::{flag, items, number, text};
use crate::api::Api;
use crate::github::with_link;
use crate::{
    Branch, BranchPage, GitHostError, Page, Provider, PullRequest, Repository, SuggestedTask,
    TaskType, User,
};

const PAGES: (&str, &str) = ("page", "limit");

pub(crate) async fn user(api: &Api) -> Result<User, GitHostError> {
    let json = api.get(&["user"], &[]).await?.json;
    Ok(User {
        id: text(&json, "/id").ok_or_else(|| api.malformed("a user without an id"))?,
        login: text(&json, "/login").unwrap_or_default(),
        avatar_url: text(&json, "/avatar_url").unwrap_or_default(),
        company: None,
        name: text(&json, "/full_name"),
        email: text(&json, "/email"),
    })
}

pub(crate) async fn repositories(api: &Api, page: Page) -> Result<Vec<Repository>, GitHostError> {
    let answer = api.page(&["user", "repos"], PAGES, page, &[]).await?;
    Ok(with_link(items(&answer.json, "").filter_map(read_repository).collect(), &answer))
}

pub(crate) async fn search(
    api: &Api,
    query: &str,
    page: Page,
    order: &str,
) -> Result<Vec<Repository>, GitHostError> {
    let order = if order == "asc" { "asc" } else { "desc" };
    // A search by name knows no owners.
    let name = query.rsplit('/').next().unwrap_or(query);
    let query = [("q", name), ("sort", "updated"), ("order", order)];
    let answer = api.page(&["repos", "search"], PAGES, page, &query).await?;
    Ok(items(&answer.json, "/data").filter_map(read_repository).collect())
}

fn read_repository(json: &Value) -> Option<Repository> {
    Some(Repository {
        id: text(json, "/id")?,
        full_name: text(json, "/full_name")?,
        git_provider: Provider::Forgejo,
        is_public: !flag(json, "/private"),
        stargazers_count: number(json, "/stars_count"),
        link_header: None,
        pushed_at: text(json, "/updated_at"),
        owner_type: None,
        main_branch: text(json, "/default_branch"),
    })
}

pub(crate) async fn repository(api: &Api, name: &[&str]) -> Result<Repository, GitHostError> {
    let json = api.get(&[&["repos"], name].concat(), &[]).await?.json;
    read_repository(&json).ok_or_else(|| api.malformed("a repository without a name"))
}

pub(crate) async fn branches(
    api: &Api,
    name: &[&str],
    page: Page,
) -> Result<BranchPage, GitHostError> {
    let path = [&["repos"], name, &["branches"]].concat();
    let answer = api.page(&path, PAGES, page, &[]).await?;
    let read = |json: &Value| {
        Some(Branch {
            name: text(json, "/name")?,
            commit_sha: text(json, "/commit/id")?,
            protected: flag(json, "/protected"),
            last_push_date: text(json, "/commit/timestamp"),
        })
    };
    Ok(answer.branches(page, read))
}

pub(crate) async fn suggested_tasks(api: &Api) -> Result<Vec<SuggestedTask>, GitHostError> {
    let query = [("type", "issues"), ("state", "open"), ("assigned", "true"), ("limit", "50")];
    let json = api.get(&["repos", "issues", "search"], &query).await?.json;
    let task = |json: &Value| {
        Some(SuggestedTask {
            git_provider: Provider::Forgejo,
            task_type: TaskType::OpenIssue,
            repo: text(json, "/repository/full_name")?,
            issue_number: number(json, "/number")?,
            title: text(json, "/title")?,
        })
    };
    Ok(items(&json, "").filter_map(task).collect())
}

pub(crate) async fn open_pull_request(
    api: &Api,
    name: &[&str],
    request: &PullRequest,
) -> Result<String, GitHostError> {
    let title = if request.is_draft && !request.title.starts_with("WIP:") {
        format!("WIP: {}", request.title)
    } else {
        request.title.clone()
    };
    let body = json!({
        "title": title,
        "head": request.source_branch,
        "base": request.target_branch,
        "body": request.body,
    });
    let made = api.post(&[&["repos"], name, &["pulls"]].concat(), &body).await?;
    text(&made, "/html_url").ok_or_else(|| api.malformed("a pull request without an address"))
}
