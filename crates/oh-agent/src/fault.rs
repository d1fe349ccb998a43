//! Why the agent cannot go on, for people and for programs.

use oh_chat::CompletionFailure;
use oh_event::{
    AgentState, AgentStateChangedObservation, EventDraft, EventSource, Fault, FaultKind,
    Observation, Remedy,
};

/// The reason that OpenHands names for a loop.
pub(crate) const STUCK: &str = "AgentStuckInLoopError: Agent got stuck in a loop";

/// The agent cannot go on.
pub(crate) fn failed(reason: &str, fault: Fault) -> EventDraft {
    let observation = Observation::AgentStateChanged(AgentStateChangedObservation {
        content: String::new(),
        agent_state: AgentState::Error,
        reason: reason.to_owned(),
        fault: Some(fault),
    });
    EventDraft::of_observation(EventSource::Environment, observation)
}

/// The place where actions run cannot be made.
pub(crate) fn no_runtime() -> Fault {
    fault("STATUS$ERROR_RUNTIME_DISCONNECTED", FaultKind::Internal, Remedy::Retry)
}

pub(crate) fn stuck() -> Fault {
    fault("STATUS$ERROR_STUCK_IN_LOOP", FaultKind::AgentAction, Remedy::Retry)
}

pub(crate) fn limit(id: &str) -> Fault {
    fault(id, FaultKind::Quota, Remedy::Retry)
}

/// The model did not answer.
pub(crate) fn of_failure(failure: &CompletionFailure) -> EventDraft {
    use FaultKind::{AgentAction, Auth, Config, Quota, RateLimit, Transient};
    let id = failure.status_id();
    let of_id = |kind, remedy| failed(id, fault(id, kind, remedy));
    match failure {
        CompletionFailure::Authentication { .. } => of_id(Auth, Remedy::Settings),
        CompletionFailure::Unavailable { .. } | CompletionFailure::Server { .. } => {
            of_id(Transient, Remedy::Retry)
        }
        CompletionFailure::OutOfCredits { .. } => of_id(Quota, Remedy::Settings),
        CompletionFailure::ContentPolicy { .. } => of_id(AgentAction, Remedy::None),
        CompletionFailure::RateLimited { .. } => of_id(RateLimit, Remedy::Retry),
        CompletionFailure::ContextWindow { message } => failed(
            &format!(
                "LLMContextWindowExceedError: {message}. What the model is sent cannot be made any shorter: choose a model that reads more, or lower max_output_tokens."
            ),
            fault(id, Config, Remedy::Settings),
        ),
        CompletionFailure::BadRequest { message } => {
            failed(&format!("BadRequestError: {message}"), fault(id, Config, Remedy::Settings))
        }
    }
}

fn fault(id: &str, kind: FaultKind, remedy: Remedy) -> Fault {
    Fault { id: id.to_owned(), kind, is_retryable: remedy == Remedy::Retry, remedy }
}
