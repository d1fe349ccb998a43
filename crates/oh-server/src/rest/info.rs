//! A conversation as lists and pages show it.

use oh_session::SessionHandle;
use oh_store::ConversationMetadata;
use oh_wire::format_rest_time;
use serde::Serialize;

use super::error::ApiError;
use crate::state::AppState;

/// The fields and their order are OpenHands'.
#[derive(Debug, Serialize)]
pub(crate) struct ConversationInfo {
    conversation_id: String,
    title: String,
    last_updated_at: String,
    status: &'static str,
    runtime_status: Option<&'static str>,
    selected_repository: Option<String>,
    selected_branch: Option<String>,
    git_provider: Option<String>,
    trigger: Option<String>,
    num_connections: usize,
    url: Option<String>,
    session_api_key: Option<String>,
    created_at: String,
    pr_number: Vec<i64>,
    conversation_version: &'static str,
}

pub(crate) async fn info_of(
    state: &AppState,
    metadata: ConversationMetadata,
) -> Result<ConversationInfo, ApiError> {
    let id = metadata.id;
    let head = state.log.head(&id).await?;
    let updated_at = head.map(|head| head.updated_at).filter(|at| at.0 > 0);
    let session = state.manager.get(&id);
    Ok(ConversationInfo {
        conversation_id: id.to_string(),
        title: metadata.title,
        last_updated_at: format_rest_time(updated_at.unwrap_or(metadata.created_at)),
        status: status_of(session.as_ref()),
        runtime_status: session.as_ref().map(|session| session.status().runtime_status),
        selected_repository: metadata.selected_repository,
        selected_branch: metadata.selected_branch,
        git_provider: metadata.git_provider,
        trigger: metadata.trigger,
        num_connections: state.socket_count(&id),
        url: session.is_some().then(|| format!("/api/conversations/{id}")),
        session_api_key: None,
        created_at: format_rest_time(metadata.created_at),
        pr_number: metadata.pr_number,
        conversation_version: "V0",
    })
}

pub(crate) fn status_of(session: Option<&SessionHandle>) -> &'static str {
    match session.map(SessionHandle::status) {
        None => "STOPPED",
        Some(status) if status.is_starting() => "STARTING",
        // One that has no runtime has something to say: why.
        Some(_) => "RUNNING",
    }
}
