//! Bitbucket Cloud.

use serde_json::{Value, json};

use crate::answer::{flag, items, number, text};
use crate::api::Api;
use crate::{
    Branch, BranchPage, GitHostError, OwnerType, Page, Provider, PullRequest, Repository, User,
};

const PAGES: (&str, &str) = ("page", "pagelen");
/// Most workspaces in which is searched.
const MAX_WORKSPACES: usize = 10;

pub(crate) async fn user(api: &Api) -> Result<User, GitHostError> {
    let json = api.get(&["user"], &[]).await?.json;
    let id = text(&json, "/account_id").or_else(|| text(&json, "/uuid"));
    Ok(User {
        id: id.ok_or_else(|| api.malformed("a user without an id"))?,
        login: text(&json, "/username").or_else(|| text(&json, "/nickname")).unwrap_or_default(),
        avatar_url: text(&json, "/links/avatar/href").unwrap_or_default(),
        company: None,
        name: text(&json, "/display_name"),
        email: None,
    })
}

pub(crate) async fn workspaces(api: &Api) -> Result<Vec<String>, GitHostError> {
    let json = api.get(&["workspaces"], &[("pagelen", "100")]).await?.json;
    Ok(items(&json, "/values").filter_map(|item| text(item, "/slug")).collect())
}

pub(crate) async fn repositories(
    api: &Api,
    sort: &str,
    page: Page,
    workspace: Option<&str>,
) -> Result<Vec<Repository>, GitHostError> {
    let sort = match sort {
        "full_name" => "name",
        "created" => "-created_on",
        _ => "-updated_on",
    };
    let path: Vec<&str> = ["repositories"].into_iter().chain(workspace).collect();
    let query = [("role", "member"), ("sort", sort)];
    let json = api.page(&path, PAGES, page, &query).await?.json;
    let mut found: Vec<_> = items(&json, "/values").filter_map(read_repository).collect();
    if let (Some(first), Some(next)) = (found.first_mut(), text(&json, "/next")) {
        first.link_header = Some(format!("<{next}>; rel=\"next\""));
    }
    Ok(found)
}

pub(crate) async fn search(
    api: &Api,
    query: &str,
    page: Page,
) -> Result<Vec<Repository>, GitHostError> {
    let (places, name) = match query.split_once('/') {
        Some((workspace, name)) => (vec![workspace.to_owned()], name),
        None => (workspaces(api).await?, query),
    };
    let query = named_like(name);
    let size = usize::try_from(page.size).unwrap_or(usize::MAX);
    let mut found = Vec::new();
    for workspace in places.iter().take(MAX_WORKSPACES) {
        let path = ["repositories", workspace.as_str()];
        let query = [("q", query.as_str()), ("sort", "-updated_on")];
        let json = match api.page(&path, PAGES, page, &query).await {
            Ok(answer) => answer.json,
            Err(GitHostError::Missing { .. }) => continue,
            Err(error) => return Err(error),
        };
        found.extend(items(&json, "/values").filter_map(read_repository));
        if found.len() >= size {
            break;
        }
    }
    found.truncate(size);
    Ok(found)
}

/// Returns the rule that finds what has `name` in its name.
fn named_like(name: &str) -> String {
    let plain: String = name.chars().filter(|c| !matches!(c, '"' | '\\')).collect();
    format!("name ~ \"{plain}\"")
}

fn read_repository(json: &Value) -> Option<Repository> {
    Some(Repository {
        id: text(json, "/uuid")?,
        full_name: text(json, "/full_name")?,
        git_provider: Provider::Bitbucket,
        is_public: !flag(json, "/is_private"),
        stargazers_count: None,
        link_header: None,
        pushed_at: text(json, "/updated_on"),
        // Repositories belong to workspaces, of which people have one each.
        owner_type: Some(match text(json, "/owner/type").as_deref() {
            Some("user") => OwnerType::User,
            Some(_) | None => OwnerType::Organization,
        }),
        main_branch: text(json, "/mainbranch/name"),
    })
}

pub(crate) async fn repository(api: &Api, name: &[&str]) -> Result<Repository, GitHostError> {
    let json = api.get(&[&["repositories"], name].concat(), &[]).await?.json;
    read_repository(&json).ok_or_else(|| api.malformed("a repository without a name"))
}

pub(crate) async fn branches(
    api: &Api,
    name: &[&str],
    page: Page,
    search: Option<&str>,
) -> Result<BranchPage, GitHostError> {
    let rule = search.map(named_like);
    let mut query = vec![("sort", "-target.date")];
    query.extend(rule.as_deref().map(|rule| ("q", rule)));
    let path = [&["repositories"], name, &["refs", "branches"]].concat();
    let json = api.page(&path, PAGES, page, &query).await?.json;
    let read = |json: &Value| {
        Some(Branch {
            name: text(json, "/name")?,
            commit_sha: text(json, "/target/hash")?,
            protected: false,
            last_push_date: text(json, "/target/date"),
        })
    };
    Ok(BranchPage {
        branches: items(&json, "/values").filter_map(read).collect(),
        has_next_page: text(&json, "/next").is_some(),
        current_page: page.number,
        per_page: page.size,
        total_count: number(&json, "/size"),
    })
}

pub(crate) async fn files(
    api: &Api,
    name: &[&str],
    folder: &str,
) -> Result<Vec<String>, GitHostError> {
    // With a slash at its end it is a folder.
    let path = source_path(api, name, &format!("{folder}/")).await?;
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    let json = api.get(&path, &[("pagelen", "100")]).await?.json;
    let is_file = |item: &&Value| text(item, "/type").as_deref() == Some("commit_file");
    Ok(items(&json, "/values").filter(is_file).filter_map(|item| text(item, "/path")).collect())
}

pub(crate) async fn file(api: &Api, name: &[&str], path: &str) -> Result<String, GitHostError> {
    let path = source_path(api, name, path).await?;
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    api.text(&path, &[]).await
}

/// Returns where a file of the main branch is.
async fn source_path(api: &Api, name: &[&str], path: &str) -> Result<Vec<String>, GitHostError> {
    let branch = repository(api, name).await?.main_branch;
    let branch = branch.ok_or_else(|| api.malformed("a repository without a main branch"))?;
    let start = [&["repositories"], name, &["src", &branch]].concat();
    Ok(start.into_iter().chain(path.split('/')).map(str::to_owned).collect())
}

pub(crate) async fn open_pull_request(
    api: &Api,
    name: &[&str],
    request: &PullRequest,
) -> Result<String, GitHostError> {
    let body = json!({
        "title": request.title,
        "description": request.body,
        "source": {"branch": {"name": request.source_branch}},
        "destination": {"branch": {"name": request.target_branch}},
        "close_source_branch": false,
    });
    let made = api.post(&[&["repositories"], name, &["pullrequests"]].concat(), &body).await?;
    let url = text(&made, "/links/html/href");
    url.ok_or_else(|| api.malformed("a pull request without an address"))
}
