//! The `message` of an event: a short text for people.

use oh_event::{Action, EventBody, Observation, TaskTrackingAction};

/// Says what a finished agent says when it left no words of its own.
const CLOSING_PHRASE: &str = "The task is finished.";

/// Returns the `message` of an event.
pub(crate) fn message(body: &EventBody) -> String {
    match body {
        EventBody::Action(action) => action_message(action),
        EventBody::Observation(observation) => observation_message(observation),
    }
}

fn action_message(action: &Action) -> String {
    match action {
        Action::Message(a) => a.content.clone(),
        Action::System(a) => a.content.clone(),
        Action::Run(a) => format!("Running command: {}", a.command),
        Action::RunIpython(a) => format!("Running a Python cell: {}", a.code),
        Action::Read(a) => format!("Reading file: {}", a.path),
        Action::Write(a) => format!("Writing file: {}", a.path),
        Action::Edit(_) | Action::LoopRecovery(_) => String::new(),
        Action::Browse(a) => format!("Opening {}", a.url),
        Action::BrowseInteractive(a) => {
            format!("In the browser: {}", a.browser_actions)
        }
        Action::CallToolMcp(a) => {
            format!("Calling the tool {}", a.name)
        }
        Action::Think(a) => format!("I am thinking...: {}", a.thought),
        Action::Finish(a) if a.thought.is_empty() => CLOSING_PHRASE.to_owned(),
        Action::Finish(a) => a.thought.clone(),
        Action::Reject(_) => "The agent refuses the task.".to_owned(),
        Action::Delegate(a) => format!("Handing over to {}", a.agent),
        Action::Recall(a) => {
            let query: String = a.query.chars().take(50).collect();
            format!("Retrieving content for: {query}")
        }
        Action::ChangeAgentState(a) => {
            format!("Agent state changed to {}", a.agent_state.as_str())
        }
        Action::Condensation(a) => match (&a.summary, &a.forgotten_event_ids) {
            (Some(summary), _) => format!("Summary: {summary}"),
            (None, Some(ids)) => {
                let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
                format!("Condenser is dropping the events: [{}].", ids.join(", "))
            }
            (None, None) => match (a.forgotten_events_start_id, a.forgotten_events_end_id) {
                (Some(start), Some(end)) => {
                    format!("Condenser is dropping the events: {start} to {end}.")
                }
                (Some(_) | None, Some(_) | None) => "Condenser is dropping no events.".to_owned(),
            },
        },
        Action::CondensationRequest(_) => {
            "Requesting a condensation of the conversation history.".to_owned()
        }
        Action::TaskTracking(a) => task_tracking_message(a),
        Action::Null(_) => "No action".to_owned(),
    }
}

fn task_tracking_message(action: &TaskTrackingAction) -> String {
    match action.task_list.len() {
        0 => "Managing no task items.".to_owned(),
        1 => "Managing 1 task item.".to_owned(),
        n => format!("Managing {n} task items."),
    }
}

fn observation_message(observation: &Observation) -> String {
    match observation {
        Observation::Run(o) => {
            format!("Command `{}` executed with exit code {}.", o.command, o.metadata.exit_code)
        }
        Observation::RunIpython(_) => "The Python cell has run.".to_owned(),
        Observation::Read(o) => format!("I read the file {}.", o.path),
        Observation::Write(o) => format!("I wrote to the file {}.", o.path),
        Observation::Edit(o) => format!("I edited the file {}.", o.path),
        Observation::Browse(o) => format!("The page {} is open", o.url),
        Observation::Download(o) => format!("Downloaded {}", o.file_path),
        Observation::Recall(o) => o.content.clone(),
        Observation::AgentStateChanged(_)
        | Observation::Delegate(_)
        | Observation::LoopDetection(_) => String::new(),
        Observation::Error(o) => o.content.clone(),
        Observation::Mcp(o) => o.content.clone(),
        Observation::TaskTracking(o) => o.content.clone(),
        Observation::Think(o)
        | Observation::Success(o)
        | Observation::Condense(o)
        | Observation::UserRejected(o) => o.content.clone(),
        Observation::Null(_) => "No observation".to_owned(),
    }
}
