// Made by `just types` from crates/oh-wire. Do not edit.

export type EventSource = "user" | "agent" | "environment";

export type AgentState = "loading" | "running" | "awaiting_user_input" | "paused" | "stopped" | "finished" | "rejected" | "error" | "awaiting_user_confirmation" | "user_confirmed" | "user_rejected" | "rate_limited";

export type ConfirmationState = "confirmed" | "rejected" | "awaiting_confirmation";

export type FaultKind = "auth" | "quota" | "rate_limit" | "config" | "transient" | "agent_action" | "internal" | "unknown";

export type Remedy = "retry" | "settings" | "none";

export type Fault = { id: string, kind: FaultKind, retryable: boolean, action: Remedy, };

export type ReadImplSource = "default" | "oh_aci";

export type EditImplSource = "oh_aci" | "llm_based_edit";

export type RecallType = "workspace_context" | "knowledge";

export type TaskStatus = "todo" | "in_progress" | "done";

export type TaskItem = { id: string, title: string, status: TaskStatus, notes: string, };

export type MicroagentKnowledge = { name: string, trigger: string, content: string, };

export type CommandMetadata = { exit_code: number, pid: number, username: string | null, hostname: string | null, working_dir: string | null, py_interpreter_path: string | null, prefix: string, suffix: string, };

export type TokenUsage = { model: string, prompt_tokens: number, completion_tokens: number, cache_read_tokens: number, cache_write_tokens: number, context_window: number, per_turn_token: number, response_id: string, };

export type CostEntry = { model: string, cost: number, timestamp: number, };

export type LatencyEntry = { model: string, latency: number, response_id: string, };

export type LlmMetrics = { accumulated_cost: number, max_budget_per_task: number | null, accumulated_token_usage: TokenUsage, costs: Array<CostEntry>, response_latencies: Array<LatencyEntry>, token_usages: Array<TokenUsage>, };

export type MessageArgs = { content: string, file_urls: Array<string> | null, image_urls: Array<string> | null, wait_for_response: boolean, security_risk: -1 | 0 | 1 | 2, };

export type SystemArgs = { content: string, tools: unknown[] | null, openhands_version: string | null, agent_class: string | null, };

export type RunArgs = { command: string, is_input: boolean, thought: string, blocking: boolean, is_static: boolean, cwd: string | null, hidden: boolean, confirmation_state: ConfirmationState, security_risk: -1 | 0 | 1 | 2, reset?: boolean, kill_on_timeout?: boolean, };

export type RunIpythonArgs = { code: string, thought: string, include_extra: boolean, confirmation_state: ConfirmationState, security_risk: -1 | 0 | 1 | 2, kernel_init_code: string, };

export type ReadArgs = { path: string, start: number, end: number, thought: string, confirmation_state?: ConfirmationState, security_risk: -1 | 0 | 1 | 2, impl_source: ReadImplSource, view_range: number[] | null, };

export type WriteArgs = { path: string, content: string, start: number, end: number, thought: string, confirmation_state?: ConfirmationState, security_risk: -1 | 0 | 1 | 2, };

export type EditArgs = { path: string, command: string, file_text: string | null, old_str: string | null, new_str: string | null, insert_line: number | null, content: string, start: number, end: number, thought: string, confirmation_state?: ConfirmationState, security_risk: -1 | 0 | 1 | 2, impl_source: EditImplSource, };

export type BrowseArgs = { url: string, thought: string, confirmation_state?: ConfirmationState, security_risk: -1 | 0 | 1 | 2, return_axtree: boolean, };

export type BrowseInteractiveArgs = { browser_actions: string, thought: string, browsergym_send_msg_to_user: string, confirmation_state?: ConfirmationState, security_risk: -1 | 0 | 1 | 2, return_axtree: boolean, };

export type CallToolMcpArgs = { name: string, arguments: Record<string, unknown>, thought: string, confirmation_state?: ConfirmationState, security_risk: -1 | 0 | 1 | 2, };

export type ThinkArgs = { thought: string, };

export type FinishArgs = { final_thought: string, outputs: Record<string, unknown>, thought: string, };

