//! What files of the user and of workspaces tell the agents of live conversations, and whether the
//! user trusts them.

mod find;
mod load;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use oh_config::Config;
use oh_event::ConversationId;
use oh_session::{Knowledge, PreparedRuntime, Skill, SkillKind};
use oh_store::{Store, StoreError};
use serde_json::{Value, json};
use tokio::sync::watch;

use load::{Choice, Loaded, Places};

/// Whether what lies in a workspace may take effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trust {
    /// It lies in a directory that the configuration trusts.
    Directory,
    /// The user said so for the conversation.
    Conversation,
    /// Nobody has said so.
    Missing,
}

/// The knowledge of live conversations. Clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Skills(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    store: Store,
    home: Option<PathBuf>,
    trusted_dirs: Vec<PathBuf>,
    is_enabled: bool,
    disabled: Vec<String>,
    live: Mutex<HashMap<ConversationId, watch::Sender<Arc<Knowledge>>>>,
}

/// The programs of a trusted workspace that may run; none of one that is not trusted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct TrustedPrograms {
    /// The folder, below the workspace, whose setup script runs.
    pub(crate) setup: Option<String>,
    /// A script is to run before each commit.
    pub(crate) has_pre_commit: bool,
}

impl Skills {
    pub(crate) fn new(config: &Config, store: Store) -> Self {
        Self(Arc::new(Shared {
            store,
            home: config.sandbox.home.clone(),
            trusted_dirs: config.lifecycle.trusted_dirs.clone(),
            is_enabled: config.agent.enable_prompt_extensions,
            disabled: config.agent.disabled_microagents.clone(),
            live: Mutex::default(),
        }))
    }

    /// Says whether what lies in the workspace of a conversation may take effect.
    pub(crate) async fn trust(
        &self,
        id: &ConversationId,
        workspace: &Path,
    ) -> Result<Trust, StoreError> {
        Ok(if load::is_inside(workspace, &self.0.trusted_dirs) {
            Trust::Directory
        } else if self.0.store.is_trusted(id).await? {
            Trust::Conversation
        } else {
            Trust::Missing
        })
    }

    /// Returns which programs of a workspace may run.
    pub(crate) async fn programs(
        &self,
        id: &ConversationId,
        workspace: &Path,
        trust: Trust,
    ) -> TrustedPrograms {
        if trust == Trust::Missing {
            return TrustedPrograms::default();
        }
        let places = self.places(id, workspace).await;
        let looking = tokio::task::spawn_blocking(move || load::programs(&places));
        looking.await.unwrap_or_default()
    }

    /// Gives a conversation that starts what files tell it.
    pub(crate) async fn attach(
        &self,
        prepared: PreparedRuntime,
        id: &ConversationId,
        workspace: &Path,
        trust: Trust,
    ) -> PreparedRuntime {
        let loaded = self.load(id, workspace, trust).await;
        let (sender, knowledge) = watch::channel(Arc::new(loaded.knowledge));
        {
            let mut live = self.0.live.lock().unwrap_or_else(PoisonError::into_inner);
            live.retain(|_, sender| !sender.is_closed());
            live.insert(id.clone(), sender);
        }
        let mut prepared = PreparedRuntime { knowledge, ..prepared };
        for problem in loaded.problems {
            prepared.warn(problem);
        }
        if let Some(waiting) = loaded.waiting_places {
            prepared.warn(format!("Not in effect until you trust this workspace: {waiting}."));
        }
        prepared
    }

    /// Records that the user trusts the workspace of a conversation, or does not any more; what
    /// its files say counts, or does not, from the next message on.
    pub(crate) async fn set_trust(
        &self,
        id: &ConversationId,
        workspace: &Path,
        trust: Trust,
    ) -> Result<Value, StoreError> {
        match trust {
            Trust::Conversation | Trust::Directory => self.0.store.trust(id).await?,
            Trust::Missing => self.0.store.distrust(id).await?,
        }
        let trust = self.trust(id, workspace).await?;
        let loaded = self.load(id, workspace, trust).await;
        let report = report(trust, &loaded);
        let live = self.0.live.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sender) = live.get(id) {
            sender.send_replace(Arc::new(loaded.knowledge));
        }
        Ok(report)
    }

    /// Returns what counts and what would count if the workspace were trusted.
    pub(crate) async fn report(
        &self,
        id: &ConversationId,
        workspace: &Path,
    ) -> Result<Value, StoreError> {
        let trust = self.trust(id, workspace).await?;
        Ok(report(trust, &self.load(id, workspace, trust).await))
    }

    /// Returns what a live conversation is told, in OpenHands' form.
    pub(crate) fn list(&self, id: &ConversationId) -> Option<Value> {
        let live = self.0.live.lock().unwrap_or_else(PoisonError::into_inner);
        let knowledge = live.get(id).filter(|sender| !sender.is_closed())?.borrow().clone();
        let skills: Vec<Value> = knowledge.skills().iter().map(skill_json).collect();
        Some(json!({"microagents": skills}))
    }

    async fn load(&self, id: &ConversationId, workspace: &Path, trust: Trust) -> Loaded {
        let places = self.places(id, workspace).await;
        let disabled = self.0.disabled.clone();
        let choice = Choice { is_enabled: self.0.is_enabled, disabled, trust };
        let loading = tokio::task::spawn_blocking(move || load::load(&places, &choice));
        loading.await.unwrap_or_else(|error| {
            tracing::error!(%error, "files with instructions could not be read");
            Loaded::default()
        })
    }

    async fn places(&self, id: &ConversationId, workspace: &Path) -> Places {
        let chosen = match self.0.store.conversation(id).await {
            Ok(metadata) => metadata.and_then(|metadata| metadata.selected_repository),
            Err(error) => {
                tracing::warn!(%error, "the repository of a conversation is not known");
                None
            }
        };
        Places { home: self.0.home.clone(), workspace: workspace.to_owned(), chosen }
    }
}

fn report(trust: Trust, loaded: &Loaded) -> Value {
    let by = match trust {
        Trust::Directory => Some("trusted_dirs"),
        Trust::Conversation => Some("user"),
        Trust::Missing => None,
    };
    json!({
        "trusted": trust != Trust::Missing,
        "by": by,
        "in_effect": loaded.in_effect,
        "waiting": loaded.waiting,
        "problems": loaded.problems,
    })
}

fn skill_json(skill: &Skill) -> Value {
    let inputs = match &skill.kind {
        SkillKind::Task { inputs } => inputs.as_slice(),
        SkillKind::Repo | SkillKind::Knowledge | SkillKind::OnDemand => &[],
    };
    let inputs =
        inputs.iter().map(|input| json!({"name": input.name, "description": input.description}));
    json!({
        "name": skill.name,
        // OpenHands' interface knows these two.
        "type": if skill.kind == SkillKind::Repo { "repo" } else { "knowledge" },
        "content": skill.content,
        "triggers": skill.triggers,
        "inputs": inputs.collect::<Vec<_>>(),
        "tools": [],
        "description": skill.description,
        "path": skill.path,
    })
}
