use std::time::Duration;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use oh_event::{Action, ConversationId, EventDraft, EventSource, MessageAction, Timestamp};
use oh_git_host::GitHost;
use oh_session::{Notice, SessionHandle};
use oh_store::{ConversationMetadata, ListFilter};
use serde_json::{Value, json};

use super::body::Fields;
use super::error::{ApiError, Problem};
use super::info::{ConversationInfo, info_of, status_of};
use crate::clock;
use crate::git_hosts;
use crate::state::AppState;

const MAX_PAGE: usize = 100;
/// How long an answer may wait for a conversation that starts.
const START_GRACE: Duration = Duration::from_secs(1);

/// Reads an id from a path, by OpenHands' rules.
pub(crate) fn parse_id(text: &str) -> Result<ConversationId, ApiError> {
    ConversationId::parse(text)
        .map_err(|problem| ApiError::bad_request(&format!("Conversation ID {problem}")))
}

/// Returns what is recorded of a conversation, or the error that OpenHands answers with.
pub(crate) async fn known(
    state: &AppState,
    id: &ConversationId,
) -> Result<ConversationMetadata, ApiError> {
    let metadata = state.store.conversation(id).await?;
    metadata.ok_or_else(|| ApiError::not_found(&format!("Conversation {id} not found")))
}

/// Fails if a conversation is unknown; one that is live needs no look-up.
pub(crate) async fn check_known(state: &AppState, id: &ConversationId) -> Result<(), ApiError> {
    if state.manager.get(id).is_none() {
        known(state, id).await?;
    }
    Ok(())
}

/// Clients that see a conversation start look again after seconds; most starts take less.
pub(crate) async fn wait_for_start(session: &SessionHandle) {
    drop(tokio::time::timeout(START_GRACE, session.started()).await);
}

/// A message as clients send it.
pub(crate) fn user_message(content: String, image_urls: Vec<String>) -> EventDraft {
    let action = Action::Message(MessageAction {
        content,
        file_urls: Some(Vec::new()),
        image_urls: Some(image_urls),
        ..MessageAction::default()
    });
    EventDraft::of_action(EventSource::User, action)
}

pub(crate) async fn list(
    State(state): State<AppState>,
    RawQuery(query): RawQuery,
) -> Result<Json<Value>, ApiError> {
    let query = Query::parse(query.as_deref());
    let trigger = query.get("conversation_trigger").map(str::to_owned);
    let repository = query.get("selected_repository").map(str::to_owned);
    let (found, next_page_id) = page(&state, &query, repository, trigger).await?;
    shown(&state, found, next_page_id).await
}

/// The conversations that write microagents for a repository, but for those whose last pull
/// request is closed.
pub(crate) async fn list_microagents(
    State(state): State<AppState>,
    RawQuery(query): RawQuery,
) -> Result<Json<Value>, ApiError> {
    let query = Query::parse(query.as_deref());
    let missing = || ApiError::missing("query", "selected_repository");
    let repository = query.get("selected_repository").ok_or_else(missing)?.to_owned();
    let trigger = Some("microagent_management".to_owned());
    let (found, next_page_id) = page(&state, &query, Some(repository.clone()), trigger).await?;
    let hosts = git_hosts::hosts(&state.secrets.tokens());
    let mut open = Vec::with_capacity(found.len());
    for metadata in found {
        let is_meant = |host: &&GitHost| {
            metadata.git_provider.as_ref().is_none_or(|name| name == host.provider().name())
        };
        let is_open = match (metadata.pr_number.last(), hosts.iter().find(is_meant)) {
            (Some(number), Some(host)) => host.is_open(&repository, *number).await,
            (_, None) | (None, Some(_)) => Ok(true),
        };
        // One that nobody can say anything of is shown.
        if is_open.unwrap_or(true) {
            open.push(metadata);
        }
    }
    shown(&state, open, next_page_id).await
}

