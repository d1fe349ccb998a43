//! JSON forms of what stands inside `args`, `extras` and the metadata.

use oh_event::{
    CommandMetadata, CostEntry, EventId, Fault, FaultKind, LatencyEntry, LlmMetrics,
    MicroagentKnowledge, Remedy, TaskItem, TaskStatus, TokenUsage,
};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::scalar::{FaultKindDef, RemedyDef, TaskStatusDef};

#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(remote = "TaskItem")]
#[cfg_attr(feature = "typescript", ts(rename = "TaskItem"))]
pub(crate) struct TaskItemDef {
    #[serde(default)]
    id: String,
    #[serde(default)]
    title: String,
    #[serde(default, with = "TaskStatusDef")]
    #[cfg_attr(feature = "typescript", ts(as = "TaskStatusDef"))]
    status: TaskStatus,
    #[serde(default)]
    notes: String,
}

#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(remote = "MicroagentKnowledge")]
#[cfg_attr(feature = "typescript", ts(rename = "MicroagentKnowledge"))]
pub(crate) struct MicroagentKnowledgeDef {
    #[serde(default)]
    name: String,
    #[serde(default)]
    trigger: String,
    #[serde(default)]
    content: String,
}

#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(remote = "Fault")]
#[cfg_attr(feature = "typescript", ts(rename = "Fault"))]
pub(crate) struct FaultDef {
    #[serde(default)]
    id: String,
    #[serde(with = "FaultKindDef")]
    #[cfg_attr(feature = "typescript", ts(as = "FaultKindDef"))]
    kind: FaultKind,
    #[serde(rename = "retryable", default)]
    is_retryable: bool,
    #[serde(rename = "action", with = "RemedyDef")]
    #[cfg_attr(feature = "typescript", ts(as = "RemedyDef"))]
    remedy: Remedy,
}

pub(crate) mod fault {
    use super::*;

    #[derive(Serialize, Deserialize)]
    struct Form(#[serde(with = "FaultDef")] Fault);

    pub(crate) fn serialize<S: Serializer>(
        fault: &Option<Fault>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        fault.clone().map(Form).serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Fault>, D::Error> {
        Ok(Option::<Form>::deserialize(deserializer)?.map(|form| form.0))
    }
}

#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(remote = "CommandMetadata")]
#[cfg_attr(feature = "typescript", ts(rename = "CommandMetadata"))]
pub(crate) struct CommandMetadataDef {
    #[serde(default = "unknown_exit_code")]
    exit_code: i32,
    #[serde(default = "no_process")]
    #[cfg_attr(feature = "typescript", ts(type = "number"))]
    pid: i64,
    #[serde(default)]
    username: Option<String>,
    #[serde(default)]
    hostname: Option<String>,
    #[serde(default)]
    working_dir: Option<String>,
    #[serde(default)]
    py_interpreter_path: Option<String>,
    #[serde(default)]
    prefix: String,
    #[serde(default)]
    suffix: String,
}

#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(remote = "LlmMetrics")]
#[cfg_attr(feature = "typescript", ts(rename = "LlmMetrics"))]
pub(crate) struct LlmMetricsDef {
    #[serde(default)]
    accumulated_cost: f64,
    #[serde(default)]
    max_budget_per_task: Option<f64>,
    #[serde(default, with = "TokenUsageDef")]
    #[cfg_attr(feature = "typescript", ts(as = "TokenUsageDef"))]
    accumulated_token_usage: TokenUsage,
    #[serde(default, with = "costs")]
    #[cfg_attr(feature = "typescript", ts(as = "Vec<CostEntryDef>"))]
    costs: Vec<CostEntry>,
    #[serde(default, with = "latencies")]
    #[cfg_attr(feature = "typescript", ts(as = "Vec<LatencyEntryDef>"))]
    response_latencies: Vec<LatencyEntry>,
    #[serde(default, with = "usages")]
    #[cfg_attr(feature = "typescript", ts(as = "Vec<TokenUsageDef>"))]
    token_usages: Vec<TokenUsage>,
}

#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(remote = "TokenUsage")]
#[cfg_attr(feature = "typescript", ts(rename = "TokenUsage"))]
pub(crate) struct TokenUsageDef {
    #[serde(default)]
    model: String,
    #[serde(default)]
    #[cfg_attr(feature = "typescript", ts(type = "number"))]
    prompt_tokens: u64,
    #[serde(default)]
    #[cfg_attr(feature = "typescript", ts(type = "number"))]
    completion_tokens: u64,
    #[serde(default)]
    #[cfg_attr(feature = "typescript", ts(type = "number"))]
    cache_read_tokens: u64,
    #[serde(default)]
    #[cfg_attr(feature = "typescript", ts(type = "number"))]
    cache_write_tokens: u64,
    #[serde(default)]
    #[cfg_attr(feature = "typescript", ts(type = "number"))]
    context_window: u64,
    #[serde(default)]
    #[cfg_attr(feature = "typescript", ts(type = "number"))]
    per_turn_token: u64,
    #[serde(default)]
    response_id: String,
}

#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(remote = "CostEntry")]
#[cfg_attr(feature = "typescript", ts(rename = "CostEntry"))]
pub(crate) struct CostEntryDef {
    model: String,
    cost: f64,
    timestamp: f64,
}

#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(remote = "LatencyEntry")]
#[cfg_attr(feature = "typescript", ts(rename = "LatencyEntry"))]
pub(crate) struct LatencyEntryDef {
    model: String,
    latency: f64,
    response_id: String,
}

fn unknown_exit_code() -> i32 {
    -1
}

fn no_process() -> i64 {
    -1
}

/// serde's remote forms do not reach into lists; these modules do.
macro_rules! list_of {
    ($module:ident, $type:ident, $form:literal) => {
        pub(crate) mod $module {
            use super::*;

            #[derive(Serialize)]
            struct Borrowed<'a>(#[serde(with = $form)] &'a $type);

            #[derive(Deserialize)]
            struct Owned(#[serde(with = $form)] $type);

            pub(crate) fn serialize<S: Serializer>(
                list: &[$type],
                serializer: S,
            ) -> Result<S::Ok, S::Error> {
                serializer.collect_seq(list.iter().map(Borrowed))
            }

            pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
                deserializer: D,
            ) -> Result<Vec<$type>, D::Error> {
                let list = Vec::<Owned>::deserialize(deserializer)?;
                Ok(list.into_iter().map(|item| item.0).collect())
            }
        }
    };
}

list_of!(tasks, TaskItem, "TaskItemDef");
list_of!(knowledge, MicroagentKnowledge, "MicroagentKnowledgeDef");
list_of!(costs, CostEntry, "CostEntryDef");
list_of!(latencies, LatencyEntry, "LatencyEntryDef");
list_of!(usages, TokenUsage, "TokenUsageDef");

pub(crate) mod event_id {
    use super::*;

    #[allow(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
    pub(crate) fn serialize<S: Serializer>(
        id: &Option<EventId>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        id.map(|id| id.0).serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<EventId>, D::Error> {
        Ok(Option::<u64>::deserialize(deserializer)?.map(EventId))
    }
}

pub(crate) mod event_ids {
    use super::*;

    pub(crate) fn serialize<S: Serializer>(
        ids: &Option<Vec<EventId>>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        ids.as_ref().map(|ids| ids.iter().map(|id| id.0).collect::<Vec<_>>()).serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Vec<EventId>>, D::Error> {
        let ids = Option::<Vec<u64>>::deserialize(deserializer)?;
        Ok(ids.map(|ids| ids.into_iter().map(EventId).collect()))
    }
}
