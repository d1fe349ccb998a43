//! GitLab. A project is named by its path or its number.

use serde_json::{Value, json};

use crate::answer::{flag, items, number, text};
use crate::api::Api;
use crate::github::{PAGES, with_link};
use crate::{
    Branch, BranchPage, GitHostError, OwnerType, Page, Provider, PullRequest, Repository,
    SuggestedTask, TaskType, User,
};

pub(crate) async fn user(api: &Api) -> Result<User, GitHostError> {
    let json = api.get(&["user"], &[]).await?.json;
    Ok(User {
        id: text(&json, "/id").ok_or_else(|| api.malformed("a user without an id"))?,
        login: text(&json, "/username").unwrap_or_default(),
        avatar_url: text(&json, "/avatar_url").unwrap_or_default(),
        company: text(&json, "/organization"),
        name: text(&json, "/name"),
        email: text(&json, "/email"),
    })
}

pub(crate) async fn repositories(
    api: &Api,
    sort: &str,
    page: Page,
) -> Result<Vec<Repository>, GitHostError> {
    let order = match sort {
        "created" => "created_at",
        "full_name" => "name",
        _ => "last_activity_at",
    };
    let direction = if order == "name" { "asc" } else { "desc" };
    let query = [("membership", "true"), ("order_by", order), ("sort", direction)];
    let answer = api.page(&["projects"], PAGES, page, &query).await?;
    Ok(with_link(items(&answer.json, "").filter_map(read_repository).collect(), &answer))
}

pub(crate) async fn search(
    api: &Api,
    search: &str,
    page: Page,
    order: &str,
) -> Result<Vec<Repository>, GitHostError> {
    let query = [
        ("search", search),
        ("search_namespaces", "true"),
        ("membership", "true"),
        ("order_by", "last_activity_at"),
        ("sort", if order == "asc" { "asc" } else { "desc" }),
    ];
    let answer = api.page(&["projects"], PAGES, page, &query).await?;
    Ok(items(&answer.json, "").filter_map(read_repository).collect())
}

fn read_repository(json: &Value) -> Option<Repository> {
    Some(Repository {
        id: text(json, "/id")?,
        full_name: text(json, "/path_with_namespace")?,
        git_provider: Provider::GitLab,
        is_public: text(json, "/visibility").as_deref() == Some("public"),
        stargazers_count: number(json, "/star_count"),
        link_header: None,
        pushed_at: text(json, "/last_activity_at"),
        owner_type: text(json, "/namespace/kind").map(|kind| match kind.as_str() {
            "group" => OwnerType::Organization,
            _ => OwnerType::User,
        }),
        main_branch: text(json, "/default_branch"),
    })
}

pub(crate) async fn repository(api: &Api, name: &str) -> Result<Repository, GitHostError> {
    let json = api.get(&["projects", name], &[]).await?.json;
    read_repository(&json).ok_or_else(|| api.malformed("a project without a name"))
}

pub(crate) async fn branches(
    api: &Api,
    name: &str,
    page: Page,
    search: Option<&str>,
) -> Result<BranchPage, GitHostError> {
    let query: Vec<_> = search.map(|search| ("search", search)).into_iter().collect();
    let path = ["projects", name, "repository", "branches"];
    let answer = api.page(&path, PAGES, page, &query).await?;
    let read = |json: &Value| {
        Some(Branch {
            name: text(json, "/name")?,
            commit_sha: text(json, "/commit/id")?,
            protected: flag(json, "/protected"),
            last_push_date: text(json, "/commit/committed_date"),
        })
    };
    Ok(answer.branches(page, read))
}

pub(crate) async fn suggested_tasks(api: &Api) -> Result<Vec<SuggestedTask>, GitHostError> {
    let query = [("scope", "created_by_me"), ("state", "opened"), ("per_page", "50")];
    let requests = api.get(&["merge_requests"], &query).await?.json;
    let query = [("scope", "assigned_to_me"), ("state", "opened"), ("per_page", "50")];
    let issues = api.get(&["issues"], &query).await?.json;
    let task = |json: &Value, task_type| {
        // The full name is `group/project!12` or `group/project#12`.
        let full = text(json, "/references/full")?;
        let (repo, _) = full.rsplit_once(['!', '#'])?;
        Some(SuggestedTask {
            git_provider: Provider::GitLab,
            task_type,
            repo: repo.to_owned(),
            issue_number: number(json, "/iid")?,
            title: text(json, "/title")?,
        })
    };
    let requests = items(&requests, "").filter_map(|json| task(json, trouble_of(json)?));
    let issues = items(&issues, "").filter_map(|json| task(json, TaskType::OpenIssue));
    Ok(requests.chain(issues).collect())
}

fn trouble_of(json: &Value) -> Option<TaskType> {
    if flag(json, "/has_conflicts") {
        return Some(TaskType::MergeConflicts);
    }
    match text(json, "/detailed_merge_status").as_deref() {
        Some("ci_must_pass") => Some(TaskType::FailingChecks),
        Some("discussions_not_resolved" | "requested_changes") => {
            Some(TaskType::UnresolvedComments)
        }
        Some(_) | None => None,
    }
}

pub(crate) async fn files(
    api: &Api,
    name: &str,
    folder: &str,
) -> Result<Vec<String>, GitHostError> {
    let path = ["projects", name, "repository", "tree"];
    let json = api.get(&path, &[("path", folder), ("per_page", "100")]).await?.json;
    let files = items(&json, "").filter(|item| text(item, "/type").as_deref() == Some("blob"));
    Ok(files.filter_map(|item| text(item, "/path")).collect())
}

pub(crate) async fn file(api: &Api, name: &str, path: &str) -> Result<String, GitHostError> {
    let path = ["projects", name, "repository", "files", path, "raw"];
    api.text(&path, &[("ref", "HEAD")]).await
}

pub(crate) async fn open_merge_request(
    api: &Api,
    name: &str,
    request: &PullRequest,
) -> Result<String, GitHostError> {
    let title = if request.is_draft && !request.title.starts_with("Draft:") {
        format!("Draft: {}", request.title)
    } else {
        request.title.clone()
    };
    let mut body = json!({
        "source_branch": request.source_branch,
        "target_branch": request.target_branch,
        "title": title,
        "description": request.body,
    });
    if !request.labels.is_empty() {
        body["labels"] = json!(request.labels.join(","));
    }
    let made = api.post(&["projects", name, "merge_requests"], &body).await?;
    text(&made, "/web_url").ok_or_else(|| api.malformed("a merge request without an address"))
}
