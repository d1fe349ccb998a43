//! GitHub. Forgejo has copied what it says of files.

use base64::Engine as _;
use serde_json::{Value, json};

use crate::answer::{flag, items, number, text};
use crate::api::{Answer, Api};
use crate::{
    Branch, BranchPage, GitHostError, OwnerType, Page, Provider, PullRequest, Repository, User,
};

pub(crate) const PAGES: (&str, &str) = ("page", "per_page");
/// Longest search that GitHub takes.
const MAX_QUERY: usize = 250;

pub(crate) async fn user(api: &Api) -> Result<User, GitHostError> {
    let json = api.get(&["user"], &[]).await?.json;
    Ok(User {
        id: text(&json, "/id").ok_or_else(|| api.malformed("a user without an id"))?,
        login: text(&json, "/login").unwrap_or_default(),
        avatar_url: text(&json, "/avatar_url").unwrap_or_default(),
        company: text(&json, "/company"),
        name: text(&json, "/name"),
        email: text(&json, "/email"),
    })
}

pub(crate) async fn installations(api: &Api) -> Result<Vec<String>, GitHostError> {
    let json = api.get(&["user", "installations"], &[("per_page", "100")]).await?.json;
    Ok(items(&json, "/installations").filter_map(|item| text(item, "/id")).collect())
}

pub(crate) async fn repositories(
    api: &Api,
    sort: &str,
    page: Page,
    installation: Option<&str>,
) -> Result<Vec<Repository>, GitHostError> {
    let answer = match installation {
        Some(id) => {
            api.page(&["user", "installations", id, "repositories"], PAGES, page, &[]).await?
        }
        None => api.page(&["user", "repos"], PAGES, page, &[("sort", sort)]).await?,
    };
    let at = if installation.is_some() { "/repositories" } else { "" };
    Ok(with_link(items(&answer.json, at).filter_map(read_repository).collect(), &answer))
}

/// Names the next page where OpenHands' interface looks for it.
pub(crate) fn with_link(mut repositories: Vec<Repository>, answer: &Answer) -> Vec<Repository> {
    if let Some(first) = repositories.first_mut() {
        first.link_header.clone_from(&answer.link);
    }
    repositories
}

fn read_repository(json: &Value) -> Option<Repository> {
    Some(Repository {
        id: text(json, "/id")?,
        full_name: text(json, "/full_name")?,
        git_provider: Provider::GitHub,
        is_public: !flag(json, "/private"),
        stargazers_count: number(json, "/stargazers_count"),
        link_header: None,
        pushed_at: text(json, "/pushed_at"),
        owner_type: text(json, "/owner/type").map(|kind| match kind.as_str() {
            "Organization" => OwnerType::Organization,
            _ => OwnerType::User,
        }),
        main_branch: text(json, "/default_branch"),
    })
}

/// Looks among the repositories of the user and of the user's organizations.
pub(crate) async fn search(
    api: &Api,
    query: &str,
    page: Page,
    (sort, order): (&str, &str),
) -> Result<Vec<Repository>, GitHostError> {
    let mut search = match query.split_once('/') {
        Some((owner, rest)) => format!("{} in:name user:{}", word(rest), word(owner)),
        None => {
            let login = text(&api.get(&["user"], &[]).await?.json, "/login").unwrap_or_default();
            let organizations = api.get(&["user", "orgs"], &[("per_page", "50")]).await?.json;
            let mut search = format!("{} in:name user:{login}", word(query));
            for name in items(&organizations, "").filter_map(|one| text(one, "/login")) {
                if search.len() + name.len() + 5 <= MAX_QUERY {
                    search = format!("{search} org:{name}");
                }
            }
            search
        }
    };
    search = search.trim().to_owned();
    let query = [("q", search.as_str()), ("sort", sort), ("order", order)];
    let answer = api.page(&["search", "repositories"], PAGES, page, &query).await?;
    Ok(items(&answer.json, "/items").filter_map(read_repository).collect())
}

/// Keeps what somebody looks for from being read as a rule of the search.
fn word(text: &str) -> String {
    let plain = |c: char| if c.is_alphanumeric() || "-_.".contains(c) { c } else { ' ' };
    text.chars().map(plain).take(100).collect::<String>().trim().to_owned()
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
            commit_sha: text(json, "/commit/sha")?,
            protected: flag(json, "/protected"),
            last_push_date: None,
        })
    };
    Ok(BranchPage {
        branches: items(&answer.json, "").filter_map(read).collect(),
        has_next_page: answer.has_next(),
        current_page: page.number,
        per_page: page.size,
        total_count: None,
    })
}

pub(crate) async fn files(
    api: &Api,
    name: &[&str],
    folder: &str,
) -> Result<Vec<String>, GitHostError> {
    let folder: Vec<&str> = folder.split('/').collect();
    let path = [&["repos"], name, &["contents"], folder.as_slice()].concat();
    let json = api.get(&path, &[]).await?.json;
    let files = items(&json, "").filter(|item| text(item, "/type").as_deref() == Some("file"));
    Ok(files.filter_map(|item| text(item, "/path")).collect())
}

pub(crate) async fn file(api: &Api, name: &[&str], path: &str) -> Result<String, GitHostError> {
    let parts: Vec<&str> = path.split('/').collect();
    let path = [&["repos"], name, &["contents"], parts.as_slice()].concat();
    let json = api.get(&path, &[]).await?.json;
    let content = text(&json, "/content").ok_or_else(|| api.malformed("a file without content"))?;
    let content: String = content.split_whitespace().collect();
    let bytes = base64::engine::general_purpose::STANDARD.decode(content);
    bytes
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .ok_or_else(|| api.malformed("the file is not text"))
}

pub(crate) async fn open_pull_request(
    api: &Api,
    name: &[&str],
    request: &PullRequest,
) -> Result<String, GitHostError> {
    let body = json!({
        "title": request.title,
        "head": request.source_branch,
        "base": request.target_branch,
        "body": request.body,
        "draft": request.is_draft,
    });
    let made = api.post(&[&["repos"], name, &["pulls"]].concat(), &body).await?;
    let url = text(&made, "/html_url");
    let url = url.ok_or_else(|| api.malformed("a pull request without an address"))?;
    if let (false, Some(number)) = (request.labels.is_empty(), text(&made, "/number")) {
        let path = [&["repos"], name, &["issues", &number, "labels"]].concat();
        api.post(&path, &json!({"labels": request.labels})).await?;
    }
    Ok(url)
}
