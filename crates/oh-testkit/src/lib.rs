//! Stand-ins behind the two seams, for tests: a model and a runtime that follow a script.

mod scripted_llm;
mod scripted_runtime;

pub use scripted_llm::{Answer, Computed, ScriptedLlm, call, computed_call, text, tool_calls};
pub use scripted_runtime::ScriptedRuntime;
