//! New conversations.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use oh_event::ConversationId;
use oh_git_host::{GitHost, TaskType};
use oh_mcp::McpConfig;
use oh_store::{ConversationExtras, ConversationMetadata};
use oh_wire::parse_trajectory;
use serde_json::{Value, json};

use super::body::Fields;
use super::conversations::{parse_id, wait_for_start};
use super::error::ApiError;
use crate::beginning::{self, Beginning};
use crate::checkout;
use crate::git_hosts;
use crate::state::{AppState, plain_metadata};

/// Longest instructions for one conversation, in characters.
const LONGEST_INSTRUCTIONS: usize = 20_000;

/// What a request asks for.
struct Wanted {
    repository: Option<String>,
    git_provider: Option<String>,
    selected_branch: Option<String>,
    beginning: Beginning,
    trigger: Option<&'static str>,
    extras: ConversationExtras,
    id: Option<String>,
}

pub(crate) async fn create(
    State(state): State<AppState>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Value>, ApiError> {
    // A request without a body asks for a conversation without anything.
    let body = if body.is_empty() { Bytes::from_static(b"{}") } else { body };
    let mut fields = Fields::parse(&body)?;
    let mut wanted = read(&state, &mut fields);
    fields.finish_strictly()?;
    check_model(&state)?;
    if let Some(repository) = &wanted.repository {
        wanted.git_provider = reachable_at(&state, repository, wanted.git_provider).await?;
    }
    let id = match wanted.id {
        Some(chosen) => parse_id(&chosen)?,
        None => parse_id(&uuid::Uuid::new_v4().simple().to_string())?,
    };
    let usual = if headers.contains_key("authorization") { "openhands_api" } else { "gui" };
    let has_repository = wanted.repository.is_some();
    let metadata = ConversationMetadata {
        selected_repository: wanted.repository,
        selected_branch: wanted.selected_branch,
        git_provider: wanted.git_provider,
        ..plain_metadata(id.clone(), Some(wanted.trigger.unwrap_or(usual)))
    };
    record(&state, metadata, wanted.extras).await?;
    let has_message = !wanted.beginning.is_empty();
    if has_message && has_repository {
        beginning::keep(&state.store, &id, &wanted.beginning).await?;
    }
    let session = state.manager.open(&id, wanted.beginning.into_new()).await?;
    if has_message && !has_repository {
        // What was taken is on disk. A repository may take minutes, which nobody waits for; then
        // it is kept elsewhere meanwhile.
        session.settled().await;
    }
    wait_for_start(&session).await;
    Ok(Json(started(&id)))
}

fn started(id: &ConversationId) -> Value {
    json!({
        "status": "ok",
        "conversation_id": id.as_str(),
        "message": null,
        "conversation_status": "STARTING",
    })
}

async fn record(
    state: &AppState,
    metadata: ConversationMetadata,
    extras: ConversationExtras,
) -> Result<(), ApiError> {
    let id = metadata.id.clone();
    if !state.create(metadata).await? {
        let message = format!("Conversation {id} exists already");
        return Err(ApiError::with_body(
            StatusCode::CONFLICT,
            json!({"status": "error", "message": message, "msg_id": "CONVERSATION$EXISTS"}),
        ));
    }
    if extras == ConversationExtras::default() {
        return Ok(());
    }
    if let Err(error) = state.store.save_extras(&id, extras).await {
        state.store.delete_conversation(&id).await?;
        return Err(error.into());
    }
    Ok(())
}

fn check_model(state: &AppState) -> Result<(), ApiError> {
    if !state.llm.lacks_key() {
        return Ok(());
    }
    let model = state.llm.config().model;
    let message = format!(
        "The model `{model}` needs an API key. Give one in the settings or as LLM_API_KEY, or choose another model."
    );
    Err(ApiError::with_body(
        StatusCode::BAD_REQUEST,
        json!({"status": "error", "message": message, "msg_id": "STATUS$ERROR_LLM_AUTHENTICATION"}),
    ))
}

fn read(state: &AppState, fields: &mut Fields) -> Wanted {
    let mut repository = fields.text("repository").filter(|name| !name.trim().is_empty());
    let mut git_provider = fields.choice("git_provider", &git_hosts::NAMES);
    let selected_branch = fields.text("selected_branch").filter(|name| !name.trim().is_empty());
    let mut text = fields.text("initial_user_msg").filter(|text| !text.trim().is_empty());
    let image_urls = fields.texts("image_urls").unwrap_or_default();
    let mut trigger = None;
    if let Some(mut task) = fields.object("suggested_task") {
        if let Some(task) = Task::read(&mut task) {
            text = Some(task.prompt());
            trigger = Some("suggested_task");
            repository = repository.or(Some(task.repo));
            git_provider = git_provider.or(Some(task.git_provider));
        }
        fields.take_problems(task);
    }
    if let Some(mut microagent) = fields.object("create_microagent") {
        microagent.require("repo");
        let repo = microagent.text("repo");
        let provider = microagent.choice("git_provider", &git_hosts::NAMES);
        microagent.text("title");
        fields.take_problems(microagent);
        trigger = Some("microagent_management");
        repository = repository.or(repo);
        git_provider = git_provider.or(provider);
    }
    if let Some(name) = &repository {
        check_name(fields, name);
    }
    let extras =
        ConversationExtras { instructions: instructions(fields), mcp_config: servers(fields) };
    let has_message = text.is_some() || !image_urls.is_empty();
    let replay = recording(fields, has_message);
    let beginning = Beginning { text, image_urls, replay };
    let may_choose = state.server().allows_set_conversation_id;
    let id = if may_choose { fields.text("conversation_id") } else { None };
    Wanted { repository, git_provider, selected_branch, beginning, trigger, extras, id }
}

fn check_name(fields: &mut Fields, name: &str) {
    let address = git_hosts::address_for(None, &[]);
    let is_name = address.is_ok_and(|address| address.clone_url(name).is_ok())
        && checkout::folder_of(name).is_some();
    if !is_name {
        let message = "Input should be the name of a repository, written as owner/name";
        fields.problem("value_error", "repository", message, json!(name));
    }
}

fn instructions(fields: &mut Fields) -> String {
    let text = fields.text("conversation_instructions").unwrap_or_default();
    if text.chars().count() > LONGEST_INSTRUCTIONS {
        let message = format!("String should have at most {LONGEST_INSTRUCTIONS} characters");
        fields.problem("string_too_long", "conversation_instructions", &message, Value::Null);
    }
    text
}

fn servers(fields: &mut Fields) -> Option<String> {
    let value = fields.take("mcp_config")?;
    match McpConfig::parse(&value) {
        Ok(servers) => Some(servers.to_json().to_string()),
        Err(error) => {
            // What came in has keys in it and is not said again.
            fields.problem("value_error", "mcp_config", &error.to_string(), Value::Null);
            None
        }
    }
}

/// Returns the text of a recording, if it is one.
fn recording(fields: &mut Fields, has_message: bool) -> Option<String> {
    let json = fields.text("replay_json").filter(|text| !text.trim().is_empty())?;
    let problem = match parse_trajectory(&json) {
        Ok(_) if has_message => {
            "A recording begins with its own message; send yours later".to_owned()
        }
        Ok(_) => return Some(json),
        Err(problem) => problem.to_string(),
    };
    fields.problem("value_error", "replay_json", &problem, Value::Null);
    None
}

/// Finds the service that has a repository; without a token for one nobody is asked.
async fn reachable_at(
    state: &AppState,
    repository: &str,
    provider: Option<String>,
) -> Result<Option<String>, ApiError> {
    let mut hosts = git_hosts::hosts(&state.secrets.tokens());
    let is_meant = |host: &GitHost| provider.as_ref().is_none_or(|p| p == host.provider().name());
    hosts.retain(is_meant);
    if hosts.is_empty() {
        return Ok(provider);
    }
    let mut reasons = Vec::new();
    for host in hosts {
        match host.repository(repository).await {
            Ok(_) => return Ok(Some(host.provider().name().to_owned())),
            Err(error) => reasons.push(error.to_string()),
        }
    }
    let message =
        format!("The repository `{repository}` cannot be reached: {}", reasons.join("; "));
    Err(ApiError::with_body(StatusCode::UNAUTHORIZED, json!(message)))
}

/// Something to do that the services suggested.
struct Task {
    git_provider: String,
    task_type: TaskType,
    repo: String,
    issue_number: i64,
    title: String,
}

impl Task {
    fn read(fields: &mut Fields) -> Option<Self> {
        for name in ["git_provider", "task_type", "repo", "issue_number", "title"] {
            fields.require(name);
        }
        let git_provider = fields.choice("git_provider", &git_hosts::NAMES);
        let task_type = fields.take("task_type").and_then(|value| {
            let task_type = serde_json::from_value(value.clone()).ok();
            if task_type.is_none() {
                let message = "Input should be MERGE_CONFLICTS, FAILING_CHECKS, UNRESOLVED_COMMENTS, OPEN_ISSUE, OPEN_PR or CREATE_MICROAGENT";
                fields.problem("enum", "task_type", message, value);
            }
            task_type
        });
        let (repo, number) = (fields.text("repo"), fields.integer("issue_number"));
        Some(Self {
            git_provider: git_provider?,
            task_type: task_type?,
            repo: repo?,
            issue_number: number?,
            title: fields.text("title")?,
        })
    }

    fn prompt(&self) -> String {
        let Self { repo, issue_number, title, .. } = self;
        let (request, short) = match self.git_provider.as_str() {
            "gitlab" => ("merge request", "!"),
            _ => ("pull request", "#"),
        };
        let subject = format!("{request} {short}{issue_number} (\"{title}\") of {repo}");
        let own =
            "Your shell has a token for the service; use its interface to read what you need.";
        let rest = match self.task_type {
            TaskType::MergeConflicts => format!(
                "The {subject} has conflicts with its target branch. Check out its branch, merge the target branch into it, resolve the conflicts so that the intent of both sides is kept, run the tests, and push."
            ),
            TaskType::FailingChecks => format!(
                "Checks of the {subject} fail. Check out its branch, find out which checks fail and why, mend the cause, run them here if that is possible, and push."
            ),
            TaskType::UnresolvedComments => format!(
                "The {subject} has review comments that nobody has answered. Check out its branch, read the comments, make the changes that they ask for where that is right, and push. Tell me which comments you did not follow, and why."
            ),
            TaskType::OpenPr => format!(
                "Look at the {subject}: check out its branch, read the changes, and tell me what keeps it from being merged. Mend what is clear, and push."
            ),
            TaskType::OpenIssue => format!(
                "Work on issue #{issue_number} (\"{title}\") of {repo}. Read the issue and what was said to it, find the code that matters, and make the change on a new branch, with tests. Then push the branch and open a draft {request} that names the issue."
            ),
            TaskType::CreateMicroagent => format!(
                "Write a microagent for {repo}: a short Markdown file in .openhands/microagents that tells an agent what it needs to know. It is about: {title}."
            ),
        };
        format!("{rest} {own}")
    }
}
