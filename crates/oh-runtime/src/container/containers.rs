//! All containers of a server.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::config::ContainerConfig;
use super::engine::Engine;
use super::error::ContainerError;
use super::runtime::ContainerRuntime;
use crate::config::LocalRuntimeConfig;
use crate::executor::Link;
use crate::sandbox::NetworkPolicy;

const NAME_PREFIX: &str = "openhands-runtime-";

/// The containers of this server. Clones share them.
#[derive(Debug, Clone)]
pub struct Containers(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    config: ContainerConfig,
    /// Links of closed runtimes whose containers run on, by conversation.
    kept: Mutex<HashMap<String, Arc<Link>>>,
}

impl Containers {
    /// Does not look for the engine yet.
    #[must_use]
    pub fn new(config: ContainerConfig) -> Self {
        Self(Arc::new(Shared { config, kept: Mutex::default() }))
    }

    /// Returns what the engine calls itself, if containers can be made as configured.
    ///
    /// # Errors
    ///
    /// Says what is missing, and what to do.
    pub async fn check(&self) -> Result<String, ContainerError> {
        Ok(self.engine("").await?.1)
    }

    /// Prepares the runtime of a conversation; its container is started by the first action.
    ///
    /// # Errors
    ///
    /// Fails if a directory cannot be made.
    pub fn runtime(
        &self,
        conversation: &str,
        local: LocalRuntimeConfig,
    ) -> io::Result<ContainerRuntime> {
        ContainerRuntime::new(self.clone(), conversation, local)
    }

    /// Removes the container of a conversation, if there is one.
    ///
    /// # Errors
    ///
    /// Fails if the engine does not answer, refuses, or has a container of this name that is not ours.
    pub async fn delete(&self, conversation: &str) -> Result<(), ContainerError> {
        drop(self.take_kept(conversation));
        let name = container_name(conversation);
        let (engine, _) = Engine::connect(&self.config().engine, &name).await?;
        match engine.find().await? {
            None => Ok(()),
            Some(found) if found.conversation.as_deref() == Some(conversation) => {
                engine.remove().await
            }
            Some(_) => Err(ContainerError::NameTaken { name }),
        }
    }

    pub(super) fn config(&self) -> &ContainerConfig {
        &self.0.config
    }

    /// Connects to the engine for the container `name`, and returns what the engine calls itself.
    pub(super) async fn engine(&self, name: &str) -> Result<(Engine, String), ContainerError> {
        let config = self.config();
        if let NetworkPolicy::AllowList(_) = config.network {
            return Err(ContainerError::Unsupported(
                "a container cannot be limited to a list of hosts: set sandbox.network to \"on\" or \"off\", or core.runtime to \"local\"",
            ));
        }
        Engine::connect(&config.engine, name).await
    }

    /// Takes over the link of a container that runs on although its runtime was closed.
    pub(super) fn keep(&self, conversation: &str, link: Arc<Link>) {
        self.kept().insert(conversation.to_owned(), link);
    }

    pub(super) fn take_kept(&self, conversation: &str) -> Option<Arc<Link>> {
        self.kept().remove(conversation)
    }

    fn kept(&self) -> MutexGuard<'_, HashMap<String, Arc<Link>>> {
        self.0.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns the name of a conversation's container.
pub(super) fn container_name(conversation: &str) -> String {
    let letter = |c: char| if c.is_ascii_alphanumeric() || "_-".contains(c) { c } else { '.' };
    format!("{NAME_PREFIX}{}", conversation.chars().map(letter).collect::<String>())
}
