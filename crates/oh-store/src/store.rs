use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use oh_event::{ConversationId, Timestamp};
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::cipher::SecretKey;
use crate::metadata::{ConversationMetadata, ListFilter};
use crate::settings::Settings;

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS conversation_metadata (
        id TEXT PRIMARY KEY,
        title TEXT NOT NULL,
        created_at INTEGER NOT NULL,
        selected_repository TEXT,
        selected_branch TEXT,
        git_provider TEXT,
        trigger TEXT,
        pr_number TEXT NOT NULL DEFAULT '[]'
    );
    CREATE INDEX IF NOT EXISTS conversation_by_age ON conversation_metadata (created_at);
    CREATE TABLE IF NOT EXISTS trusted_conversation (id TEXT PRIMARY KEY);
    CREATE TABLE IF NOT EXISTS settings (id INTEGER PRIMARY KEY CHECK (id = 0), json TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS secret (name TEXT PRIMARY KEY, sealed BLOB NOT NULL);
    CREATE TABLE IF NOT EXISTS custom_secret (
        name TEXT PRIMARY KEY, description TEXT NOT NULL, sealed BLOB NOT NULL
    );
    CREATE TABLE IF NOT EXISTS provider_token (
        provider TEXT PRIMARY KEY, host TEXT, user_id TEXT, sealed BLOB NOT NULL
    );
    CREATE TABLE IF NOT EXISTS conversation_extras (
        id TEXT PRIMARY KEY, instructions TEXT NOT NULL, mcp_config BLOB
    );
    CREATE TABLE IF NOT EXISTS conversation_beginning (id TEXT PRIMARY KEY, sealed BLOB NOT NULL);
    CREATE TABLE IF NOT EXISTS experiment (id TEXT PRIMARY KEY, json TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS feedback (
        id INTEGER PRIMARY KEY,
        conversation_id TEXT NOT NULL,
        created_at INTEGER NOT NULL,
        json TEXT NOT NULL
    );
";

/// Where else something of a conversation is kept, and under which column.
const BELONGINGS: [(&str, &str); 5] = [
    ("trusted_conversation", "id"),
    ("conversation_extras", "id"),
    ("conversation_beginning", "id"),
    ("experiment", "id"),
    ("feedback", "conversation_id"),
];

const COLUMNS: &str =
    "id, title, created_at, selected_repository, selected_branch, git_provider, trigger, pr_number";

/// Says why the store could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database refuses.
    #[error("failed to use the database")]
    Database(#[from] rusqlite::Error),
    /// A stored value cannot be read.
    #[error("a stored value is damaged")]
    Damaged(#[from] serde_json::Error),
    /// A secret could not be encrypted.
    #[error("failed to encrypt a secret")]
    Cipher(#[from] std::io::Error),
    /// The server is going down.
    #[error("the store is closed")]
    Closed,
}

/// Conversations, settings and secrets. Clones share one connection.
#[derive(Debug, Clone)]
pub struct Store {
    connection: Arc<Mutex<Connection>>,
    key: Arc<SecretKey>,
}

impl Store {
    /// Opens the store, making the file if it is missing.
    ///
    /// # Errors
    /// Fails if the file cannot be opened or is not a database.
    pub fn open(path: &Path, key: SecretKey) -> Result<Self, StoreError> {
        let connection = Connection::open(path)?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "cache_size", -512)?;
        connection.busy_timeout(std::time::Duration::from_secs(10))?;
        connection.execute_batch(SCHEMA)?;
        Ok(Self { connection: Arc::new(Mutex::new(connection)), key: Arc::new(key) })
    }

    /// Records a conversation; returns false if it is known already.
    ///
    /// # Errors
    /// Fails if the database cannot be written.
    pub async fn create_conversation(
        &self,
        metadata: ConversationMetadata,
    ) -> Result<bool, StoreError> {
        self.run(move |connection| {
            let sql = format!(
                "INSERT INTO conversation_metadata ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
                 ON CONFLICT (id) DO NOTHING"
            );
            let m = metadata;
            let inserted = connection.execute(
                &sql,
                params![
                    m.id.as_str(),
                    m.title,
                    m.created_at.0,
                    m.selected_repository,
                    m.selected_branch,
                    m.git_provider,
                    m.trigger,
                    serde_json::to_string(&m.pr_number)?,
                ],
            )?;
            Ok(inserted == 1)
        })
        .await
    }

    /// Returns what is known of a conversation.
    ///
    /// # Errors
    /// Fails if the database cannot be read.
    pub async fn conversation(
        &self,
        id: &ConversationId,
    ) -> Result<Option<ConversationMetadata>, StoreError> {
        let id = id.clone();
        self.run(move |connection| {
            let sql = format!("SELECT {COLUMNS} FROM conversation_metadata WHERE id = ?1");
            Ok(connection.query_row(&sql, [id.as_str()], read_metadata).optional()?)
        })
        .await
    }

    /// Returns conversations, the newest first.
    ///
    /// # Errors
    /// Fails if the database cannot be read.
    pub async fn conversations(
        &self,
        filter: ListFilter,
    ) -> Result<Vec<ConversationMetadata>, StoreError> {
        self.run(move |connection| {
            let sql = format!(
                "SELECT {COLUMNS} FROM conversation_metadata
                 WHERE created_at > ?1 AND (?2 IS NULL OR selected_repository = ?2)
                   AND (?3 IS NULL OR trigger = ?3)
                 ORDER BY created_at DESC, id LIMIT ?4 OFFSET ?5"
            );
            let bound = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
            let mut select = connection.prepare(&sql)?;
            let rows = select.query_map(
                params![
                    filter.created_after.0,
                    filter.selected_repository,
                    filter.trigger,
                    bound(filter.limit),
                    bound(filter.offset),
                ],
                read_metadata,
            )?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// Gives a conversation a title; returns false if it is unknown.
    ///
    /// # Errors
    /// Fails if the database cannot be written.
    pub async fn set_title(&self, id: &ConversationId, title: &str) -> Result<bool, StoreError> {
        let (id, title) = (id.clone(), title.to_owned());
        self.run(move |connection| {
            let sql = "UPDATE conversation_metadata SET title = ?2 WHERE id = ?1";
            Ok(connection.execute(sql, params![id.as_str(), title])? == 1)
        })
        .await
    }

    /// Forgets a conversation; returns false if it is unknown.
    ///
    /// # Errors
    /// Fails if the database cannot be written.
    pub async fn delete_conversation(&self, id: &ConversationId) -> Result<bool, StoreError> {
        let id = id.clone();
        self.run(move |connection| {
            let transaction = connection.transaction()?;
            for (table, column) in BELONGINGS {
                let sql = format!("DELETE FROM {table} WHERE {column} = ?1");
                transaction.execute(&sql, [id.as_str()])?;
            }
            let sql = "DELETE FROM conversation_metadata WHERE id = ?1";
            let deleted = transaction.execute(sql, [id.as_str()])?;
            transaction.commit()?;
            Ok(deleted == 1)
        })
        .await
    }

    /// Says whether the user trusts what lies in the workspace of a conversation.
    ///
    /// # Errors
    /// Fails if the database cannot be read.
    pub async fn is_trusted(&self, id: &ConversationId) -> Result<bool, StoreError> {
        let id = id.clone();
        self.run(move |connection| {
            let sql = "SELECT 1 FROM trusted_conversation WHERE id = ?1";
            Ok(connection.query_row(sql, [id.as_str()], |_| Ok(())).optional()?.is_some())
        })
        .await
    }

    /// Records that the user trusts what lies in the workspace of a conversation.
    ///
    /// # Errors
    /// Fails if the database cannot be written.
    pub async fn trust(&self, id: &ConversationId) -> Result<(), StoreError> {
        self.change_trust(id, "INSERT OR IGNORE INTO trusted_conversation (id) VALUES (?1)").await
    }

    /// Takes back [`Self::trust`].
    ///
    /// # Errors
    /// Fails if the database cannot be written.
    pub async fn distrust(&self, id: &ConversationId) -> Result<(), StoreError> {
        self.change_trust(id, "DELETE FROM trusted_conversation WHERE id = ?1").await
    }

    async fn change_trust(&self, id: &ConversationId, sql: &'static str) -> Result<(), StoreError> {
        let id = id.clone();
        self.run(move |connection| {
            connection.execute(sql, [id.as_str()])?;
            Ok(())
        })
        .await
    }

    /// Returns the settings; `None` if none were stored.
    ///
    /// # Errors
    /// Fails if the database cannot be read or the settings are damaged.
    pub async fn settings(&self) -> Result<Option<Settings>, StoreError> {
        let key = self.key.clone();
        self.run(move |connection| {
            let json: Option<String> = connection
                .query_row("SELECT json FROM settings WHERE id = 0", [], |row| row.get(0))
                .optional()?;
            let Some(json) = json else { return Ok(None) };
            let mut settings: Settings = serde_json::from_str(&json)?;
            for (name, secret) in settings.secrets_mut() {
                let sealed: Option<Vec<u8>> = connection
                    .query_row("SELECT sealed FROM secret WHERE name = ?1", [name], |row| {
                        row.get(0)
                    })
                    .optional()?;
                *secret = sealed.and_then(|sealed| key.open(name, &sealed));
            }
            Ok(Some(settings))
        })
        .await
    }

    /// Replaces the settings.
    ///
    /// # Errors
    /// Fails if the database cannot be written.
    pub async fn save_settings(&self, mut settings: Settings) -> Result<(), StoreError> {
        let key = self.key.clone();
        self.run(move |connection| {
            let transaction = connection.transaction()?;
            transaction.execute(
                "INSERT OR REPLACE INTO settings (id, json) VALUES (0, ?1)",
                [serde_json::to_string(&settings)?],
            )?;
            for (name, secret) in settings.secrets_mut() {
                match secret.as_deref().filter(|secret| !secret.is_empty()) {
                    Some(secret) => transaction.execute(
                        "INSERT OR REPLACE INTO secret (name, sealed) VALUES (?1, ?2)",
                        params![name, key.seal(name, secret)?],
                    )?,
                    None => transaction.execute("DELETE FROM secret WHERE name = ?1", [name])?,
                };
            }
            Ok(transaction.commit()?)
        })
        .await
    }

    /// Returns how many secrets were stored under another key and cannot be read.
    ///
    /// # Errors
    /// Fails if the database cannot be read.
    pub async fn unreadable_secrets(&self) -> Result<usize, StoreError> {
        let key = self.key.clone();
        self.run(move |connection| {
            let sql = "SELECT name, sealed FROM secret
                 UNION ALL SELECT 'custom_secret/' || name, sealed FROM custom_secret
                 UNION ALL SELECT 'provider_token/' || provider, sealed FROM provider_token";
            let mut select = connection.prepare(sql)?;
            let mut rows = select.query([])?;
            let mut unreadable = 0;
            while let Some(row) = rows.next()? {
                let (name, sealed): (String, Vec<u8>) = (row.get(0)?, row.get(1)?);
                unreadable += usize::from(key.open(&name, &sealed).is_none());
            }
            Ok(unreadable)
        })
        .await
    }

    /// Returns the key under which secrets are kept.
    pub(crate) fn key(&self) -> Arc<SecretKey> {
        self.key.clone()
    }

    /// Runs a query on a thread where it may block.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        query: impl FnOnce(&mut Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let connection = self.connection.clone();
        let run = move || {
            let mut connection = connection.lock().unwrap_or_else(PoisonError::into_inner);
            query(&mut connection)
        };
        tokio::task::spawn_blocking(run).await.map_err(|_| StoreError::Closed)?
    }
}

fn read_metadata(row: &Row<'_>) -> rusqlite::Result<ConversationMetadata> {
    let id: String = row.get(0)?;
    let id = ConversationId::parse(&id).map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, Box::new(error))
    })?;
    let pr_number: String = row.get(7)?;
    Ok(ConversationMetadata {
        id,
        title: row.get(1)?,
        created_at: Timestamp(row.get(2)?),
        selected_repository: row.get(3)?,
        selected_branch: row.get(4)?,
        git_provider: row.get(5)?,
        trigger: row.get(6)?,
        pr_number: serde_json::from_str(&pr_number).unwrap_or_default(),
    })
}