export type RejectArgs = { outputs: Record<string, unknown>, thought: string, };

export type DelegateArgs = { agent: string, inputs: Record<string, unknown>, thought: string, };

export type RecallArgs = { recall_type: RecallType, query: string, thought: string, };

export type ChangeAgentStateArgs = { agent_state: AgentState, thought: string, };

export type CondensationArgs = { forgotten_event_ids: number[] | null, forgotten_events_start_id: number | null, forgotten_events_end_id: number | null, summary: string | null, summary_offset: number | null, };

export type CondensationRequestArgs = Record<symbol, never>;

export type TaskTrackingArgs = { command: string, task_list: Array<TaskItem>, thought: string, };

export type LoopRecoveryArgs = { option: number, };

export type NullArgs = Record<symbol, never>;

export type RunExtras = { command: string, metadata: CommandMetadata, hidden: boolean, };

export type RunIpythonExtras = { code: string, image_urls: Array<string> | null, };

export type ReadExtras = { path: string, impl_source: ReadImplSource, image_urls?: Array<string>, };

export type WriteExtras = { path: string, };

export type EditExtras = { path: string, prev_exist: boolean, old_content: string | null, new_content: string | null, impl_source: EditImplSource, diff: string | null, _diff_cache: string | null, };

export type BrowseExtras = { url: string, trigger_by_action: string, screenshot: string, screenshot_path: string | null, set_of_marks: string, error: boolean, goal_image_urls: Array<string>, open_pages_urls: Array<string>, active_page_index: number, dom_object: Record<string, unknown>, axtree_object: Record<string, unknown>, extra_element_properties: Record<string, unknown>, last_browser_action: string, last_browser_action_error: string, focused_element_bid: string, filter_visible_only: boolean, };

export type McpExtras = { name: string, arguments: Record<string, unknown>, image_urls?: Array<string>, };

export type TaskTrackingExtras = { command: string, task_list: Array<TaskItem>, };

export type DelegateExtras = { outputs: Record<string, unknown>, };

export type RecallExtras = { recall_type: RecallType, repo_name: string, repo_directory: string, repo_branch: string, repo_instructions: string, runtime_hosts: Record<string, unknown>, additional_agent_instructions: string, date: string, custom_secrets_descriptions: Record<string, unknown>, conversation_instructions: string, working_dir: string, microagent_knowledge: Array<MicroagentKnowledge>, };

export type AgentStateChangedExtras = { agent_state: AgentState, reason: string, error?: Fault, };

export type ErrorExtras = { error_id: string, };

export type DownloadExtras = { file_path: string, };

export type PlainExtras = {  };

export interface ActionArgs {
  message: MessageArgs;
  system: SystemArgs;
  run: RunArgs;
  run_ipython: RunIpythonArgs;
  read: ReadArgs;
  write: WriteArgs;
  edit: EditArgs;
  browse: BrowseArgs;
  browse_interactive: BrowseInteractiveArgs;
  call_tool_mcp: CallToolMcpArgs;
  think: ThinkArgs;
  finish: FinishArgs;
  reject: RejectArgs;
  delegate: DelegateArgs;
  recall: RecallArgs;
  change_agent_state: ChangeAgentStateArgs;
  condensation: CondensationArgs;
  condensation_request: CondensationRequestArgs;
  task_tracking: TaskTrackingArgs;
  loop_recovery: LoopRecoveryArgs;
  null: NullArgs;
}

export interface ObservationExtras {
  run: RunExtras;
  run_ipython: RunIpythonExtras;
  read: ReadExtras;
  write: WriteExtras;
  edit: EditExtras;
  browse: BrowseExtras;
  mcp: McpExtras;
  think: PlainExtras;
  task_tracking: TaskTrackingExtras;
  delegate: DelegateExtras;
  recall: RecallExtras;
  agent_state_changed: AgentStateChangedExtras;
  error: ErrorExtras;
  user_rejected: PlainExtras;
  success: PlainExtras;
  condense: PlainExtras;
  download: DownloadExtras;
  loop_detection: PlainExtras;
  null: PlainExtras;
}

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
