//! Loops: an agent that repeats itself and gets nowhere.

use std::sync::Arc;

use oh_event::{
    Action, ConfirmationState, Event, EventBody, EventId, EventSource, Observation, SecurityRisk,
};

/// Events that are looked at, from the end.
const WINDOW: usize = 20;
/// Looks at a silent command that do not count.
const FREE_POLLS: usize = 5;

/// How often something is repeated before it is a loop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StuckThresholds {
    /// The same action with the same result.
    pub action_observation: usize,
    /// The same action that fails; the model is told at this count, and stopped beyond.
    pub action_error: usize,
    /// The same message of the agent.
    pub monologue: usize,
    /// Turns in which two actions alternate.
    pub alternating: usize,
}

impl Default for StuckThresholds {
    fn default() -> Self {
        Self { action_observation: 4, action_error: 3, monologue: 3, alternating: 6 }
    }
}

/// Kinds of loops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LoopKind {
    ActionObservation,
    ActionError,
    Monologue,
    Alternating,
}

/// A loop and where it begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Loop {
    pub(crate) kind: LoopKind,
    pub(crate) count: usize,
    pub(crate) start: EventId,
}

impl LoopKind {
    pub(crate) fn description(self) -> &'static str {
        match self {
            Self::ActionObservation => "the same action gave the same result",
            Self::ActionError => "the same action failed",
            Self::Monologue => "the agent said the same",
            Self::Alternating => "the same two actions took turns",
        }
    }
}

/// An action and what came of it.
#[derive(Debug, PartialEq)]
struct Turn {
    start: EventId,
    action: What,
    outcome: Outcome,
    is_failure: bool,
}

#[derive(Debug, PartialEq)]
enum What {
    Action(Action),
    /// A tool call that became no action.
    Call(String, String),
}

#[derive(Debug, PartialEq)]
enum Outcome {
    Exit(i32),
    /// What a silent command printed, or the page that a browser shows.
    Text(String),
    Other(Box<Observation>),
}

/// Returns the loop that the newest events form. `events` begin after the user's last
/// message, if that matters.
pub(crate) fn find(events: &[Arc<Event>], thresholds: &StuckThresholds) -> Option<Loop> {
    monologue(events, thresholds.monologue).or_else(|| {
        let events = &events[events.len().saturating_sub(WINDOW)..];
        let turns = turns(events);
        repeated(&turns, thresholds).or_else(|| alternating(&turns, thresholds.alternating))
    })
}

fn monologue(events: &[Arc<Event>], threshold: usize) -> Option<Loop> {
    let mut said: Option<&str> = None;
    let (mut count, mut start) = (0, None);
    for event in events.iter().rev() {
        match &event.draft.body {
            EventBody::Observation(Observation::Condense(_)) => {}
            EventBody::Action(Action::Message(message))
                if event.draft.source == EventSource::Agent
                    && said.is_none_or(|said| said == message.content) =>
            {
                said = Some(&message.content);
                count += 1;
                start = Some(event.id);
            }
            EventBody::Action(_) | EventBody::Observation(_) => break,
        }
    }
    let start = start.filter(|_| threshold > 0 && count >= threshold)?;
    Some(Loop { kind: LoopKind::Monologue, count, start })
}

fn repeated(turns: &[Turn], thresholds: &StuckThresholds) -> Option<Loop> {
    let last = turns.last()?;
    let same_action = turns.iter().rev().take_while(|turn| turn.action == last.action);
    let failures: Vec<_> = same_action.clone().take_while(|turn| turn.is_failure).collect();
    if thresholds.action_error > 0 && failures.len() >= thresholds.action_error {
        let start = failures.last()?.start;
        return Some(Loop { kind: LoopKind::ActionError, count: failures.len(), start });
    }
    let same: Vec<_> = same_action.take_while(|turn| turn.outcome == last.outcome).collect();
    let free = if is_poll(&last.action) { FREE_POLLS } else { 0 };
    if thresholds.action_observation > 0 && same.len() >= thresholds.action_observation + free {
        let start = same.last()?.start;
        return Some(Loop { kind: LoopKind::ActionObservation, count: same.len(), start });
    }
    None
}

