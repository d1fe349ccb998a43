//! What a model's answer leaves of the history.

use std::fmt::Write as _;

use oh_chat::{Completion, CompletionFailure};
use oh_event::{CondensationAction, EventId};

use super::request::{STATE_FIELDS, STATE_TOOL};
use super::{CondensationPlan, LlmForm};

pub(crate) fn action(
    plan: &CondensationPlan,
    answer: Option<&Result<Completion, CompletionFailure>>,
) -> CondensationAction {
    let form = plan.condenser.as_ref().map(|condenser| condenser.form);
    let completion = answer.and_then(|answer| answer.as_ref().ok());
    match (form, completion) {
        (Some(LlmForm::Attention), Some(completion)) => {
            if let Some(action) = chosen(plan, &completion.text) {
                return action;
            }
        }
        (Some(LlmForm::Structured), Some(completion)) => {
            if let Some(summary) = fields(completion) {
                return range(plan, Some(summary));
            }
        }
        (Some(LlmForm::Summary), Some(completion)) if !completion.text.trim().is_empty() => {
            return range(plan, Some(completion.text.trim().to_owned()));
        }
        (Some(_), Some(_) | None) | (None, Some(_) | None) => {}
    }
    range(plan, plan.fallback.clone())
}

fn range(plan: &CondensationPlan, summary: Option<String>) -> CondensationAction {
    // OpenHands counts the system prompt.
    let offset = i64::try_from(plan.offset + 1).unwrap_or(1);
    CondensationAction {
        forgotten_event_ids: None,
        forgotten_events_start_id: Some(plan.start),
        forgotten_events_end_id: Some(plan.end),
        summary_offset: summary.is_some().then_some(offset),
        summary,
    }
}

/// The fixed fields, as a tool call or as JSON in the text.
fn fields(completion: &Completion) -> Option<String> {
    let call = completion.tool_calls.iter().find(|call| call.name == STATE_TOOL);
    let json = call.map_or(completion.text.as_str(), |call| &call.arguments);
    let fields: serde_json::Map<String, serde_json::Value> = serde_json::from_str(json).ok()?;
    let mut text = String::new();
    for (name, value) in
        STATE_FIELDS.iter().filter_map(|(name, _)| Some((name, fields.get(*name)?)))
    {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        if !value.trim().is_empty() {
            let _ = writeln!(text, "{}: {}", name.to_uppercase().replace('_', " "), value.trim());
        }
    }
    (!text.is_empty()).then_some(text)
}

/// Keeps whole turns with the events that the model chose; short lists are filled from the
/// newest.
fn chosen(plan: &CondensationPlan, text: &str) -> Option<CondensationAction> {
    let json = text.get(text.find('{')?..=text.rfind('}')?)?;
    let answer: serde_json::Value = serde_json::from_str(json).ok()?;
    let ids = answer.get("ids")?.as_array()?;
    let wanted: Vec<EventId> = ids.iter().filter_map(|id| id.as_u64().map(EventId)).collect();
    let mut kept: Vec<&Vec<EventId>> = Vec::new();
    let mut count = 0;
    let by_choice =
        wanted.iter().filter_map(|id| plan.groups.iter().find(|group| group.contains(id)));
    for group in by_choice.chain(plan.groups.iter().rev()) {
        // At least half of the turns go, or nothing would be gained.
        let has_room = count + group.len() <= plan.chosen && kept.len() < plan.groups.len() / 2;
        if has_room && !kept.contains(&group) {
            count += group.len();
            kept.push(group);
        }
    }
    let forgotten: Vec<EventId> =
        plan.groups.iter().filter(|group| !kept.contains(group)).flatten().copied().collect();
    (!forgotten.is_empty()).then(|| CondensationAction {
        forgotten_event_ids: Some(forgotten),
        ..CondensationAction::default()
    })
}
