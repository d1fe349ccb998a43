/** Up to which event each conversation was seen in this browser. */

import { isRecord, numberAt } from "./guards";
import { readStored, writeStored } from "./stored-text";

const KEY = "openhands.seen";
/** Conversations that are remembered; the oldest are forgotten and count as seen. */
const MOST = 500;

/** Returns the newest event that was seen, by conversation. */
export function readSeen(): Record<string, number> {
  try {
    const stored: unknown = JSON.parse(readStored(KEY) || "{}");
    if (!isRecord(stored)) return {};
    return Object.fromEntries(Object.keys(stored).map((id) => [id, numberAt(stored, id) ?? -1]));
  } catch {
    return {};
  }
}

/** Notes that a conversation was seen up to an event. */
export function markSeen(id: string, eventId: number): void {
  const { [id]: before = -1, ...rest } = readSeen();
  if (eventId <= before) return;
  const entries = Object.entries(rest).slice(-(MOST - 1));
  writeStored(KEY, JSON.stringify({ ...Object.fromEntries(entries), [id]: eventId }));
}

/** Has something happened since this browser showed the conversation? One it never showed is not unread. */
export function isUnread(seen: Record<string, number>, id: string, lastEventId: number | null): boolean {
  const before = seen[id];
  return before !== undefined && lastEventId !== null && lastEventId > before;
}
