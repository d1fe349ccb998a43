/** Folds what arrives into the view. Pure: the same inputs always give the same view. */

import { assertNever } from "@/lib/guards";
import type { Delta, Incoming, LoggedEvent, OtherEvent } from "@/wire/decode";
import type { ActionEvent, ObservationEvent, WireEvent } from "@/wire/generated/events";

import { emptyView, type Assumption, type ConversationView, type Row, type StepAction, type ViewInput } from "./view";

const LIVE_OUTPUT_LIMIT = 60_000;

/** The view while a batch is folded into it: its own copies, so that a batch costs one copy, not one per event. */
interface Draft extends Omit<ConversationView, "log" | "rows" | "stepIndex" | "liveOutput"> {
  lastEventId: number;
  log: LoggedEvent[];
  agentState: ConversationView["agentState"];
  stateReason: string;
  stateEventId: number;
  metrics: ConversationView["metrics"];
  status: ConversationView["status"];
  notice: ConversationView["notice"];
  title: string | null;
  workspace: string | null;
  liveMessage: ConversationView["liveMessage"];
  liveReasoning: ConversationView["liveReasoning"];
  lastAgentActionId: number;
  rows: Row[];
  stepIndex: Map<number, number>;
  liveOutput: Map<number, string>;
}

export function reduce(view: ConversationView, input: ViewInput): ConversationView {
  return reduceAll(view, [input]);
}

export function reduceAll(view: ConversationView, inputs: readonly ViewInput[]): ConversationView {
  if (inputs.length === 0) return view;
  const draft: Draft = {
    ...view,
    log: [...view.log],
    rows: [...view.rows],
    stepIndex: new Map(view.stepIndex),
    liveOutput: new Map(view.liveOutput),
  };
  for (const input of inputs) applyInput(draft, input);
  return draft;
}

/** What a page of the log holds, newest pages first asked for. */
export interface HistoryPage {
  /** Oldest first. */
  events: readonly LoggedEvent[];
  reachesStart: boolean;
}

/** Puts an older page of the log before what is known. What is only passing stays as it is. */
export function prepend(view: ConversationView, page: HistoryPage): ConversationView {
  const known = view.log[0]?.event.id ?? Number.MAX_SAFE_INTEGER;
  const older = page.events.filter(({ event }) => event.id < known);
  const assumed: Assumption = { kind: "assumed", agentState: view.agentState, workspace: view.workspace };
  const { status, notice, title, liveOutput, liveMessage, liveReasoning } = view;
  const folded = reduceAll(emptyView, [...older, ...view.log, assumed]);
  return { ...folded, status, notice, title, liveOutput, liveMessage, liveReasoning, reachesStart: page.reachesStart };
}

function applyInput(draft: Draft, input: ViewInput): void {
  if (input.kind === "delta") applyDelta(draft, input.delta);
  else if (input.kind === "assumed") {
    draft.agentState ??= input.agentState;
    draft.workspace ??= input.workspace;
  } else applyIncoming(draft, input);
}

function applyIncoming(draft: Draft, incoming: Incoming): void {
  switch (incoming.kind) {
    case "event":
      if (advance(draft, incoming)) applyEvent(draft, incoming.event);
      return;
    case "other_event":
      if (advance(draft, incoming)) applyOther(draft, incoming.event);
      return;
    case "status":
      draft.status = incoming;
      return;
    case "title":
      draft.title = incoming.title;
      return;
    case "error_notice":
      draft.notice = incoming;
      return;
    case "ignored":
      return;
    default:
      assertNever(incoming);
  }
}

/** Moves the cursor; returns false for an event that was seen before. */
function advance(draft: Draft, logged: LoggedEvent): boolean {
  if (logged.event.id <= draft.lastEventId) return false;
  draft.lastEventId = logged.event.id;
  draft.log.push(logged);
  return true;
}

function applyDelta(draft: Draft, delta: Delta): void {
  switch (delta.kind) {
    case "output": {
      const at = draft.stepIndex.get(delta.id);
      const row = at === undefined ? undefined : draft.rows[at];
      if (row?.kind === "step" && row.observation !== null) return;
      const text = (draft.liveOutput.get(delta.id) ?? "") + delta.text;
      draft.liveOutput.set(delta.id, text.slice(-LIVE_OUTPUT_LIMIT));
      return;
    }
    case "message": {
      // Text for a moment that has passed: the event itself is already here.
      if (delta.id < draft.lastAgentActionId) return;
      const written = draft.liveMessage?.after === delta.id ? draft.liveMessage.text : "";
      draft.liveMessage = { after: delta.id, text: written + delta.text };
      return;
    }
    case "reasoning": {
      if (delta.id < draft.lastAgentActionId) return;
      const thought = draft.liveReasoning?.after === delta.id ? draft.liveReasoning.text : "";
      draft.liveReasoning = { after: delta.id, text: thought + delta.text };
      return;
    }
    case "restart":
      if (draft.liveMessage?.after === delta.id) draft.liveMessage = null;
      if (draft.liveReasoning?.after === delta.id) draft.liveReasoning = null;
      return;
    default:
      assertNever(delta);
  }
}

function applyEvent(draft: Draft, event: WireEvent): void {
  if (event.llm_metrics) draft.metrics = event.llm_metrics;
  if ("action" in event) applyAction(draft, event);
  else applyObservation(draft, event);
}

