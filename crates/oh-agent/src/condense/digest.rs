//! A summary that no model writes: the words of the user and what was done, in short.

use std::fmt::Write as _;
use std::sync::Arc;

use oh_event::{Action, Event, EventBody, EventSource, Observation};

use super::view::is_summary;
use crate::text::without_middle;

/// Longest digest, in characters.
const LENGTH: usize = 6000;
/// Longest line of it.
const LINE: usize = 160;
/// Longest message of a user in it.
const MESSAGE: usize = 600;
/// Longest earlier summary in it.
const EARLIER: usize = 3000;

/// Returns what happened in `events`, the newest of it if there is too much.
pub(crate) fn digest(events: &[Arc<Event>]) -> String {
    let mut earlier = String::new();
    let mut lines: Vec<String> = Vec::new();
    for event in events {
        if is_summary(event) {
            earlier = shortened(event.observation().map_or("", Observation::content), EARLIER);
        } else if let Some(line) = line_of(event) {
            lines.push(line);
        }
    }
    let mut text = String::from("Earlier events were left out. What they were, in short:");
    if !earlier.is_empty() {
        let _ = write!(text, "\n{earlier}\n");
    }
    let room = LENGTH.saturating_sub(text.len());
    let mut kept: Vec<&String> = Vec::new();
    let mut size = 0;
    for line in lines.iter().rev() {
        size += line.len() + 1;
        if size > room {
            break;
        }
        kept.push(line);
    }
    if kept.len() < lines.len() {
        let _ = write!(text, "\n- ({} older steps)", lines.len() - kept.len());
    }
    for line in kept.into_iter().rev() {
        let _ = write!(text, "\n{line}");
    }
    text
}

fn line_of(event: &Event) -> Option<String> {
    match &event.draft.body {
        EventBody::Action(Action::Message(message)) if event.draft.source == EventSource::User => {
            Some(format!("- The user said: {}", shortened(&message.content, MESSAGE)))
        }
        EventBody::Action(action) => digest_line(action).map(|line| format!("- {line}")),
        EventBody::Observation(Observation::Error(error)) => {
            Some(format!("- It failed: {}", one_line(&error.content, LINE)))
        }
        EventBody::Observation(Observation::Run(run)) if run.metadata.exit_code != 0 => {
            let last = run.content.lines().rev().find(|line| !line.trim().is_empty());
            let last = one_line(last.unwrap_or_default(), LINE);
            Some(format!("- Exit code {}: {last}", run.metadata.exit_code))
        }
        EventBody::Observation(_) => None,
    }
}

/// Says in a line what an action of the agent did.
pub(crate) fn digest_line(action: &Action) -> Option<String> {
    let line = |label: &str, text: &str| Some(format!("{label}: {}", one_line(text, LINE)));
    match action {
        Action::Message(message) => line("You said", &message.content),
        Action::Run(run) => line("Ran", &run.command),
        Action::RunIpython(cell) => line("Ran Python", &cell.code),
        Action::Read(read) => line("Read", &read.path),
        Action::Write(write) => line("Wrote", &write.path),
        Action::Edit(edit) => line("Edited", &format!("{} ({})", edit.path, edit.command)),
        Action::Browse(browse) => line("Opened", &browse.url),
        Action::BrowseInteractive(browse) => line("In the browser", &browse.browser_actions),
        Action::CallToolMcp(call) => {
            line("Called", &format!("{} {}", call.name, call.arguments.as_str()))
        }
        Action::Think(think) => line("Thought", &think.thought),
        Action::Finish(finish) => line("Finished", &finish.final_thought),
        Action::Delegate(delegate) => line("Delegated", delegate.inputs.as_str()),
        Action::TaskTracking(_)
        | Action::System(_)
        | Action::Reject(_)
        | Action::Recall(_)
        | Action::ChangeAgentState(_)
        | Action::Condensation(_)
        | Action::CondensationRequest(_)
        | Action::LoopRecovery(_)
        | Action::Null(_) => None,
    }
}

fn one_line(text: &str, length: usize) -> String {
    shortened(&text.split_whitespace().collect::<Vec<_>>().join(" "), length)
}

/// Cuts the middle out of a text that is longer than `length` characters.
pub(crate) fn shortened(text: &str, length: usize) -> String {
    without_middle(text.to_owned(), length, " […] ")
}
