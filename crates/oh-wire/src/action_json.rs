//! `args` of every action: the field names, their order and their defaults.

use oh_event::{
    Action, AgentState, ConfirmationState, EditImplSource, EventId, OpaqueJson, ReadImplSource,
    RecallType, SecurityRisk, TaskItem,
};
use serde::{Deserialize, Serialize, Serializer};

#[cfg(feature = "typescript")]
use crate::nested::TaskItemDef;
use crate::nested::{event_id, event_ids, tasks};
use crate::scalar::{
    AgentStateDef, ConfirmationStateDef, EditImplSourceDef, ReadImplSourceDef, RecallTypeDef,
    opaque, opaque_list, risk,
};

/// An action's `args`.
pub(crate) struct Args<'a>(pub(crate) &'a Action);

impl Serialize for Args<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Action::Message(action) => MessageArgs::serialize(action, serializer),
            Action::System(action) => SystemArgs::serialize(action, serializer),
            Action::Run(action) => RunArgs::serialize(action, serializer),
            Action::RunIpython(action) => RunIpythonArgs::serialize(action, serializer),
            Action::Read(action) => ReadArgs::serialize(action, serializer),
            Action::Write(action) => WriteArgs::serialize(action, serializer),
            Action::Edit(action) => EditArgs::serialize(action, serializer),
            Action::Browse(action) => BrowseArgs::serialize(action, serializer),
            Action::BrowseInteractive(action) => {
                BrowseInteractiveArgs::serialize(action, serializer)
            }
            Action::CallToolMcp(action) => CallToolMcpArgs::serialize(action, serializer),
            Action::Think(action) => ThinkArgs::serialize(action, serializer),
            Action::Finish(action) => FinishArgs::serialize(action, serializer),
            Action::Reject(action) => RejectArgs::serialize(action, serializer),
            Action::Delegate(action) => DelegateArgs::serialize(action, serializer),
            Action::Recall(action) => RecallArgs::serialize(action, serializer),
            Action::ChangeAgentState(action) => ChangeAgentStateArgs::serialize(action, serializer),
            Action::Condensation(action) => CondensationArgs::serialize(action, serializer),
            Action::CondensationRequest(action) => {
                CondensationRequestArgs::serialize(action, serializer)
            }
            Action::TaskTracking(action) => TaskTrackingArgs::serialize(action, serializer),
            Action::LoopRecovery(action) => LoopRecoveryArgs::serialize(action, serializer),
            Action::Null(action) => NullArgs::serialize(action, serializer),
        }
    }
}

/// Reads the `args` of the action type `name`; `None` if there is no such type.
pub(crate) fn parse_action(name: &str, args: &str) -> Option<serde_json::Result<Action>> {
    let mut json = serde_json::Deserializer::from_str(args);
    let json = &mut json;
    Some(match name {
        "message" => MessageArgs::deserialize(json).map(Action::Message),
        "system" => SystemArgs::deserialize(json).map(Action::System),
        "run" => RunArgs::deserialize(json).map(Action::Run),
        "run_ipython" => RunIpythonArgs::deserialize(json).map(Action::RunIpython),
        "read" => ReadArgs::deserialize(json).map(Action::Read),
        "write" => WriteArgs::deserialize(json).map(Action::Write),
        "edit" => EditArgs::deserialize(json).map(Action::Edit),
        "browse" => BrowseArgs::deserialize(json).map(Action::Browse),
        "browse_interactive" => {
            BrowseInteractiveArgs::deserialize(json).map(Action::BrowseInteractive)
        }
        "call_tool_mcp" => CallToolMcpArgs::deserialize(json).map(Action::CallToolMcp),
        "think" => ThinkArgs::deserialize(json).map(Action::Think),
        "finish" => FinishArgs::deserialize(json).map(Action::Finish),
        "reject" => RejectArgs::deserialize(json).map(Action::Reject),
        "delegate" => DelegateArgs::deserialize(json).map(Action::Delegate),
        "recall" => RecallArgs::deserialize(json).map(Action::Recall),
        "change_agent_state" => {
            ChangeAgentStateArgs::deserialize(json).map(Action::ChangeAgentState)
        }
        "condensation" => CondensationArgs::deserialize(json).map(Action::Condensation),
        "condensation_request" => {
            CondensationRequestArgs::deserialize(json).map(Action::CondensationRequest)
        }
        "task_tracking" => TaskTrackingArgs::deserialize(json).map(Action::TaskTracking),
        "loop_recovery" => LoopRecoveryArgs::deserialize(json).map(Action::LoopRecovery),
        "null" => NullArgs::deserialize(json).map(Action::Null),
        _ => return None,
    })
}

