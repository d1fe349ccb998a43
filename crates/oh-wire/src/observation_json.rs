//! `extras` of every observation: the field names, their order and their defaults.

use oh_event::{
    AgentState, CommandMetadata, EditImplSource, Fault, MicroagentKnowledge, Observation,
    OpaqueJson, ReadImplSource, RecallType, TaskItem,
};
use serde::{Deserialize, Serialize, Serializer};

use crate::nested::{CommandMetadataDef, fault, knowledge, tasks};
#[cfg(feature = "typescript")]
use crate::nested::{FaultDef, MicroagentKnowledgeDef, TaskItemDef};
use crate::scalar::{AgentStateDef, EditImplSourceDef, ReadImplSourceDef, RecallTypeDef, opaque};

/// An observation's `extras`.
pub(crate) struct Extras<'a>(pub(crate) &'a Observation);

impl Serialize for Extras<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Observation::Run(observation) => RunExtras::serialize(observation, serializer),
            Observation::RunIpython(observation) => {
                RunIpythonExtras::serialize(observation, serializer)
            }
            Observation::Read(observation) => ReadExtras::serialize(observation, serializer),
            Observation::Write(observation) => WriteExtras::serialize(observation, serializer),
            Observation::Edit(observation) => EditExtras::serialize(observation, serializer),
            Observation::Browse(observation) => BrowseExtras::serialize(observation, serializer),
            Observation::Mcp(observation) => McpExtras::serialize(observation, serializer),
            Observation::Think(observation) => PlainExtras::serialize(observation, serializer),
            Observation::TaskTracking(observation) => {
                TaskTrackingExtras::serialize(observation, serializer)
            }
            Observation::Delegate(observation) => {
                DelegateExtras::serialize(observation, serializer)
            }
            Observation::Recall(observation) => RecallExtras::serialize(observation, serializer),
            Observation::AgentStateChanged(observation) => {
                AgentStateChangedExtras::serialize(observation, serializer)
            }
            Observation::Error(observation) => ErrorExtras::serialize(observation, serializer),
            Observation::UserRejected(observation) => {
                PlainExtras::serialize(observation, serializer)
            }
            Observation::Success(observation) => PlainExtras::serialize(observation, serializer),
            Observation::Condense(observation) => PlainExtras::serialize(observation, serializer),
            Observation::Download(observation) => {
                DownloadExtras::serialize(observation, serializer)
            }
            Observation::LoopDetection(observation) => {
                PlainExtras::serialize(observation, serializer)
            }
            Observation::Null(observation) => PlainExtras::serialize(observation, serializer),
        }
    }
}

/// Puts the main text, which stands beside `extras`, into its place.
macro_rules! with_content {
    ($observation:ident, $content:ident) => {{
        let mut observation = $observation;
        observation.content = $content;
        observation
    }};
}

/// Reads an observation of the type `name`; `None` if there is no such type.
pub(crate) fn parse_observation(
    name: &str,
    content: String,
    extras: &str,
) -> Option<serde_json::Result<Observation>> {
    let mut json = serde_json::Deserializer::from_str(extras);
    let json = &mut json;
    Some(match name {
        "run" => RunExtras::deserialize(json).map(|o| Observation::Run(with_content!(o, content))),
        "run_ipython" => RunIpythonExtras::deserialize(json)
            .map(|o| Observation::RunIpython(with_content!(o, content))),
        "read" => {
            ReadExtras::deserialize(json).map(|o| Observation::Read(with_content!(o, content)))
        }
        "write" => {
            WriteExtras::deserialize(json).map(|o| Observation::Write(with_content!(o, content)))
        }
        "edit" => {
            EditExtras::deserialize(json).map(|o| Observation::Edit(with_content!(o, content)))
        }
        "browse" => {
            BrowseExtras::deserialize(json).map(|o| Observation::Browse(with_content!(o, content)))
        }
        "mcp" => McpExtras::deserialize(json).map(|o| Observation::Mcp(with_content!(o, content))),
        "think" => {
            PlainExtras::deserialize(json).map(|o| Observation::Think(with_content!(o, content)))
        }
        "task_tracking" => TaskTrackingExtras::deserialize(json)
            .map(|o| Observation::TaskTracking(with_content!(o, content))),
        "delegate" => DelegateExtras::deserialize(json)
            .map(|o| Observation::Delegate(with_content!(o, content))),
        "recall" => {
            RecallExtras::deserialize(json).map(|o| Observation::Recall(with_content!(o, content)))
        }
        "agent_state_changed" => AgentStateChangedExtras::deserialize(json)
            .map(|o| Observation::AgentStateChanged(with_content!(o, content))),
        "error" => {
            ErrorExtras::deserialize(json).map(|o| Observation::Error(with_content!(o, content)))
        }
        "user_rejected" => PlainExtras::deserialize(json)
            .map(|o| Observation::UserRejected(with_content!(o, content))),
        "success" => {
            PlainExtras::deserialize(json).map(|o| Observation::Success(with_content!(o, content)))
        }
        "condense" => {
            PlainExtras::deserialize(json).map(|o| Observation::Condense(with_content!(o, content)))
        }
        "download" => DownloadExtras::deserialize(json)
            .map(|o| Observation::Download(with_content!(o, content))),
        "loop_detection" => PlainExtras::deserialize(json)
            .map(|o| Observation::LoopDetection(with_content!(o, content))),
        "null" => {
            PlainExtras::deserialize(json).map(|o| Observation::Null(with_content!(o, content)))
        }
        _ => return None,
    })
}

