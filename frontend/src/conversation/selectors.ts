/** Questions about a view. */

import { isAwaitingApproval } from "./reduce";
import type { ConversationView, StepAction, StepRow } from "./view";

export function isWorking(view: ConversationView): boolean {
  return view.agentState === "running" || view.agentState === "rate_limited";
}

export function isAwaitingConfirmation(view: ConversationView): boolean {
  return view.agentState === "awaiting_user_confirmation";
}

/** Is the agent busy with the model, rather than with a command that shows its own progress? */
export function isThinking(view: ConversationView): boolean {
  return isWorking(view) && runningStep(view) === null;
}

/** Returns the step that is being carried out, or null. What the person says meanwhile stands below it. */
export function runningStep(view: ConversationView): StepRow | null {
  const row = view.rows.findLast((each) => each.kind === "step");
  return row?.kind === "step" && row.observation === null ? row : null;
}

export interface Usage {
  model: string | null;
  tokens: number;
  cost: number;
  /** Null without a limit. */
  budget: number | null;
}

export function usage(view: ConversationView): Usage | null {
  const { metrics } = view;
  if (metrics === null) return null;
  const used = metrics.accumulated_token_usage;
  return {
    model: used.model === "" || used.model === "default" ? null : used.model,
    tokens: used.prompt_tokens + used.completion_tokens,
    cost: metrics.accumulated_cost,
    budget: metrics.max_budget_per_task,
  };
}

/** Returns the step that waits for approval, or null. */
export function awaitingStep(view: ConversationView): StepAction | null {
  const row = view.rows.findLast((each) => each.kind === "step");
  return row?.kind === "step" && isAwaitingApproval(row.action) ? row.action : null;
}

/** What the agent needs of the person now, if anything. */
export type Attention = "approval" | "answer" | "finished" | "failed" | null;

export function attention(view: ConversationView): Attention {
  switch (view.agentState) {
    case "awaiting_user_confirmation":
      return "approval";
    case "awaiting_user_input":
      return "answer";
    case "finished":
    case "rejected":
      return "finished";
    case "error":
      return "failed";
    case null:
    case "loading":
    case "running":
    case "paused":
    case "stopped":
    case "user_confirmed":
    case "user_rejected":
    case "rate_limited":
      return null;
  }
}

/** The id of the newest outcome of a step: what is in the workspace may have changed since the one before. */
export function workRevision(view: ConversationView): number {
  const last = view.rows.findLast((row) => row.kind === "step" && row.observation !== null);
  return last?.kind === "step" ? (last.observation?.id ?? -1) : -1;
}

/** Is a command running that the user gave, rather than the agent? */
export function isUserCommandRunning(view: ConversationView): boolean {
  const last = view.rows.findLast((row) => row.kind === "step");
  return last?.kind === "step" && last.observation === null && last.action.source === "user";
}
