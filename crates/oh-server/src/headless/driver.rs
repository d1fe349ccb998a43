//! Follows a conversation to its end, and speaks for its user where there is none.

use std::collections::HashMap;
use std::time::Duration;

use oh_event::{
    Action, AgentState, AgentStateChangedObservation, ChangeAgentStateAction, ConfirmationState,
    Event, EventBody, EventDraft, EventId, EventSource, FaultKind, LlmMetrics, Observation,
    Timestamp,
};
use oh_event_log::{EventStream, LogEntry};
use oh_session::{Notice, SessionError, SessionHandle};
use tokio::sync::{broadcast, mpsc};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::paint::Color::{Dim, Red};
use super::screen::Screen;
use super::terminal::{Answer, Verdict, read_answer, verdict};
use super::{Outcome, User, show};
use crate::rest::user_message;

/// Bytes of events taken at once.
const BATCH: usize = 64 * 1024;
/// How often an agent that asks is told to decide for itself.
const NUDGES: u32 = 3;
const NUDGE: &str = "Nobody is there to answer. Decide by your own judgment, go on with the task, and finish when it is done or when you are sure that it cannot be done; then say what is missing.";
const NOBODY: &str = "Nobody is there to allow this. Find a way that needs no permission.";
/// How long an interrupted agent may take to stop.
const STOP_TIME: Duration = Duration::from_secs(10);

/// What the conversation is for.
#[derive(Debug)]
pub(super) enum Purpose {
    /// A task that is done when the agent says so.
    Task,
    /// A recording that is done again; afterwards comes this message.
    Recording { message: Option<String> },
}

#[derive(Debug)]
pub(super) struct Driver {
    session: SessionHandle,
    stream: EventStream,
    notices: broadcast::Receiver<Notice>,
    screen: Screen,
    user: User,
    purpose: Purpose,
    nudges: u32,
    /// The newest state that nothing was done about.
    state: Option<AgentStateChangedObservation>,
    /// Actions that wait for their user.
    proposals: u32,
    /// When each action began that is not answered.
    begun: HashMap<EventId, Timestamp>,
    work_began: Option<Instant>,
    answer: String,
    metrics: LlmMetrics,
    steps: u64,
    start: Instant,
    /// What is being sent.
    sent: JoinSet<Result<Option<EventId>, SessionError>>,
    interrupted_at: Option<Instant>,
    is_in_a_hurry: bool,
}

impl Driver {
    pub(super) fn new(
        session: SessionHandle,
        screen: Screen,
        user: User,
        purpose: Purpose,
    ) -> Self {
        Self {
            stream: session.reader().stream_from(0),
            notices: session.notices(),
            session,
            screen,
            user,
            purpose,
            nudges: 0,
            state: None,
            proposals: 0,
            begun: HashMap::new(),
            work_began: None,
            answer: String::new(),
            metrics: LlmMetrics::default(),
            steps: 0,
            start: Instant::now(),
            sent: JoinSet::new(),
            interrupted_at: None,
            is_in_a_hurry: false,
        }
    }

    /// Follows the conversation to its end.
    pub(super) async fn run(&mut self, interrupts: &mut mpsc::Receiver<()>) -> Outcome {
        let mut ticks = tokio::time::interval(Duration::from_secs(1));
        loop {
            tokio::select! {
                biased;
                Some(()) = interrupts.recv() => {
                    if self.interrupt() {
                        return Outcome::Interrupted;
                    }
                }
                Some(result) = self.sent.join_next() => {
                    if let Ok(Err(error)) = result {
                        self.screen.say(Red, &format!("Error: {error}"));
                        return Outcome::Failed;
                    }
                }
                batch = self.stream.next_batch(BATCH) => {
                    let Ok(batch) = batch else {
                        self.screen.say(Red, "The conversation was ended by somebody else.");
                        return Outcome::Failed;
                    };
                    for entry in &batch {
                        self.take(entry);
                    }
                    if self.stream.is_at_end()
                        && let Some(state) = self.state.take()
                        && let Some(outcome) = self.turn(&state, interrupts).await
                    {
                        return outcome;
                    }
                }
                Ok(notice) = self.notices.recv() => self.notice(&notice),
                _ = ticks.tick() => {
                    if self.interrupted_at.is_some_and(|at| at.elapsed() > STOP_TIME) {
                        return Outcome::Interrupted;
                    }
                    if let Some(began) = self.work_began {
                        self.screen.show_elapsed("running", began.elapsed());
                    }
                }
            }
        }
    }

