//! What steps cost, in figures for whoever watches over the server.

use std::time::Instant;

use metrics::{counter, gauge, histogram};
use oh_agent::{Input, Step};
use oh_chat::Completion;

/// Counts one step from its start until it ends or is dropped.
#[derive(Debug)]
pub(crate) struct Meter {
    begin: Instant,
    /// The gauge that this step is part of.
    running: Option<&'static str>,
}

const COMMANDS: &str = "openhands_actions_running";
const CALLS: &str = "openhands_llm_calls_running";

impl Meter {
    pub(crate) fn start(step: &Step) -> Self {
        let (kind, running) = match step {
            Step::Wait => (None, None),
            Step::CallLlm { .. } => (Some("llm"), Some(CALLS)),
            Step::Condense { .. } => (Some("condense"), Some(CALLS)),
            Step::RunAction { .. } => (Some("action"), Some(COMMANDS)),
        };
        if let Some(kind) = kind {
            counter!("openhands_steps_total", "kind" => kind).increment(1);
        }
        if let Some(running) = running {
            gauge!(running).increment(1.0);
        }
        Self { begin: Instant::now(), running }
    }

    /// Records what came of the step.
    pub(crate) fn end(&mut self, input: &Input) {
        let seconds = self.begin.elapsed();
        match input {
            Input::Completion(Ok(completion)) => {
                histogram!("openhands_llm_call_seconds").record(seconds);
                record_completion(completion);
            }
            Input::Condensed { result: Ok(completion), .. } => record_completion(completion),
            Input::Completion(Err(_)) | Input::Condensed { result: Err(_), .. } => {
                counter!("openhands_llm_calls_total", "outcome" => "error").increment(1);
            }
            Input::Observation { .. } => {
                histogram!("openhands_action_seconds").record(seconds);
            }
            Input::UserAction(_) | Input::RateLimited { .. } => {}
        }
        self.stop();
    }

    fn stop(&mut self) {
        if let Some(running) = self.running.take() {
            gauge!(running).decrement(1.0);
        }
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        self.stop();
    }
}

fn record_completion(completion: &Completion) {
    let usage = completion.usage;
    counter!("openhands_llm_calls_total", "outcome" => "ok").increment(1);
    for (kind, tokens) in [
        ("prompt", usage.prompt_tokens),
        ("completion", usage.completion_tokens),
        ("cache_read", usage.cache_read_tokens),
        ("cache_write", usage.cache_write_tokens),
    ] {
        counter!("openhands_llm_tokens_total", "kind" => kind).increment(tokens);
    }
    // A counter takes whole numbers only.
    gauge!("openhands_llm_cost_dollars").increment(completion.cost.unwrap_or(0.0));
}
