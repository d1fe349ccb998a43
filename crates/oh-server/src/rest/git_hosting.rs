//! Repositories, branches and tasks at the services that the user has tokens for.

use axum::Json;
use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use oh_git_host::{GitHost, GitHostError, Page, Provider};
use oh_session::{Skill, SkillFile, SkillForm};
use serde::Serialize;
use serde_json::{Value, json};

use super::conversations::{Query, bad_integer};
use super::error::{ApiError, Problem};
use crate::clock;
use crate::git_hosts;
use crate::state::AppState;

const NO_TOKEN: &str = "Git provider token required. (such as GitHub).";
/// Pages that are read when no page is named.
const MOST_PAGES: u32 = 5;
const WHOLE_PAGE: u32 = 100;
/// The folder of a repository, and of one that has nothing else.
const FOLDERS: [&str; 2] = [".openhands/microagents", "microagents"];
const CURSOR_RULES: &str = ".cursorrules";

pub(crate) async fn user(State(state): State<AppState>) -> Result<Response, ApiError> {
    let hosts = hosts(&state, None)?;
    first(hosts, |host| async move { host.user().await }).await
}

pub(crate) async fn installations(
    State(state): State<AppState>,
    RawQuery(query): RawQuery,
) -> Result<Response, ApiError> {
    let query = Query::parse(query.as_deref());
    let provider = provider(&query, "provider")?;
    let provider = provider.ok_or_else(|| ApiError::missing("query", "provider"))?;
    if !matches!(provider, Provider::GitHub | Provider::Bitbucket) {
        let message = format!("Provider {} doesn't support installations", provider.name());
        return Err(ApiError::with_body(StatusCode::BAD_REQUEST, json!(message)));
    }
    let hosts = hosts(&state, Some(provider))?;
    first(hosts, |host| async move { host.installations().await }).await
}

pub(crate) async fn repositories(
    State(state): State<AppState>,
    RawQuery(query): RawQuery,
) -> Result<Response, ApiError> {
    let query = Query::parse(query.as_deref());
    let chosen = provider(&query, "selected_provider")?;
    let (sort, installation) =
        (query.get("sort").unwrap_or("pushed"), query.get("installation_id"));
    let hosts = hosts(&state, chosen)?;
    if chosen.is_some() {
        let page =
            Page { number: number(&query, "page", None)?, size: number(&query, "per_page", None)? };
        return first(
            hosts,
            |host| async move { host.repositories(sort, page, installation).await },
        )
        .await;
    }
    all(hosts, |host| async move {
        let mut found = Vec::new();
        for number in 1..=MOST_PAGES {
            let page = Page { number, size: WHOLE_PAGE };
            let more = host.repositories(sort, page, None).await?;
            let is_last = more.len() < WHOLE_PAGE as usize;
            // All of them are there: there is no next page.
            found.extend(more.into_iter().map(|mut one| {
                one.link_header = None;
                one
            }));
            if is_last {
                break;
            }
        }
        Ok(found)
    })
    .await
}

pub(crate) async fn search_repositories(
    State(state): State<AppState>,
    RawQuery(query): RawQuery,
) -> Result<Response, ApiError> {
    let query = Query::parse(query.as_deref());
    let chosen = provider(&query, "selected_provider")?;
    let wanted = query.get("query").ok_or_else(|| ApiError::missing("query", "query"))?;
    let size = number(&query, "per_page", Some(5))?;
    let sort = query.get("sort").unwrap_or("stars");
    let order = query.get("order").unwrap_or("desc");
    let hosts = hosts(&state, chosen)?;
    all(hosts, |host| async move { host.search(wanted, size, (sort, order)).await }).await
}

pub(crate) async fn search_branches(
    State(state): State<AppState>,
    RawQuery(query): RawQuery,
) -> Result<Response, ApiError> {
    let query = Query::parse(query.as_deref());
    let chosen = provider(&query, "selected_provider")?;
    let repository = repository(&query)?;
    let wanted = query.get("query").ok_or_else(|| ApiError::missing("query", "query"))?;
    let size = number(&query, "per_page", Some(30))?;
    let hosts = hosts(&state, chosen)?;
    first(hosts, |host| async move { host.search_branches(repository, wanted, size).await }).await
}

pub(crate) async fn branches(
    State(state): State<AppState>,
    RawQuery(query): RawQuery,
) -> Result<Response, ApiError> {
    let query = Query::parse(query.as_deref());
    let chosen = provider(&query, "selected_provider")?;
    let repository = repository(&query)?;
    let page = Page {
        number: number(&query, "page", Some(1))?,
        size: number(&query, "per_page", Some(30))?,
    };
    let hosts = hosts(&state, chosen)?;
    first(hosts, |host| async move { host.branches(repository, page).await }).await
}

pub(crate) async fn suggested_tasks(State(state): State<AppState>) -> Result<Response, ApiError> {
    let hosts = git_hosts::hosts(&state.secrets.tokens());
    if hosts.is_empty() {
        return Err(ApiError::with_body(StatusCode::UNAUTHORIZED, json!("No providers set.")));
    }
    all(hosts, |host| async move { host.suggested_tasks().await }).await
}

