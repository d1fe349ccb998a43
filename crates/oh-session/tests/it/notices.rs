//! What passes by while a step runs.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use oh_chat::{Completion, CompletionFailure, CompletionRequest, Usage};
use oh_event::{
    Action, AgentState, CommandMetadata, ConversationId, EventDraft, EventSource, MessageAction,
    Observation, RunAction, RunObservation,
};
use oh_event_log::{Durability, EventLog, EventLogConfig, Framing};
use oh_llm::{BoxFuture, CompletionContext, LlmClient, LlmNotice};
use oh_runtime::{ActionRequest, Runtime};
use oh_session::{
    AgentConfig, ConversationManager, ManagerConfig, NewConversation, Notice, PreparedRuntime,
    SessionHandle,
};
use tempfile::TempDir;
use tokio::sync::{Semaphore, broadcast};

const SECRET: &str = "p\"ass-w\u{f6}rd";
const SAID: &str = "it is p\"ass-w\u{f6}rd, or p\\\"ass-w\u{f6}rd, or p\"ass";
const SHOWN: &str = "it is <secret_hidden>, or <secret_hidden>, or p\"ass";

/// Says and prints [`SAID`] in pieces of some characters each.
#[derive(Debug, Clone, Copy)]
struct Piecewise(usize);

impl Piecewise {
    fn pieces(self) -> Vec<String> {
        let text: Vec<char> = SAID.chars().collect();
        text.chunks(self.0).map(|piece| piece.iter().collect()).collect()
    }
}

fn completion() -> Completion {
    Completion {
        response_id: "1".to_owned(),
        created: 0,
        model: "piecewise".to_owned(),
        text: SAID.to_owned(),
        tool_calls: Vec::new(),
        reasoning: None,
        finish_reason: "stop".to_owned(),
        usage: Usage::default(),
        cost: None,
    }
}

impl LlmClient for Piecewise {
    fn complete(
        &self,
        _: CompletionRequest,
        context: CompletionContext,
    ) -> BoxFuture<'_, Result<Completion, CompletionFailure>> {
        Box::pin(async move {
            for piece in self.pieces() {
                context.notices.as_ref().unwrap().send(LlmNotice::Text(piece)).await.unwrap();
            }
            Ok(completion())
        })
    }

    fn model(&self) -> &str {
        "piecewise"
    }
}

impl Runtime for Piecewise {
    fn execute(&self, request: ActionRequest) -> oh_runtime::BoxFuture<'_, Observation> {
        Box::pin(async move {
            for piece in self.pieces() {
                request.output.as_ref().unwrap().send(piece).await.unwrap();
            }
            Observation::Run(RunObservation {
                content: SAID.to_owned(),
                command: String::new(),
                metadata: CommandMetadata { exit_code: 0, ..CommandMetadata::default() },
                hidden: false,
            })
        })
    }

    fn workspace(&self) -> &Path {
        Path::new("/workspace")
    }

    fn stop_processes(&self) -> oh_runtime::BoxFuture<'_, ()> {
        Box::pin(async {})
    }

    fn close(&self) -> oh_runtime::BoxFuture<'_, ()> {
        Box::pin(async {})
    }
}

async fn opened(folder: &TempDir, source: Piecewise, llm: Arc<dyn LlmClient>) -> SessionHandle {
    let log = EventLog::open(EventLogConfig {
        path: folder.path().join("openhands.db"),
        durability: Durability::Os,
        framing: Framing::default(),
    })
    .unwrap();
    let manager = ConversationManager::new(ManagerConfig {
        log,
        llm: Arc::new(move |_| llm.clone()),
        runtime: Arc::new(move |_| {
            Box::pin(async move { Ok(PreparedRuntime::plain(Arc::new(source))) })
        }),
        agent: Arc::new(AgentConfig::default),
        on_delegation: Arc::new(|_, _, _| Box::pin(async {})),
        on_first_message: Arc::new(|_, _| {}),
        on_end: Arc::new(|_| Box::pin(async {})),
        checkout: Arc::new(|_| Box::pin(async { None })),
        secrets: tokio::sync::watch::channel(Arc::from([SECRET.to_owned()])).1,
        has_viewers: Arc::new(|_| false),
        close_delay: None,
        max_live: None,
    });
    let id = ConversationId::parse("x").unwrap();
    manager.open(&id, NewConversation::default()).await.unwrap()
}

/// Returns the text of all notices until `count` characters of it are there.
async fn shown(notices: &mut broadcast::Receiver<Notice>) -> String {
    let mut text = String::new();
    while text.chars().count() < SHOWN.chars().count() {
        let notice = tokio::time::timeout(Duration::from_secs(30), notices.recv()).await;
        match notice.unwrap().unwrap() {
            Notice::Output { text: piece, .. } | Notice::Text { text: piece, .. } => {
                text.push_str(&piece);
            }
            Notice::Status { .. }
            | Notice::Title(_)
            | Notice::Reasoning { .. }
            | Notice::Restart { .. } => {}
        }
    }
    text
}

