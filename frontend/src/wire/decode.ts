/** What arrives on `oh_event` and `oh_delta`, told apart once. */

import { isRecord, numberAt, stringAt } from "@/lib/guards";

import type { Envelope, WireEvent } from "./generated/events";

export interface StatusUpdate {
  kind: "status";
  level: "info" | "error";
  id: string;
  message: string;
}

export interface TitleUpdate {
  kind: "title";
  title: string;
}

export interface ErrorNotice {
  kind: "error_notice";
  message: string;
}

/** An event of a kind this interface does not know, or one that lacks what its kind needs. */
export interface OtherEvent {
  id: number;
  timestamp: string;
  source: "user" | "agent" | "environment";
  name: string;
  text: string;
}

/** An event of the log; `raw` is the payload as it came. */
export type LoggedEvent =
  | { kind: "event"; event: WireEvent; raw: Record<string, unknown> }
  | { kind: "other_event"; event: OtherEvent; raw: Record<string, unknown> };

export type Incoming =
  | LoggedEvent
  | StatusUpdate
  | TitleUpdate
  | ErrorNotice
  | { kind: "ignored"; reason: string };

/**
 * A passing piece of output (`id` = the running action) or of the model's text (`id` = the newest event it saw),
 * or the word that the model begins its text anew.
 */
export type Delta =
  | { kind: "output"; id: number; text: string }
  | { kind: "message"; id: number; text: string }
  | { kind: "reasoning"; id: number; text: string }
  | { kind: "restart"; id: number };

type Check = (fields: Record<string, unknown>) => boolean;

const strings =
  (...keys: string[]): Check =>
  (fields) =>
    keys.every((key) => typeof fields[key] === "string");
const anything: Check = () => true;

const isTask = (task: unknown): boolean => isRecord(task) && strings("title", "status")(task);
const hasTasks: Check = (fields) => Array.isArray(fields["task_list"]) && fields["task_list"].every(isTask);

/** What we read of each action; an action that lacks it is shown as an unknown one. */
const ACTIONS: Record<string, Check> = {
  message: strings("content"),
  system: strings("content"),
  run: strings("command"),
  run_ipython: strings("code"),
  read: strings("path"),
  write: strings("path", "content"),
  edit: strings("path"),
  browse: strings("url"),
  browse_interactive: strings("browser_actions"),
  call_tool_mcp: strings("name"),
  think: strings("thought"),
  finish: strings("final_thought"),
  reject: anything,
  delegate: strings("agent"),
  recall: anything,
  change_agent_state: strings("agent_state"),
  condensation: anything,
  condensation_request: anything,
  task_tracking: hasTasks,
  loop_recovery: anything,
  null: anything,
};

const OBSERVATIONS: Record<string, Check> = {
  run: (extras) => isRecord(extras["metadata"]) && typeof extras["metadata"]["exit_code"] === "number",
  run_ipython: anything,
  read: anything,
  write: anything,
  edit: anything,
  browse: anything,
  mcp: anything,
  think: anything,
  task_tracking: hasTasks,
  delegate: anything,
  recall: anything,
  agent_state_changed: strings("agent_state"),
  error: anything,
  user_rejected: anything,
  success: anything,
  condense: anything,
  download: anything,
  loop_detection: anything,
  null: anything,
};

function decodeSource(value: unknown): Envelope["source"] {
  return value === "user" || value === "environment" ? value : "agent";
}

function decodeEvent(payload: Record<string, unknown>, id: number): LoggedEvent {
  const message = stringAt(payload, "message") ?? "";
  const envelope = {
    ...payload,
    id,
    message,
    timestamp: stringAt(payload, "timestamp") ?? "",
    source: decodeSource(payload["source"]),
  };
  const action = stringAt(payload, "action");
  const observation = stringAt(payload, "observation");
  if (action !== null) {
    const args = isRecord(payload["args"]) ? payload["args"] : {};
    if (ACTIONS[action]?.(args) === true) {
      return { kind: "event", event: { ...envelope, args } as unknown as WireEvent, raw: payload };
    }
  } else if (observation !== null) {
    const extras = isRecord(payload["extras"]) ? payload["extras"] : {};
    const content = stringAt(payload, "content") ?? "";
    if (OBSERVATIONS[observation]?.(extras) === true) {
      return { kind: "event", event: { ...envelope, extras, content } as unknown as WireEvent, raw: payload };
    }
  }
  const { timestamp, source } = envelope;
  const text = message || (stringAt(payload, "content") ?? "");
  const name = action ?? observation ?? "event";
  return { kind: "other_event", event: { id, timestamp, source, name, text }, raw: payload };
}

/** Tells what a payload of `oh_event` is. Never throws. */
export function decode(payload: unknown): Incoming {
  if (!isRecord(payload)) return { kind: "ignored", reason: "not an object" };
  if (payload["status_update"] === true) {
    const title = stringAt(payload, "conversation_title");
    if (title !== null) return { kind: "title", title };
    return {
      kind: "status",
      level: payload["type"] === "error" ? "error" : "info",
      id: stringAt(payload, "id") ?? "",
      message: stringAt(payload, "message") ?? "",
    };
  }
  const id = numberAt(payload, "id");
  if (id !== null && id >= 0) return decodeEvent(payload, id);
  if (payload["error"] === true) {
    return { kind: "error_notice", message: stringAt(payload, "message") ?? "The server reported an error." };
  }
  return { kind: "ignored", reason: "no event id" };
}

/** Returns the events among stored payloads, as REST lists them. */
export function decodeStored(payloads: readonly unknown[]): LoggedEvent[] {
  return payloads.map(decode).filter((incoming) => incoming.kind === "event" || incoming.kind === "other_event");
}

/** Tells what a payload of `oh_delta` is, or null if it is nothing we know. */
export function decodeDelta(payload: unknown): Delta | null {
  if (!isRecord(payload)) return null;
  const id = numberAt(payload, "id");
  const text = stringAt(payload, "text");
  const type = payload["type"];
  if (id !== null && type === "restart") return { kind: "restart", id };
  if (id === null || text === null) return null;
  return type === "output" || type === "message" || type === "reasoning" ? { kind: type, id, text } : null;
}

/** The server's answer to an action sent with an acknowledgement. */
export type Ack = { kind: "accepted"; id: number | null } | { kind: "refused"; message: string };

export function decodeAck(payload: unknown): Ack {
  if (isRecord(payload) && payload["error"] === true) {
    return { kind: "refused", message: stringAt(payload, "message") ?? "The server refused this." };
  }
  // A server that acknowledges without saying more has taken the action.
  return { kind: "accepted", id: isRecord(payload) ? numberAt(payload, "id") : null };
}