/// Reads a page of conversations, and names the next one.
async fn page(
    state: &AppState,
    query: &Query,
    selected_repository: Option<String>,
    trigger: Option<String>,
) -> Result<(Vec<ConversationMetadata>, Option<String>), ApiError> {
    let limit = match query.get("limit") {
        None => 20,
        Some(text) => text.parse::<i64>().map_err(|_| bad_integer("limit", text))?,
    };
    let limit = usize::try_from(limit).unwrap_or(1).clamp(1, MAX_PAGE);
    let offset = match query.get("page_id") {
        None => 0,
        Some(page) => page_offset(page).ok_or_else(|| ApiError::bad_request("Invalid page_id"))?,
    };
    let max_age = i64::try_from(state.config.conversation_max_age.as_micros()).unwrap_or(i64::MAX);
    let filter = ListFilter {
        limit: limit + 1,
        offset,
        created_after: Timestamp(clock::now().0.saturating_sub(max_age)),
        selected_repository,
        trigger,
    };
    let mut found = state.store.conversations(filter).await?;
    let has_more = found.len() > limit;
    found.truncate(limit);
    Ok((found, has_more.then(|| page_id(offset + limit))))
}

async fn shown(
    state: &AppState,
    found: Vec<ConversationMetadata>,
    next_page_id: Option<String>,
) -> Result<Json<Value>, ApiError> {
    let mut results = Vec::with_capacity(found.len());
    for metadata in found {
        results.push(info_of(state, metadata).await?);
    }
    Ok(Json(json!({"results": results, "next_page_id": next_page_id})))
}

pub(crate) async fn load(
    State(state): State<AppState>,
    Path(id): Path<String>,
) -> Result<Json<Option<ConversationInfo>>, ApiError> {
    let id = parse_id(&id)?;
    match state.store.conversation(&id).await? {
        None => Ok(Json(None)),
        Some(metadata) => Ok(Json(Some(info_of(&state, metadata).await?))),
    }
}