fn minus_one() -> i64 {
    -1
}

fn llm_based_edit() -> EditImplSource {
    EditImplSource::LlmBasedEdit
}

#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(remote = "oh_event::RunObservation")]
pub(crate) struct RunExtras {
    #[serde(skip)]
    pub(crate) content: String,
    #[serde(default)]
    pub(crate) command: String,
    #[serde(default, with = "CommandMetadataDef")]
    #[cfg_attr(feature = "typescript", ts(as = "CommandMetadataDef"))]
    pub(crate) metadata: CommandMetadata,
    #[serde(default)]
    pub(crate) hidden: bool,
}

#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(remote = "oh_event::RunIpythonObservation")]
pub(crate) struct RunIpythonExtras {
    #[serde(skip)]
    pub(crate) content: String,
    #[serde(default)]
    pub(crate) code: String,
    #[serde(default)]
    pub(crate) image_urls: Option<Vec<String>>,
}

#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(remote = "oh_event::ReadObservation")]
pub(crate) struct ReadExtras {
    #[serde(skip)]
    pub(crate) content: String,
    #[serde(default)]
    pub(crate) path: String,
    #[serde(default, with = "ReadImplSourceDef")]
    #[cfg_attr(feature = "typescript", ts(as = "ReadImplSourceDef"))]
    pub(crate) impl_source: ReadImplSource,
    // OpenHands does not know this: it is written only when there are pictures.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub(crate) image_urls: Option<Vec<String>>,
}

#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(remote = "oh_event::WriteObservation")]
pub(crate) struct WriteExtras {
    #[serde(skip)]
    pub(crate) content: String,
    #[serde(default)]
    pub(crate) path: String,
}

#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(remote = "oh_event::EditObservation")]
pub(crate) struct EditExtras {
    #[serde(skip)]
    pub(crate) content: String,
    #[serde(default)]
    pub(crate) path: String,
    #[serde(default)]
    pub(crate) prev_exist: bool,
    #[serde(default)]
    pub(crate) old_content: Option<String>,
    #[serde(default)]
    pub(crate) new_content: Option<String>,
    #[serde(default = "llm_based_edit", with = "EditImplSourceDef")]
    #[cfg_attr(feature = "typescript", ts(as = "EditImplSourceDef"))]
    pub(crate) impl_source: EditImplSource,
    #[serde(default)]
    pub(crate) diff: Option<String>,
    #[serde(default, rename = "_diff_cache")]
    pub(crate) diff_cache: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(remote = "oh_event::BrowseObservation")]
pub(crate) struct BrowseExtras {
    #[serde(skip)]
    pub(crate) content: String,
    #[serde(default)]
    pub(crate) url: String,
    #[serde(default)]
    pub(crate) trigger_by_action: String,
    #[serde(default)]
    pub(crate) screenshot: String,
    #[serde(default)]
    pub(crate) screenshot_path: Option<String>,
    #[serde(default)]
    pub(crate) set_of_marks: String,
    #[serde(default)]
    pub(crate) error: bool,
    #[serde(default)]
    pub(crate) goal_image_urls: Vec<String>,
    #[serde(default)]
    pub(crate) open_pages_urls: Vec<String>,
    #[serde(default = "minus_one")]
    #[cfg_attr(feature = "typescript", ts(type = "number"))]
    pub(crate) active_page_index: i64,
    #[serde(default, with = "opaque")]
    #[cfg_attr(feature = "typescript", ts(type = "Record<string, unknown>"))]
    pub(crate) dom_object: OpaqueJson,
    #[serde(default, with = "opaque")]
    #[cfg_attr(feature = "typescript", ts(type = "Record<string, unknown>"))]
    pub(crate) axtree_object: OpaqueJson,
    #[serde(default, with = "opaque")]
    #[cfg_attr(feature = "typescript", ts(type = "Record<string, unknown>"))]
    pub(crate) extra_element_properties: OpaqueJson,
    #[serde(default)]
    pub(crate) last_browser_action: String,
    #[serde(default)]
    pub(crate) last_browser_action_error: String,
    #[serde(default)]
    pub(crate) focused_element_bid: String,
    #[serde(default)]
    pub(crate) filter_visible_only: bool,
}

