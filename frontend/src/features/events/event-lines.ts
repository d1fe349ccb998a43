/** Events as lines that can be looked through. */

import { locale } from "@/i18n/language";
import { parseTime } from "@/lib/format";
import { isRecord, stringAt } from "@/lib/guards";
import type { LoggedEvent } from "@/wire/decode";

export const KINDS = ["all", "actions", "observations", "user", "agent", "environment"] as const;
export type Kind = (typeof KINDS)[number];

const LONGEST_SUMMARY = 300;
/** Colors of a terminal, and what else cannot be seen. */
const CONTROLS = /\x1b\[[0-9;:?]*[ -/]*[@-~]|[\x00-\x08\x0e-\x1f\x7f]/g;
/** Of a very long event only the beginning is searched. */
const SEARCHED = 20_000;

export interface EventLine {
  id: number;
  time: string;
  source: string;
  name: string;
  isAction: boolean;
  summary: string;
}

const lines = new WeakMap<LoggedEvent, EventLine>();
const searched = new WeakMap<LoggedEvent, string>();

/** Where the most telling text of an event is, best first. */
const TELLING = ["command", "code", "path", "url", "browser_actions", "agent_state", "final_thought", "content", "thought", "query", "name"];

function summaryOf(raw: Record<string, unknown>): string {
  const parts = [raw["args"], raw["extras"]].filter(isRecord);
  const content = stringAt(raw, "content") ?? "";
  const texts = [
    ...(typeof raw["observation"] === "string" ? [content] : []),
    ...TELLING.flatMap((key) => parts.map((part) => stringAt(part, key) ?? "")),
    stringAt(raw, "message") ?? "",
    content,
  ];
  const text = texts.find((candidate) => candidate.trim() !== "") ?? "";
  return text.slice(0, 4 * LONGEST_SUMMARY).replace(CONTROLS, "").replace(/\s+/g, " ").trim().slice(0, LONGEST_SUMMARY);
}

function timeOf(raw: Record<string, unknown>): string {
  const time = parseTime(stringAt(raw, "timestamp") ?? "");
  return time === null ? "" : new Date(time).toLocaleTimeString(locale(), { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false });
}

export function lineOf(logged: LoggedEvent): EventLine {
  const known = lines.get(logged);
  if (known !== undefined) return known;
  const { raw } = logged;
  const action = stringAt(raw, "action");
  const line: EventLine = {
    id: logged.event.id,
    time: timeOf(raw),
    source: stringAt(raw, "source") ?? "",
    name: action ?? stringAt(raw, "observation") ?? "",
    isAction: action !== null,
    summary: summaryOf(raw),
  };
  lines.set(logged, line);
  return line;
}

function searchTextOf(logged: LoggedEvent): string {
  const known = searched.get(logged);
  if (known !== undefined) return known;
  const text = JSON.stringify(logged.raw).slice(0, SEARCHED).toLowerCase();
  searched.set(logged, text);
  return text;
}

function isOfKind(logged: LoggedEvent, kind: Kind): boolean {
  const { isAction, source } = lineOf(logged);
  if (kind === "all") return true;
  if (kind === "actions") return isAction;
  if (kind === "observations") return !isAction;
  return source === kind;
}

/** Returns the events of a kind that have a text anywhere in them. */
export function matching(log: readonly LoggedEvent[], kind: Kind, filter: string): readonly LoggedEvent[] {
  // What is searched is JSON: there a quotation mark has a backslash before it.
  const wanted = JSON.stringify(filter.trim().toLowerCase()).slice(1, -1);
  if (wanted === "" && kind === "all") return log;
  return log.filter((logged) => isOfKind(logged, kind) && (wanted === "" || searchTextOf(logged).includes(wanted)));
}

/** Returns events as they came, as JSON that people can read. */
export function asJson(events: readonly LoggedEvent[]): string {
  return JSON.stringify(events.map(({ raw }) => raw), null, 2);
}
