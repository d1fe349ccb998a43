//! Carries out an edit that a model drafts.

use std::sync::Arc;

use oh_agent::{DRAFT_ATTEMPTS, DraftPlan, DraftedLines, draft_observation, drafted_lines};
use oh_chat::{CompletionRequest, Spent};
use oh_event::{
    Action, EditAction, EditImplSource, ErrorObservation, Observation, ReadAction, ReadImplSource,
    SecurityRisk, WriteAction,
};
use oh_llm::{CompletionContext, LlmClient};
use oh_runtime::{ActionRequest, Runtime};

/// Name of the model's settings, as OpenHands has it.
pub(crate) const LLM_CONFIG: &str = "draft_editor";

/// Returns the edit if a model is to draft it.
pub(crate) fn of(action: &Action) -> Option<&EditAction> {
    match action {
        Action::Edit(edit) if edit.impl_source == EditImplSource::LlmBasedEdit => Some(edit),
        _ => None,
    }
}

pub(crate) async fn run(
    action: &EditAction,
    runtime: &Arc<dyn Runtime>,
    llm: &dyn LlmClient,
) -> (Observation, Option<Spent>) {
    let mut spent = None;
    let observation = try_run(action, runtime, llm, &mut spent).await;
    (observation.unwrap_or_else(|observation| observation), spent)
}

async fn try_run(
    action: &EditAction,
    runtime: &Arc<dyn Runtime>,
    llm: &dyn LlmClient,
    spent: &mut Option<Spent>,
) -> Result<Observation, Observation> {
    let file = read(&action.path, runtime).await?;
    let drafted = match DraftPlan::new(action, file.as_deref()).map_err(error)? {
        DraftPlan::Write(drafted) => drafted,
        DraftPlan::Ask { request, place } => {
            DraftedLines { content: ask(request, llm, spent).await?, ..place }
        }
    };
    let write = Action::Write(WriteAction {
        path: action.path.clone(),
        content: drafted.content.clone(),
        start: i64::try_from(drafted.start).unwrap_or(i64::MAX),
        // A new file is written as a whole.
        end: if file.is_none() { -1 } else { i64::try_from(drafted.end).unwrap_or(i64::MAX) },
        thought: String::new(),
        confirmation_state: oh_event::ConfirmationState::Confirmed,
        security_risk: SecurityRisk::Unknown,
    });
    match runtime.execute(ActionRequest::new(write)).await {
        Observation::Error(error) => Err(Observation::Error(error)),
        _ => Ok(draft_observation(action, file.as_deref(), &drafted)),
    }
}

/// Returns the text of a file, or `None` if there is none.
async fn read(path: &str, runtime: &Arc<dyn Runtime>) -> Result<Option<String>, Observation> {
    let read = Action::Read(ReadAction {
        path: path.to_owned(),
        start: 0,
        end: -1,
        thought: String::new(),
        confirmation_state: oh_event::ConfirmationState::Confirmed,
        security_risk: SecurityRisk::Unknown,
        impl_source: ReadImplSource::Default,
        view_range: None,
    });
    match runtime.execute(ActionRequest::new(read)).await {
        Observation::Read(read) if read.content.starts_with("data:") && !is_text(path) => {
            Err(error(format!("ERROR:\n{path} is not a text file.")))
        }
        Observation::Read(read) => Ok(Some(read.content)),
        Observation::Error(error) if error.content.starts_with("File not found") => Ok(None),
        other => Err(other),
    }
}

/// Says whether a path is not one of those that are read as pictures and the like.
fn is_text(path: &str) -> bool {
    const MEDIA: [&str; 9] =
        [".png", ".jpg", ".jpeg", ".bmp", ".gif", ".pdf", ".mp4", ".webm", ".ogg"];
    let path = path.to_ascii_lowercase();
    !MEDIA.iter().any(|extension| path.ends_with(extension))
}

async fn ask(
    request: CompletionRequest,
    llm: &dyn LlmClient,
    spent: &mut Option<Spent>,
) -> Result<String, Observation> {
    for _ in 0..DRAFT_ATTEMPTS {
        let context = CompletionContext { notices: None };
        let completion = llm.complete(request.clone(), context).await;
        let completion = completion.map_err(|failure| {
            error(format!(
                "ERROR:\nThe model that drafts edits failed: {failure}. Nothing was changed."
            ))
        })?;
        spent.get_or_insert_default().add(&completion);
        if let Some(lines) = drafted_lines(&completion.text) {
            return Ok(lines);
        }
    }
    Err(error(format!(
        "ERROR:\nThe model that drafts edits gave no new lines in {DRAFT_ATTEMPTS} attempts. Nothing was changed; use str_replace_editor instead."
    )))
}

fn error(content: String) -> Observation {
    Observation::Error(ErrorObservation { content, error_id: String::new() })
}