fn yes() -> bool {
    true
}

fn is_false(flag: &bool) -> bool {
    !flag
}

/// OpenHands has the field only on commands and cells: elsewhere it is written only when it
/// says something.
fn is_confirmed(state: &ConfirmationState) -> bool {
    *state == ConfirmationState::Confirmed
}

fn one() -> i64 {
    1
}

fn minus_one() -> i64 {
    -1
}

fn view() -> String {
    "view".to_owned()
}

#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(remote = "oh_event::MessageAction")]
pub(crate) struct MessageArgs {
    pub(crate) content: String,
    #[serde(default)]
    pub(crate) file_urls: Option<Vec<String>>,
    #[serde(default, alias = "images_urls")]
    pub(crate) image_urls: Option<Vec<String>>,
    #[serde(default)]
    pub(crate) wait_for_response: bool,
    #[serde(default, with = "risk")]
    #[cfg_attr(feature = "typescript", ts(type = "-1 | 0 | 1 | 2"))]
    pub(crate) security_risk: SecurityRisk,
}

#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(remote = "oh_event::SystemAction")]
pub(crate) struct SystemArgs {
    pub(crate) content: String,
    #[serde(default, with = "opaque_list")]
    #[cfg_attr(feature = "typescript", ts(type = "unknown[] | null"))]
    pub(crate) tools: Option<Vec<OpaqueJson>>,
    #[serde(default)]
    pub(crate) openhands_version: Option<String>,
    #[serde(default)]
    pub(crate) agent_class: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(remote = "oh_event::RunAction")]
pub(crate) struct RunArgs {
    pub(crate) command: String,
    #[serde(default)]
    pub(crate) is_input: bool,
    #[serde(default)]
    pub(crate) thought: String,
    #[serde(default)]
    pub(crate) blocking: bool,
    #[serde(default)]
    pub(crate) is_static: bool,
    #[serde(default)]
    pub(crate) cwd: Option<String>,
    #[serde(default)]
    pub(crate) hidden: bool,
    #[serde(default, with = "ConfirmationStateDef", alias = "is_confirmed")]
    #[cfg_attr(feature = "typescript", ts(as = "ConfirmationStateDef"))]
    pub(crate) confirmation_state: ConfirmationState,
    #[serde(default, with = "risk")]
    #[cfg_attr(feature = "typescript", ts(type = "-1 | 0 | 1 | 2"))]
    pub(crate) security_risk: SecurityRisk,
    // OpenHands does not know these two: they are written only when they say something.
    #[serde(default, skip_serializing_if = "is_false")]
    #[cfg_attr(feature = "typescript", ts(type = "boolean", optional))]
    pub(crate) reset: bool,
    #[serde(default, skip_serializing_if = "is_false")]
    #[cfg_attr(feature = "typescript", ts(type = "boolean", optional))]
    pub(crate) kill_on_timeout: bool,
}

#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(remote = "oh_event::RunIpythonAction")]
pub(crate) struct RunIpythonArgs {
    pub(crate) code: String,
    #[serde(default)]
    pub(crate) thought: String,
    #[serde(default = "yes")]
    pub(crate) include_extra: bool,
    #[serde(default, with = "ConfirmationStateDef", alias = "is_confirmed")]
    #[cfg_attr(feature = "typescript", ts(as = "ConfirmationStateDef"))]
    pub(crate) confirmation_state: ConfirmationState,
    #[serde(default, with = "risk")]
    #[cfg_attr(feature = "typescript", ts(type = "-1 | 0 | 1 | 2"))]
    pub(crate) security_risk: SecurityRisk,
    #[serde(default)]
    pub(crate) kernel_init_code: String,
}

#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(remote = "oh_event::ReadAction")]
pub(crate) struct ReadArgs {
    pub(crate) path: String,
    #[serde(default)]
    #[cfg_attr(feature = "typescript", ts(type = "number"))]
    pub(crate) start: i64,
    #[serde(default = "minus_one")]
    #[cfg_attr(feature = "typescript", ts(type = "number"))]
    pub(crate) end: i64,
    #[serde(default)]
    pub(crate) thought: String,
    #[serde(default, with = "ConfirmationStateDef", skip_serializing_if = "is_confirmed")]
    #[cfg_attr(feature = "typescript", ts(as = "Option<ConfirmationStateDef>", optional))]
    pub(crate) confirmation_state: ConfirmationState,
    #[serde(default, with = "risk")]
    #[cfg_attr(feature = "typescript", ts(type = "-1 | 0 | 1 | 2"))]
    pub(crate) security_risk: SecurityRisk,
    #[serde(default, with = "ReadImplSourceDef")]
    #[cfg_attr(feature = "typescript", ts(as = "ReadImplSourceDef"))]
    pub(crate) impl_source: ReadImplSource,
    #[serde(default)]
    #[cfg_attr(feature = "typescript", ts(type = "number[] | null"))]
    pub(crate) view_range: Option<Vec<i64>>,
}