#[tokio::test]
async fn secrets_are_masked_however_they_are_cut() {
    for size in 1..=SAID.chars().count() {
        let folder = TempDir::new().unwrap();
        let session = opened(&folder, Piecewise(size), Arc::new(Piecewise(size))).await;
        let mut notices = session.notices();

        let run = Action::Run(RunAction { command: "x".to_owned(), ..RunAction::default() });
        session.act(EventDraft::of_action(EventSource::User, run), None).await.unwrap();
        assert_eq!(shown(&mut notices).await, SHOWN, "{size}");

        let message = MessageAction { content: "go".to_owned(), ..MessageAction::default() };
        let message = EventDraft::of_action(EventSource::User, Action::Message(message));
        session.act(message, None).await.unwrap();
        assert_eq!(shown(&mut notices).await, SHOWN, "{size}");
        while session.status().agent_state != AgentState::AwaitingUserInput {
            tokio::task::yield_now().await;
        }
        let events = session.reader().events((0, u64::MAX)).await.unwrap();
        assert!(!format!("{events:?}").contains("ass-w"), "{events:?}");
    }
}

/// Thinks and says a piece, fails, and thinks and says it all.
#[derive(Debug)]
struct Hesitant;

impl LlmClient for Hesitant {
    fn complete(
        &self,
        _: CompletionRequest,
        context: CompletionContext,
    ) -> BoxFuture<'_, Result<Completion, CompletionFailure>> {
        Box::pin(async move {
            let text = |text: &str| LlmNotice::Text(text.to_owned());
            let thought = |text: &str| LlmNotice::Reasoning(text.to_owned());
            for notice in
                [thought("hm"), text("wr"), LlmNotice::Restart, thought("so"), text("right")]
            {
                context.notices.as_ref().unwrap().send(notice).await.unwrap();
            }
            Ok(completion())
        })
    }

    fn model(&self) -> &str {
        "hesitant"
    }
}

#[tokio::test]
async fn viewers_learn_that_the_model_begins_anew() {
    let folder = TempDir::new().unwrap();
    let session = opened(&folder, Piecewise(1), Arc::new(Hesitant)).await;
    let mut notices = session.notices();
    let message = MessageAction { content: "go".to_owned(), ..MessageAction::default() };
    let message = EventDraft::of_action(EventSource::User, Action::Message(message));
    session.act(message, None).await.unwrap();
    let mut seen = Vec::new();
    while seen.len() < 5 {
        let notice = tokio::time::timeout(Duration::from_secs(30), notices.recv()).await;
        match notice.unwrap().unwrap() {
            Notice::Text { text, .. } => seen.push(format!("text {text}")),
            Notice::Reasoning { text, .. } => seen.push(format!("thought {text}")),
            Notice::Restart { .. } => seen.push("restart".to_owned()),
            Notice::Output { .. } | Notice::Status { .. } | Notice::Title(_) => {}
        }
    }
    assert_eq!(seen, ["thought hm", "text wr", "restart", "thought so", "text right"]);
}

/// A provider that has had too many requests, and answers when it is let.
#[derive(Debug)]
struct Patient(Arc<Semaphore>);

impl LlmClient for Patient {
    fn complete(
        &self,
        _: CompletionRequest,
        context: CompletionContext,
    ) -> oh_llm::BoxFuture<'_, Result<Completion, CompletionFailure>> {
        Box::pin(async move {
            let wait = Duration::from_secs(8);
            let (attempt, attempts) = (1, 5);
            let retry = LlmNotice::Retry { attempt, attempts, wait, is_rate_limited: true };
            context.notify(retry);
            self.0.acquire().await.unwrap().forget();
            Ok(completion())
        })
    }

    fn model(&self) -> &str {
        "patient"
    }
}

#[tokio::test]
async fn a_wait_that_the_provider_asks_for_is_a_state() {
    let folder = TempDir::new().unwrap();
    let gate = Arc::new(Semaphore::new(0));
    let session = opened(&folder, Piecewise(1), Arc::new(Patient(gate.clone()))).await;
    let message = MessageAction { content: "go".to_owned(), ..MessageAction::default() };
    let message = EventDraft::of_action(EventSource::User, Action::Message(message));
    session.act(message, None).await.unwrap();
    let reaches = async |state: AgentState| {
        let wait = async {
            while session.status().agent_state != state {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), wait).await.expect("the state is reached");
    };
    reaches(AgentState::RateLimited).await;
    let reader = session.reader();
    let events = reader.events((0, reader.next_event_id())).await.unwrap();
    let Some(Observation::AgentStateChanged(change)) = events.last().unwrap().observation() else {
        panic!("{events:?}");
    };
    assert!(change.reason.contains("attempt, 2 of 5, is in 8 s"), "{}", change.reason);
    gate.add_permits(1);
    reaches(AgentState::AwaitingUserInput).await;
}
