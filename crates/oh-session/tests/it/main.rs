//! The loop with a scripted model, a scripted runtime and a real log.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[cfg(test)]
mod lifecycle;
mod notices;

#[cfg(test)]
mod session {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use oh_chat::{Completion, CompletionFailure, CompletionRequest};
    use oh_event::{
        Action, AgentState, ChangeAgentStateAction, ConversationId, EventDraft, EventId,
        EventSource, MessageAction, Observation,
    };
    use oh_event_log::{Durability, EventLog, EventLogConfig, Framing};
    use oh_llm::{BoxFuture, CompletionContext, LlmClient};
    use oh_runtime::Runtime;
    use oh_session::{
        AgentConfig, ConversationManager, Ending, ManagerConfig, NewConversation, PreparedRuntime,
        SessionHandle,
    };
    use oh_testkit::{ScriptedLlm, ScriptedRuntime, call, text, tool_calls};
    use tempfile::TempDir;

    /// Counts requests that are under way; it never answers.
    #[derive(Debug, Clone, Default)]
    struct Busy(Arc<AtomicUsize>);

    struct UnderWay(Arc<AtomicUsize>);

    impl Drop for UnderWay {
        fn drop(&mut self) {
            self.0.fetch_sub(1, Ordering::SeqCst);
        }
    }

    impl LlmClient for Busy {
        fn complete(
            &self,
            _: CompletionRequest,
            _: CompletionContext,
        ) -> BoxFuture<'_, Result<Completion, CompletionFailure>> {
            self.0.fetch_add(1, Ordering::SeqCst);
            let under_way = UnderWay(self.0.clone());
            Box::pin(async move {
                let _under_way = under_way;
                std::future::pending().await
            })
        }

