//! How a session gets what it works with, or waits for the next try.

use std::collections::VecDeque;
use std::time::Duration;

use oh_agent::{AgentConfig, Repository};
use oh_chat::ToolSpec;
use oh_event::{Action, EventDraft};
use oh_runtime::ActionRequest;

use crate::handle::{Ending, Letter, SentAction, SessionError};
use crate::notice::runtime_status::{ERROR, NO_ACCESS, READY, SETTING_UP, STARTING};
use crate::prepared::{CheckoutError, OfferedTools, PreparedRuntime, WorkspaceSetup};
use crate::session::{Goodbye, Session};

/// How long a runtime may take to be made.
const START_LIMIT: Duration = Duration::from_secs(60);

/// Why a session cannot work.
#[derive(Debug)]
enum Problem {
    Checkout(CheckoutError),
    Runtime(String),
}

impl Problem {
    fn error(&self) -> SessionError {
        match self {
            Self::Checkout(error) => SessionError::Checkout(error.clone()),
            Self::Runtime(reason) => SessionError::Runtime { reason: reason.clone() },
        }
    }

    fn status(&self) -> &'static str {
        match self {
            Self::Checkout(CheckoutError::NoAccess(_)) => NO_ACCESS,
            Self::Checkout(CheckoutError::Failed(_)) | Self::Runtime(_) => ERROR,
        }
    }
}

/// The runtime, and the actions that waited for it.
pub(crate) type Opened = (PreparedRuntime, VecDeque<SentAction>);

impl Session {
    /// Makes the runtime and records that the agent can work. While it cannot be made, each
    /// action of a client is a reason to try again.
    pub(crate) async fn open(&mut self, mut first: Option<EventDraft>) -> Result<Opened, Goodbye> {
        let mut waiting = VecDeque::new();
        let mut is_retry = false;
        loop {
            self.show_runtime(STARTING, "");
            let problem = match self.make(&mut waiting).await? {
                Ok(prepared) => {
                    self.writer.add_secrets(prepared.secrets.iter().cloned());
                    let (prepared, tools) = self.find_tools(prepared, &mut waiting).await?;
                    self.begin(&prepared, tools, first.take(), is_retry).await?;
                    let prepared = self.set_up(prepared, &mut waiting).await?;
                    self.show_runtime(READY, prepared.warning.as_deref().unwrap_or_default());
                    return Ok((prepared, waiting));
                }
                Err(problem) => problem,
            };
            tracing::error!(problem = %problem.error(), "the session cannot work");
            self.fail(&problem, first.take(), is_retry).await?;
            for action in waiting.drain(..) {
                let _ = action.reply.send(Err(problem.error()));
            }
            is_retry = true;
            waiting.push_back(self.next_action().await?);
        }
    }

    /// Brings in what the conversation works on, and makes the runtime.
    async fn make(
        &mut self,
        waiting: &mut VecDeque<SentAction>,
    ) -> Result<Result<PreparedRuntime, Problem>, Goodbye> {
        let look = (self.checkout)();
        if let Some(checkout) = self.while_actions_wait(waiting, look).await? {
            self.show(SETTING_UP, "");
            if let Err(error) = self.while_actions_wait(waiting, checkout).await? {
                return Ok(Err(Problem::Checkout(error)));
            }
        }
        let made = tokio::time::timeout(START_LIMIT, (self.prepare)());
        Ok(match self.while_actions_wait(waiting, made).await? {
            Ok(Ok(prepared)) => Ok(prepared),
            Ok(Err(error)) => Err(Problem::Runtime(error.to_string())),
            Err(_) => {
                let reason = format!("it did not start within {} s", START_LIMIT.as_secs());
                Err(Problem::Runtime(reason))
            }
        })
    }

    /// Waits for `work`, and keeps actions that come meanwhile; as many as there are clients,
    /// since each waits for its answer.
    async fn while_actions_wait<T>(
        &mut self,
        waiting: &mut VecDeque<SentAction>,
        work: impl Future<Output = T>,
    ) -> Result<T, Goodbye> {
        let mut work = std::pin::pin!(work);
        loop {
            tokio::select! {
                biased;
                letter = self.mailbox.recv() => match letter {
                    None => return Err(Goodbye::silent(Ending::Closed)),
                    Some(Letter::Close(goodbye)) => return Err(goodbye),
                    Some(Letter::Act(action)) => waiting.push_back(action),
                    // A session that starts is not idle.
                    Some(Letter::CloseIfIdle { .. }) => {}
                },
                result = &mut work => return Ok(result),
            }
        }
    }