function applyAction(draft: Draft, event: ActionEvent): void {
  const { id } = event;
  if (event.source !== "user") {
    draft.liveMessage = null;
    draft.liveReasoning = null;
    draft.lastAgentActionId = id;
  }
  switch (event.action) {
    case "message":
      draft.notice = null;
      draft.rows.push({ kind: event.source === "user" ? "user_message" : "agent_message", id, event });
      return;
    case "think":
      if (event.args.thought.trim() !== "") draft.rows.push({ kind: "think", id, thought: event.args.thought });
      return;
    case "finish": {
      const { final_thought: text, thought } = event.args;
      draft.rows.push({ kind: "finish", id, timestamp: event.timestamp, text: text.trim() || event.message, thought });
      return;
    }
    case "reject":
      draft.rows.push({ kind: "reject", id, text: reasonOf(event.args.outputs) || event.message });
      return;
    case "system":
      draft.rows.push({ kind: "system", id, content: event.args.content, toolCount: event.args.tools?.length ?? 0 });
      return;
    case "condensation":
      draft.rows.push({ kind: "condensed", id, summary: event.args.summary });
      return;
    case "run":
      if (!event.args.hidden) addStep(draft, event);
      return;
    case "run_ipython":
    case "read":
    case "write":
    case "edit":
    case "browse":
    case "browse_interactive":
    case "call_tool_mcp":
    case "delegate":
    case "task_tracking":
      addStep(draft, event);
      return;
    case "recall":
    case "change_agent_state":
    case "condensation_request":
    case "loop_recovery":
    case "null":
      return;
    default:
      assertNever(event);
  }
}

function reasonOf(outputs: Record<string, unknown>): string {
  return typeof outputs["reason"] === "string" ? outputs["reason"] : "";
}

/** Adds a step; an action that was waiting for approval and is recorded again takes the place of the first. */
function addStep(draft: Draft, action: StepAction): void {
  const at = draft.rows.length - 1;
  const last = draft.rows[at];
  if (last?.kind === "step" && isAwaitingApproval(last.action) && isSameCall(last.action, action)) {
    const thought = last.action.args.thought || action.args.thought;
    draft.rows[at] = { kind: "step", id: last.id, action: withThought(action, thought), observation: null };
    draft.stepIndex.set(action.id, at);
    return;
  }
  draft.stepIndex.set(action.id, draft.rows.length);
  draft.rows.push({ kind: "step", id: action.id, action, observation: null });
}

function withThought(action: StepAction, thought: string): StepAction {
  return action.action === "run" ? { ...action, args: { ...action.args, thought } } : action;
}

export function isAwaitingApproval(action: StepAction): boolean {
  return "confirmation_state" in action.args && action.args.confirmation_state === "awaiting_confirmation";
}

function isSameCall(first: StepAction, second: StepAction): boolean {
  if (first.action !== second.action) return false;
  const call = first.tool_call_metadata?.tool_call_id;
  if (call !== undefined) return call === second.tool_call_metadata?.tool_call_id;
  return first.action === "run" && second.action === "run" && first.args.command === second.args.command;
}

function applyObservation(draft: Draft, event: ObservationEvent): void {
  if (event.observation === "agent_state_changed") {
    applyState(draft, event.id, event.extras.agent_state, event.extras.reason);
    return;
  }
  if (event.observation === "recall" && event.extras.working_dir) draft.workspace = event.extras.working_dir;
  if (event.cause !== undefined && answer(draft, event.cause, event)) return;
  switch (event.observation) {
    case "error":
      draft.rows.push({ kind: "error", id: event.id, text: event.content || event.message, errorId: event.extras.error_id });
      return;
    case "delegate":
    case "download":
    case "success":
    case "browse":
    case "mcp":
    case "run_ipython":
    case "user_rejected":
      if (event.content !== "") draft.rows.push({ kind: "other", id: event.id, event: asOther(event) });
      return;
    case "run":
    case "read":
    case "write":
    case "edit":
    case "think":
    case "task_tracking":
    case "recall":
    case "condense":
    case "loop_detection":
    case "null":
      return;
    default:
      assertNever(event);
  }
}

function asOther(event: ObservationEvent): OtherEvent {
  const { id, timestamp, source, content, observation } = event;
  return { id, timestamp, source, name: observation, text: content };
}

/** Puts an observation to the step it answers; returns false if there is none. */
function answer(draft: Draft, cause: number, observation: ObservationEvent): boolean {
  const at = draft.stepIndex.get(cause);
  const row = at === undefined ? undefined : draft.rows[at];
  if (at === undefined || row?.kind !== "step") return false;
  draft.rows[at] = { ...row, observation };
  // The full output replaces what was seen of it; a command that was cut short has nothing else to show.
  if (observation.observation === "run") draft.liveOutput.delete(cause);
  return true;
}

function applyState(draft: Draft, id: number, state: ConversationView["agentState"], reason: string): void {
  const previous = draft.agentState;
  draft.agentState = state;
  draft.stateReason = reason;
  draft.stateEventId = id;
  if (state === "error") draft.rows.push({ kind: "failed", id, reason });
  if (state === "stopped" && previous !== "finished" && previous !== "loading") draft.rows.push({ kind: "stopped", id });
  if (state !== "running") {
    draft.liveMessage = null;
    draft.liveReasoning = null;
  }
  if (state === "running") draft.notice = null;
}

function applyOther(draft: Draft, event: OtherEvent): void {
  draft.rows.push({ kind: "other", id: event.id, event });
}
