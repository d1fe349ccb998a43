//! TypeScript declarations of the wire types, for the web interface.

use ts_rs::{Config, TS};

use crate::action_json::*;
use crate::nested::*;
use crate::observation_json::*;
use crate::scalar::*;

const ENVELOPE: &str = r#"
export interface Envelope {
  id: number;
  timestamp: string;
  source: EventSource;
  message: string;
  cause?: number;
  timeout?: number;
  tool_call_metadata?: ToolCallMetadata;
  llm_metrics?: LlmMetrics;
}

export interface ToolCallMetadata {
  function_name: string;
  tool_call_id: string;
  model_response: Record<string, unknown>;
  total_calls_in_response: number;
}

export type ActionEvent = {
  [K in keyof ActionArgs]: Envelope & {
    action: K;
    args: ActionArgs[K];
    type?: "message";
    result?: string;
  };
}[keyof ActionArgs];

export type ObservationEvent = {
  [K in keyof ObservationExtras]: Envelope & {
    observation: K;
    content: string;
    extras: ObservationExtras[K];
    success?: boolean;
    result?: string;
  };
}[keyof ObservationExtras];

export type WireEvent = ActionEvent | ObservationEvent;
"#;

/// Returns the contents of a TypeScript module that declares all wire types.
#[must_use]
pub fn typescript_declarations() -> String {
    let config = Config::default();
    let mut text = String::from("// Made by `just types` from crates/oh-wire. Do not edit.\n");
    let mut declare = |declaration: String| {
        text.push_str("\nexport ");
        text.push_str(&declaration);
        text.push('\n');
    };
    declare(EventSourceDef::decl(&config));
    declare(AgentStateDef::decl(&config));
    declare(ConfirmationStateDef::decl(&config));
    declare(FaultKindDef::decl(&config));
    declare(RemedyDef::decl(&config));
    declare(FaultDef::decl(&config));
    declare(ReadImplSourceDef::decl(&config));
    declare(EditImplSourceDef::decl(&config));
    declare(RecallTypeDef::decl(&config));
    declare(TaskStatusDef::decl(&config));
    declare(TaskItemDef::decl(&config));
    declare(MicroagentKnowledgeDef::decl(&config));
    declare(CommandMetadataDef::decl(&config));
    declare(TokenUsageDef::decl(&config));
    declare(CostEntryDef::decl(&config));
    declare(LatencyEntryDef::decl(&config));
    declare(LlmMetricsDef::decl(&config));
    declare(MessageArgs::decl(&config));
    declare(SystemArgs::decl(&config));
    declare(RunArgs::decl(&config));
    declare(RunIpythonArgs::decl(&config));
    declare(ReadArgs::decl(&config));
    declare(WriteArgs::decl(&config));
    declare(EditArgs::decl(&config));
    declare(BrowseArgs::decl(&config));
    declare(BrowseInteractiveArgs::decl(&config));
    declare(CallToolMcpArgs::decl(&config));
    declare(ThinkArgs::decl(&config));
    declare(FinishArgs::decl(&config));
    declare(RejectArgs::decl(&config));
    declare(DelegateArgs::decl(&config));
    declare(RecallArgs::decl(&config));
    declare(ChangeAgentStateArgs::decl(&config));
    declare(CondensationArgs::decl(&config));
    declare(CondensationRequestArgs::decl(&config));
    declare(TaskTrackingArgs::decl(&config));
    declare(LoopRecoveryArgs::decl(&config));
    declare(NullArgs::decl(&config));
    declare(RunExtras::decl(&config));
    declare(RunIpythonExtras::decl(&config));
    declare(ReadExtras::decl(&config));
    declare(WriteExtras::decl(&config));
    declare(EditExtras::decl(&config));
    declare(BrowseExtras::decl(&config));
    declare(McpExtras::decl(&config));
    declare(TaskTrackingExtras::decl(&config));
    declare(DelegateExtras::decl(&config));
    declare(RecallExtras::decl(&config));
    declare(AgentStateChangedExtras::decl(&config));
    declare(ErrorExtras::decl(&config));
    declare(DownloadExtras::decl(&config));
    declare(PlainExtras::decl(&config));
    text.push_str("\nexport interface ActionArgs {\n");
    for (name, args) in [
        ("message", MessageArgs::name(&config)),
        ("system", SystemArgs::name(&config)),
        ("run", RunArgs::name(&config)),
        ("run_ipython", RunIpythonArgs::name(&config)),
        ("read", ReadArgs::name(&config)),
        ("write", WriteArgs::name(&config)),
        ("edit", EditArgs::name(&config)),
        ("browse", BrowseArgs::name(&config)),
        ("browse_interactive", BrowseInteractiveArgs::name(&config)),
        ("call_tool_mcp", CallToolMcpArgs::name(&config)),
        ("think", ThinkArgs::name(&config)),
        ("finish", FinishArgs::name(&config)),
        ("reject", RejectArgs::name(&config)),
        ("delegate", DelegateArgs::name(&config)),
        ("recall", RecallArgs::name(&config)),
        ("change_agent_state", ChangeAgentStateArgs::name(&config)),
        ("condensation", CondensationArgs::name(&config)),
        ("condensation_request", CondensationRequestArgs::name(&config)),
        ("task_tracking", TaskTrackingArgs::name(&config)),
        ("loop_recovery", LoopRecoveryArgs::name(&config)),
        ("null", NullArgs::name(&config)),
    ] {
        text.push_str(&format!("  {name}: {args};\n"));
    }
    text.push_str("}\n\nexport interface ObservationExtras {\n");
    for (name, extras) in [
        ("run", RunExtras::name(&config)),
        ("run_ipython", RunIpythonExtras::name(&config)),
        ("read", ReadExtras::name(&config)),
        ("write", WriteExtras::name(&config)),
        ("edit", EditExtras::name(&config)),
        ("browse", BrowseExtras::name(&config)),
        ("mcp", McpExtras::name(&config)),
        ("think", PlainExtras::name(&config)),
        ("task_tracking", TaskTrackingExtras::name(&config)),
        ("delegate", DelegateExtras::name(&config)),
        ("recall", RecallExtras::name(&config)),
        ("agent_state_changed", AgentStateChangedExtras::name(&config)),
        ("error", ErrorExtras::name(&config)),
        ("user_rejected", PlainExtras::name(&config)),
        ("success", PlainExtras::name(&config)),
        ("condense", PlainExtras::name(&config)),
        ("download", DownloadExtras::name(&config)),
        ("loop_detection", PlainExtras::name(&config)),
        ("null", PlainExtras::name(&config)),
    ] {
        text.push_str(&format!("  {name}: {extras};\n"));
    }
    text.push_str("}\n");
    text.push_str(ENVELOPE);
    text
}
