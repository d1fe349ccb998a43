//! What may be forgotten, and when.

use std::collections::HashMap;
use std::sync::Arc;

use oh_event::{Action, Event, EventBody, EventId, EventSource, Observation};

use super::view::is_summary;
use super::{CondensationPlan, Condenser, LlmCondenser, LlmForm, Sizes};

/// Less than this share of the view is not worth a condensation.
const LEAST_SHARE: f64 = 0.1;

/// Why something is to be forgotten.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reason {
    /// The model or the user asked for it, or the provider said that the request is too long.
    Request,
    /// The events or their tokens are too many.
    Size {
        /// Tokens of the next request, as far as is known.
        tokens: u64,
        /// Tokens that the model can read.
        limit: Option<u64>,
    },
}

/// Returns what to forget now; `None` leaves the view as it is.
pub(crate) fn plan(
    view: &[Arc<Event>],
    condensers: &[Condenser],
    reason: Reason,
) -> Option<CondensationPlan> {
    let found = condensers.iter().find_map(|condenser| match condenser {
        Condenser::ConversationWindow => {
            // In a pipeline the window only helps out when nobody else can.
            let is_last_hope = !condensers.iter().any(|other| match other {
                Condenser::Amortized(_) | Condenser::Llm(_) => true,
                Condenser::ConversationWindow
                | Condenser::ObservationMasking { .. }
                | Condenser::BrowserOutputMasking { .. }
                | Condenser::Recent { .. } => false,
            });
            (reason == Reason::Request && is_last_hope).then(|| window(view)).flatten()
        }
        Condenser::Amortized(sizes) => middle(view, *sizes, reason, None),
        Condenser::Llm(llm) => middle(view, llm.sizes, reason, Some(llm)),
        Condenser::ObservationMasking { .. }
        | Condenser::BrowserOutputMasking { .. }
        | Condenser::Recent { .. } => None,
    });
    match reason {
        Reason::Request => found.or_else(|| window(view)),
        Reason::Size { tokens, limit } => {
            let is_too_long = limit.is_some_and(|limit| tokens > limit);
            found.or_else(|| is_too_long.then(|| window(view)).flatten())
        }
    }
}

/// Returns the length of the beginning that always stays: the first message and the facts
/// that came with it.
pub(crate) fn head(view: &[Arc<Event>]) -> usize {
    let is_message = |event: &Arc<Event>| {
        event.draft.source == EventSource::User
            && matches!(event.action(), Some(Action::Message(_)))
    };
    let Some(first) = view.iter().position(is_message) else { return 0 };
    let is_recall = |event: &&Arc<Event>| match &event.draft.body {
        EventBody::Observation(Observation::Recall(_)) | EventBody::Action(Action::Recall(_)) => {
            true
        }
        EventBody::Observation(_) | EventBody::Action(_) => false,
    };
    first + 1 + view[first + 1..].iter().take_while(is_recall).count()
}

/// Returns the first place from `index` on at which the view may be cut: between turns.
pub(crate) fn next_safe(view: &[Arc<Event>], index: usize) -> usize {
    let safe = safe_places(view);
    (index..view.len()).find(|place| safe[*place]).unwrap_or(view.len())
}

/// A place is safe if no answer of the model, with its calls and results, lies across it.
fn safe_places(view: &[Arc<Event>]) -> Vec<bool> {
    let mut safe = vec![true; view.len() + 1];
    let mut first_of: HashMap<Group<'_>, usize> = HashMap::new();
    for (index, event) in view.iter().enumerate() {
        for group in Group::of(event) {
            let first = *first_of.entry(group).or_insert(index);
            for place in &mut safe[(first + 1).min(index + 1)..=index] {
                *place = false;
            }
        }
    }
    safe
}

/// What must stay together.
#[derive(Debug, PartialEq, Eq, Hash)]
enum Group<'a> {
    Response(&'a str, &'a str),
    Action(EventId),
}

impl<'a> Group<'a> {
    fn of(event: &'a Event) -> Vec<Self> {
        if let Some(call) = &event.draft.tool_call {
            let response = &call.model_response;
            let first = response.tool_calls.first().map_or("", |call| call.id.0.as_str());
            return vec![Self::Response(&response.id, first)];
        }
        let own = event.action().map(|_| Self::Action(event.id));
        own.into_iter().chain(event.draft.cause.map(Self::Action)).collect()
    }
}

