//! How sessions begin, rest and make room.

use std::collections::VecDeque;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use oh_event::{
    Action, AgentState, CommandMetadata, ConversationId, Event, EventDraft, EventSource,
    MessageAction, Observation, RunAction, RunObservation,
};
use oh_event_log::{Durability, EventLog, EventLogConfig, Framing};
use oh_runtime::{ActionRequest, Activity, BoxFuture, Runtime};
use oh_session::{
    AgentConfig, ConversationManager, Ending, ManagerConfig, NewConversation, Notice,
    PreparedRuntime, SessionError, SessionHandle, WorkspaceSetup,
};
use oh_testkit::{ScriptedLlm, text};
use tempfile::TempDir;
use tokio::sync::{Semaphore, broadcast};

const DELAY: Duration = Duration::from_secs(3600);
const PATIENCE: Duration = Duration::from_secs(30);

/// What the runtimes of a test do, and what was done to them.
#[derive(Debug, Default)]
struct World {
    /// Why runtimes cannot be made, one reason each.
    refusals: Mutex<VecDeque<&'static str>>,
    /// Runtimes are made while there is a permit.
    gate: Option<Semaphore>,
    activity: Mutex<Activity>,
    setup: Option<i32>,
    closed: AtomicUsize,
    has_viewers: AtomicBool,
    /// Its first answer ends a turn, and the second never comes.
    model: OnceLock<Arc<ScriptedLlm>>,
}

impl World {
    /// Gives a session work that never ends.
    async fn keep_busy(&self, session: &SessionHandle) {
        for _ in 0..2 {
            session.act(message(), None).await.unwrap();
        }
        while self.model.get().unwrap().requests().len() < 2 || !session.status().is_busy {
            tokio::task::yield_now().await;
        }
    }
}

#[derive(Debug)]
struct TestRuntime(Arc<World>);

impl Runtime for TestRuntime {
    fn execute(&self, request: ActionRequest) -> BoxFuture<'_, Observation> {
        let Action::Run(run) = request.action else { panic!("only commands are run") };
        let exit_code = if run.hidden { self.0.setup.unwrap() } else { 0 };
        let metadata = CommandMetadata { exit_code, ..CommandMetadata::default() };
        let content = "output".to_owned();
        let run = RunObservation { content, command: run.command, metadata, hidden: run.hidden };
        Box::pin(async { Observation::Run(run) })
    }

    fn workspace(&self) -> &Path {
        Path::new("/workspace")
    }

    fn activity(&self) -> BoxFuture<'_, Activity> {
        Box::pin(async { self.0.activity.lock().unwrap().clone() })
    }

    fn stop_processes(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {})
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        self.0.closed.fetch_add(1, Ordering::SeqCst);
        Box::pin(async {})
    }
}

async fn make(world: Arc<World>) -> io::Result<PreparedRuntime> {
    if let Some(gate) = &world.gate {
        gate.acquire().await.unwrap().forget();
    }
    if let Some(reason) = world.refusals.lock().unwrap().pop_front() {
        return Err(io::Error::other(reason));
    }
    let setup = world.setup.map(|_| WorkspaceSetup {
        action: RunAction { command: "setup".to_owned(), hidden: true, ..RunAction::default() },
        time_limit: Duration::from_secs(300),
        done: Box::new(|observation| match observation {
            Observation::Run(run) if run.metadata.exit_code == 0 => None,
            other => Some(format!("setup failed: {}", other.content())),
        }),
    });
    Ok(PreparedRuntime { setup, ..PreparedRuntime::plain(Arc::new(TestRuntime(world))) })
}

fn manager(folder: &TempDir, world: &Arc<World>, max_live: Option<usize>) -> ConversationManager {
    let log = EventLog::open(EventLogConfig {
        path: folder.path().join("openhands.db"),
        durability: Durability::Os,
        framing: Framing::default(),
    })
    .unwrap();
    let llm = Arc::new(ScriptedLlm::new([text("Hello.")]));
    world.model.set(llm.clone()).unwrap();
    let (for_runtime, for_viewers) = (world.clone(), world.clone());
    ConversationManager::new(ManagerConfig {
        log,
        llm: Arc::new(move |_| llm.clone()),
        runtime: Arc::new(move |_| Box::pin(make(for_runtime.clone()))),
        agent: Arc::new(AgentConfig::default),
        on_delegation: Arc::new(|_, _, _| Box::pin(async {})),
        on_first_message: Arc::new(|_, _| {}),
        on_end: Arc::new(|_| Box::pin(async {})),
        checkout: Arc::new(|_| Box::pin(async { None })),
        secrets: tokio::sync::watch::channel(Arc::default()).1,
        has_viewers: Arc::new(move |_| for_viewers.has_viewers.load(Ordering::SeqCst)),
        close_delay: Some(DELAY),
        max_live,
    })
}

fn id(text: &str) -> ConversationId {
    ConversationId::parse(text).unwrap()
}

