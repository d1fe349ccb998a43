//! `task_tracker` and `request_condensation`: the agent's own plan and memory.

use oh_chat::ToolSpec;
use oh_event::{
    Action, CondensationRequestAction, TaskItem, TaskStatus, TaskTrackingAction,
    TaskTrackingObservation,
};
use serde_json::{Value, json};

use super::ParsedCall;
use super::arguments::Arguments;

pub(crate) const TRACKER: &str = "task_tracker";
pub(crate) const CONDENSATION: &str = "request_condensation";

const DESCRIPTION: &str = "Keeps your plan for work of several steps, where the user sees it and where it outlives a shortened history. `plan` replaces the whole list, `view` returns it. Use it for anything of three steps or more; not for a single change or a question. One task is in progress at a time; mark it done as soon as it is, and add what you find on the way.";

pub(crate) fn tracker_spec() -> ToolSpec {
    let item = json!({
        "type": "object",
        "properties": {
            "id": {"type": "string", "description": "A short name that stays."},
            "title": {"type": "string", "description": "The task, in a few words."},
            "status": {"type": "string", "enum": ["todo", "in_progress", "done"]},
            "notes": {"type": "string", "description": "What is worth remembering of it."},
        },
        "required": ["title", "status", "id"],
        "additionalProperties": false,
    });
    ToolSpec {
        name: TRACKER.to_owned(),
        description: DESCRIPTION.to_owned(),
        parameters: json!({
            "type": "object",
            "properties": {
                "command": {
                    "type": "string",
                    "enum": ["view", "plan"],
                    "description": "`view` returns the list, `plan` replaces it.",
                },
                "task_list": {
                    "type": "array",
                    "items": item,
                    "description": "The whole list; required for `plan`.",
                },
            },
            "required": ["command"],
            "additionalProperties": false,
        })
        .to_string(),
    }
}

pub(crate) fn condensation_spec() -> ToolSpec {
    ToolSpec {
        name: CONDENSATION.to_owned(),
        description: "Asks for the older part of this conversation to be replaced by a summary. Use it when a long piece of work is behind you and its details are no longer needed.".to_owned(),
        parameters: json!({"type": "object", "properties": {}}).to_string(),
    }
}

pub(crate) fn parse_condensation(_: &Arguments<'_>) -> Result<ParsedCall, String> {
    let action = Action::CondensationRequest(CondensationRequestAction {});
    Ok(ParsedCall { action, timeout: None })
}

pub(crate) fn parse_tracker(arguments: &Arguments<'_>) -> Result<ParsedCall, String> {
    arguments.check_names(&["command", "task_list", "security_risk"])?;
    let command = arguments.required_text("command")?;
    let task_list = match (command.as_str(), arguments.list("task_list")?) {
        ("plan", None) => {
            return Err(format!(
                "Missing required argument `task_list` in the call of `{TRACKER}` with `plan`."
            ));
        }
        ("plan", Some(items)) => items
            .iter()
            .enumerate()
            .map(|(index, item)| task(index, item))
            .collect::<Result<_, _>>()?,
        (_, _) => Vec::new(),
    };
    let action =
        Action::TaskTracking(TaskTrackingAction { command, task_list, thought: String::new() });
    Ok(ParsedCall { action, timeout: None })
}

fn task(index: usize, item: &Value) -> Result<TaskItem, String> {
    let Value::Object(fields) = item else {
        return Err(format!(
            "Item {} of `task_list` of `{TRACKER}` must be an object with id, title, status and notes.",
            index + 1
        ));
    };
    let text = |name: &str| match fields.get(name) {
        Some(Value::String(text)) if !text.is_empty() => Some(text.clone()),
        Some(Value::Number(number)) => Some(number.to_string()),
        Some(_) | None => None,
    };
    Ok(TaskItem {
        id: text("id").unwrap_or_else(|| format!("task-{}", index + 1)),
        title: text("title").unwrap_or_else(|| format!("Task {}", index + 1)),
        status: match text("status").as_deref() {
            Some("in_progress") => TaskStatus::InProgress,
            Some("done") => TaskStatus::Done,
            Some(_) | None => TaskStatus::Todo,
        },
        notes: text("notes").unwrap_or_default(),
    })
}

/// Answers the tool: `tasks` is the list as it stands before.
pub(crate) fn track(action: &TaskTrackingAction, tasks: &[TaskItem]) -> TaskTrackingObservation {
    let content = match action.command.as_str() {
        "plan" => format!("The task list has {} items now.", action.task_list.len()),
        "view" if tasks.is_empty() => {
            "There is no task list yet. Use `plan` to make one.".to_owned()
        }
        "view" => json(tasks),
        other => format!("Unknown command `{other}`. The commands are `view` and `plan`."),
    };
    TaskTrackingObservation {
        content,
        command: action.command.clone(),
        task_list: action.task_list.clone(),
    }
}

fn json(tasks: &[TaskItem]) -> String {
    let tasks: Vec<Value> = tasks
        .iter()
        .map(|task| {
            let status = match task.status {
                TaskStatus::Todo => "todo",
                TaskStatus::InProgress => "in_progress",
                TaskStatus::Done => "done",
            };
            json!({"id": task.id, "title": task.title, "status": status, "notes": task.notes})
        })
        .collect();
    Value::Array(tasks).to_string()
}
