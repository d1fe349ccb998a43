//! What a conversation finds when it is opened: its repository, its sandbox, its tools.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use oh_config::{Config, GitIdentity};
use oh_event::ConversationId;
use oh_mcp::McpConfig;
use oh_session::{Checkout, CheckoutError, PreparedRuntime};
use oh_store::{ConversationMetadata, Settings, Store};

use crate::browser::Browsers;
use crate::checkout;
use crate::compose::RuntimeSource;
use crate::equipment::Equipment;
use crate::mcp::{self, McpServers};
use crate::preview::Previews;
use crate::pull_requests::PullRequestTools;
use crate::sandbox::Sandboxes;
use crate::secrets::Secrets;
use crate::skills::Skills;

/// What the agent is told where it has a notebook.
const NOTEBOOK: &str =
    " A Python notebook that keeps its state is beside the shell: `execute_ipython_cell`.";

/// Opens conversations.
#[derive(Clone)]
pub(crate) struct Opener {
    pub(crate) config: Config,
    pub(crate) settings: Arc<Mutex<Option<Settings>>>,
    pub(crate) store: Store,
    pub(crate) sandboxes: Sandboxes,
    pub(crate) secrets: Secrets,
    pub(crate) mcp: McpServers,
    pub(crate) previews: Previews,
    pub(crate) skills: Skills,
    pub(crate) equipment: Equipment,
    pub(crate) browsers: Browsers,
    /// Makes runtimes instead of the sandboxes.
    pub(crate) runtime: Option<RuntimeSource>,
}

impl Opener {
    /// Finds what is to be brought into the workspace of a conversation.
    pub(crate) async fn checkout(self, id: ConversationId) -> Option<Checkout> {
        if self.runtime.is_some() {
            return None;
        }
        let metadata = self.metadata(&id).await?;
        let workspace = self.sandboxes.workspace(&id).ok()?;
        let secrets = self.secrets.clone();
        let look = move || checkout::find(&metadata, &workspace, &secrets);
        let found = match tokio::task::spawn_blocking(look).await {
            Ok(found) => found?,
            Err(error) => Err(CheckoutError::Failed(error.to_string())),
        };
        Some(Box::pin(async move {
            let git = git_identity(&self.config.lifecycle.git, &self.settings);
            found?.run(&id, git, &self.sandboxes, &self.secrets).await
        }))
    }

    /// Makes the runtime of a conversation.
    pub(crate) async fn prepare(self, id: ConversationId) -> io::Result<PreparedRuntime> {
        let workspace = self.sandboxes.workspace(&id)?;
        let trust = self.skills.trust(&id, &workspace).await.map_err(io::Error::other)?;
        let prepared = match &self.runtime {
            Some(make) => PreparedRuntime::plain(make(&id)?),
            None => {
                let programs = self.skills.programs(&id, &workspace, trust).await;
                let git = git_identity(&self.config.lifecycle.git, &self.settings);
                let secrets = self.secrets.for_commands();
                let prepared = self.sandboxes.prepare(&id, git, secrets, &programs).await?;
                self.equip(prepared, &id).await
            }
        };
        let mut prepared = self.skills.attach(prepared, &id, &workspace, trust).await;
        if let Some(metadata) = self.metadata(&id).await {
            let seen_as = prepared.runtime.workspace().to_owned();
            let look = move || checkout::place_of(&metadata, &workspace, &seen_as);
            prepared.repository = tokio::task::spawn_blocking(look).await.unwrap_or_default();
        }
        let extras = self.store.extras(&id).await.map_err(io::Error::other)?;
        prepared.conversation_instructions = extras.instructions;
        let own = mcp::read_servers(extras.mcp_config.as_deref());
        prepared.secrets.extend(own.secrets());
        let servers = if self.config.agent.enable_mcp {
            servers_of(&self.config, &self.settings).merged(own)
        } else {
            McpConfig::default()
        };
        let tools = PullRequestTools { secrets: self.secrets.clone(), store: self.store.clone() };
        let is_usable = self.config.agent.enable_mcp && !tools.usable().is_empty();
        let prepared = self.mcp.attach(prepared, &id, servers, is_usable.then_some(tools));
        self.previews.follow(&id, &prepared.runtime);
        Ok(prepared)
    }

    /// Adds the tools for which this machine has what they need.
    async fn equip(&self, prepared: PreparedRuntime, id: &ConversationId) -> PreparedRuntime {
        let found = self.equipment.look().await;
        let chromium = match (&found.chromium, self.config.agent.tools.has_browser) {
            (Ok(program), true) => Ok(program.as_str()),
            (Ok(_), false) => Err("the configuration turns it off".to_owned()),
            (Err(missing), _) => Err(format!("{}; {}", missing.what, missing.fix)),
        };
        let mut prepared = self.browsers.attach(prepared, id, chromium);
        prepared.place_tools = found.tools();
        if prepared.place_tools.has_ipython && self.config.agent.tools.has_ipython {
            prepared.instructions.push_str(NOTEBOOK);
        }
        prepared
    }

    async fn metadata(&self, id: &ConversationId) -> Option<ConversationMetadata> {
        match self.store.conversation(id).await {
            Ok(metadata) => metadata,
            Err(error) => {
                tracing::warn!(%error, "the repository of a conversation is not known");
                None
            }
        }
    }
}

/// Returns the MCP servers of a conversation that starts now.
fn servers_of(config: &Config, settings: &Arc<Mutex<Option<Settings>>>) -> McpConfig {
    let settings = settings.lock().unwrap_or_else(PoisonError::into_inner);
    mcp::servers_now(config, settings.as_ref())
}

/// Returns who makes commits: whom the user named, else whom the configuration names.
fn git_identity(git: &GitIdentity, settings: &Arc<Mutex<Option<Settings>>>) -> GitIdentity {
    let settings = settings.lock().unwrap_or_else(PoisonError::into_inner);
    let chosen = |text: &Option<String>| text.clone().filter(|text| !text.trim().is_empty());
    let (name, email) = settings.as_ref().map_or((None, None), |settings| {
        (chosen(&settings.git_user_name), chosen(&settings.git_user_email))
    });
    GitIdentity {
        name: name.unwrap_or_else(|| git.name.clone()),
        email: email.unwrap_or_else(|| git.email.clone()),
    }
}
