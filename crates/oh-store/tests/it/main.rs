//! The store against a real SQLite file.

#[cfg(test)]
mod store {
    use std::os::unix::fs::PermissionsExt;

    use oh_event::{ConversationId, Timestamp};
    use oh_store::{
        ConversationExtras, ConversationMetadata, CustomSecret, Feedback, ListFilter,
        ProviderToken, SecretChange, SecretKey, Settings, Store,
    };
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
    async fn trust_lasts_until_it_is_taken_back_or_the_conversation_is_deleted() {
        let folder = TempDir::new().unwrap();
        let id = metadata("a", 1).id;
        open(&folder).trust(&id).await.unwrap();
        let store = open(&folder);
        store.trust(&id).await.unwrap();
        assert!(store.is_trusted(&id).await.unwrap());
        assert!(!store.is_trusted(&metadata("b", 1).id).await.unwrap());
        store.distrust(&id).await.unwrap();
        assert!(!store.is_trusted(&id).await.unwrap());
        store.create_conversation(metadata("a", 1)).await.unwrap();
        store.trust(&id).await.unwrap();
        store.delete_conversation(&id).await.unwrap();
        assert!(!store.is_trusted(&id).await.unwrap());
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

    fn secret(name: &str, value: &str) -> CustomSecret {
        CustomSecret { name: name.into(), description: "for tests".into(), value: value.into() }
    }

    #[tokio::test]
    async fn secrets_can_be_renamed_and_keep_their_value() {
        let folder = TempDir::new().unwrap();
        let store = open(&folder);
        assert!(store.add_custom_secret(secret("A", "canary-4711-canary")).await.unwrap());
        assert!(!store.add_custom_secret(secret("A", "other")).await.unwrap());
        assert!(store.add_custom_secret(secret("B", "second-value")).await.unwrap());
        let change = async |from: &str, to: &str, text: Option<&str>| {
            let text = text.map(str::to_owned);
            store.change_custom_secret(from.to_owned(), to.to_owned(), text).await.unwrap()
        };
        assert_eq!(change("X", "Y", None).await, SecretChange::Unknown);
        assert_eq!(change("A", "B", None).await, SecretChange::NameTaken);
        assert_eq!(change("A", "C", None).await, SecretChange::Done);
        assert_eq!(change("B", "B", Some("new")).await, SecretChange::Done);
        let changed = CustomSecret { description: "new".into(), ..secret("B", "second-value") };
        let found = open(&folder).custom_secrets().await.unwrap();
        assert_eq!(found, [changed.clone(), secret("C", "canary-4711-canary")]);
        assert!(store.delete_custom_secret("C").await.unwrap());
        assert!(!store.delete_custom_secret("C").await.unwrap());
        assert_eq!(store.custom_secrets().await.unwrap(), [changed]);
    }

    #[tokio::test]
    async fn what_is_sealed_is_not_in_the_file_and_another_key_does_not_open_it() {
        let folder = TempDir::new().unwrap();
        let store = open(&folder);
        let id = metadata("a", 1).id;
        let token = |provider: &str| ProviderToken {
            provider: provider.into(),
            token: "canary-4711-canary".into(),
            host: Some("git.example".into()),
            user_id: None,
        };
        let extras = ConversationExtras {
            instructions: "be brief".into(),
            mcp_config: Some(r#"{"key":"canary-4711-canary"}"#.into()),
        };
        store.add_custom_secret(secret("A", "canary-4711-canary")).await.unwrap();
        store.save_provider_tokens(vec![token("github"), token("gitlab")]).await.unwrap();
        store.save_provider_tokens(vec![token("github")]).await.unwrap();
        store.save_extras(&id, extras.clone()).await.unwrap();
        assert_eq!(store.provider_tokens().await.unwrap(), [token("github")]);
        assert_eq!(store.extras(&id).await.unwrap(), extras);
        assert_eq!(store.unreadable_secrets().await.unwrap(), 0);
        for entry in std::fs::read_dir(folder.path()).unwrap() {
            let bytes = std::fs::read(entry.unwrap().path()).unwrap();
            assert!(!bytes.windows(18).any(|window| window == b"canary-4711-canary"));
        }
        let other = SecretKey::parse(&"0a".repeat(32)).unwrap();
        let other = Store::open(&folder.path().join("openhands.db"), other).unwrap();
        assert_eq!(other.custom_secrets().await.unwrap(), []);
        assert_eq!(other.provider_tokens().await.unwrap(), []);
        assert_eq!(other.unreadable_secrets().await.unwrap(), 2);
    }

    #[test]
    fn a_key_is_32_bytes_in_one_of_two_forms() {
        let is_key = |text: &str| SecretKey::parse(text).is_some();
        assert!(is_key(&"0F".repeat(32)));
        assert!(is_key("MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=\n"));
        assert!(!is_key("") && !is_key("a password") && !is_key(&"+f".repeat(32)));
    }

    #[tokio::test]
    async fn what_belongs_to_a_conversation_goes_with_it() {
        let folder = TempDir::new().unwrap();
        let store = open(&folder);
        let id = metadata("a", 1).id;
        store.create_conversation(metadata("a", 1)).await.unwrap();
        store.add_pr_number(&id, 12).await.unwrap();
        assert!(store.add_pr_number(&id, 12).await.unwrap());
        assert!(!store.add_pr_number(&metadata("b", 1).id, 12).await.unwrap());
        assert_eq!(store.conversation(&id).await.unwrap().unwrap().pr_number, [7, 12]);
        store.keep_experiment(&id, "{}").await.unwrap();
        store.keep_experiment(&id, "null").await.unwrap();
        assert_eq!(store.experiment(&id).await.unwrap().as_deref(), Some("{}"));
        let feedback =
            Feedback { conversation: id.clone(), created_at: Timestamp(5), json: "{}".into() };
        store.save_feedback(feedback.clone()).await.unwrap();
        assert_eq!(store.feedback(&id).await.unwrap(), [feedback]);
        let extras = ConversationExtras { instructions: "x".into(), mcp_config: None };
        store.save_extras(&id, extras).await.unwrap();
        store.delete_conversation(&id).await.unwrap();
        assert_eq!(store.experiment(&id).await.unwrap(), None);
        assert_eq!(store.feedback(&id).await.unwrap(), []);
        assert_eq!(store.extras(&id).await.unwrap(), ConversationExtras::default());
    }
}
