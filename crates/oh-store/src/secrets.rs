//! Secrets that the user gave for commands, and tokens for git hosting.

use std::fmt;

use rusqlite::{OptionalExtension, params};

use crate::store::{Store, StoreError};

/// A value that commands find in their environment.
#[derive(Clone, PartialEq, Eq)]
pub struct CustomSecret {
    /// The variable.
    pub name: String,
    /// What it is for; the agent is told.
    pub description: String,
    /// The value; the agent is not told.
    pub value: String,
}

impl fmt::Debug for CustomSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CustomSecret").field("name", &self.name).finish_non_exhaustive()
    }
}

/// A token for a service that hosts repositories.
#[derive(Clone, PartialEq, Eq)]
pub struct ProviderToken {
    /// The service, such as `github`.
    pub provider: String,
    /// The token; may be empty if only a user is known.
    pub token: String,
    /// Where the service is, if not at its usual address.
    pub host: Option<String>,
    /// Who the user is there.
    pub user_id: Option<String>,
}

impl fmt::Debug for ProviderToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProviderToken")
            .field("provider", &self.provider)
            .field("host", &self.host)
            .finish_non_exhaustive()
    }
}

/// What came of a change of a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretChange {
    /// It is done.
    Done,
    /// There is no secret of that name.
    Unknown,
    /// Another secret has the new name.
    NameTaken,
}

/// The name under which a secret is sealed, so that values cannot be swapped.
fn seal_name(name: &str) -> String {
    format!("custom_secret/{name}")
}

fn token_name(provider: &str) -> String {
    format!("provider_token/{provider}")
}

impl Store {
    /// Returns the secrets that can be read with the key, by name.
    ///
    /// # Errors
    /// Fails if the database cannot be read.
    pub async fn custom_secrets(&self) -> Result<Vec<CustomSecret>, StoreError> {
        let key = self.key();
        self.run(move |connection| {
            let sql = "SELECT name, description, sealed FROM custom_secret ORDER BY name";
            let mut select = connection.prepare(sql)?;
            let mut rows = select.query([])?;
            let mut secrets = Vec::new();
            while let Some(row) = rows.next()? {
                let (name, sealed): (String, Vec<u8>) = (row.get(0)?, row.get(2)?);
                if let Some(value) = key.open(&seal_name(&name), &sealed) {
                    secrets.push(CustomSecret { name, description: row.get(1)?, value });
                }
            }
            Ok(secrets)
        })
        .await
    }

    /// Adds a secret; returns false if there is one of that name.
    ///
    /// # Errors
    /// Fails if the database cannot be written.
    pub async fn add_custom_secret(&self, secret: CustomSecret) -> Result<bool, StoreError> {
        let key = self.key();
        self.run(move |connection| {
            let CustomSecret { name, description, value } = secret;
            let sealed = key.seal(&seal_name(&name), &value)?;
            let sql = "INSERT INTO custom_secret (name, description, sealed) VALUES (?1, ?2, ?3)
                       ON CONFLICT (name) DO NOTHING";
            Ok(connection.execute(sql, params![name, description, sealed])? == 1)
        })
        .await
    }

    /// Gives a secret another name and, if there is one, another description.
    ///
    /// # Errors
    /// Fails if the database cannot be written.
    pub async fn change_custom_secret(
        &self,
        name: String,
        new_name: String,
        description: Option<String>,
    ) -> Result<SecretChange, StoreError> {
        let key = self.key();
        self.run(move |connection| {
            let transaction = connection.transaction()?;
            let find = "SELECT sealed FROM custom_secret WHERE name = ?1";
            let sealed = |name: &str| -> rusqlite::Result<Option<Vec<u8>>> {
                transaction.query_row(find, [name], |row| row.get(0)).optional()
            };
            let value = sealed(&name)?.and_then(|sealed| key.open(&seal_name(&name), &sealed));
            let Some(value) = value else { return Ok(SecretChange::Unknown) };
            if new_name != name && sealed(&new_name)?.is_some() {
                return Ok(SecretChange::NameTaken);
            }
            let resealed = key.seal(&seal_name(&new_name), &value)?;
            transaction.execute(
                "UPDATE custom_secret
                 SET name = ?2, sealed = ?3, description = coalesce(?4, description)
                 WHERE name = ?1",
                params![name, new_name, resealed, description],
            )?;
            transaction.commit()?;
            Ok(SecretChange::Done)
        })
        .await
    }

    /// Forgets a secret; returns false if there is none of that name.
    ///
    /// # Errors
    /// Fails if the database cannot be written.
    pub async fn delete_custom_secret(&self, name: &str) -> Result<bool, StoreError> {
        let name = name.to_owned();
        self.run(move |connection| {
            Ok(connection.execute("DELETE FROM custom_secret WHERE name = ?1", [name])? == 1)
        })
        .await
    }

    /// Returns the tokens for git hosting that can be read with the key.
    ///
    /// # Errors
    /// Fails if the database cannot be read.
    pub async fn provider_tokens(&self) -> Result<Vec<ProviderToken>, StoreError> {
        let key = self.key();
        self.run(move |connection| {
            let sql =
                "SELECT provider, host, user_id, sealed FROM provider_token ORDER BY provider";
            let mut select = connection.prepare(sql)?;
            let mut rows = select.query([])?;
            let mut tokens = Vec::new();
            while let Some(row) = rows.next()? {
                let (provider, sealed): (String, Vec<u8>) = (row.get(0)?, row.get(3)?);
                if let Some(token) = key.open(&token_name(&provider), &sealed) {
                    let (host, user_id) = (row.get(1)?, row.get(2)?);
                    tokens.push(ProviderToken { provider, token, host, user_id });
                }
            }
            Ok(tokens)
        })
        .await
    }

    /// Replaces the tokens for git hosting.
    ///
    /// # Errors
    /// Fails if the database cannot be written.
    pub async fn save_provider_tokens(&self, tokens: Vec<ProviderToken>) -> Result<(), StoreError> {
        let key = self.key();
        self.run(move |connection| {
            let transaction = connection.transaction()?;
            transaction.execute("DELETE FROM provider_token", [])?;
            for ProviderToken { provider, token, host, user_id } in tokens {
                let sealed = key.seal(&token_name(&provider), &token)?;
                transaction.execute(
                    "INSERT INTO provider_token (provider, host, user_id, sealed)
                     VALUES (?1, ?2, ?3, ?4)",
                    params![provider, host, user_id, sealed],
                )?;
            }
            Ok(transaction.commit()?)
        })
        .await
    }
}
