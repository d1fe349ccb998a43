//! A conversation as lists and pages show it.

use oh_session::{SessionHandle, SessionStatus};
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
    // OpenHands does not know these: the last two are there while a session runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_event_id: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    agent_state: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<UsageInfo>,
}

pub(crate) async fn info_of(
    state: &AppState,
    metadata: ConversationMetadata,
) -> Result<ConversationInfo, ApiError> {
    let id = metadata.id;
    let head = state.log.head(&id).await?;
    let last_event_id = head.as_ref().and_then(|head| head.next_event_id.checked_sub(1));
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
        last_event_id,
        agent_state: session.as_ref().map(|session| session.status().agent_state.as_str()),
        usage: session.as_ref().map(usage_of),
    })
}

/// What the conversation has used, and where its agent stops.
#[derive(Debug, Serialize)]
struct UsageInfo {
    iterations: u64,
    max_iterations: u64,
    llm_calls: u64,
    cost: f64,
    max_budget: Option<f64>,
    tokens: u64,
    max_tokens: Option<u64>,
    seconds: u64,
    max_seconds: Option<u64>,
}

fn usage_of(session: &SessionHandle) -> UsageInfo {
    let SessionStatus { consumption, limits, .. } = session.status();
    UsageInfo {
        iterations: consumption.iterations,
        max_iterations: limits.max_iterations,
        llm_calls: consumption.llm_calls,
        cost: consumption.cost,
        max_budget: limits.max_budget,
        tokens: consumption.tokens,
        max_tokens: limits.max_tokens,
        seconds: consumption.busy_micros / 1_000_000,
        max_seconds: limits.max_seconds,
    }
}

pub(crate) fn status_of(session: Option<&SessionHandle>) -> &'static str {
    match session.map(SessionHandle::status) {
        None => "STOPPED",
        Some(status) if status.is_starting() => "STARTING",
        // One that has no runtime has something to say: why.
        Some(_) => "RUNNING",
    }
}
