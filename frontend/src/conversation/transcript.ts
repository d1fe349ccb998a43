/** What the chat shows of a view: rows one by one, and the steps of past turns folded together. */

import type { Row, StepRow } from "./view";

export type TranscriptItem =
  | { readonly kind: "row"; readonly key: string; readonly row: Row }
  | { readonly kind: "steps"; readonly key: string; readonly rows: readonly Row[]; readonly summary: StepSummary };

export interface StepSummary {
  count: number;
  commands: number;
  edits: number;
  reads: number;
  others: number;
  failed: number;
}

/** Fewer steps than this are shown as they are. */
const LEAST = 3;

const isStep = (row: Row): boolean => row.kind === "step" || row.kind === "think";

/** Folds what happened before the newest message of the person; what happens now is never folded. */
export function itemsOf(rows: readonly Row[], opened: ReadonlySet<string>): TranscriptItem[] {
  const current = rows.findLastIndex((row) => row.kind === "user_message");
  const items: TranscriptItem[] = [];
  let at = 0;
  while (at < rows.length) {
    const row = rows[at];
    if (row === undefined) break;
    let end = at;
    if (at < current) {
      while (end < current && rows[end] !== undefined && isStep(rows[end] ?? row)) end += 1;
    }
    if (end - at >= LEAST) {
      const group = rows.slice(at, end);
      const key = `g${row.id}`;
      items.push({ kind: "steps", key, rows: group, summary: summarize(group) });
      if (opened.has(key)) items.push(...group.map(itemOf));
      at = end;
    } else {
      items.push(itemOf(row));
      at += 1;
    }
  }
  return items;
}

function itemOf(row: Row): TranscriptItem {
  return { kind: "row", key: `r${row.id}`, row };
}

function summarize(rows: readonly Row[]): StepSummary {
  const summary: StepSummary = { count: rows.length, commands: 0, edits: 0, reads: 0, others: 0, failed: 0 };
  for (const row of rows) {
    if (row.kind !== "step") continue;
    switch (row.action.action) {
      case "run":
        summary.commands += 1;
        break;
      case "edit":
      case "write":
        summary.edits += 1;
        break;
      case "read":
        summary.reads += 1;
        break;
      case "run_ipython":
      case "browse":
      case "browse_interactive":
      case "call_tool_mcp":
      case "delegate":
      case "task_tracking":
        summary.others += 1;
        break;
    }
    if (hasFailed(row)) summary.failed += 1;
  }
  return summary;
}

/** Did the step end in a way that somebody should look at? */
export function hasFailed({ observation }: StepRow): boolean {
  if (observation === null) return false;
  if (observation.observation === "run") return observation.extras.metadata.exit_code > 0;
  return observation.observation === "error" || observation.observation === "user_rejected";
}

/** Returns where an event is shown, and the group to open for it. An answer is shown with its question. */
export function findEvent(rows: readonly Row[], eventId: number): { rowId: number; groupKey: string | null } | null {
  const row = rows.find((each) => each.id === eventId || (each.kind === "step" && each.observation?.id === eventId));
  const shown = row ?? rows.findLast((each) => each.id < eventId);
  if (shown === undefined) return null;
  const group = itemsOf(rows, new Set()).find((item) => item.kind === "steps" && item.rows.includes(shown));
  return { rowId: shown.id, groupKey: group?.key ?? null };
}