    async fn next_action(&mut self) -> Result<SentAction, Goodbye> {
        loop {
            match self.mailbox.recv().await {
                None => return Err(Goodbye::silent(Ending::Closed)),
                Some(Letter::Close(goodbye)) => return Err(goodbye),
                Some(Letter::Act(action)) => return Ok(action),
                Some(Letter::CloseIfIdle { delay }) => {
                    if self.is_left_alone(delay) {
                        return Err(Goodbye::of_idle(delay, &[]));
                    }
                }
            }
        }
    }

    /// Records that the agent can work.
    async fn begin(
        &mut self,
        prepared: &PreparedRuntime,
        mcp_tools: Vec<ToolSpec>,
        first: Option<EventDraft>,
        is_retry: bool,
    ) -> Result<(), Goodbye> {
        let agent = (self.agent)();
        self.conversation.configure(AgentConfig {
            tools: prepared.place_tools.limit(agent.tools),
            workspace: prepared.runtime.workspace().to_string_lossy().into_owned(),
            instructions: prepared.instructions.clone(),
            conversation_instructions: prepared.conversation_instructions.clone(),
            repository: prepared.repository.as_ref().map(|place| Repository {
                name: place.name.clone(),
                directory: place.directory.clone(),
                branch: place.branch.clone(),
            }),
            knowledge: prepared.knowledge.borrow().clone(),
            hosts: prepared.hosts.clone(),
            mcp_tools,
            ..agent
        });
        let loading = if is_retry { self.conversation.loading() } else { Vec::new() };
        self.note(loading).await?;
        let opening = match first {
            Some(message) => self.conversation.opening_with(message),
            None => self.conversation.opening(),
        };
        self.note(opening).await
    }

    /// Records, once, that the agent cannot work.
    async fn fail(
        &mut self,
        problem: &Problem,
        first: Option<EventDraft>,
        is_retry: bool,
    ) -> Result<(), Goodbye> {
        let (status, reason) = (problem.status(), problem.error().to_string());
        let reason = reason.replacen("the ", "The ", 1);
        if is_retry {
            self.show_runtime(status, &reason);
            return Ok(());
        }
        let failed = self.conversation.failed_opening(first, &reason);
        self.note(failed).await?;
        self.keep_runtime(status, &reason);
        Ok(())
    }

    async fn note(&mut self, drafts: Vec<EventDraft>) -> Result<(), Goodbye> {
        let result = self.record(drafts, None).await;
        self.show_state();
        result.map_err(|error| {
            tracing::error!(%error, "the session ends because its log failed");
            Goodbye::silent(Ending::Interrupted)
        })
    }

    /// Finds the tools of others; that some are missing is told and stops nobody.
    async fn find_tools(
        &mut self,
        mut prepared: PreparedRuntime,
        waiting: &mut VecDeque<SentAction>,
    ) -> Result<(PreparedRuntime, Vec<ToolSpec>), Goodbye> {
        let Some(source) = prepared.tools.take() else { return Ok((prepared, Vec::new())) };
        match self.while_actions_wait(waiting, source.find()).await {
            Ok(OfferedTools { tools, warning }) => {
                if let Some(warning) = warning {
                    prepared.warn(warning);
                }
                Ok((prepared, tools))
            }
            Err(goodbye) => {
                prepared.runtime.close().await;
                Err(goodbye)
            }
        }
    }

    /// Prepares the workspace; that it fails is told and stops nobody.
    async fn set_up(
        &mut self,
        mut prepared: PreparedRuntime,
        waiting: &mut VecDeque<SentAction>,
    ) -> Result<PreparedRuntime, Goodbye> {
        let Some(WorkspaceSetup { action, time_limit, done }) = prepared.setup.take() else {
            return Ok(prepared);
        };
        self.show(SETTING_UP, "");
        let runtime = prepared.runtime.clone();
        let request =
            ActionRequest { timeout: Some(time_limit), ..ActionRequest::new(Action::Run(action)) };
        match self.while_actions_wait(waiting, runtime.execute(request)).await {
            Ok(observation) => {
                if let Some(problem) = done(observation) {
                    tracing::warn!(problem, "the workspace was not set up");
                    prepared.warn(problem);
                }
                Ok(prepared)
            }
            Err(goodbye) => {
                runtime.close().await;
                Err(goodbye)
            }
        }
    }
}
