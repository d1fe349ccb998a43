//! Events as people read them in a terminal.

use oh_event::{
    Action, AgentState, CommandMetadata, Event, EventBody, EventSource, Observation, TaskStatus,
};

use super::paint::Color::{Bold, Cyan, Dim, Green, Red};
use super::paint::{Paint, harmless};

/// Lines that are shown of an output: the first ones, and the last ones, where the point is.
const HEAD_LINES: usize = 6;
const TAIL_LINES: usize = 12;
/// Lines that are shown of a change.
const DIFF_LINES: usize = 40;
/// Longest line.
const LINE_LENGTH: usize = 400;

/// Returns what is shown of an event, if anything is.
pub(super) fn describe(event: &Event, seconds: Option<f64>, paint: Paint) -> Option<String> {
    match &event.draft.body {
        EventBody::Action(action) => describe_action(action, event.draft.source, paint),
        EventBody::Observation(observation) => describe_observation(observation, seconds, paint),
    }
}

fn describe_action(action: &Action, source: EventSource, paint: Paint) -> Option<String> {
    let command = |sign: &str, text: &str| paint.paint(Cyan, &format!("{sign} {}", clean(text)));
    let (thought, line) = match action {
        Action::Message(message) => {
            let text = clean(&message.content);
            let line = match source {
                EventSource::User => {
                    paint.paint(Bold, &format!("> {}", text.replace('\n', "\n  ")))
                }
                EventSource::Agent | EventSource::Environment => text,
            };
            ("", line)
        }
        Action::Run(run) if run.hidden => return None,
        Action::Run(run) if run.is_input => (&*run.thought, command("<", &run.command)),
        Action::Run(run) => (&*run.thought, command("$", &run.command)),
        Action::RunIpython(cell) => (&*cell.thought, command("python>", &cell.code)),
        Action::Read(read) => (&*read.thought, command("read", &read.path)),
        Action::Write(write) => (&*write.thought, command("write", &write.path)),
        Action::Edit(edit) => (&*edit.thought, command("edit", &edit.path)),
        Action::Browse(browse) => (&*browse.thought, command("browse", &browse.url)),
        Action::BrowseInteractive(browse) => {
            (&*browse.thought, command("browse", &browse.browser_actions))
        }
        Action::CallToolMcp(call) => {
            let text = format!("{} {}", call.name, call.arguments.as_str());
            (&*call.thought, command("call", &text))
        }
        Action::Think(think) => ("", paint.paint(Dim, &clean(&think.thought))),
        Action::Delegate(delegate) => (&*delegate.thought, command("delegate to", &delegate.agent)),
        Action::TaskTracking(tracking) if tracking.command == "plan" => {
            let tasks = tracking.task_list.iter().map(|task| {
                let sign = match task.status {
                    TaskStatus::Todo => "[ ]",
                    TaskStatus::InProgress => "[~]",
                    TaskStatus::Done => "[x]",
                };
                format!("{sign} {}", clean(&task.title))
            });
            (&*tracking.thought, tasks.collect::<Vec<_>>().join("\n"))
        }
        // The final answer has a place of its own.
        Action::Finish(finish) => (&*finish.thought, String::new()),
        Action::Reject(reject) => (&*reject.thought, paint.paint(Red, "The task was refused.")),
        Action::Condensation(_) => {
            ("", paint.paint(Dim, "(What is long ago is summarized from here on.)"))
        }
        Action::System(_)
        | Action::TaskTracking(_)
        | Action::Recall(_)
        | Action::ChangeAgentState(_)
        | Action::CondensationRequest(_)
        | Action::LoopRecovery(_)
        | Action::Null(_) => return None,
    };
    let parts = [clean(thought), line];
    let parts: Vec<_> = parts.into_iter().filter(|part| !part.trim().is_empty()).collect();
    (!parts.is_empty()).then(|| parts.join("\n"))
}

