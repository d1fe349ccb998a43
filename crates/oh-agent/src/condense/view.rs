//! The view: what of the history the model sees.

use std::sync::Arc;

use oh_event::{
    CondensationAction, Event, EventBody, EventDraft, EventSource, Observation, PlainObservation,
};

use super::Condenser;

/// Takes what was forgotten out of the view and puts the summary in.
pub(crate) fn forget(view: &mut Vec<Arc<Event>>, event: &Event, action: &CondensationAction) {
    let has_summary = action.summary.is_some();
    let is_forgotten = |known: &Arc<Event>| {
        if is_summary(known) {
            // Only a newer summary takes the place of a summary.
            return has_summary;
        }
        let is_listed =
            action.forgotten_event_ids.as_ref().is_some_and(|ids| ids.contains(&known.id));
        let is_in_range = match (action.forgotten_events_start_id, action.forgotten_events_end_id) {
            (Some(start), Some(end)) => (start..=end).contains(&known.id),
            (Some(_) | None, Some(_) | None) => false,
        };
        is_listed || is_in_range
    };
    view.retain(|known| !is_forgotten(known));
    let (Some(summary), Some(offset)) = (&action.summary, action.summary_offset) else { return };
    // OpenHands counts the system prompt, which is not among our events.
    let place = usize::try_from(offset.saturating_sub(1)).unwrap_or(0).min(view.len());
    let observation = Observation::Condense(PlainObservation { content: summary.clone() });
    let draft = EventDraft::of_observation(EventSource::Environment, observation);
    view.insert(place, Arc::new(Event { id: event.id, timestamp: event.timestamp, draft }));
}

pub(crate) fn is_summary(event: &Event) -> bool {
    matches!(event.observation(), Some(Observation::Condense(_)))
}

/// Returns the view as the masking condensers leave it.
pub(crate) fn masked(view: &[Arc<Event>], condensers: &[Condenser]) -> Vec<Arc<Event>> {
    let mut shown: Vec<Arc<Event>> = view.to_vec();
    for condenser in condensers {
        match condenser {
            Condenser::ObservationMasking { attention_window } => {
                mask_observations(&mut shown, *attention_window);
            }
            Condenser::BrowserOutputMasking { attention_window } => {
                mask_pages(&mut shown, *attention_window);
            }
            Condenser::Recent { keep_first, max_events } => {
                keep_recent(&mut shown, *keep_first, *max_events);
            }
            Condenser::ConversationWindow | Condenser::Amortized(_) | Condenser::Llm(_) => {}
        }
    }
    shown
}

fn mask_observations(view: &mut [Arc<Event>], window: usize) {
    let end = view.len().saturating_sub(window);
    for event in &mut view[..end] {
        let is_short = match event.observation() {
            Some(Observation::Recall(_) | Observation::Condense(_)) | None => true,
            Some(observation) => observation.content().len() < 200,
        };
        if !is_short {
            replace(event, "[This result is too long ago to be shown.]");
        }
    }
}

fn mask_pages(view: &mut [Arc<Event>], window: usize) {
    let mut shown = 0;
    for event in view.iter_mut().rev() {
        let Some(Observation::Browse(page)) = event.observation() else { continue };
        shown += 1;
        if shown > window {
            let text = format!("Visited {}\n[The page is left out.]", page.url);
            replace(event, &text);
        }
    }
}

fn keep_recent(view: &mut Vec<Arc<Event>>, keep_first: usize, max_events: usize) {
    let head = keep_first.saturating_sub(1).max(super::plan::head(view));
    let tail = max_events.saturating_sub(keep_first).max(1);
    let Some(cut) = view.len().checked_sub(tail).filter(|cut| *cut > head) else { return };
    let cut = super::plan::next_safe(view, cut);
    let head = super::plan::next_safe(view, head);
    if cut > head {
        view.drain(head..cut);
    }
}

/// The observation's answer stays, with other words: a call must have its result.
fn replace(event: &mut Arc<Event>, text: &str) {
    let observation = Observation::Success(PlainObservation { content: text.to_owned() });
    let draft = EventDraft { body: EventBody::Observation(observation), ..event.draft.clone() };
    *event = Arc::new(Event { id: event.id, timestamp: event.timestamp, draft });
}
