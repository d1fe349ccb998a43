//! What clients send: the standard form and the one of OpenHands' WebSocket guide.

use oh_event::{Action, AgentState, EventDraft, EventSource};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::action_json::parse_action;
use crate::rejection::{Rejection, RejectionCode};

/// Longest `client_id`, in characters.
const MAX_CLIENT_ID_CHARS: usize = 64;

/// An action as a client sent it.
#[derive(Debug, Clone, PartialEq)]
pub struct ClientAction {
    /// The action, with the user as its source.
    pub draft: EventDraft,
    /// The client's own name for the action, under which it may safely be sent again.
    pub client_id: Option<String>,
}

/// Reads an action of a client: `{"action":…,"args":{…}}` or `{"type":"message","message":…}`.
///
/// Unknown keys are ignored, and so are `id`, `source`, `cause`, `timestamp` and metadata:
/// a client cannot speak for the agent.
///
/// # Errors
/// Returns what is wrong and what would be right.
pub fn parse_client_action(text: &str) -> Result<ClientAction, Rejection> {
    let value: Value = serde_json::from_str(text)
        .map_err(|error| malformed(format!("the action is not valid JSON: {error}")))?;
    let Value::Object(mut object) = value else {
        return Err(malformed(
            "an action must be a JSON object such as {\"action\":\"message\",\"args\":{\"content\":\"hello\"}}"
                .to_owned(),
        ));
    };
    let client_id = parse_client_id(object.get("client_id"))?;
    let timeout = parse_timeout(object.get("timeout"))?;
    let (name, args) = normalize(&mut object)?;
    let action = parse_arguments(&name, args)?;
    check_allowed(&action)?;
    let mut draft = EventDraft::of_action(EventSource::User, action);
    draft.timeout = timeout;
    Ok(ClientAction { draft, client_id })
}

fn malformed(message: String) -> Rejection {
    Rejection { code: RejectionCode::MalformedAction, message }
}

fn invalid(message: String) -> Rejection {
    Rejection { code: RejectionCode::InvalidArguments, message }
}

fn parse_client_id(value: Option<&Value>) -> Result<Option<String>, Rejection> {
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(id)) if !id.is_empty() && id.chars().count() <= MAX_CLIENT_ID_CHARS => {
            Ok(Some(id.clone()))
        }
        Some(_) => Err(invalid(format!(
            "`client_id` must be a string of 1 to {MAX_CLIENT_ID_CHARS} characters"
        ))),
    }
}

fn parse_timeout(value: Option<&Value>) -> Result<Option<f64>, Rejection> {
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(value) => match value.as_f64() {
            Some(seconds) if seconds > 0.0 && seconds <= 86_400.0 => Ok(Some(seconds)),
            Some(_) | None => {
                Err(invalid("`timeout` must be a number of seconds between 0 and 86400".to_owned()))
            }
        },
    }
}

/// Brings both forms to an action name and its arguments.
fn normalize(object: &mut Map<String, Value>) -> Result<(String, Map<String, Value>), Rejection> {
    match object.remove("action") {
        Some(Value::String(name)) => {
            let args = match object.remove("args") {
                None | Some(Value::Null) => Map::new(),
                Some(Value::Object(args)) => args,
                Some(_) => return Err(invalid("`args` must be an object".to_owned())),
            };
            Ok((name, args))
        }
        Some(_) => Err(malformed("`action` must be a string".to_owned())),
        None => normalize_guide_form(object),
    }
}