fn message() -> EventDraft {
    let action = MessageAction { content: "go".to_owned(), ..MessageAction::default() };
    EventDraft::of_action(EventSource::User, Action::Message(action))
}

fn run() -> EventDraft {
    let action = RunAction { command: "true".to_owned(), ..RunAction::default() };
    EventDraft::of_action(EventSource::User, Action::Run(action))
}

/// Runs a command to its end.
async fn run_to_end(session: &SessionHandle) {
    let next = session.reader().next_event_id();
    session.act(run(), None).await.unwrap();
    while session.reader().next_event_id() < next + 2 || session.status().is_busy {
        tokio::task::yield_now().await;
    }
}

async fn open(manager: &ConversationManager, name: &str) -> SessionHandle {
    let session = manager.open(&id(name), NewConversation::default()).await.unwrap();
    session.started().await;
    session
}

/// Returns the statuses that are shown until `last`.
async fn statuses(notices: &mut broadcast::Receiver<Notice>, last: &str) -> Vec<(String, String)> {
    let mut seen = Vec::new();
    loop {
        let notice = tokio::time::timeout(PATIENCE, notices.recv()).await;
        if let Notice::Status { id, message, .. } = notice.expect("a status comes").unwrap() {
            seen.push((id.trim_start_matches("STATUS$").to_owned(), message.to_string()));
            if id.ends_with(last) {
                return seen;
            }
        }
    }
}

fn states(events: &[Event]) -> Vec<(AgentState, String)> {
    let state = |event: &Event| match event.observation() {
        Some(Observation::AgentStateChanged(change)) => {
            Some((change.agent_state, change.reason.clone()))
        }
        Some(_) | None => None,
    };
    events.iter().filter_map(state).collect()
}

async fn log(session: &SessionHandle) -> Vec<Event> {
    session.reader().events((0, u64::MAX)).await.unwrap()
}

