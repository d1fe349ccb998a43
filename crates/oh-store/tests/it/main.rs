//! The store against a real SQLite file.

#[cfg(test)]
mod store {
    use std::os::unix::fs::PermissionsExt;

    use oh_event::{ConversationId, Timestamp};
    use oh_store::{ConversationMetadata, ListFilter, SecretKey, Settings, Store};
    use tempfile::TempDir;

    fn open(folder: &TempDir) -> Store {
        let key = SecretKey::load_or_create(&folder.path().join("secret_key")).unwrap();
        Store::open(&folder.path().join("openhands.db"), key).unwrap()
    }

    fn metadata(name: &str, created_at: i64) -> ConversationMetadata {
        let id = ConversationId::parse(name).unwrap();
        ConversationMetadata {
            title: id.default_title(),
            id,
            created_at: Timestamp(created_at),
            selected_repository: None,
            selected_branch: None,
            git_provider: None,
            trigger: Some("gui".to_owned()),
            pr_number: vec![7],
        }
    }

    #[tokio::test]
    async fn conversations_are_listed_newest_first_and_filtered_before_paging() {
        let folder = TempDir::new().unwrap();
        let store = open(&folder);
        for n in 0..10 {
            let mut one = metadata(&format!("c{n}"), n);
            one.selected_repository = (n % 2 == 0).then(|| "a/b".to_owned());
            assert!(store.create_conversation(one.clone()).await.unwrap());
            assert!(!store.create_conversation(one).await.unwrap());
        }
        let filter = ListFilter {
            limit: 2,
            offset: 1,
            created_after: Timestamp(1),
            selected_repository: Some("a/b".to_owned()),
            trigger: None,
        };
        let page = store.conversations(filter).await.unwrap();
        let ids: Vec<_> = page.iter().map(|one| one.id.as_str()).collect();
        assert_eq!(ids, ["c6", "c4"]);
    }

    #[tokio::test]
    async fn a_title_is_kept_and_a_deleted_conversation_is_gone() {
        let folder = TempDir::new().unwrap();
        let id = ConversationId::parse("a").unwrap();
        open(&folder).create_conversation(metadata("a", 5)).await.unwrap();
        assert!(open(&folder).set_title(&id, "New").await.unwrap());
        let found = open(&folder).conversation(&id).await.unwrap().unwrap();
        assert_eq!(found, ConversationMetadata { title: "New".to_owned(), ..metadata("a", 5) });
        assert!(open(&folder).delete_conversation(&id).await.unwrap());
        assert!(!open(&folder).delete_conversation(&id).await.unwrap());
        assert_eq!(open(&folder).conversation(&id).await.unwrap(), None);
    }

    #[tokio::test]
    async fn secrets_are_encrypted_at_rest() {
        let folder = TempDir::new().unwrap();
        let settings = Settings {
            llm_model: Some("openai/gpt-4o".to_owned()),
            llm_api_key: Some("canary-4711-canary".to_owned()),
            mcp_config: Some(r#"{"key":"canary-4711-canary"}"#.to_owned()),
            ..Settings::default()
        };
        assert_eq!(open(&folder).settings().await.unwrap(), None);
        open(&folder).save_settings(settings.clone()).await.unwrap();
        assert_eq!(open(&folder).settings().await.unwrap(), Some(settings.clone()));
        for entry in std::fs::read_dir(folder.path()).unwrap() {
            let bytes = std::fs::read(entry.unwrap().path()).unwrap();
            assert!(!bytes.windows(18).any(|window| window == b"canary-4711-canary"));
        }
        let mode = std::fs::metadata(folder.path().join("secret_key")).unwrap().permissions();
        assert_eq!(mode.mode() & 0o777, 0o600);
        // Without the key the settings are there but the secret is not.
        std::fs::remove_file(folder.path().join("secret_key")).unwrap();
        let found = open(&folder).settings().await.unwrap().unwrap();
        assert_eq!(found, Settings { llm_api_key: None, mcp_config: None, ..settings });
    }
}
