/** OpenHands' states and status ids in words a person can act on, in the language in use. */

import { m } from "@/i18n/language";
import type { AgentState } from "@/wire/generated/events";

export interface Explanation {
  title: string;
  help: string;
  /** Where the thing that helps is found. */
  link: "settings" | null;
}

/** What the settings can mend. */
const IN_SETTINGS = [
  "STATUS$ERROR_LLM_AUTHENTICATION",
  "STATUS$ERROR_LLM_SERVICE_UNAVAILABLE",
  "STATUS$ERROR_LLM_OUT_OF_CREDITS",
  "STATUS$ERROR_LLM_CONTENT_POLICY_VIOLATION",
  "stepLimit",
];

function kindOf(reason: string): string {
  if (/agent reached maximum iteration/i.test(reason)) return "stepLimit";
  if (/agent reached maximum budget/i.test(reason)) return "costLimit";
  if (/stuck in a loop/i.test(reason)) return "loop";
  return reason;
}

/** Explains the reason of a failure: a status id, or the text of an error. */
export function explain(reason: string): Explanation {
  const { explanations } = m.words;
  const kind = kindOf(reason);
  const known = explanations[kind];
  if (known) return { ...known, link: IN_SETTINGS.includes(kind) ? "settings" : null };
  const unknown = explanations["unknown"] ?? { title: "", help: "" };
  const text = reason.replace(/^[A-Z]\w*(Error|Exception): /, "");
  return { title: unknown.title, help: text === "" ? unknown.help : text, link: null };
}

export function stateInWords(state: AgentState): string {
  return m.words.states[state];
}

/** Returns a progress status in words, or null if it is not one. */
export function statusInWords(id: string): string | null {
  return m.words.statuses[id] ?? null;
}
