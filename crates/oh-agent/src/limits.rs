//! How much the agent has used, and where it stops.

use oh_event::{AgentState, EventDraft};

use crate::config::Limits;
use crate::conversation::Conversation;
use crate::fault;

/// What a conversation has used so far.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Consumption {
    /// Actions of the agent, tool calls that could not be read among them.
    pub iterations: u64,
    /// Answers of models.
    pub llm_calls: u64,
    /// US dollars.
    pub cost: f64,
    /// Tokens, sent and received.
    pub tokens: u64,
    /// Microseconds in which the agent was at work.
    pub busy_micros: u64,
}

impl Conversation {
    /// Returns what the conversation has used so far.
    #[must_use]
    pub fn consumption(&self) -> Consumption {
        let usage = &self.metrics.accumulated_token_usage;
        let busy = self.busy_since.map_or(0, |since| self.now.0.saturating_sub(since.0));
        Consumption {
            iterations: self.iterations,
            llm_calls: self.llm_calls,
            cost: self.metrics.accumulated_cost,
            tokens: usage.prompt_tokens + usage.completion_tokens,
            busy_micros: self.busy_micros + u64::try_from(busy).unwrap_or(0),
        }
    }

    /// Returns where the agent stops; more than at first if its user let it go on.
    #[must_use]
    pub fn limits(&self) -> Limits {
        self.limits
    }

    /// Returns the error if a limit is reached, before the model is asked again.
    pub(crate) fn limit_reached(&self) -> Option<EventDraft> {
        let used = self.consumption();
        let limits = self.limits;
        let go_on = if self.config.is_headless {
            ""
        } else {
            " Send a message to go on for as many again."
        };
        let (id, reason) = if used.iterations >= limits.max_iterations {
            let max = limits.max_iterations;
            let reason = format!(
                "RuntimeError: Agent reached maximum iteration. Current iteration: {}, max iteration: {max}.{go_on}",
                used.iterations
            );
            ("STATUS$ERROR_MAX_ITERATIONS", reason)
        } else if let Some(max) = limits.max_budget.filter(|max| used.cost >= *max) {
            let reason = format!(
                "RuntimeError: Agent reached maximum budget for conversation. Current budget: {:.2}, max budget: {max:.2}.{go_on}",
                used.cost
            );
            ("STATUS$ERROR_MAX_BUDGET", reason)
        } else if let Some(max) = limits.max_tokens.filter(|max| used.tokens >= *max) {
            let reason = format!(
                "RuntimeError: Agent reached maximum tokens for conversation. Current tokens: {}, max tokens: {max}.{go_on}",
                used.tokens
            );
            ("STATUS$ERROR_MAX_TOKENS", reason)
        } else {
            let seconds = used.busy_micros / 1_000_000;
            let max = limits.max_seconds.filter(|max| seconds >= *max)?;
            let reason = format!(
                "RuntimeError: Agent reached maximum time for conversation. Current time: {seconds} s, max time: {max} s.{go_on}"
            );
            ("STATUS$ERROR_MAX_TIME", reason)
        };
        Some(fault::failed(&reason, fault::limit(id)))
    }

    /// The user lets the agent go on: limits that were reached are raised.
    pub(crate) fn extend_limits(&mut self) {
        let used = self.consumption();
        let more = self.config.limits;
        let limits = &mut self.limits;
        if used.iterations >= limits.max_iterations && !self.config.is_headless {
            limits.max_iterations += more.max_iterations;
        }
        if let (Some(max), Some(more)) = (&mut limits.max_budget, more.max_budget)
            && used.cost >= *max
        {
            *max = used.cost + more;
        }
        if let (Some(max), Some(more)) = (&mut limits.max_tokens, more.max_tokens)
            && used.tokens >= *max
        {
            *max = used.tokens + more;
        }
        let seconds = used.busy_micros / 1_000_000;
        if let (Some(max), Some(more)) = (&mut limits.max_seconds, more.max_seconds)
            && seconds >= *max
        {
            *max = seconds + more;
        }
    }

    /// Keeps the time in which the agent is at work.
    pub(crate) fn keep_time(&mut self, state: AgentState) {
        let is_busy = matches!(
            state,
            AgentState::Running | AgentState::RateLimited | AgentState::UserConfirmed
        );
        match (self.busy_since, is_busy) {
            (None, true) => self.busy_since = Some(self.now),
            (Some(since), false) => {
                let spent = self.now.0.saturating_sub(since.0);
                self.busy_micros += u64::try_from(spent).unwrap_or(0);
                self.busy_since = None;
            }
            (None, false) | (Some(_), true) => {}
        }
    }
}