#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(remote = "oh_event::McpObservation")]
pub(crate) struct McpExtras {
    #[serde(skip)]
    pub(crate) content: String,
    #[serde(default)]
    pub(crate) name: String,
    #[serde(default, with = "opaque")]
    #[cfg_attr(feature = "typescript", ts(type = "Record<string, unknown>"))]
    pub(crate) arguments: OpaqueJson,
    // OpenHands does not know this: it is written only when there are pictures.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub(crate) image_urls: Option<Vec<String>>,
}

#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(remote = "oh_event::TaskTrackingObservation")]
pub(crate) struct TaskTrackingExtras {
    #[serde(skip)]
    pub(crate) content: String,
    #[serde(default)]
    pub(crate) command: String,
    #[serde(default, with = "tasks")]
    #[cfg_attr(feature = "typescript", ts(as = "Vec<TaskItemDef>"))]
    pub(crate) task_list: Vec<TaskItem>,
}

#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(remote = "oh_event::DelegateObservation")]
pub(crate) struct DelegateExtras {
    #[serde(skip)]
    pub(crate) content: String,
    #[serde(default, with = "opaque")]
    #[cfg_attr(feature = "typescript", ts(type = "Record<string, unknown>"))]
    pub(crate) outputs: OpaqueJson,
}

#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(remote = "oh_event::RecallObservation")]
pub(crate) struct RecallExtras {
    #[serde(skip)]
    pub(crate) content: String,
    #[serde(with = "RecallTypeDef")]
    #[cfg_attr(feature = "typescript", ts(as = "RecallTypeDef"))]
    pub(crate) recall_type: RecallType,
    #[serde(default)]
    pub(crate) repo_name: String,
    #[serde(default)]
    pub(crate) repo_directory: String,
    #[serde(default)]
    pub(crate) repo_branch: String,
    #[serde(default)]
    pub(crate) repo_instructions: String,
    #[serde(default, with = "opaque")]
    #[cfg_attr(feature = "typescript", ts(type = "Record<string, unknown>"))]
    pub(crate) runtime_hosts: OpaqueJson,
    #[serde(default)]
    pub(crate) additional_agent_instructions: String,
    #[serde(default)]
    pub(crate) date: String,
    #[serde(default, with = "opaque")]
    #[cfg_attr(feature = "typescript", ts(type = "Record<string, unknown>"))]
    pub(crate) custom_secrets_descriptions: OpaqueJson,
    #[serde(default)]
    pub(crate) conversation_instructions: String,
    #[serde(default)]
    pub(crate) working_dir: String,
    #[serde(default, with = "knowledge")]
    #[cfg_attr(feature = "typescript", ts(as = "Vec<MicroagentKnowledgeDef>"))]
    pub(crate) microagent_knowledge: Vec<MicroagentKnowledge>,
}

#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(remote = "oh_event::AgentStateChangedObservation")]
pub(crate) struct AgentStateChangedExtras {
    #[serde(skip)]
    pub(crate) content: String,
    #[serde(with = "AgentStateDef")]
    #[cfg_attr(feature = "typescript", ts(as = "AgentStateDef"))]
    pub(crate) agent_state: AgentState,
    #[serde(default)]
    pub(crate) reason: String,
    // OpenHands has only the text.
    #[serde(rename = "error", default, with = "fault", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(as = "Option<FaultDef>", optional))]
    pub(crate) fault: Option<Fault>,
}

#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(remote = "oh_event::ErrorObservation")]
pub(crate) struct ErrorExtras {
    #[serde(skip)]
    pub(crate) content: String,
    #[serde(default)]
    pub(crate) error_id: String,
}

#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(remote = "oh_event::DownloadObservation")]
pub(crate) struct DownloadExtras {
    #[serde(skip)]
    pub(crate) content: String,
    #[serde(default)]
    pub(crate) file_path: String,
}

#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(remote = "oh_event::PlainObservation")]
pub(crate) struct PlainExtras {
    #[serde(skip)]
    pub(crate) content: String,
}