fn describe_observation(
    observation: &Observation,
    seconds: Option<f64>,
    paint: Paint,
) -> Option<String> {
    let text = match observation {
        Observation::Run(run) if run.hidden => return None,
        Observation::Run(run) => {
            let output = dimmed(&run.content, paint);
            let end = end_of_command(&run.metadata, seconds, paint);
            [output, Some(end)].into_iter().flatten().collect::<Vec<_>>().join("\n")
        }
        Observation::Edit(edit) if edit.content.starts_with("ERROR:") => {
            paint.paint(Red, &shortened(&edit.content))
        }
        Observation::Edit(edit) => match edit.diff.as_deref().filter(|diff| !diff.is_empty()) {
            Some(diff) => change(diff, paint),
            None => paint.paint(Dim, &shortened(&edit.content)),
        },
        Observation::Read(read) => {
            let count = read.content.lines().count();
            let lines = if count == 1 { "1 line".to_owned() } else { format!("{count} lines") };
            paint.paint(Dim, &indented(&lines))
        }
        Observation::Error(error) => paint.paint(Red, &shortened(&error.content)),
        Observation::UserRejected(rejected) => paint.paint(Red, &shortened(&rejected.content)),
        Observation::LoopDetection(remark) => paint.paint(Dim, &shortened(&remark.content)),
        Observation::AgentStateChanged(change) if change.agent_state == AgentState::Error => {
            paint.paint(Red, &format!("Error: {}", clean(&change.reason)))
        }
        Observation::AgentStateChanged(change) if change.agent_state == AgentState::RateLimited => {
            paint.paint(Dim, &format!("The provider asks for patience. {}", clean(&change.reason)))
        }
        Observation::RunIpython(_)
        | Observation::Write(_)
        | Observation::Browse(_)
        | Observation::Mcp(_)
        | Observation::Delegate(_)
        | Observation::Success(_)
        | Observation::Download(_) => return dimmed(observation.content(), paint),
        Observation::Think(_)
        | Observation::TaskTracking(_)
        | Observation::Recall(_)
        | Observation::AgentStateChanged(_)
        | Observation::Condense(_)
        | Observation::Null(_) => return None,
    };
    Some(text)
}

fn end_of_command(metadata: &CommandMetadata, seconds: Option<f64>, paint: Paint) -> String {
    let time = seconds.filter(|seconds| *seconds >= 1.0);
    let time = time.map(|seconds| format!(" after {seconds:.1} s")).unwrap_or_default();
    match metadata.exit_code {
        0 => paint.paint(Green, &indented(&format!("exit 0{time}"))),
        -1 => paint.paint(Dim, &indented(&format!("still running{time}"))),
        code => paint.paint(Red, &indented(&format!("exit {code}{time}"))),
    }
}

fn change(diff: &str, paint: Paint) -> String {
    let is_head =
        |line: &&str| line.starts_with("---") || line.starts_with("+++") || line.starts_with("@@");
    let lines: Vec<&str> = diff.lines().filter(|line| !is_head(line)).collect();
    let mut shown: Vec<String> = lines
        .iter()
        .take(DIFF_LINES)
        .map(|line| {
            let text = indented(&cut(&harmless(line)));
            match line.chars().next() {
                Some('+') => paint.paint(Green, &text),
                Some('-') => paint.paint(Red, &text),
                Some(_) | None => paint.paint(Dim, &text),
            }
        })
        .collect();
    if lines.len() > DIFF_LINES {
        let rest = format!("… {} more lines", lines.len() - DIFF_LINES);
        shown.push(paint.paint(Dim, &indented(&rest)));
    }
    shown.join("\n")
}

fn dimmed(text: &str, paint: Paint) -> Option<String> {
    let text = shortened(text);
    (!text.trim().is_empty()).then(|| paint.paint(Dim, &text))
}

/// The first and the last lines, indented.
fn shortened(text: &str) -> String {
    let text = harmless(text.trim_end());
    let lines: Vec<&str> = text.lines().collect();
    let shown = |lines: &[&str]| lines.iter().map(|line| cut(line)).collect::<Vec<_>>().join("\n");
    if lines.len() <= HEAD_LINES + TAIL_LINES + 1 {
        return indented(&shown(&lines));
    }
    let (head, rest) = lines.split_at(HEAD_LINES);
    let (left_out, tail) = rest.split_at(rest.len() - TAIL_LINES);
    let count = left_out.len();
    indented(&format!("{}\n… {count} lines left out\n{}", shown(head), shown(tail)))
}

