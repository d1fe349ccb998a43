/** Questions about a view. */

import type { ConversationView, Row } from "./view";

export function isWorking(view: ConversationView): boolean {
  return view.agentState === "running" || view.agentState === "rate_limited";
}

export function isAwaitingConfirmation(view: ConversationView): boolean {
  return view.agentState === "awaiting_user_confirmation";
}

/** Is the agent busy with the model, rather than with a command that shows its own progress? */
export function isThinking(view: ConversationView): boolean {
  if (!isWorking(view)) return false;
  const last = view.rows.at(-1);
  return !(last?.kind === "step" && last.observation === null);
}

export interface Usage {
  model: string | null;
  tokens: number;
  cost: number;
}

export function usage(view: ConversationView): Usage | null {
  const { metrics } = view;
  if (metrics === null) return null;
  const used = metrics.accumulated_token_usage;
  return {
    model: used.model === "" || used.model === "default" ? null : used.model,
    tokens: used.prompt_tokens + used.completion_tokens,
    cost: metrics.accumulated_cost,
  };
}

/** Returns the newest `count` rows, and how many came before them. */
export function lastRows(view: ConversationView, count: number): { rows: readonly Row[]; earlier: number } {
  const earlier = Math.max(0, view.rows.length - count);
  return { rows: earlier === 0 ? view.rows : view.rows.slice(earlier), earlier };
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
