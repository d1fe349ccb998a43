//! A piece of work for another agent: a conversation of its own, in the same place.

use std::io;
use std::path::Path;
use std::sync::Arc;

use oh_agent::{AgentConfig, Knowledge, Limits, delegated_outputs, delegated_task};
use oh_chat::{Spent, Usage};
use oh_event::{
    Action, AgentState, ConversationId, DelegateAction, DelegateObservation, ErrorObservation,
    EventDraft, EventId, EventSource, LlmMetrics, MessageAction, Observation,
};
use oh_runtime::{ActionRequest, Activity, BoxFuture, OpenPort, Runtime};

use tokio::io::DuplexStream;
use tokio::sync::watch;

use crate::handle::{Letter, SessionHandle};
use crate::manager::{ConversationManager, NewConversation, Place};
use crate::prepared::{PlaceTools, PreparedRuntime};
use crate::session::Goodbye;

/// How deep agents may give work on.
const DEPTH: usize = 3;
/// Events of the other conversation in which its report is looked for.
const REPORT_WINDOW: u64 = 64;
const MARK: &str = "-delegate-";

/// A piece of work that is given to another agent.
#[derive(Debug)]
pub(crate) struct Delegation {
    /// The action that asks for it.
    pub(crate) id: EventId,
    pub(crate) action: DelegateAction,
    pub(crate) runtime: Arc<dyn Runtime>,
    /// What the whole work may still use.
    pub(crate) limits: Limits,
    /// What files tell the agents of this place.
    pub(crate) knowledge: Arc<Knowledge>,
    pub(crate) place_tools: PlaceTools,
}

/// What came of it, and what it used.
pub(crate) type Delegated = (Observation, Option<Spent>);
/// Carries out delegations of one conversation.
pub(crate) type Delegate = Box<dyn Fn(Delegation) -> BoxFuture<'static, Delegated> + Send + Sync>;

impl ConversationManager {
    /// Returns what carries out delegations of a conversation.
    pub(crate) fn delegations_of(&self, parent: &ConversationId) -> Delegate {
        let (manager, parent) = (self.clone(), parent.clone());
        Box::new(move |delegation| {
            let (manager, parent) = (manager.clone(), parent.clone());
            Box::pin(async move {
                match manager.delegate(&parent, delegation).await {
                    Ok(delegated) => delegated,
                    Err(problem) => {
                        let content = format!("ERROR: The work was not given on: {problem}");
                        let error = ErrorObservation { content, error_id: String::new() };
                        (Observation::Error(error), None)
                    }
                }
            })
        })
    }

    async fn delegate(
        &self,
        parent: &ConversationId,
        delegation: Delegation,
    ) -> Result<Delegated, String> {
        let task = delegated_task(&delegation.action)
            .ok_or_else(|| "`inputs` must have a `task` that says what is to be done".to_owned())?;
        if parent.as_str().matches(MARK).count() >= DEPTH {
            return Err(format!("work is given on at most {DEPTH} times; do it yourself"));
        }
        let id = format!("{}{MARK}{}", parent.as_str(), delegation.id.0);
        let id = ConversationId::parse(&id).map_err(|error| error.to_string())?;
        (self.config().on_delegation)(parent, &id, &task).await;
        let message =
            MessageAction { content: format!("TASK: {task}"), ..MessageAction::default() };
        let message = EventDraft::of_action(EventSource::User, Action::Message(message));
        let new = NewConversation { first_message: Some(message), ..NewConversation::default() };
        let place = self.place_in(delegation);
        let handle = self.open_in(&id, new, place).await.map_err(|error| error.to_string())?;
        let guard = Guard(Some(handle.clone()));
        let state = ended(&handle).await;
        let (report, spent) = report(&handle).await;
        drop(guard);
        handle.ended().await;
        let content = match state {
            AgentState::Finished | AgentState::AwaitingUserInput => {
                format!("The other agent reports:\n{report}")
            }
            other => format!(
                "The other agent did not finish: it is in the state {}. Its last words:\n{report}",
                other.as_str()
            ),
        };
        let outputs = delegated_outputs(&report, id.as_str());
        Ok((Observation::Delegate(DelegateObservation { content, outputs }), spent))
    }

