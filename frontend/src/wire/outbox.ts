/** Actions on their way to the server: kept until the server has answered for each. */

import { isRecord, stringAt, stringsAt } from "@/lib/guards";
import { readStored, writeStored } from "@/lib/stored-text";

export type OutgoingAction =
  | { kind: "message"; text: string; images?: readonly string[]; files?: readonly string[] }
  | { kind: "run"; command: string }
  | { kind: "state"; state: "stopped" | "running" | "paused" | "user_confirmed" | "user_rejected" };

export type DeliveryState =
  | { kind: "sending" }
  | { kind: "accepted"; eventId: number | null }
  | { kind: "refused"; message: string };

export interface OutboxEntry {
  readonly clientId: string;
  readonly action: OutgoingAction;
  readonly delivery: DeliveryState;
  /** The newest event when it was sent: its own event has a higher id. */
  readonly sentAfter: number;
}

/** Returns the action as it goes over the wire. */
export function encodeAction(entry: OutboxEntry): Record<string, unknown> {
  const { action, clientId: client_id } = entry;
  switch (action.kind) {
    case "message": {
      const args = { content: action.text, image_urls: action.images ?? [], file_urls: action.files ?? [] };
      return { action: "message", args, client_id };
    }
    case "run":
      return { action: "run", args: { command: action.command }, client_id };
    case "state":
      return { action: "change_agent_state", args: { agent_state: action.state }, client_id };
  }
}

const storageKey = (conversationId: string) => `openhands.outbox.${conversationId}`;

/** Returns messages that were typed before a reload and never answered for. */
export function loadOutbox(conversationId: string): OutboxEntry[] {
  const text = readStored(storageKey(conversationId));
  if (text === "") return [];
  let stored: unknown;
  try {
    stored = JSON.parse(text);
  } catch {
    return [];
  }
  if (!Array.isArray(stored)) return [];
  return stored.filter(isRecord).flatMap((item): OutboxEntry[] => {
    const clientId = stringAt(item, "clientId");
    const message = stringAt(item, "text");
    if (clientId === null || message === null) return [];
    const action = { kind: "message" as const, text: message, images: stringsAt(item, "images"), files: stringsAt(item, "files") };
    return [{ clientId, action, delivery: { kind: "sending" }, sentAfter: Number.MAX_SAFE_INTEGER }];
  });
}

export function saveOutbox(conversationId: string, entries: readonly OutboxEntry[]): void {
  const unsent = entries.flatMap(({ clientId, action, delivery }) =>
    action.kind === "message" && delivery.kind !== "accepted"
      ? [{ clientId, text: action.text, images: action.images ?? [], files: action.files ?? [] }]
      : [],
  );
  const key = storageKey(conversationId);
  if (unsent.length === 0) writeStored(key, "");
  // Pictures may be more than a browser keeps; the words always fit.
  else if (!writeStored(key, JSON.stringify(unsent))) {
    writeStored(key, JSON.stringify(unsent.map((entry) => ({ ...entry, images: [] }))));
  }
}
