use crate::action_fields::{
    BrowseAction, BrowseInteractiveAction, CallToolMcpAction, ChangeAgentStateAction,
    CondensationAction, CondensationRequestAction, ConfirmationState, DelegateAction, EditAction,
    FinishAction, LoopRecoveryAction, MessageAction, NullAction, ReadAction, RecallAction,
    RejectAction, RunAction, RunIpythonAction, SecurityRisk, SystemAction, TaskTrackingAction,
    ThinkAction, WriteAction,
};

/// Something decided or asked, by the agent, a client or the server.
///
/// One variant per action type of OpenHands 0.62; fields and defaults as there.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs, reason = "each variant is documented at the struct it holds")]
pub enum Action {
    Message(MessageAction),
    System(SystemAction),
    Run(RunAction),
    RunIpython(RunIpythonAction),
    Read(ReadAction),
    Write(WriteAction),
    Edit(EditAction),
    Browse(BrowseAction),
    BrowseInteractive(BrowseInteractiveAction),
    CallToolMcp(CallToolMcpAction),
    Think(ThinkAction),
    Finish(FinishAction),
    Reject(RejectAction),
    Delegate(DelegateAction),
    Recall(RecallAction),
    ChangeAgentState(ChangeAgentStateAction),
    Condensation(CondensationAction),
    CondensationRequest(CondensationRequestAction),
    TaskTracking(TaskTrackingAction),
    LoopRecovery(LoopRecoveryAction),
    Null(NullAction),
}

impl Action {
    /// Returns OpenHands' name of the action type.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Message(_) => "message",
            Self::System(_) => "system",
            Self::Run(_) => "run",
            Self::RunIpython(_) => "run_ipython",
            Self::Read(_) => "read",
            Self::Write(_) => "write",
            Self::Edit(_) => "edit",
            Self::Browse(_) => "browse",
            Self::BrowseInteractive(_) => "browse_interactive",
            Self::CallToolMcp(_) => "call_tool_mcp",
            Self::Think(_) => "think",
            Self::Finish(_) => "finish",
            Self::Reject(_) => "reject",
            Self::Delegate(_) => "delegate",
            Self::Recall(_) => "recall",
            Self::ChangeAgentState(_) => "change_agent_state",
            Self::Condensation(_) => "condensation",
            Self::CondensationRequest(_) => "condensation_request",
            Self::TaskTracking(_) => "task_tracking",
            Self::LoopRecovery(_) => "loop_recovery",
            Self::Null(_) => "null",
        }
    }

    /// Says whether a runtime executes the action and answers it with an observation.
    #[must_use]
    pub fn is_runnable(&self) -> bool {
        self.judgment().is_some()
    }

    /// Returns whether the action may run; what never waits for its user may.
    #[must_use]
    pub fn confirmation_state(&self) -> ConfirmationState {
        self.judgment().map_or(ConfirmationState::Confirmed, |(_, state)| state)
    }

    /// Returns how dangerous a runnable action is; nothing else is dangerous.
    #[must_use]
    pub fn security_risk(&self) -> SecurityRisk {
        self.judgment().map_or(SecurityRisk::Low, |(risk, _)| risk)
    }

    /// Returns what is thought of a runnable action: its risk, and whether it may run.
    fn judgment(&self) -> Option<(SecurityRisk, ConfirmationState)> {
        match self {
            Self::Run(a) => Some((a.security_risk, a.confirmation_state)),
            Self::RunIpython(a) => Some((a.security_risk, a.confirmation_state)),
            Self::Read(a) => Some((a.security_risk, a.confirmation_state)),
            Self::Write(a) => Some((a.security_risk, a.confirmation_state)),
            Self::Edit(a) => Some((a.security_risk, a.confirmation_state)),
            Self::Browse(a) => Some((a.security_risk, a.confirmation_state)),
            Self::BrowseInteractive(a) => Some((a.security_risk, a.confirmation_state)),
            Self::CallToolMcp(a) => Some((a.security_risk, a.confirmation_state)),
            Self::Message(_)
            | Self::System(_)
            | Self::Think(_)
            | Self::Finish(_)
            | Self::Reject(_)
            | Self::Delegate(_)
            | Self::Recall(_)
            | Self::ChangeAgentState(_)
            | Self::Condensation(_)
            | Self::CondensationRequest(_)
            | Self::TaskTracking(_)
            | Self::LoopRecovery(_)
            | Self::Null(_) => None,
        }
    }

    /// Returns the same runnable action with another risk and another word on whether it
    /// may run. Other actions stay as they are.
    #[must_use]
    pub fn judged(mut self, risk: SecurityRisk, state: ConfirmationState) -> Self {
        let (known_risk, known_state) = match &mut self {
            Self::Run(a) => (&mut a.security_risk, &mut a.confirmation_state),
            Self::RunIpython(a) => (&mut a.security_risk, &mut a.confirmation_state),
            Self::Read(a) => (&mut a.security_risk, &mut a.confirmation_state),
            Self::Write(a) => (&mut a.security_risk, &mut a.confirmation_state),
            Self::Edit(a) => (&mut a.security_risk, &mut a.confirmation_state),
            Self::Browse(a) => (&mut a.security_risk, &mut a.confirmation_state),
            Self::BrowseInteractive(a) => (&mut a.security_risk, &mut a.confirmation_state),
            Self::CallToolMcp(a) => (&mut a.security_risk, &mut a.confirmation_state),
            Self::Message(_)
            | Self::System(_)
            | Self::Think(_)
            | Self::Finish(_)
            | Self::Reject(_)
            | Self::Delegate(_)
            | Self::Recall(_)
            | Self::ChangeAgentState(_)
            | Self::Condensation(_)
            | Self::CondensationRequest(_)
            | Self::TaskTracking(_)
            | Self::LoopRecovery(_)
            | Self::Null(_) => return self,
        };
        (*known_risk, *known_state) = (risk, state);
        self
    }

    /// Returns the agent's words above the action, if it has any, to be changed.
    pub fn thought_mut(&mut self) -> Option<&mut String> {
        match self {
            Self::Run(a) => Some(&mut a.thought),
            Self::Read(a) => Some(&mut a.thought),
            Self::Write(a) => Some(&mut a.thought),
            Self::Edit(a) => Some(&mut a.thought),
            Self::RunIpython(a) => Some(&mut a.thought),
            Self::Browse(a) => Some(&mut a.thought),
            Self::BrowseInteractive(a) => Some(&mut a.thought),
            Self::CallToolMcp(a) => Some(&mut a.thought),
            Self::Think(a) => Some(&mut a.thought),
            Self::Finish(a) => Some(&mut a.thought),
            Self::Reject(a) => Some(&mut a.thought),
            Self::Delegate(a) => Some(&mut a.thought),
            Self::TaskTracking(a) => Some(&mut a.thought),
            Self::Recall(_)
            | Self::ChangeAgentState(_)
            | Self::Message(_)
            | Self::System(_)
            | Self::Condensation(_)
            | Self::CondensationRequest(_)
            | Self::LoopRecovery(_)
            | Self::Null(_) => None,
        }
    }
}