    fn place_in(&self, delegation: Delegation) -> Place {
        let Delegation { runtime, limits, knowledge, place_tools, .. } = delegation;
        let agent = self.config().agent.clone();
        Place {
            agent: Arc::new(move || AgentConfig { limits, ..agent() }),
            checkout: Box::new(|| Box::pin(async { None })),
            prepare: Box::new(move || {
                let runtime: Arc<dyn Runtime> = Arc::new(Borrowed(runtime.clone()));
                let (_, knowledge) = watch::channel(knowledge.clone());
                Box::pin(async move {
                    let plain = PreparedRuntime::plain(runtime);
                    Ok(PreparedRuntime { knowledge, place_tools, ..plain })
                })
            }),
        }
    }
}

/// Ends the other conversation's session when nobody waits for it any more.
struct Guard(Option<SessionHandle>);

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(handle) = self.0.take() {
            let goodbye = Goodbye::silent(crate::handle::Ending::Closed);
            if let Err(letter) = handle.mailbox.try_send(Letter::Close(goodbye)) {
                tracing::warn!(%letter, "a delegated conversation could not be told to end");
            }
        }
    }
}

/// Waits until the agent has done what it can do alone.
async fn ended(handle: &SessionHandle) -> AgentState {
    let mut status = handle.status.clone();
    let is_over = |state: AgentState| match state {
        AgentState::Finished
        | AgentState::AwaitingUserInput
        | AgentState::Paused
        | AgentState::Stopped
        | AgentState::Rejected
        | AgentState::Error => true,
        AgentState::Loading
        | AgentState::Running
        | AgentState::AwaitingUserConfirmation
        | AgentState::UserConfirmed
        | AgentState::UserRejected
        | AgentState::RateLimited => false,
    };
    match status.wait_for(|status| is_over(status.agent_state)).await {
        Ok(status) => status.agent_state,
        Err(_) => AgentState::Stopped,
    }
}

/// Returns the last words of the agent, and what it used.
async fn report(handle: &SessionHandle) -> (String, Option<Spent>) {
    let end = handle.reader.next_event_id();
    let start = end.saturating_sub(REPORT_WINDOW);
    let events = match handle.reader.events((start, end)).await {
        Ok(events) => events,
        Err(error) => return (format!("(its report could not be read: {error})"), None),
    };
    let words = events.iter().rev().find_map(|event| match event.action() {
        Some(Action::Finish(finish)) => Some(finish.final_thought.clone()),
        Some(Action::Message(message)) if event.draft.source == EventSource::Agent => {
            Some(message.content.clone())
        }
        Some(_) | None => None,
    });
    let metrics = events.iter().rev().find_map(|event| event.draft.llm_metrics.as_deref());
    (words.unwrap_or_default(), metrics.map(spent))
}

fn spent(metrics: &LlmMetrics) -> Spent {
    let usage = &metrics.accumulated_token_usage;
    Spent {
        usage: Usage {
            prompt_tokens: usage.prompt_tokens,
            completion_tokens: usage.completion_tokens,
            cache_read_tokens: usage.cache_read_tokens,
            cache_write_tokens: usage.cache_write_tokens,
            ..Usage::default()
        },
        cost: metrics.accumulated_cost,
    }
}

/// A runtime that belongs to another conversation, which goes on after this one.
#[derive(Debug)]
struct Borrowed(Arc<dyn Runtime>);

impl Runtime for Borrowed {
    fn execute(&self, request: ActionRequest) -> BoxFuture<'_, Observation> {
        self.0.execute(request)
    }

    fn workspace(&self) -> &Path {
        self.0.workspace()
    }

    fn stop_processes(&self) -> BoxFuture<'_, ()> {
        self.0.stop_processes()
    }

    fn activity(&self) -> BoxFuture<'_, Activity> {
        self.0.activity()
    }

    fn ports(&self) -> BoxFuture<'_, Vec<OpenPort>> {
        self.0.ports()
    }

    fn connect(&self, port: u16) -> BoxFuture<'_, io::Result<DuplexStream>> {
        self.0.connect(port)
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {})
    }
}
