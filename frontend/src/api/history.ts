/** Pages of a conversation's log over REST: the socket brings only what comes after them. */

import { isRecord } from "@/lib/guards";
import { decodeStored, type LoggedEvent } from "@/wire/decode";

import { call } from "./http";

export interface HistoryPage {
  /** Oldest first. */
  events: LoggedEvent[];
  reachesStart: boolean;
}

const PAGE = 100;

async function read(id: string, query: string, signal: AbortSignal): Promise<{ events: unknown[]; hasMore: boolean }> {
  const body = await call(`/api/conversations/${encodeURIComponent(id)}/events?${query}&pictures=url`, { signal });
  const events: unknown[] = isRecord(body) && Array.isArray(body["events"]) ? body["events"] : [];
  return { events, hasMore: isRecord(body) && body["has_more"] === true };
}

/** Reads the newest events, or those before `before`. */
export async function readHistory(id: string, before: number | null, signal: AbortSignal): Promise<HistoryPage> {
  const end = before === null ? "" : `&end_id=${before - 1}`;
  const { events, hasMore } = await read(id, `reverse=true&limit=${PAGE}${end}`, signal);
  return { events: decodeStored(events.reverse()), reachesStart: !hasMore };
}

/** Reads the events around one of them, for an address that points at it. */
export async function readSince(id: string, first: number, before: number, signal: AbortSignal): Promise<HistoryPage> {
  const events: unknown[] = [];
  let start = Math.max(0, first);
  while (start < before) {
    const page = await read(id, `start_id=${start}&end_id=${before - 1}&limit=${PAGE}`, signal);
    events.push(...page.events);
    if (!page.hasMore) break;
    const last = decodeStored(page.events.slice(-1))[0];
    if (last === undefined) break;
    start = last.event.id + 1;
  }
  return { events: decodeStored(events), reachesStart: first <= 0 };
}

/** Reads the first events, which tell what a conversation works in. */
export async function readBeginning(id: string, signal: AbortSignal): Promise<LoggedEvent[]> {
  const { events } = await read(id, "limit=10", signal);
  return decodeStored(events);
}
