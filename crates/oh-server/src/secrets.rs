//! What the user gave for commands and for git hosting, and everything that is masked.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{Context, Result as AnyResult};
use oh_config::Config;
use oh_store::{CustomSecret, ProviderToken, SecretChange, SecretKey, Store, StoreError};
use tokio::sync::watch;

use crate::git_hosts;
use crate::log::mask_in_log;

/// The secrets of this server. Clones share them.
#[derive(Debug, Clone)]
pub(crate) struct Secrets(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    store: Store,
    known: Mutex<Known>,
    /// Held while the store is changed and read again.
    changing: tokio::sync::Mutex<()>,
    masked: watch::Sender<Arc<[String]>>,
}

#[derive(Debug, Default)]
struct Known {
    custom: Vec<CustomSecret>,
    tokens: Vec<ProviderToken>,
    /// Keys of models and servers, which commands do not get.
    others: Vec<String>,
}

/// What commands get.
#[derive(Clone, Default)]
pub(crate) struct CommandSecrets {
    pub(crate) variables: Vec<(String, String)>,
    /// By which git finds them.
    pub(crate) git_settings: Vec<(String, String)>,
}

impl Secrets {
    /// Reads what is stored; `given` are tokens that stand in for stored ones of the same provider.
    pub(crate) async fn load(store: Store, given: Vec<ProviderToken>) -> Result<Self, StoreError> {
        let unreadable = store.unreadable_secrets().await?;
        if unreadable > 0 {
            tracing::warn!(
                unreadable,
                "secrets were stored under another key and are not used; start with that key (OH_SECRET_KEY, or the file `secret_key` in the data directory), or enter them again"
            );
        }
        let secrets = Self(Arc::new(Shared {
            known: Mutex::default(),
            changing: tokio::sync::Mutex::default(),
            masked: watch::Sender::default(),
            store,
        }));
        secrets.read_again().await?;
        if !given.is_empty() {
            let mut known = secrets.known();
            known.tokens.retain(|token| given.iter().all(|g| g.provider != token.provider));
            known.tokens.extend(given);
        }
        secrets.publish();
        Ok(secrets)
    }

    /// Returns the values that are masked.
    pub(crate) fn masked(&self) -> watch::Receiver<Arc<[String]>> {
        self.0.masked.subscribe()
    }

    /// Replaces the keys that are masked and that commands do not get.
    pub(crate) fn mask_also(&self, others: Vec<String>) {
        self.known().others = others;
        self.publish();
    }

    /// Returns what commands get; a secret of the user stands above a token.
    pub(crate) fn for_commands(&self) -> CommandSecrets {
        let known = self.known();
        let tokens = known.tokens.iter().filter_map(|token| {
            let (variable, _) = git_hosts::variable_of(token)?;
            Some((variable.to_owned(), token.token.clone()))
        });
        let custom = known.custom.iter().map(|secret| (secret.name.clone(), secret.value.clone()));
        CommandSecrets {
            variables: tokens.chain(custom).collect(),
            git_settings: git_hosts::git_settings(&known.tokens),
        }
    }

    /// Returns the names of the variables, each with what it is for.
    pub(crate) fn descriptions(&self) -> Vec<(String, String)> {
        let known = self.known();
        let tokens = known.tokens.iter().filter_map(git_hosts::variable_of);
        let tokens = tokens
            .map(|(variable, text)| (variable.to_owned(), text))
            .filter(|(variable, _)| known.custom.iter().all(|secret| secret.name != *variable));
        let custom =
            known.custom.iter().map(|secret| (secret.name.clone(), secret.description.clone()));
        tokens.chain(custom).collect()
    }

    /// Returns the secrets of the user.
    pub(crate) fn custom(&self) -> Vec<CustomSecret> {
        self.known().custom.clone()
    }

    /// Returns the tokens for git hosting.
    pub(crate) fn tokens(&self) -> Vec<ProviderToken> {
        self.known().tokens.clone()
    }

    /// Adds a secret; returns false if there is one of that name.
    pub(crate) async fn add(&self, secret: CustomSecret) -> Result<bool, StoreError> {
        let _changing = self.0.changing.lock().await;
        let is_new = self.0.store.add_custom_secret(secret).await?;
        self.read_again().await?;
        Ok(is_new)
    }

    pub(crate) async fn change(
        &self,
        name: String,
        new_name: String,
        description: Option<String>,
    ) -> Result<SecretChange, StoreError> {
        let _changing = self.0.changing.lock().await;
        let change = self.0.store.change_custom_secret(name, new_name, description).await?;
        self.read_again().await?;
        Ok(change)
    }

    /// Forgets a secret; returns false if there is none of that name.
    pub(crate) async fn delete(&self, name: &str) -> Result<bool, StoreError> {
        let _changing = self.0.changing.lock().await;
        let was_known = self.0.store.delete_custom_secret(name).await?;
        self.read_again().await?;
        Ok(was_known)
    }

    /// Replaces the tokens for git hosting.
    pub(crate) async fn save_tokens(&self, tokens: Vec<ProviderToken>) -> Result<(), StoreError> {
        let _changing = self.0.changing.lock().await;
        self.0.store.save_provider_tokens(tokens).await?;
        self.read_again().await
    }

    async fn read_again(&self) -> Result<(), StoreError> {
        let custom = self.0.store.custom_secrets().await?;
        let tokens = self.0.store.provider_tokens().await?;
        {
            let mut known = self.known();
            (known.custom, known.tokens) = (custom, tokens);
        }
        self.publish();
        Ok(())
    }

    fn publish(&self) {
        let known = self.known();
        let custom = known.custom.iter().map(|secret| secret.value.clone());
        let tokens = known.tokens.iter().flat_map(|token| token_values(&token.token));
        let all: Vec<String> = custom.chain(tokens).chain(known.others.iter().cloned()).collect();
        mask_in_log(&all);
        self.0.masked.send_replace(all.into());
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A token may be a user's name and a password.
fn token_values(token: &str) -> Vec<String> {
    let password = token.split_once(':').map(|(_, password)| password.to_owned());
    [Some(token.to_owned()), password].into_iter().flatten().collect()
}

/// Returns the tokens of the environment.
pub(crate) fn given_tokens(config: &Config) -> Vec<ProviderToken> {
    let token = |(provider, token): &(&'static str, oh_config::Secret)| ProviderToken {
        provider: (*provider).to_owned(),
        token: token.reveal().to_owned(),
        host: None,
        user_id: None,
    };
    config.git_tokens.iter().map(token).collect()
}

/// Returns the key under which secrets are kept.
pub(crate) fn secret_key(config: &Config) -> AnyResult<SecretKey> {
    match &config.secret_key {
        Some(text) => SecretKey::parse(text.reveal()).context(
            "OH_SECRET_KEY must be 32 bytes, as 64 hexadecimal digits or in base64\nhint: `openssl rand -hex 32` makes one",
        ),
        None => SecretKey::load_or_create(&config.data_dir.join("secret_key"))
            .context("failed to read the key of the secrets"),
    }
}