async fn ended(session: &SessionHandle) {
    let wait = async {
        while session.ending().is_none() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.expect("the session ends");
}

fn plain(names: &[&str]) -> Vec<(String, String)> {
    names.iter().map(|name| ((*name).to_owned(), String::new())).collect()
}

#[tokio::test]
async fn a_session_says_how_far_its_runtime_is() {
    for (exit_code, ready) in [(0, ""), (7, "setup failed: output")] {
        let folder = TempDir::new().unwrap();
        let gate = Some(Semaphore::new(0));
        let world = Arc::new(World { gate, setup: Some(exit_code), ..World::default() });
        let manager = manager(&folder, &world, None);
        let session = manager.open(&id("x"), NewConversation::default()).await.unwrap();
        assert!(session.status().is_starting());
        let shown = session.runtime_notice();
        let starting = "STATUS$STARTING_RUNTIME";
        assert!(matches!(shown, Some(Notice::Status { id, .. }) if &*id == starting));
        let mut notices = session.notices();
        // What comes too early waits.
        let early = tokio::spawn({
            let session = session.clone();
            async move { session.act(run(), None).await }
        });
        world.gate.as_ref().unwrap().add_permits(1);
        let seen = statuses(&mut notices, "READY").await;
        let mut expected = plain(&["STARTING_RUNTIME", "SETTING_UP_WORKSPACE", "READY"]);
        expected[2].1 = ready.to_owned();
        assert!(expected.ends_with(&seen), "{seen:?}");
        assert!(early.await.unwrap().unwrap().is_some());
        assert_eq!(session.runtime_notice().is_some(), !ready.is_empty());
        manager.close(&id("x")).await;
        assert_eq!(statuses(&mut notices, "STOPPED").await, plain(&["STOPPED"]));
        assert_eq!(world.closed.load(Ordering::SeqCst), 1);
    }
}

#[tokio::test]
async fn a_runtime_that_cannot_start_is_an_error_and_the_next_action_tries_again() {
    let folder = TempDir::new().unwrap();
    let refusals = Mutex::new(VecDeque::from(["no kernel", "still no kernel"]));
    let world = Arc::new(World { refusals, ..World::default() });
    let manager = manager(&folder, &world, None);
    let new = NewConversation { first_message: Some(message()), ..NewConversation::default() };
    let session = manager.open(&id("x"), new).await.unwrap();
    session.started().await;
    assert!(session.status().has_failed());
    assert_eq!(session.status().agent_state, AgentState::Error);
    let Some(Notice::Status { is_error, id: status, message: text }) = session.runtime_notice()
    else {
        panic!("late viewers learn it")
    };
    assert_eq!((is_error, &*status), (true, "STATUS$ERROR"));
    assert!(text.ends_with("no kernel"), "{text}");
    let events = log(&session).await;
    let reason = &states(&events)[1];
    assert_eq!(reason.0, AgentState::Error);
    assert!(reason.1.ends_with("no kernel"), "{reason:?}");
    assert!(events.iter().any(|event| matches!(event.action(), Some(Action::Message(_)))));

    let refused = session.act(run(), None).await;
    let Err(SessionError::Runtime { reason }) = refused else { panic!("{refused:?}") };
    assert_eq!(reason, "still no kernel");
    assert_eq!(log(&session).await, events, "what was refused is not recorded");
    assert!(session.act(run(), None).await.unwrap().is_some());
    assert!(!session.status().has_failed());
}

#[tokio::test(start_paused = true)]
async fn a_runtime_has_a_minute_to_start() {
    let folder = TempDir::new().unwrap();
    let world = Arc::new(World { gate: Some(Semaphore::new(0)), ..World::default() });
    let manager = manager(&folder, &world, None);
    let session = manager.open(&id("x"), NewConversation::default()).await.unwrap();
    session.started().await;
    assert!(session.status().has_failed());
    assert!(session.status().message.ends_with("did not start within 60 s"), "{session:?}");
}

#[tokio::test]
async fn a_session_that_starts_can_be_closed() {
    let folder = TempDir::new().unwrap();
    let world = Arc::new(World { gate: Some(Semaphore::new(0)), ..World::default() });
    let manager = manager(&folder, &world, None);
    let session = manager.open(&id("x"), NewConversation::default()).await.unwrap();
    assert!(manager.close(&id("x")).await.is_some());
    assert_eq!(states(&log(&session).await).last().unwrap().0, AgentState::Stopped);
}

/// A session, and the task that closes idle ones; time stands still from now on.
async fn resting(manager: &ConversationManager) -> SessionHandle {
    let session = open(manager, "x").await;
    session.act(run(), None).await.unwrap();
    while session.status().is_busy || session.reader().next_event_id() < 6 {
        tokio::task::yield_now().await;
    }
    tokio::time::pause();
    session
}

/// Lets time pass, and the sessions think it over.
async fn pass(manager: &ConversationManager, time: Duration) {
    tokio::time::advance(time).await;
    // It looks at once, and then every quarter of a minute.
    let look = tokio::time::timeout(Duration::from_secs(1), manager.clone().close_idle_sessions());
    assert!(look.await.is_err());
}

#[tokio::test]
async fn a_session_that_nobody_needs_is_closed() {
    let folder = TempDir::new().unwrap();
    let world = Arc::<World>::default();
    let manager = manager(&folder, &world, None);
    let session = resting(&manager).await;
    pass(&manager, DELAY - Duration::from_secs(5)).await;
    assert!(manager.get(&id("x")).is_some(), "it is not yet time");
    *world.activity.lock().unwrap() = Activity {
        foreground: None,
        background: vec!["python3 -m http.server (process 7)".into()],
    };
    pass(&manager, Duration::from_secs(5)).await;
    ended(&session).await;
    assert_eq!(session.ending(), Some(Ending::Closed));
    assert_eq!(world.closed.load(Ordering::SeqCst), 1);
    let events = log(&session).await;
    let expected = "Closed after 3600 s without activity. Background processes were ended: python3 -m http.server (process 7).";
    assert_eq!(*states(&events).last().unwrap(), (AgentState::Stopped, expected.to_owned()));
    assert!(manager.live().is_empty());
}

#[tokio::test]
async fn a_session_that_somebody_needs_stays() {
    for need in ["viewer", "command", "agent"] {
        let folder = TempDir::new().unwrap();
        let world = Arc::<World>::default();
        let manager = manager(&folder, &world, None);
        let session = resting(&manager).await;
        match need {
            "viewer" => world.has_viewers.store(true, Ordering::SeqCst),
            "command" => {
                world.activity.lock().unwrap().foreground = Some("make".to_owned());
            }
            _ => {
                world.keep_busy(&session).await;
            }
        }
        pass(&manager, DELAY * 2).await;
        assert!(manager.get(&id("x")).is_some(), "{need}");
        tokio::time::resume();
    }
}

#[tokio::test]
async fn one_conversation_too_many_closes_the_least_recently_updated() {
    let folder = TempDir::new().unwrap();
    let world = Arc::<World>::default();
    let manager = manager(&folder, &world, Some(2));
    let first = open(&manager, "first").await;
    let second = open(&manager, "second").await;
    let mut notices = second.notices();
    run_to_end(&first).await;
    let third = open(&manager, "third").await;
    ended(&second).await;
    let seen = statuses(&mut notices, "TOO_MANY_CONVERSATIONS").await;
    assert!(seen[0].1.contains("at most 2"), "{seen:?}");
    assert!(manager.get(&id("first")).is_some() && manager.get(&id("third")).is_some());

    // An agent at work stays although it is older.
    world.keep_busy(&first).await;
    run_to_end(&third).await;
    open(&manager, "fourth").await;
    assert!(manager.get(&id("first")).is_some());
    assert!(manager.get(&id("third")).is_none());
    assert_eq!(manager.live().len(), 2);
    // Opening one that is open closes none.
    open(&manager, "first").await;
    assert_eq!(manager.live().len(), 2);
}
