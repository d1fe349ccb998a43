//! The agent as a pure state machine: what happened goes in, what to do next comes out.
//!
//! - [`Conversation`]: `apply` (what happened → state), `decide` (what came in → what to
//!   record), `due` (state → what to record before anything runs), `next_step` (state → what
//!   should be running now);
//! - [`Input`]: what can come in; [`Step`]: what can be running;
//! - [`tool_specs`]: the tools that the model is offered;
//! - [`DraftPlan`]: an edit that a model drafts;
//! - [`Knowledge`]: what files tell the agent.
//!
//! It has no clock, no files, no network and no randomness, and it never sees the JSON of
//! the wire: events come typed from `oh-event`, model answers typed from `oh-chat`.
//!
//! Invariants: the state is the fold of the events, so resuming is replaying; every
//! runnable action is answered by exactly one observation; a step is named by a key that
//! changes only if different work is wanted.
#![warn(missing_docs, clippy::wildcard_enum_match_arm)]

mod completion;
mod condense;
mod config;
mod confirmation;
mod conversation;
mod draft_edit;
mod due;
mod fault;
mod fold;
mod lifecycle;
mod limits;
mod policy;
mod prompt;
mod recall;
mod skills;
mod stuck;
mod text;
mod tools;
mod user_action;

pub use condense::{CondensationPlan, CondensationWork, Condenser, LlmCondenser, LlmForm, Sizes};
pub use config::{AgentConfig, Limits, Repository, ToolChoice};
pub use conversation::{Conversation, Input, Step};
pub use draft_edit::{DRAFT_ATTEMPTS, DraftPlan, DraftedLines, draft_observation, drafted_lines};
pub use limits::Consumption;
pub use policy::ConfirmationPolicy;
pub use skills::{Knowledge, Skill, SkillFile, SkillForm, SkillInput, SkillKind, SkillProblem};
pub use stuck::StuckThresholds;
pub use tools::{OWN_TOOLS, delegated_outputs, delegated_task, tool_specs};
