//! What else belongs to a conversation.

use oh_event::{ConversationId, Timestamp};
use rusqlite::{OptionalExtension, params};

use crate::store::{Store, StoreError};

/// What the creator of a conversation gave beside the first message.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ConversationExtras {
    /// What the agent is to observe in it.
    pub instructions: String,
    /// MCP servers of it alone, as JSON. Kept encrypted: it has keys in it.
    pub mcp_config: Option<String>,
}

/// What somebody thinks of a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Feedback {
    /// The conversation.
    pub conversation: ConversationId,
    /// When it was given.
    pub created_at: Timestamp,
    /// What was sent, as JSON.
    pub json: String,
}

fn seal_name(id: &ConversationId) -> String {
    format!("conversation_mcp/{id}")
}

fn beginning_name(id: &ConversationId) -> String {
    format!("conversation_beginning/{id}")
}

impl Store {
    /// Keeps what the creator of a conversation gave.
    ///
    /// # Errors
    /// Fails if the database cannot be written.
    pub async fn save_extras(
        &self,
        id: &ConversationId,
        extras: ConversationExtras,
    ) -> Result<(), StoreError> {
        let (id, key) = (id.clone(), self.key());
        self.run(move |connection| {
            let ConversationExtras { instructions, mcp_config } = extras;
            let sealed = mcp_config.map(|json| key.seal(&seal_name(&id), &json)).transpose()?;
            connection.execute(
                "INSERT OR REPLACE INTO conversation_extras (id, instructions, mcp_config)
                 VALUES (?1, ?2, ?3)",
                params![id.as_str(), instructions, sealed],
            )?;
            Ok(())
        })
        .await
    }

    /// Returns what the creator of a conversation gave.
    ///
    /// # Errors
    /// Fails if the database cannot be read.
    pub async fn extras(&self, id: &ConversationId) -> Result<ConversationExtras, StoreError> {
        let (id, key) = (id.clone(), self.key());
        self.run(move |connection| {
            let sql = "SELECT instructions, mcp_config FROM conversation_extras WHERE id = ?1";
            let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
            let found: Option<(String, Option<Vec<u8>>)> =
                connection.query_row(sql, [id.as_str()], read).optional()?;
            let Some((instructions, sealed)) = found else {
                return Ok(ConversationExtras::default());
            };
            let mcp_config = sealed.and_then(|sealed| key.open(&seal_name(&id), &sealed));
            Ok(ConversationExtras { instructions, mcp_config })
        })
        .await
    }

    /// Keeps what a conversation is to begin with until it is among its events. It is encrypted.
    ///
    /// # Errors
    /// Fails if the database cannot be written.
    pub async fn save_beginning(&self, id: &ConversationId, json: &str) -> Result<(), StoreError> {
        let (id, key, json) = (id.clone(), self.key(), json.to_owned());
        self.run(move |connection| {
            let sealed = key.seal(&beginning_name(&id), &json)?;
            let sql = "INSERT OR REPLACE INTO conversation_beginning (id, sealed) VALUES (?1, ?2)";
            connection.execute(sql, params![id.as_str(), sealed])?;
            Ok(())
        })
        .await
    }

    /// Returns what a conversation is to begin with, if it has not begun.
    ///
    /// # Errors
    /// Fails if the database cannot be read.
    pub async fn beginning(&self, id: &ConversationId) -> Result<Option<String>, StoreError> {
        let (id, key) = (id.clone(), self.key());
        self.run(move |connection| {
            let sql = "SELECT sealed FROM conversation_beginning WHERE id = ?1";
            let sealed: Option<Vec<u8>> =
                connection.query_row(sql, [id.as_str()], |row| row.get(0)).optional()?;
            Ok(sealed.and_then(|sealed| key.open(&beginning_name(&id), &sealed)))
        })
        .await
    }

    /// Forgets what a conversation was to begin with.
    ///
    /// # Errors
    /// Fails if the database cannot be written.
    pub async fn forget_beginning(&self, id: &ConversationId) -> Result<(), StoreError> {
        let id = id.clone();
        self.run(move |connection| {
            let sql = "DELETE FROM conversation_beginning WHERE id = ?1";
            connection.execute(sql, [id.as_str()])?;
            Ok(())
        })
        .await
    }

    /// Keeps the configuration of an experiment, as JSON, if the conversation has none yet.
    ///
    /// # Errors
    /// Fails if the database cannot be written.
    pub async fn keep_experiment(&self, id: &ConversationId, json: &str) -> Result<(), StoreError> {
        let (id, json) = (id.clone(), json.to_owned());
        self.run(move |connection| {
            let sql = "INSERT OR IGNORE INTO experiment (id, json) VALUES (?1, ?2)";
            connection.execute(sql, [id.as_str(), json.as_str()])?;
            Ok(())
        })
        .await
    }

    /// Returns the configuration of an experiment that a conversation takes part in.
    ///
    /// # Errors
    /// Fails if the database cannot be read.
    pub async fn experiment(&self, id: &ConversationId) -> Result<Option<String>, StoreError> {
        let id = id.clone();
        self.run(move |connection| {
            let sql = "SELECT json FROM experiment WHERE id = ?1";
            Ok(connection.query_row(sql, [id.as_str()], |row| row.get(0)).optional()?)
        })
        .await
    }

    /// Adds the number of a pull request to a conversation; returns false if it is unknown.
    ///
    /// # Errors
    /// Fails if the database cannot be written.
    pub async fn add_pr_number(
        &self,
        id: &ConversationId,
        number: i64,
    ) -> Result<bool, StoreError> {
        let id = id.clone();
        self.run(move |connection| {
            let transaction = connection.transaction()?;
            let find = "SELECT pr_number FROM conversation_metadata WHERE id = ?1";
            let known: Option<String> =
                transaction.query_row(find, [id.as_str()], |row| row.get(0)).optional()?;
            let Some(known) = known else { return Ok(false) };
            let mut numbers: Vec<i64> = serde_json::from_str(&known).unwrap_or_default();
            if !numbers.contains(&number) {
                numbers.push(number);
            }
            transaction.execute(
                "UPDATE conversation_metadata SET pr_number = ?2 WHERE id = ?1",
                params![id.as_str(), serde_json::to_string(&numbers)?],
            )?;
            transaction.commit()?;
            Ok(true)
        })
        .await
    }

    /// Keeps what somebody thinks of a conversation, and returns its number.
    ///
    /// # Errors
    /// Fails if the database cannot be written.
    pub async fn save_feedback(&self, feedback: Feedback) -> Result<i64, StoreError> {
        self.run(move |connection| {
            let Feedback { conversation, created_at, json } = feedback;
            connection.execute(
                "INSERT INTO feedback (conversation_id, created_at, json) VALUES (?1, ?2, ?3)",
                params![conversation.as_str(), created_at.0, json],
            )?;
            Ok(connection.last_insert_rowid())
        })
        .await
    }

    /// Returns what people think of a conversation, the oldest first.
    ///
    /// # Errors
    /// Fails if the database cannot be read.
    pub async fn feedback(&self, id: &ConversationId) -> Result<Vec<Feedback>, StoreError> {
        let id = id.clone();
        self.run(move |connection| {
            let sql =
                "SELECT created_at, json FROM feedback WHERE conversation_id = ?1 ORDER BY id";
            let mut select = connection.prepare(sql)?;
            let rows = select.query_map([id.as_str()], |row| {
                let created_at = Timestamp(row.get(0)?);
                Ok(Feedback { conversation: id.clone(), created_at, json: row.get(1)? })
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
        .await
    }
}