/// `{owner/name}/microagents` and `{owner/name}/microagents/content`; names have slashes.
pub(crate) async fn microagents(
    State(state): State<AppState>,
    Path(rest): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, ApiError> {
    if let Some(repository) = rest.strip_suffix("/microagents/content") {
        let query = Query::parse(query.as_deref());
        let path = query.get("file_path").ok_or_else(|| ApiError::missing("query", "file_path"))?;
        return content(&state, repository, path).await;
    }
    let Some(repository) = rest.strip_suffix("/microagents") else {
        return Err(ApiError::not_found("Not Found"));
    };
    let hosts = git_hosts::hosts(&state.secrets.tokens());
    if hosts.is_empty() {
        return Ok(Json(json!([])).into_response());
    }
    let folder = folder_of(repository);
    first(hosts, |host| async move {
        // One that is not there has no files, so that it is there is asked before.
        host.repository(repository).await?;
        let mut paths = host.files(repository, folder).await?;
        match host.file(repository, CURSOR_RULES).await {
            Ok(_) => paths.push(CURSOR_RULES.to_owned()),
            Err(GitHostError::Missing { .. } | GitHostError::Malformed { .. }) => {}
            Err(error) => return Err(error),
        }
        Ok(paths.iter().filter_map(|path| list_entry(path)).collect::<Vec<_>>())
    })
    .await
}

fn list_entry(path: &str) -> Option<Value> {
    let name = if path == CURSOR_RULES {
        "cursorrules"
    } else {
        path.rsplit('/')
            .next()?
            .strip_suffix(".md")
            .filter(|name| !name.eq_ignore_ascii_case("readme"))?
    };
    // The services do not say when a file was made without another question for each.
    Some(json!({"name": name, "path": path, "created_at": oh_wire::format_rest_time(clock::now())}))
}

/// A repository of that name has nothing else in it.
fn folder_of(repository: &str) -> &'static str {
    let name = repository.rsplit('/').next().unwrap_or_default();
    if matches!(name, ".openhands" | "openhands-config") { FOLDERS[1] } else { FOLDERS[0] }
}

async fn content(state: &AppState, repository: &str, path: &str) -> Result<Response, ApiError> {
    let hosts = hosts(state, None)?;
    first(hosts, |host| async move {
        let text = host.file(repository, path).await?;
        let file = SkillFile {
            name: path.to_owned(),
            path: path.to_owned(),
            form: SkillForm::Markdown,
            text: text.clone(),
        };
        let (content, triggers) = match Skill::parse(file) {
            Ok(skill) => (skill.content, skill.triggers),
            Err(_) => (text, Vec::new()),
        };
        let provider = host.provider().name();
        Ok(json!({"content": content, "path": path, "triggers": triggers, "git_provider": provider}))
    })
    .await
}

/// Returns the services to ask.
fn hosts(state: &AppState, chosen: Option<Provider>) -> Result<Vec<GitHost>, ApiError> {
    let mut hosts = git_hosts::hosts(&state.secrets.tokens());
    hosts.retain(|host| chosen.is_none_or(|provider| provider == host.provider()));
    if hosts.is_empty() {
        return Err(ApiError::with_body(StatusCode::UNAUTHORIZED, json!(NO_TOKEN)));
    }
    Ok(hosts)
}

/// Returns what the first service answers that answers at all.
async fn first<T: Serialize, F>(
    hosts: Vec<GitHost>,
    ask: impl Fn(GitHost) -> F,
) -> Result<Response, ApiError>
where
    F: Future<Output = Result<T, GitHostError>>,
{
    let mut failure = None;
    for host in hosts {
        match ask(host).await {
            Ok(answer) => return Ok(Json(answer).into_response()),
            Err(error) => failure = failure.or(Some(error)),
        }
    }
    Err(failure.as_ref().map_or_else(|| ApiError::not_found("Not Found"), failed))
}

/// Returns what all services answer that do; fails if none does.
async fn all<T: Serialize, F>(
    hosts: Vec<GitHost>,
    ask: impl Fn(GitHost) -> F,
) -> Result<Response, ApiError>
where
    F: Future<Output = Result<Vec<T>, GitHostError>>,
{
    let (mut found, mut failure, mut answered) = (Vec::new(), None, false);
    for host in hosts {
        match ask(host).await {
            Ok(more) => {
                answered = true;
                found.extend(more);
            }
            Err(error) => {
                tracing::warn!(%error, "a git hosting service did not answer");
                failure = failure.or(Some(error));
            }
        }
    }
    match failure {
        Some(error) if !answered => Err(failed(&error)),
        Some(_) | None => Ok(Json(found).into_response()),
    }
}

/// OpenHands answers these with the text alone.
pub(crate) fn failed(error: &GitHostError) -> ApiError {
    let status = match error {
        GitHostError::Refused { .. } => StatusCode::UNAUTHORIZED,
        GitHostError::Name { .. } => StatusCode::BAD_REQUEST,
        GitHostError::Address { .. }
        | GitHostError::Missing { .. }
        | GitHostError::RateLimited { .. }
        | GitHostError::Unreachable { .. }
        | GitHostError::Answer { .. }
        | GitHostError::Malformed { .. }
        | GitHostError::Unsupported { .. } => StatusCode::INTERNAL_SERVER_ERROR,
    };
    ApiError::with_body(status, json!(error.to_string()))
}

fn provider(query: &Query, name: &str) -> Result<Option<Provider>, ApiError> {
    let Some(text) = query.get(name) else { return Ok(None) };
    Provider::parse(text).map(Some).ok_or_else(|| {
        let known = Provider::ALL.map(Provider::name).join(", ");
        ApiError::validation(vec![Problem {
            kind: "enum",
            place: "query",
            field: name.to_owned(),
            message: format!("Input should be one of: {known}"),
            input: json!(text),
        }])
    })
}

fn repository(query: &Query) -> Result<&str, ApiError> {
    query.get("repository").ok_or_else(|| ApiError::missing("query", "repository"))
}

fn number(query: &Query, name: &str, default: Option<u32>) -> Result<u32, ApiError> {
    match (query.get(name), default) {
        (Some(text), _) => {
            text.parse().ok().filter(|n| *n > 0).ok_or_else(|| bad_integer(name, text))
        }
        (None, Some(default)) => Ok(default),
        (None, None) => Err(ApiError::missing("query", name)),
    }
}
