//! Brings the repository of a conversation into its workspace, by git in its sandbox.

use std::path::Path;
use std::time::Duration;

use oh_config::GitIdentity;
use oh_event::{Action, ConversationId, Observation, RunAction};
use oh_runtime::{ActionRequest, Workspace};
use oh_session::{CheckoutError, RepositoryPlace};
use oh_store::ConversationMetadata;

use crate::git_hosts;
use crate::sandbox::Sandboxes;
use crate::secrets::Secrets;
use crate::skills::TrustedPrograms;

const TIME_LIMIT: Duration = Duration::from_secs(600);
/// Longest text of git that is shown.
const MAX_TEXT: usize = 600;
/// What git says if it needs a token, or another one.
const REFUSALS: [&str; 6] = [
    "Authentication failed",
    "could not read Username",
    "could not read Password",
    "returned error: 401",
    "returned error: 403",
    "epository not found",
];

/// What is to be brought, and where to.
#[derive(Debug)]
pub(crate) struct Fetch {
    command: String,
    repository: String,
    has_token: bool,
}

/// Returns what is missing in the workspace of a conversation; `None` if nothing is.
pub(crate) fn find(
    metadata: &ConversationMetadata,
    workspace: &Path,
    secrets: &Secrets,
) -> Option<Result<Fetch, CheckoutError>> {
    let repository = metadata.selected_repository.as_deref()?;
    let folder = folder_of(repository)?;
    // A link that leads nowhere is there, too.
    if workspace.join(folder).symlink_metadata().is_ok() {
        return None;
    }
    let tokens = secrets.tokens();
    let address = git_hosts::address_for(metadata.git_provider.as_deref(), &tokens);
    let fetch = address.and_then(|address| {
        let url = address.clone_url(repository)?;
        let token = tokens.iter().find(|token| token.provider == address.provider().name());
        let has_token = token.is_some_and(|token| !token.token.is_empty());
        let branch = metadata.selected_branch.as_deref();
        Ok(Fetch {
            command: command(&url, folder, branch),
            repository: repository.to_owned(),
            has_token,
        })
    });
    Some(fetch.map_err(|error| CheckoutError::Failed(error.to_string())))
}

/// Returns the folder that a repository is in, below the workspace.
pub(crate) fn folder_of(repository: &str) -> Option<&str> {
    repository
        .rsplit('/')
        .next()
        .map(|name| name.trim_end_matches(".git"))
        .filter(|name| !name.is_empty() && *name != "." && *name != ".." && !name.starts_with('-'))
}

/// Nothing is at the place before all of it is.
fn command(url: &str, folder: &str, branch: Option<&str>) -> String {
    let random = uuid::Uuid::new_v4().simple().to_string();
    let part = format!(".openhands-clone-{random}");
    let (choice, work) = match branch {
        Some(branch) => (format!("--branch={} ", quoted(branch)), String::new()),
        None => {
            let name = format!("openhands-workspace-{}", &random[..8]);
            (String::new(), format!("git -C {part} checkout --quiet -b {name} && "))
        }
    };
    let folder = quoted(folder);
    format!(
        "GIT_TERMINAL_PROMPT=0 GIT_ASKPASS=true git -c http.lowSpeedLimit=1 -c http.lowSpeedTime=60 clone --quiet {choice}-- {} {part} && {work}mv -T -- {part} {folder}",
        quoted(url)
    )
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

impl Fetch {
    /// Does it, in a sandbox that ends with it.
    pub(crate) async fn run(
        self,
        id: &ConversationId,
        git: GitIdentity,
        sandboxes: &Sandboxes,
        secrets: &Secrets,
    ) -> Result<(), CheckoutError> {
        tracing::info!(repository = self.repository, "fetching a repository");
        let failed = |reason: String| CheckoutError::Failed(reason);
        let prepared = sandboxes
            .prepare(id, git, secrets.for_commands(), &TrustedPrograms::default())
            .await
            .map_err(|error| failed(error.to_string()))?;
        let action = Action::Run(RunAction {
            command: self.command.clone(),
            is_static: true,
            hidden: true,
            ..RunAction::default()
        });
        let request = ActionRequest { timeout: Some(TIME_LIMIT), ..ActionRequest::new(action) };
        let observation = prepared.runtime.execute(request).await;
        prepared.runtime.close().await;
        let (text, exit_code) = match &observation {
            Observation::Run(run) => (run.content.as_str(), run.metadata.exit_code),
            other => (other.content(), 1),
        };
        match exit_code {
            0 => Ok(()),
            -1 => Err(failed(format!("git did not end within {} s", TIME_LIMIT.as_secs()))),
            _ => Err(self.problem(text)),
        }
    }

    fn problem(&self, text: &str) -> CheckoutError {
        let said: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        let said: String = said.join(" ").chars().take(MAX_TEXT).collect();
        let repository = &self.repository;
        if !REFUSALS.iter().any(|refusal| text.contains(refusal)) {
            return CheckoutError::Failed(format!("`{repository}`: git says: {said}"));
        }
        let help = if self.has_token {
            "check that the name is right and that the token in the settings may read it"
        } else {
            "check that the name is right, or give a token for it in the settings"
        };
        CheckoutError::NoAccess(format!("`{repository}`: {help}. git says: {said}"))
    }
}

/// Returns where a repository is that is there. This blocks.
pub(crate) fn place_of(
    metadata: &ConversationMetadata,
    workspace: &Path,
    seen_as: &Path,
) -> Option<RepositoryPlace> {
    let name = metadata.selected_repository.clone()?;
    let folder = folder_of(&name)?;
    let opened = Workspace::open(workspace).ok()?;
    let head = opened.read_short_text(&format!("{folder}/.git/HEAD"), 1024).ok()?;
    let branch = head.trim().strip_prefix("ref: refs/heads/").unwrap_or_default().to_owned();
    let directory = seen_as.join(folder).to_string_lossy().into_owned();
    Some(RepositoryPlace { name, directory, branch })
}