fn alternating(turns: &[Turn], threshold: usize) -> Option<Loop> {
    let turns = turns.len().checked_sub(threshold).map(|start| &turns[start..])?;
    let [first, second, ..] = turns else { return None };
    let is_like =
        |turn: &Turn, model: &Turn| turn.action == model.action && turn.outcome == model.outcome;
    let alternates = turns
        .iter()
        .enumerate()
        .all(|(n, turn)| is_like(turn, if n % 2 == 0 { first } else { second }));
    let is_polling = is_poll(&first.action) || is_poll(&second.action);
    (alternates && !is_like(first, second) && !is_polling).then_some(Loop {
        kind: LoopKind::Alternating,
        count: threshold,
        start: first.start,
    })
}

/// A look at the output of a command that runs.
fn is_poll(what: &What) -> bool {
    matches!(what, What::Action(Action::Run(run)) if run.command.is_empty())
}

fn turns(events: &[Arc<Event>]) -> Vec<Turn> {
    let mut turns = Vec::new();
    for event in events {
        let EventBody::Observation(observation) = &event.draft.body else { continue };
        if event.draft.source != EventSource::Agent {
            continue;
        }
        let (start, action) = match (event.draft.cause, &event.draft.tool_call) {
            (Some(cause), _) => {
                let Some(action) = events.iter().find(|event| event.id == cause) else { continue };
                let Some(known) = action.action() else { continue };
                (action.id, What::Action(bare(known)))
            }
            (None, Some(call)) => {
                let calls = &call.model_response.tool_calls;
                let arguments = calls.iter().find(|known| known.id == call.tool_call_id);
                let arguments = arguments.map(|call| call.arguments.clone()).unwrap_or_default();
                (event.id, What::Call(call.function_name.clone(), arguments))
            }
            (None, None) => continue,
        };
        let (outcome, is_failure) = outcome(&action, observation);
        turns.push(Turn { start, action, outcome, is_failure });
    }
    turns
}

/// Says whether two actions do the same, whatever was thought of them.
pub(crate) fn is_same_action(a: &Action, b: &Action) -> bool {
    bare(a) == bare(b)
}

/// The action without what may differ although it is the same.
fn bare(action: &Action) -> Action {
    let mut action = action.clone().judged(SecurityRisk::Unknown, ConfirmationState::Confirmed);
    if !matches!(action, Action::Think(_))
        && let Some(thought) = action.thought_mut()
    {
        thought.clear();
    }
    action
}

fn outcome(action: &What, observation: &Observation) -> (Outcome, bool) {
    match observation {
        // What a program prints has times and process ids in it.
        Observation::Run(run) if !is_poll(action) => (Outcome::Exit(run.metadata.exit_code), false),
        Observation::Run(run) => (Outcome::Text(run.content.clone()), false),
        Observation::Browse(page) => {
            (Outcome::Text(page.url.clone()), !page.last_browser_action_error.is_empty())
        }
        Observation::Error(_) => (Outcome::Other(Box::new(observation.clone())), true),
        Observation::RunIpython(cell) => {
            (Outcome::Other(Box::new(observation.clone())), is_syntax_error(&cell.content))
        }
        Observation::Read(_)
        | Observation::Write(_)
        | Observation::Edit(_)
        | Observation::Mcp(_)
        | Observation::Think(_)
        | Observation::TaskTracking(_)
        | Observation::Delegate(_)
        | Observation::Recall(_)
        | Observation::AgentStateChanged(_)
        | Observation::UserRejected(_)
        | Observation::Success(_)
        | Observation::Condense(_)
        | Observation::Download(_)
        | Observation::LoopDetection(_)
        | Observation::Null(_) => (Outcome::Other(Box::new(observation.clone())), false),
    }
}

/// Code that Python cannot read fails in the same way however often it is sent.
fn is_syntax_error(output: &str) -> bool {
    let lines: Vec<&str> = output.lines().collect();
    let Some(line) = lines.len().checked_sub(3).map(|index| lines[index]) else { return false };
    line.contains("unterminated string literal (detected at line")
        || line.contains("invalid syntax. Perhaps you forgot a comma?")
        || line.contains("incomplete input")
}