/// `{"type":"message","source":"user","message":"text"}` and its relatives.
fn normalize_guide_form(
    object: &mut Map<String, Value>,
) -> Result<(String, Map<String, Value>), Rejection> {
    if object.contains_key("observation") {
        return Err(Rejection {
            code: RejectionCode::NotAllowed,
            message: "clients may not send observations".to_owned(),
        });
    }
    let name = match object.remove("type") {
        Some(Value::String(name)) => name,
        Some(_) => return Err(malformed("`type` must be a string".to_owned())),
        None => {
            return Err(malformed(
                "the action needs a string `action` (or `type`), for example \"message\""
                    .to_owned(),
            ));
        }
    };
    let args = match object.remove("args") {
        None | Some(Value::Null) => None,
        Some(Value::Object(args)) => Some(args),
        Some(_) => return Err(invalid("`args` must be an object".to_owned())),
    };
    if name != "message" {
        return match args {
            Some(args) => Ok((name, args)),
            None if parse_action(&name, "{}").is_none() => Err(unknown(&name)),
            None => Err(invalid(format!("an action of type `{name}` needs an object `args`"))),
        };
    }
    let mut args = args.unwrap_or_default();
    if !args.contains_key("content") {
        let content = object.remove("message").or_else(|| object.remove("content"));
        let content = content.ok_or_else(|| {
            invalid("a message needs its text in `message`, `content` or `args.content`".to_owned())
        })?;
        args.insert("content".to_owned(), content);
    }
    for key in ["image_urls", "file_urls"] {
        if let (false, Some(urls)) = (args.contains_key(key), object.remove(key)) {
            args.insert(key.to_owned(), urls);
        }
    }
    Ok((name, args))
}

fn unknown(name: &str) -> Rejection {
    Rejection {
        code: RejectionCode::UnknownAction,
        message: format!(
            "unknown action `{name}`; clients may send message, change_agent_state, run, condensation_request, loop_recovery, delegate and recall"
        ),
    }
}

fn parse_arguments(name: &str, mut args: Map<String, Value>) -> Result<Action, Rejection> {
    if let (true, Some(Value::String(state))) =
        (name == "change_agent_state", args.get("agent_state"))
        && AgentState::from_name(state).is_none()
    {
        return Err(invalid(format!("unknown agent state `{state}`")));
    }
    // Legacy names must not stand beside the present ones.
    for (legacy, present) in [("images_urls", "image_urls"), ("is_confirmed", "confirmation_state")]
    {
        if let Some(value) = args.remove(legacy) {
            args.entry(present).or_insert(value);
        }
    }
    let text = Value::Object(args).to_string();
    let raw: &RawValue =
        serde_json::from_str(&text).map_err(|error| malformed(error.to_string()))?;
    match parse_action(name, raw.get()) {
        None => Err(unknown(name)),
        Some(Err(error)) => Err(invalid(format!("the arguments of `{name}` do not fit: {error}"))),
        Some(Ok(action)) => Ok(action),
    }
}

fn check_allowed(action: &Action) -> Result<(), Rejection> {
    match action {
        Action::Message(message) => {
            let has_attachment = [&message.image_urls, &message.file_urls]
                .into_iter()
                .any(|urls| urls.as_ref().is_some_and(|urls| !urls.is_empty()));
            if message.content.is_empty() && !has_attachment {
                Err(invalid("a message needs a text, an image or a file".to_owned()))
            } else {
                Ok(())
            }
        }
        Action::ChangeAgentState(change) => match change.agent_state {
            AgentState::Running
            | AgentState::Paused
            | AgentState::Stopped
            | AgentState::UserConfirmed
            | AgentState::UserRejected
            | AgentState::AwaitingUserInput
            | AgentState::Finished => Ok(()),
            AgentState::Loading
            | AgentState::Rejected
            | AgentState::Error
            | AgentState::AwaitingUserConfirmation
            | AgentState::RateLimited => Err(Rejection {
                code: RejectionCode::NotAllowed,
                message: format!(
                    "a client may not set the state `{}`; allowed are running, paused, stopped, user_confirmed, user_rejected, awaiting_user_input and finished",
                    change.agent_state.as_str()
                ),
            }),
        },
        Action::Run(_)
        | Action::CondensationRequest(_)
        | Action::LoopRecovery(_)
        | Action::Delegate(_)
        | Action::Recall(_) => Ok(()),
        Action::System(_)
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
        | Action::Condensation(_)
        | Action::TaskTracking(_)
        | Action::Null(_) => Err(Rejection {
            code: RejectionCode::NotAllowed,
            message: format!("clients may not send the action `{}`", action.name()),
        }),
    }
}
