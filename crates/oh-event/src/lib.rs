//! The facts of a conversation: what happened, in types.
//!
//! An [`Event`] is an [`Action`] (something decided or asked) or an
//! [`Observation`] (what came of it), with an id, a time and a source.
//! A conversation is a log of events; everything else is derived from it.
//!
//! This crate knows neither JSON nor sockets nor files: `oh-wire` gives events
//! their OpenHands form, `oh-event-log` keeps them.
//!
//! Reading order: [`Event`], [`EventDraft`], [`Action`], [`Observation`],
//! [`AgentState`], [`ToolCallMetadata`], [`LlmMetrics`].
//!
//! Invariants: ids of a conversation are 0, 1, 2, …; an event never changes
//! once it has an id; every executed action is answered by exactly one
//! observation that names it as its `cause`.
#![warn(missing_docs, clippy::wildcard_enum_match_arm)]

mod action;
mod action_fields;
mod event;
mod id;
mod metadata;
mod observation;
mod state;

pub use action::Action;
pub use action_fields::{
    BrowseAction, BrowseInteractiveAction, CallToolMcpAction, ChangeAgentStateAction,
    CondensationAction, CondensationRequestAction, ConfirmationState, DelegateAction, EditAction,
    EditImplSource, FinishAction, LoopRecoveryAction, MessageAction, NullAction, ReadAction,
    ReadImplSource, RecallAction, RecallType, RejectAction, RunAction, RunIpythonAction,
    SecurityRisk, SystemAction, TaskItem, TaskStatus, TaskTrackingAction, ThinkAction, WriteAction,
};
pub use event::{Event, EventBody, EventDraft, EventSource, Timestamp};
pub use id::{ConversationId, EventId, InvalidConversationId, ToolCallId};
pub use metadata::{
    CostEntry, LatencyEntry, LlmMetrics, ModelResponse, OpaqueJson, TokenUsage, ToolCallMetadata,
    ToolCallRecord,
};
pub use observation::{
    AgentStateChangedObservation, BrowseObservation, CommandMetadata, DelegateObservation,
    DownloadObservation, EditObservation, ErrorObservation, Fault, FaultKind, McpObservation,
    MicroagentKnowledge, Observation, PlainObservation, ReadObservation, RecallObservation, Remedy,
    RunIpythonObservation, RunObservation, TaskTrackingObservation, WriteObservation,
};
pub use state::AgentState;