/// Says whether the view may be cut before the event at `place`.
pub(crate) fn is_safe(view: &[Arc<Event>], place: usize) -> bool {
    safe_places(view).get(place).copied().unwrap_or(true)
}

/// Everything but the beginning goes.
pub(crate) fn reset_plan(view: &[Arc<Event>]) -> Option<CondensationPlan> {
    between(view, next_safe(view, head(view)), view.len(), None)
}

/// The newest half stays.
fn window(view: &[Arc<Event>]) -> Option<CondensationPlan> {
    let head = head(view);
    let rest = view.len().checked_sub(head).filter(|rest| *rest > 1)?;
    let kept = (rest / 2).max(1);
    let cut = next_safe(view, view.len() - kept);
    // A last turn that is longer than half of everything goes too, rather than nothing.
    let start = next_safe(view, head);
    between(view, start, cut, None)
}

fn middle(
    view: &[Arc<Event>],
    sizes: Sizes,
    reason: Reason,
    llm: Option<&LlmCondenser>,
) -> Option<CondensationPlan> {
    let wanted = match reason {
        Reason::Request => view.len().min(sizes.max_size) / 2,
        Reason::Size { tokens, limit } => {
            let limit = [sizes.max_tokens, limit].into_iter().flatten().min();
            let too_long = limit.is_some_and(|limit| tokens > limit);
            if view.len() < sizes.max_size && !too_long {
                return None;
            }
            let by_tokens = limit.filter(|_| too_long).map(|limit| newest_within(view, limit / 2));
            (view.len().min(sizes.max_size) / 2).min(by_tokens.unwrap_or(usize::MAX))
        }
    };
    let kept_first = sizes.keep_first.saturating_sub(1).max(head(view));
    let head = next_safe(view, kept_first.min(view.len()));
    let tail = wanted.saturating_sub(head + 1).max(1);
    let cut = next_safe(view, view.len().saturating_sub(tail));
    let mut plan = between(view, head, cut, llm)?;
    if let Some(llm) = llm
        && llm.form == LlmForm::Attention
    {
        plan.chosen = tail;
    }
    Some(plan)
}

/// How many events at the end have no more than so many tokens.
fn newest_within(view: &[Arc<Event>], tokens: u64) -> usize {
    let mut sum = 0;
    view.iter()
        .rev()
        .take_while(|event| {
            sum += estimate_tokens(event);
            sum <= tokens
        })
        .count()
}

/// Returns about how many tokens an event has in a request: four characters each.
pub(crate) fn estimate_tokens(event: &Event) -> u64 {
    let length = match &event.draft.body {
        EventBody::Observation(observation) => observation.content().len(),
        EventBody::Action(Action::Message(message)) => message.content.len(),
        EventBody::Action(_) => event.draft.tool_call.as_ref().map_or(0, |call| {
            let calls = &call.model_response.tool_calls;
            let own = calls.iter().find(|known| known.id == call.tool_call_id);
            own.map_or(0, |call| call.arguments.len())
        }),
    };
    (length / 4) as u64 + 8
}

fn between(
    view: &[Arc<Event>],
    start: usize,
    end: usize,
    llm: Option<&LlmCondenser>,
) -> Option<CondensationPlan> {
    let forgotten = view.get(start..end)?;
    #[allow(clippy::cast_precision_loss, reason = "views are short")]
    let least = (view.len() as f64 * LEAST_SHARE).ceil() as usize;
    let events: Vec<&Arc<Event>> = forgotten.iter().filter(|event| !is_summary(event)).collect();
    if events.len() < least.max(1) {
        return None;
    }
    let safe = safe_places(view);
    let mut groups: Vec<Vec<EventId>> = Vec::new();
    for (index, event) in view.iter().enumerate().take(end).skip(start) {
        if is_summary(event) {
            continue;
        }
        match groups.last_mut() {
            Some(group) if !safe[index] => group.push(event.id),
            Some(_) | None => groups.push(vec![event.id]),
        }
    }
    Some(CondensationPlan {
        start: events.iter().map(|event| event.id).min()?,
        end: events.iter().map(|event| event.id).max()?,
        offset: start,
        condenser: llm.cloned(),
        fallback: None,
        groups,
        chosen: 0,
    })
}
