/** What a conversation looks like after its events so far. */

import type { Delta, ErrorNotice, Incoming, LoggedEvent, OtherEvent, StatusUpdate } from "@/wire/decode";
import type { ActionEvent, AgentState, LlmMetrics, ObservationEvent } from "@/wire/generated/events";

export type ActionOf<K extends ActionEvent["action"]> = Extract<ActionEvent, { action: K }>;
export type ObservationOf<K extends ObservationEvent["observation"]> = Extract<ObservationEvent, { observation: K }>;

/** Actions that are carried out and then answered. */
export type StepAction = ActionOf<
  | "run"
  | "run_ipython"
  | "read"
  | "write"
  | "edit"
  | "browse"
  | "browse_interactive"
  | "call_tool_mcp"
  | "delegate"
  | "task_tracking"
>;

export interface StepRow {
  readonly kind: "step";
  readonly id: number;
  readonly action: StepAction;
  readonly observation: ObservationEvent | null;
}

export type Row =
  | { readonly kind: "user_message"; readonly id: number; readonly event: ActionOf<"message"> }
  | { readonly kind: "agent_message"; readonly id: number; readonly event: ActionOf<"message"> }
  | { readonly kind: "think"; readonly id: number; readonly thought: string }
  | { readonly kind: "finish"; readonly id: number; readonly timestamp: string; readonly text: string; readonly thought: string }
  | { readonly kind: "reject"; readonly id: number; readonly text: string }
  | { readonly kind: "system"; readonly id: number; readonly content: string; readonly toolCount: number }
  | { readonly kind: "condensed"; readonly id: number; readonly summary: string | null }
  | { readonly kind: "error"; readonly id: number; readonly text: string; readonly errorId: string }
  | { readonly kind: "failed"; readonly id: number; readonly reason: string }
  | { readonly kind: "stopped"; readonly id: number }
  | { readonly kind: "other"; readonly id: number; readonly event: OtherEvent }
  | StepRow;

export interface ConversationView {
  readonly lastEventId: number;
  /** Every event that is known, oldest first: the end of the log, or all of it. */
  readonly log: readonly LoggedEvent[];
  /** Does `log` begin where the conversation began? */
  readonly reachesStart: boolean;
  readonly rows: readonly Row[];
  /** Where the step of an action id is in `rows`. */
  readonly stepIndex: ReadonlyMap<number, number>;
  readonly agentState: AgentState | null;
  readonly stateReason: string;
  /** The event that told the state: a state may come twice with others in between. */
  readonly stateEventId: number;
  readonly metrics: LlmMetrics | null;
  readonly status: StatusUpdate | null;
  readonly notice: ErrorNotice | null;
  readonly title: string | null;
  /** The folder the agent works in, once the log names it. */
  readonly workspace: string | null;
  /** Output of running commands as it appears, by action id. */
  readonly liveOutput: ReadonlyMap<number, string>;
  /** What the model is thinking now, likewise. */
  readonly liveReasoning: { readonly after: number; readonly text: string } | null;
  /** What the model is writing now, and the newest event it had seen when it began. */
  readonly liveMessage: { readonly after: number; readonly text: string } | null;
  /** The newest action that the model decided on: text for anything before it is stale. */
  readonly lastAgentActionId: number;
}

/** What the server says of a conversation beside its log; it counts until an event says better. */
export interface Assumption {
  kind: "assumed";
  agentState: AgentState | null;
  workspace: string | null;
}

export type ViewInput = Incoming | { kind: "delta"; delta: Delta } | Assumption;

export const emptyView: ConversationView = {
  lastEventId: -1,
  log: [],
  reachesStart: true,
  rows: [],
  stepIndex: new Map(),
  agentState: null,
  stateReason: "",
  stateEventId: -1,
  metrics: null,
  status: null,
  notice: null,
  title: null,
  workspace: null,
  liveOutput: new Map(),
  liveMessage: null,
  liveReasoning: null,
  lastAgentActionId: -1,
};
