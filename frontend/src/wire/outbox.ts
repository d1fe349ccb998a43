/** Actions on their way to the server: kept until the server has answered for each. */

import { isRecord, stringAt } from "@/lib/guards";
import { readStored, writeStored } from "@/lib/stored-text";

export type OutgoingAction =
  | { kind: "message"; text: string }
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
  const { action } = entry;
  const args =
    action.kind === "message"
      ? { content: action.text, image_urls: [], file_urls: [] }
      : { agent_state: action.state };
  return {
    action: action.kind === "message" ? "message" : "change_agent_state",
    args,
    client_id: entry.clientId,
  };
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
    const action = { kind: "message" as const, text: message };
    return [{ clientId, action, delivery: { kind: "sending" }, sentAfter: Number.MAX_SAFE_INTEGER }];
  });
}

export function saveOutbox(conversationId: string, entries: readonly OutboxEntry[]): void {
  const unsent = entries.flatMap(({ clientId, action, delivery }) =>
    action.kind === "message" && delivery.kind !== "accepted" ? [{ clientId, text: action.text }] : [],
  );
  writeStored(storageKey(conversationId), unsent.length === 0 ? "" : JSON.stringify(unsent));
}