#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(remote = "oh_event::WriteAction")]
pub(crate) struct WriteArgs {
    pub(crate) path: String,
    pub(crate) content: String,
    #[serde(default)]
    #[cfg_attr(feature = "typescript", ts(type = "number"))]
    pub(crate) start: i64,
    #[serde(default = "minus_one")]
    #[cfg_attr(feature = "typescript", ts(type = "number"))]
    pub(crate) end: i64,
    #[serde(default)]
    pub(crate) thought: String,
    #[serde(default, with = "ConfirmationStateDef", skip_serializing_if = "is_confirmed")]
    #[cfg_attr(feature = "typescript", ts(as = "Option<ConfirmationStateDef>", optional))]
    pub(crate) confirmation_state: ConfirmationState,
    #[serde(default, with = "risk")]
    #[cfg_attr(feature = "typescript", ts(type = "-1 | 0 | 1 | 2"))]
    pub(crate) security_risk: SecurityRisk,
}

#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(remote = "oh_event::EditAction")]
pub(crate) struct EditArgs {
    pub(crate) path: String,
    #[serde(default)]
    pub(crate) command: String,
    #[serde(default)]
    pub(crate) file_text: Option<String>,
    #[serde(default)]
    pub(crate) old_str: Option<String>,
    #[serde(default)]
    pub(crate) new_str: Option<String>,
    #[serde(default)]
    #[cfg_attr(feature = "typescript", ts(type = "number | null"))]
    pub(crate) insert_line: Option<i64>,
    #[serde(default)]
    pub(crate) content: String,
    #[serde(default = "one")]
    #[cfg_attr(feature = "typescript", ts(type = "number"))]
    pub(crate) start: i64,
    #[serde(default = "minus_one")]
    #[cfg_attr(feature = "typescript", ts(type = "number"))]
    pub(crate) end: i64,
    #[serde(default)]
    pub(crate) thought: String,
    #[serde(default, with = "ConfirmationStateDef", skip_serializing_if = "is_confirmed")]
    #[cfg_attr(feature = "typescript", ts(as = "Option<ConfirmationStateDef>", optional))]
    pub(crate) confirmation_state: ConfirmationState,
    #[serde(default, with = "risk")]
    #[cfg_attr(feature = "typescript", ts(type = "-1 | 0 | 1 | 2"))]
    pub(crate) security_risk: SecurityRisk,
    #[serde(default, with = "EditImplSourceDef")]
    #[cfg_attr(feature = "typescript", ts(as = "EditImplSourceDef"))]
    pub(crate) impl_source: EditImplSource,
}

#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(remote = "oh_event::BrowseAction")]
pub(crate) struct BrowseArgs {
    pub(crate) url: String,
    #[serde(default)]
    pub(crate) thought: String,
    #[serde(default, with = "ConfirmationStateDef", skip_serializing_if = "is_confirmed")]
    #[cfg_attr(feature = "typescript", ts(as = "Option<ConfirmationStateDef>", optional))]
    pub(crate) confirmation_state: ConfirmationState,
    #[serde(default, with = "risk")]
    #[cfg_attr(feature = "typescript", ts(type = "-1 | 0 | 1 | 2"))]
    pub(crate) security_risk: SecurityRisk,
    #[serde(default)]
    pub(crate) return_axtree: bool,
}

#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(remote = "oh_event::BrowseInteractiveAction")]
pub(crate) struct BrowseInteractiveArgs {
    pub(crate) browser_actions: String,
    #[serde(default)]
    pub(crate) thought: String,
    #[serde(default)]
    pub(crate) browsergym_send_msg_to_user: String,
    #[serde(default, with = "ConfirmationStateDef", skip_serializing_if = "is_confirmed")]
    #[cfg_attr(feature = "typescript", ts(as = "Option<ConfirmationStateDef>", optional))]
    pub(crate) confirmation_state: ConfirmationState,
    #[serde(default, with = "risk")]
    #[cfg_attr(feature = "typescript", ts(type = "-1 | 0 | 1 | 2"))]
    pub(crate) security_risk: SecurityRisk,
    #[serde(default)]
    pub(crate) return_axtree: bool,
}