    /// Says whether nobody waits for an orderly end.
    pub(super) fn is_in_a_hurry(&self) -> bool {
        self.is_in_a_hurry
    }

    /// Ends the session, passes on its last events, and says what came of it.
    pub(super) async fn finish(&mut self, outcome: Outcome, end: impl Future<Output = ()>) {
        end.await;
        while let Ok(batch) = self.stream.next_batch(BATCH).await {
            for entry in &batch {
                self.screen.pass_on(&entry.view().stored_form());
            }
        }
        let usage = &self.metrics.accumulated_token_usage;
        let what = match outcome {
            Outcome::Finished => "Finished",
            Outcome::Failed => "Not finished",
            Outcome::Limited => "Stopped by a limit",
            Outcome::Interrupted => "Interrupted",
        };
        let text = format!(
            "{what} after {} actions and {:.0} s: {} tokens in, {} out, ${:.4}.",
            self.steps,
            self.start.elapsed().as_secs_f64(),
            usage.prompt_tokens,
            usage.completion_tokens,
            self.metrics.accumulated_cost,
        );
        self.screen.say(Dim, &text);
        if outcome == Outcome::Finished {
            self.screen.answer(&self.answer);
        }
    }

    /// The first time the agent is asked to stop; returns whether this was the second time.
    fn interrupt(&mut self) -> bool {
        if self.interrupted_at.is_some() {
            self.is_in_a_hurry = true;
            return true;
        }
        self.interrupted_at = Some(Instant::now());
        self.screen.say(Dim, "Stopping. Press Ctrl-C again to end at once.");
        self.send(state_request(AgentState::Stopped, ""));
        false
    }

    /// Shows an event and keeps what is needed of it.
    fn take(&mut self, entry: &LogEntry) {
        let text = entry.view().stored_form();
        self.screen.pass_on(&text);
        // What the log holds was written by us.
        let Ok(event) = oh_wire::parse_event(&text) else { return };
        let begun = event.draft.cause.and_then(|cause| self.begun.remove(&cause));
        let seconds = begun.map(|begun| micros_between(begun, event.timestamp) / 1e6);
        if let Some(metrics) = &event.draft.llm_metrics {
            self.metrics.clone_from(metrics);
        }
        match &event.draft.body {
            EventBody::Action(action) => self.take_action(&event, action),
            EventBody::Observation(Observation::AgentStateChanged(change)) => {
                if change.agent_state != AgentState::AwaitingUserConfirmation {
                    self.proposals = 0;
                }
                self.state = Some(change.clone());
            }
            EventBody::Observation(_) => {}
        }
        if self.begun.is_empty() {
            self.work_began = None;
        }
        if let Some(text) = show::describe(&event, seconds, self.screen.paint) {
            if seconds.is_some() {
                self.screen.show_below(&text);
            } else {
                self.screen.show(&text);
            }
        }
    }

    fn take_action(&mut self, event: &Event, action: &Action) {
        match action.confirmation_state() {
            ConfirmationState::AwaitingConfirmation => self.proposals += 1,
            ConfirmationState::Confirmed if action.is_runnable() => {
                self.begun.insert(event.id, event.timestamp);
                self.work_began = Some(Instant::now());
            }
            ConfirmationState::Confirmed | ConfirmationState::Rejected => {}
        }
        if event.draft.source != EventSource::Agent {
            return;
        }
        match action {
            Action::System(_) => return,
            Action::Message(message) => self.answer.clone_from(&message.content),
            Action::Finish(finish) if !finish.final_thought.trim().is_empty() => {
                self.answer.clone_from(&finish.final_thought);
            }
            Action::Run(_)
            | Action::RunIpython(_)
            | Action::Read(_)
            | Action::Write(_)
            | Action::Edit(_)
            | Action::Browse(_)
            | Action::BrowseInteractive(_)
            | Action::CallToolMcp(_)
            | Action::Think(_)
            | Action::Finish(_)
            | Action::Reject(_)
            | Action::Delegate(_)
            | Action::Recall(_)
            | Action::ChangeAgentState(_)
            | Action::Condensation(_)
            | Action::CondensationRequest(_)
            | Action::TaskTracking(_)
            | Action::LoopRecovery(_)
            | Action::Null(_) => {}
        }
        self.steps += 1;
    }

    fn notice(&mut self, notice: &Notice) {
        match notice {
            Notice::Status { is_error: false, message, .. } if !message.is_empty() => {
                self.screen.say(Dim, message);
            }
            // Errors are events too; the rest is for those who draw while they read.
            Notice::Status { .. }
            | Notice::Title(_)
            | Notice::Output { .. }
            | Notice::Text { .. }
            | Notice::Reasoning { .. }
            | Notice::Restart { .. } => {}
        }
    }