pub(crate) async fn rename(
    State(state): State<AppState>,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<Json<bool>, ApiError> {
    let id = parse_id(&id)?;
    let mut fields = Fields::parse(&body)?;
    if !fields.has("title") {
        fields.problem("missing", "title", "Field required", Value::Null);
    }
    let title = fields.text("title").map(|title| title.trim().to_owned());
    if let Some(title) = &title {
        if title.is_empty() {
            let message = "String should have at least 1 character";
            fields.problem("string_too_short", "title", message, json!(title));
        } else if title.chars().count() > 200 {
            let message = "String should have at most 200 characters";
            fields.problem("string_too_long", "title", message, json!(title));
        }
    }
    fields.finish_strictly()?;
    let title = title.unwrap_or_default();
    if !state.store.set_title(&id, &title).await? {
        return Err(ApiError::with_body(
            StatusCode::NOT_FOUND,
            json!({
                "status": "error",
                "message": "Conversation not found",
                "msg_id": "CONVERSATION$NOT_FOUND",
            }),
        ));
    }
    if let Some(session) = state.manager.get(&id) {
        session.notify(Notice::Title(title.into()));
    }
    Ok(Json(true))
}

pub(crate) async fn delete(
    State(state): State<AppState>,
    Path(id): Path<String>,
) -> Result<Json<bool>, ApiError> {
    let id = parse_id(&id)?;
    if !state.store.delete_conversation(&id).await? {
        return Ok(Json(false));
    }
    state.manager.close(&id).await;
    state.log.delete(&id).await?;
    state.sandboxes.forget(&id).await;
    let folder = crate::compose::folder_name(&id);
    for parent in ["workspaces", "sessions", "pictures"] {
        let path = state.config.data_dir.join(parent).join(&folder);
        match tokio::fs::remove_dir_all(&path).await {
            Ok(()) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => tracing::warn!(%error, path = %path.display(), "failed to delete"),
        }
    }
    Ok(Json(true))
}

pub(crate) async fn start(
    State(state): State<AppState>,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<Json<Value>, ApiError> {
    let id = parse_id(&id)?;
    Fields::parse(&body)?.finish()?;
    if state.store.conversation(&id).await?.is_none() {
        return Err(ApiError::with_body(
            StatusCode::NOT_FOUND,
            json!({"status": "error", "conversation_id": id.as_str()}),
        ));
    }
    if state.manager.get(&id).is_some_and(|session| session.status().has_failed()) {
        // It has no runtime; whoever asks wants another try.
        state.manager.close(&id).await;
    }
    let session = state.open(&id).await.map_err(|error| {
        tracing::warn!(%error, %id, "a conversation could not be started");
        let message = "The conversation could not be started";
        ApiError::with_body(
            StatusCode::INTERNAL_SERVER_ERROR,
            json!({"status": "error", "conversation_id": id.as_str(), "message": message}),
        )
    })?;
    wait_for_start(&session).await;
    Ok(Json(json!({
        "status": "ok",
        "conversation_id": id.as_str(),
        "message": null,
        "conversation_status": status_of(Some(&session)),
    })))
}

pub(crate) async fn stop(
    State(state): State<AppState>,
    Path(id): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let id = parse_id(&id)?;
    let before = status_of(state.manager.get(&id).as_ref());
    let (message, status) = match state.manager.close(&id).await {
        Some(_) => ("Conversation stopped successfully", before),
        None => ("Conversation was not running", "STOPPED"),
    };
    Ok(Json(json!({
        "status": "ok",
        "conversation_id": id.as_str(),
        "message": message,
        "conversation_status": status,
    })))
}

pub(crate) async fn config(
    State(state): State<AppState>,
    Path(id): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let id = parse_id(&id)?;
    check_known(&state, &id).await?;
    Ok(Json(json!({"runtime_id": id.as_str(), "session_id": id.as_str()})))
}

/// How the MCP servers of a conversation are; a route of our own.
pub(crate) async fn mcp_servers(
    State(state): State<AppState>,
    Path(id): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let id = parse_id(&id)?;
    check_known(&state, &id).await?;
    Ok(Json(state.mcp.status(&id)))
}

pub(crate) async fn vscode_url(
    State(state): State<AppState>,
    Path(id): Path<String>,
) -> Result<Json<Value>, ApiError> {
    check_known(&state, &parse_id(&id)?).await?;
    Ok(Json(json!({"vscode_url": null})))
}

/// A query string; the first of repeated names wins and blank values count as absent.
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    pub(crate) fn parse(query: Option<&str>) -> Self {
        let pairs = form_urlencoded::parse(query.unwrap_or_default().as_bytes());
        Self(
            pairs
                .filter(|(_, value)| !value.is_empty())
                .map(|(k, v)| (k.into(), v.into()))
                .collect(),
        )
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

pub(crate) fn bad_integer(field: &str, input: &str) -> ApiError {
    ApiError::validation(vec![Problem {
        kind: "int_parsing",
        place: "query",
        field: field.to_owned(),
        message: "Input should be a valid integer".to_owned(),
        input: json!(input),
    }])
}

/// A page is named by its offset, in OpenHands' opaque form.
fn page_id(offset: usize) -> String {
    let inner = base64_encode(offset.to_string().as_bytes());
    base64_encode(json!({"v0": inner, "v1": null}).to_string().as_bytes())
}

fn page_offset(page: &str) -> Option<usize> {
    let text = String::from_utf8(base64_decode(page)?).ok()?;
    if let Ok(offset) = text.trim().parse() {
        return Some(offset);
    }
    let form: Value = serde_json::from_str(&text).ok()?;
    match form.get("v0")? {
        Value::Null => Some(0),
        Value::String(inner) => String::from_utf8(base64_decode(inner)?).ok()?.trim().parse().ok(),
        _ => None,
    }
}

fn base64_encode(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

fn base64_decode(text: &str) -> Option<Vec<u8>> {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.decode(text).ok()
}