#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(remote = "oh_event::CallToolMcpAction")]
pub(crate) struct CallToolMcpArgs {
    pub(crate) name: String,
    #[serde(default, with = "opaque")]
    #[cfg_attr(feature = "typescript", ts(type = "Record<string, unknown>"))]
    pub(crate) arguments: OpaqueJson,
    #[serde(default)]
    pub(crate) thought: String,
    #[serde(default, with = "ConfirmationStateDef", skip_serializing_if = "is_confirmed")]
    #[cfg_attr(feature = "typescript", ts(as = "Option<ConfirmationStateDef>", optional))]
    pub(crate) confirmation_state: ConfirmationState,
    #[serde(default, with = "risk")]
    #[cfg_attr(feature = "typescript", ts(type = "-1 | 0 | 1 | 2"))]
    pub(crate) security_risk: SecurityRisk,
}

#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(remote = "oh_event::ThinkAction")]
pub(crate) struct ThinkArgs {
    #[serde(default)]
    pub(crate) thought: String,
}

#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(remote = "oh_event::FinishAction")]
pub(crate) struct FinishArgs {
    #[serde(default)]
    pub(crate) final_thought: String,
    #[serde(default, with = "opaque")]
    #[cfg_attr(feature = "typescript", ts(type = "Record<string, unknown>"))]
    pub(crate) outputs: OpaqueJson,
    #[serde(default)]
    pub(crate) thought: String,
}

#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(remote = "oh_event::RejectAction")]
pub(crate) struct RejectArgs {
    #[serde(default, with = "opaque")]
    #[cfg_attr(feature = "typescript", ts(type = "Record<string, unknown>"))]
    pub(crate) outputs: OpaqueJson,
    #[serde(default)]
    pub(crate) thought: String,
}

#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(remote = "oh_event::DelegateAction")]
pub(crate) struct DelegateArgs {
    pub(crate) agent: String,
    #[serde(with = "opaque")]
    #[cfg_attr(feature = "typescript", ts(type = "Record<string, unknown>"))]
    pub(crate) inputs: OpaqueJson,
    #[serde(default)]
    pub(crate) thought: String,
}

#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(remote = "oh_event::RecallAction")]
pub(crate) struct RecallArgs {
    #[serde(with = "RecallTypeDef")]
    #[cfg_attr(feature = "typescript", ts(as = "RecallTypeDef"))]
    pub(crate) recall_type: RecallType,
    #[serde(default)]
    pub(crate) query: String,
    #[serde(default)]
    pub(crate) thought: String,
}

#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(remote = "oh_event::ChangeAgentStateAction")]
pub(crate) struct ChangeAgentStateArgs {
    #[serde(with = "AgentStateDef")]
    #[cfg_attr(feature = "typescript", ts(as = "AgentStateDef"))]
    pub(crate) agent_state: AgentState,
    #[serde(default)]
    pub(crate) thought: String,
}

#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(remote = "oh_event::CondensationAction")]
pub(crate) struct CondensationArgs {
    #[serde(default, with = "event_ids")]
    #[cfg_attr(feature = "typescript", ts(type = "number[] | null"))]
    pub(crate) forgotten_event_ids: Option<Vec<EventId>>,
    #[serde(default, with = "event_id")]
    #[cfg_attr(feature = "typescript", ts(type = "number | null"))]
    pub(crate) forgotten_events_start_id: Option<EventId>,
    #[serde(default, with = "event_id")]
    #[cfg_attr(feature = "typescript", ts(type = "number | null"))]
    pub(crate) forgotten_events_end_id: Option<EventId>,
    #[serde(default)]
    pub(crate) summary: Option<String>,
    #[serde(default)]
    #[cfg_attr(feature = "typescript", ts(type = "number | null"))]
    pub(crate) summary_offset: Option<i64>,
}

#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(remote = "oh_event::CondensationRequestAction")]
pub(crate) struct CondensationRequestArgs {}

#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(remote = "oh_event::TaskTrackingAction")]
pub(crate) struct TaskTrackingArgs {
    #[serde(default = "view")]
    pub(crate) command: String,
    #[serde(default, with = "tasks")]
    #[cfg_attr(feature = "typescript", ts(as = "Vec<TaskItemDef>"))]
    pub(crate) task_list: Vec<TaskItem>,
    #[serde(default)]
    pub(crate) thought: String,
}

#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(remote = "oh_event::LoopRecoveryAction")]
pub(crate) struct LoopRecoveryArgs {
    #[serde(default = "one")]
    #[cfg_attr(feature = "typescript", ts(type = "number"))]
    pub(crate) option: i64,
}

#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(remote = "oh_event::NullAction")]
pub(crate) struct NullArgs {}