    /// Does what the agent's state asks of its user; returns how it ended, if it did.
    async fn turn(
        &mut self,
        state: &AgentStateChangedObservation,
        interrupts: &mut mpsc::Receiver<()>,
    ) -> Option<Outcome> {
        if self.interrupted_at.is_some() {
            return (state.agent_state == AgentState::Stopped).then_some(Outcome::Interrupted);
        }
        match state.agent_state {
            AgentState::Loading
            | AgentState::Running
            | AgentState::RateLimited
            | AgentState::UserConfirmed
            | AgentState::UserRejected => None,
            AgentState::Finished => match &mut self.purpose {
                Purpose::Task => Some(Outcome::Finished),
                Purpose::Recording { .. } => self.go_on(interrupts).await,
            },
            AgentState::AwaitingUserInput => self.go_on(interrupts).await,
            AgentState::AwaitingUserConfirmation => self.judge(interrupts).await,
            AgentState::Error => {
                let is_limit = state.fault.as_ref().is_some_and(|fault| {
                    fault.kind == FaultKind::Quota && fault.id.starts_with("STATUS$ERROR_MAX_")
                });
                Some(if is_limit { Outcome::Limited } else { Outcome::Failed })
            }
            AgentState::Stopped | AgentState::Paused | AgentState::Rejected => {
                Some(Outcome::Failed)
            }
        }
    }

    /// The agent rests: somebody has to say something, or it ends here.
    async fn go_on(&mut self, interrupts: &mut mpsc::Receiver<()>) -> Option<Outcome> {
        if let Purpose::Recording { message } = &mut self.purpose {
            match message.take() {
                Some(message) => {
                    self.purpose = Purpose::Task;
                    self.say(message);
                    return None;
                }
                None if self.user == User::Nobody => return Some(Outcome::Finished),
                None => {}
            }
        }
        match self.user {
            User::Terminal => {
                self.screen.ask("Your message (Ctrl-D ends):");
                match read_answer(interrupts).await {
                    Answer::Text(text) => self.say(text),
                    Answer::Nothing => return Some(Outcome::Finished),
                    Answer::Interrupt => return Some(Outcome::Interrupted),
                }
            }
            User::Nobody if self.nudges < NUDGES => {
                self.nudges += 1;
                self.say(NUDGE.to_owned());
            }
            User::Nobody => {
                let text = "Error: the agent keeps asking, and nobody is there to answer";
                self.screen.say(Red, text);
                return Some(Outcome::Failed);
            }
        }
        None
    }

    /// Actions wait for their user.
    async fn judge(&mut self, interrupts: &mut mpsc::Receiver<()>) -> Option<Outcome> {
        if self.user == User::Nobody {
            self.send(state_request(AgentState::UserRejected, NOBODY));
            return None;
        }
        let what = if self.proposals > 1 {
            format!("these {} actions", self.proposals)
        } else {
            "this".to_owned()
        };
        self.screen.ask(&format!("May it do {what}? (y, n, or what to do instead)"));
        match read_answer(interrupts).await {
            Answer::Text(text) => match verdict(&text) {
                Verdict::Allowed => self.send(state_request(AgentState::UserConfirmed, "")),
                Verdict::Refused => self.send(state_request(AgentState::UserRejected, "")),
                // A message takes the place of the actions.
                Verdict::Instead(text) => self.say(text),
            },
            Answer::Nothing => self.send(state_request(AgentState::UserRejected, "")),
            Answer::Interrupt => return Some(Outcome::Interrupted),
        }
        None
    }

    fn say(&mut self, text: String) {
        self.send(user_message(text, Vec::new()));
    }

    /// Sends an action; what comes of it is in the log.
    fn send(&mut self, draft: EventDraft) {
        let session = self.session.clone();
        self.sent.spawn(async move { session.act(draft, None).await });
    }
}

fn state_request(agent_state: AgentState, reason: &str) -> EventDraft {
    let thought = reason.to_owned();
    let action = Action::ChangeAgentState(ChangeAgentStateAction { agent_state, thought });
    EventDraft::of_action(EventSource::User, action)
}

#[allow(clippy::cast_precision_loss, reason = "no command runs for centuries")]
fn micros_between(from: Timestamp, until: Timestamp) -> f64 {
    until.0.saturating_sub(from.0) as f64
}