fn cut(line: &str) -> String {
    match line.char_indices().nth(LINE_LENGTH) {
        Some((at, _)) => format!("{}…", &line[..at]),
        None => line.to_owned(),
    }
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("  {line}")).collect::<Vec<_>>().join("\n")
}

fn clean(text: &str) -> String {
    harmless(text.trim())
}

#[cfg(test)]
mod tests {
    use oh_event::{
        AgentStateChangedObservation, EditObservation, EventDraft, EventId, FinishAction,
        MessageAction, RunAction, RunObservation, Timestamp,
    };

    use super::*;

    fn shown(draft: EventDraft, seconds: f64) -> Option<String> {
        let event = Event { id: EventId(0), timestamp: Timestamp(0), draft };
        describe(&event, Some(seconds), Paint::Plain)
    }

    fn did(action: Action) -> Option<String> {
        shown(EventDraft::of_action(EventSource::Agent, action), 0.0)
    }

    fn saw(observation: Observation) -> Option<String> {
        shown(EventDraft::of_observation(EventSource::Agent, observation), 2.25)
    }

    #[test]
    fn a_command_is_shown_with_its_reason_and_its_end() {
        let run = RunAction {
            command: "cargo test".to_owned(),
            thought: "Let me test.\x1b[2J".to_owned(),
            ..RunAction::default()
        };
        assert_eq!(did(Action::Run(run)).unwrap(), "Let me test.\n$ cargo test");
        let output = |content: &str, exit_code| {
            let metadata = CommandMetadata { exit_code, ..CommandMetadata::default() };
            let content = content.to_owned();
            saw(Observation::Run(RunObservation { content, metadata, ..RunObservation::default() }))
                .unwrap()
        };
        assert_eq!(output("ok\n", 0), "  ok\n  exit 0 after 2.2 s");
        assert_eq!(output("", 1), "  exit 1 after 2.2 s");
        let many: String = (1..=40).map(|n| format!("{n}\n")).collect();
        let long = output(&many, 0);
        assert!(long.starts_with("  1\n") && long.contains("\n  … 22 lines left out\n  29\n"));
        assert_eq!(long.lines().count(), HEAD_LINES + 1 + TAIL_LINES + 1, "{long}");
    }

    #[test]
    fn a_change_is_shown_as_lines() {
        let edit = |content: &str, diff: Option<&str>| {
            saw(Observation::Edit(EditObservation {
                content: content.to_owned(),
                path: "a".to_owned(),
                prev_exist: true,
                old_content: None,
                new_content: None,
                impl_source: oh_event::EditImplSource::OhAci,
                diff: diff.map(str::to_owned),
                diff_cache: None,
            }))
            .unwrap()
        };
        let diff = "--- a\n+++ a\n@@ -1 +1 @@\n x\n-old\n+new\n";
        assert_eq!(edit("done", Some(diff)), "   x\n  -old\n  +new");
        assert_eq!(edit("ERROR:\nno match", None), "  ERROR:\n  no match");
    }

    #[test]
    fn what_nobody_needs_is_not_shown() {
        assert_eq!(did(Action::Finish(FinishAction::default())), None);
        let hidden = RunAction { hidden: true, ..RunAction::default() };
        assert_eq!(did(Action::Run(hidden)), None);
        let state = |agent_state, reason: &str| {
            saw(Observation::AgentStateChanged(AgentStateChangedObservation {
                content: String::new(),
                agent_state,
                reason: reason.to_owned(),
                fault: None,
            }))
        };
        assert_eq!(state(AgentState::Running, ""), None);
        assert_eq!(state(AgentState::Error, "no key").unwrap(), "Error: no key");
    }

    #[test]
    fn messages_of_both_sides_differ() {
        let content = "one\ntwo".to_owned();
        let message = Action::Message(MessageAction { content, ..MessageAction::default() });
        assert_eq!(did(message.clone()).unwrap(), "one\ntwo");
        let own = EventDraft::of_action(EventSource::User, message);
        assert_eq!(shown(own, 0.0).unwrap(), "> one\n  two");
    }
}