        fn model(&self) -> &str {
            "busy"
        }
    }

    fn manager(folder: &TempDir, llm: Arc<dyn LlmClient>) -> ConversationManager {
        let log = EventLog::open(EventLogConfig {
            path: folder.path().join("openhands.db"),
            durability: Durability::Os,
            framing: Framing::default(),
        })
        .unwrap();
        ConversationManager::new(ManagerConfig {
            log,
            llm: Arc::new(move |_| llm.clone()),
            runtime: Arc::new(|_| {
                let runtime: Arc<dyn Runtime> = Arc::new(ScriptedRuntime::new("output"));
                Box::pin(async { Ok(PreparedRuntime::plain(runtime)) })
            }),
            agent: Arc::new(|| {
                let mut config = AgentConfig::default();
                config.tools.has_delegate = true;
                config
            }),
            on_delegation: Arc::new(|_, _, _| Box::pin(async {})),
            on_first_message: Arc::new(|_, _| {}),
            on_end: Arc::new(|_| Box::pin(async {})),
            checkout: Arc::new(|_| Box::pin(async { None })),
            secrets: tokio::sync::watch::channel(Arc::default()).1,
            has_viewers: Arc::new(|_| false),
            close_delay: None,
            max_live: None,
        })
    }

    fn id() -> ConversationId {
        ConversationId::parse("x").unwrap()
    }

    fn message(text: &str) -> EventDraft {
        let content = text.to_owned();
        let action = Action::Message(MessageAction { content, ..MessageAction::default() });
        EventDraft::of_action(EventSource::User, action)
    }

    fn ask(agent_state: AgentState) -> EventDraft {
        let action = ChangeAgentStateAction { agent_state, thought: String::new() };
        EventDraft::of_action(EventSource::User, Action::ChangeAgentState(action))
    }

    async fn reaches(handle: &SessionHandle, state: AgentState) {
        let wait = async {
            while handle.status().agent_state != state {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), wait).await.expect("the state is reached");
    }

    #[tokio::test]
    async fn a_stop_ends_the_request_and_a_message_does_not() {
        let folder = TempDir::new().unwrap();
        let busy = Busy::default();
        let manager = manager(&folder, Arc::new(busy.clone()));
        let new =
            NewConversation { first_message: Some(message("go")), ..NewConversation::default() };
        let handle = manager.open(&id(), new).await.unwrap();
        let under_way = async |count: usize| {
            let wait = async {
                while busy.0.load(Ordering::SeqCst) != count {
                    tokio::task::yield_now().await;
                }
            };
            tokio::time::timeout(Duration::from_secs(30), wait).await.expect("requests under way");
        };
        under_way(1).await;
        handle.act(message("and tests"), None).await.unwrap();
        under_way(1).await;
        handle.act(ask(AgentState::Stopped), None).await.unwrap();
        under_way(0).await;
        assert_eq!(handle.status().agent_state, AgentState::Stopped);
        handle.act(ask(AgentState::Running), None).await.unwrap();
        under_way(1).await;
    }

    #[tokio::test]
    async fn an_action_sent_twice_under_one_name_is_recorded_once() {
        let folder = TempDir::new().unwrap();
        let manager = manager(&folder, Arc::new(Busy::default()));
        let handle = manager.open(&id(), NewConversation::default()).await.unwrap();
        let first = handle.act(message("once"), Some("mine".into())).await.unwrap();
        assert_eq!(first, Some(EventId(4)));
        assert_eq!(handle.act(message("once"), Some("mine".into())).await.unwrap(), first);
        assert_eq!(handle.reader().next_event_id(), 8);
    }

    #[tokio::test]
    async fn a_delegation_is_a_conversation_of_its_own() {
        let folder = TempDir::new().unwrap();
        let task = r#"{"task":"count the files"}"#;
        let llm = Arc::new(ScriptedLlm::new([
            tool_calls("", vec![call("1", "delegate", task)]),
            tool_calls("", vec![call("2", "execute_bash", r#"{"command":"ls | wc -l"}"#)]),
            tool_calls("", vec![call("3", "finish", r#"{"message":"There are 3."}"#)]),
            text("Three."),
        ]));
        let manager = manager(&folder, llm.clone());
        let new = NewConversation {
            first_message: Some(message("how many?")),
            ..NewConversation::default()
        };
        let handle = manager.open(&id(), new).await.unwrap();
        reaches(&handle, AgentState::AwaitingUserInput).await;
        let events = handle.reader().events((0, handle.reader().next_event_id())).await.unwrap();
        let (delegation, outcome) = events
            .iter()
            .find_map(|event| match event.observation() {
                Some(Observation::Delegate(outcome)) => Some((event.draft.cause?, outcome)),
                Some(_) | None => None,
            })
            .expect("the outcome");
        assert!(outcome.content.ends_with("There are 3."), "{}", outcome.content);
        let child = format!("x-delegate-{}", delegation.0);
        assert!(outcome.outputs.as_str().contains(&child), "{:?}", outcome.outputs);
        // What the other agent was asked and did is in its own log alone.
        assert!(!format!("{events:?}").contains("wc -l"));
        let requests = llm.requests();
        assert!(format!("{:?}", requests[1]).contains("TASK: count the files"));
        assert!(!format!("{:?}", requests[1].messages).contains("how many?"));
        assert!(format!("{:?}", requests[3]).contains("There are 3."));
        // All four answers are paid for here.
        let metrics = events.iter().rev().find_map(|event| event.draft.llm_metrics.clone());
        assert!((metrics.unwrap().accumulated_cost - 0.04).abs() < 1e-9);
        let child = ConversationId::parse(&child).unwrap();
        assert!(manager.get(&child).is_none(), "its session has ended");
    }

    #[tokio::test]
    async fn a_stop_ends_what_was_delegated() {
        let folder = TempDir::new().unwrap();
        let task = r#"{"task":"never end"}"#;
        let llm = ScriptedLlm::new([tool_calls("", vec![call("1", "delegate", task)])]);
        let manager = manager(&folder, Arc::new(llm));
        let new =
            NewConversation { first_message: Some(message("go")), ..NewConversation::default() };
        let handle = manager.open(&id(), new).await.unwrap();
        let children = async |count: usize| {
            let wait = async {
                while manager.live().len() != count + 1 {
                    tokio::task::yield_now().await;
                }
            };
            tokio::time::timeout(Duration::from_secs(30), wait).await.expect("conversations");
        };
        children(1).await;
        handle.act(ask(AgentState::Stopped), None).await.unwrap();
        reaches(&handle, AgentState::Stopped).await;
        children(0).await;
    }

    #[tokio::test]
    async fn a_closed_conversation_opens_again_where_it_was() {
        let folder = TempDir::new().unwrap();
        let llm = ScriptedLlm::new([text("Hello."), text("Again.")]);
        let manager = manager(&folder, Arc::new(llm));
        let new =
            NewConversation { first_message: Some(message("hi")), ..NewConversation::default() };
        let first = manager.open(&id(), new).await.unwrap();
        reaches(&first, AgentState::AwaitingUserInput).await;
        let end = first.reader().next_event_id();
        assert!(manager.close(&id()).await.is_some());
        assert_eq!(first.ending(), Some(Ending::Closed));
        assert!(manager.get(&id()).is_none());
        assert!(first.act(message("too late"), None).await.is_err());
        let second = manager.open(&id(), NewConversation::default()).await.unwrap();
        second.settled().await;
        // stopped; loading, request, state.
        assert_eq!(second.reader().next_event_id(), end + 4);
        second.act(message("and now?"), None).await.unwrap();
        reaches(&second, AgentState::AwaitingUserInput).await;
        manager.shut_down().await;
        assert_eq!(second.ending(), Some(Ending::Interrupted));
    }
}
