import { useCallback, useEffect, useRef, useState } from "react";

import { readBeginning, readHistory, readSince } from "@/api/history";
import { prepend, reduceAll, type HistoryPage } from "@/conversation/reduce";
import { emptyView, type ConversationView, type ViewInput } from "@/conversation/view";
import { newId } from "@/lib/new-id";
import { ConversationSocket, type Connection, type OpenSocket } from "@/wire/conversation-socket";
import type { OutboxEntry, OutgoingAction } from "@/wire/outbox";

interface LiveState {
  view: ConversationView;
  outbox: readonly OutboxEntry[];
}

export interface LiveConversation extends LiveState {
  connection: Connection;
  /** Has the end of the log been read? Until then there is nothing to show. */
  isRead: boolean;
  isReadingEarlier: boolean;
  send: (action: OutgoingAction) => void;
  discard: (clientId: string) => void;
  reconnect: () => void;
  /** Reads the page of the log before what is known. */
  readEarlier: () => void;
  /** Reads back to an event, if it is not known yet. */
  readBackTo: (eventId: number) => void;
}

/** Where the pages of the log come from. */
export interface History {
  newest: (id: string, before: number | null, signal: AbortSignal) => Promise<HistoryPage>;
  since: (id: string, first: number, before: number, signal: AbortSignal) => Promise<HistoryPage>;
  beginning: (id: string, signal: AbortSignal) => Promise<HistoryPage["events"]>;
}

export const restHistory: History = { newest: readHistory, since: readSince, beginning: readBeginning };

interface UseConversationOptions {
  id: string;
  /** The conversation's own key, if it has one; else the browser's cookie speaks for it. */
  key: string | null;
  /** Can the socket join it now? */
  isReady: boolean;
  /** What the server says the agent is at, for a log whose end does not. */
  agentState: ConversationView["agentState"];
  openSocket: OpenSocket;
  history: History;
}

/** History arrives faster than it can be read: drawing it less often leaves more time for receiving it. */
const LARGE_BATCH = 100;
/** Events before the one that an address points at. */
const CONTEXT = 20;

/** A frame while the page is visible; a timer otherwise, because hidden pages get no frames. */
function soon(lastBatch: number, run: () => void): void {
  if (document.visibilityState === "visible" && lastBatch < LARGE_BATCH) requestAnimationFrame(run);
  else setTimeout(run, 100);
}

/**
 * Follows a conversation: reads the end of its log, joins it when it is ready, folds what arrives once per frame, and
 * reads earlier pages when they are asked for.
 */
export function useConversation(options: UseConversationOptions): LiveConversation {
  const { id, key, isReady, agentState, openSocket, history } = options;
  const [live, setLive] = useState<LiveState>({ view: emptyView, outbox: [] });
  const [connection, setConnection] = useState<Connection>({ kind: "connecting" });
  const [isRead, setRead] = useState(false);
  const [isReadingEarlier, setReadingEarlier] = useState(false);
  const socket = useRef<ConversationSocket | null>(null);
  const readAfter = useRef(-1);

  useEffect(() => {
    let inputs: ViewInput[] = [];
    let outbox: readonly OutboxEntry[] | null = null;
    let isScheduled = false;
    let lastBatch = 0;
    const gone = new AbortController();
    const isGone = () => gone.signal.aborted;
    const flush = () => {
      isScheduled = false;
      if (isGone()) return;
      const batch = inputs;
      const entries = outbox;
      lastBatch = batch.length;
      inputs = [];
      outbox = null;
      setLive((last) => ({ view: reduceAll(last.view, batch), outbox: entries ?? last.outbox }));
    };
    const schedule = () => {
      if (isScheduled) return;
      isScheduled = true;
      soon(lastBatch, flush);
    };
    const opened = new ConversationSocket({
      conversationId: id,
      sessionKey: key,
      openSocket,
      newId,
      onIncoming: (incoming) => {
        inputs.push(incoming);
        schedule();
      },
      onDelta: (delta) => {
        inputs.push({ kind: "delta", delta });
        schedule();
      },
      onConnection: setConnection,
      onOutbox: (entries) => {
        outbox = entries;
        schedule();
      },
    });
    socket.current = opened;
    readAfter.current = -1;

    const readEnd = async () => {
      try {
        const page = await history.newest(id, null, gone.signal);
        if (isGone()) return;
        readAfter.current = page.events.at(-1)?.event.id ?? -1;
        setLive((last) => ({ ...last, view: prepend(last.view, page) }));
        setRead(true);
        if (page.reachesStart) return;
        const beginning = await history.beginning(id, gone.signal);
        if (isGone()) return;
        inputs.push({ kind: "assumed", agentState: null, workspace: reduceAll(emptyView, beginning).workspace });
        schedule();
      } catch {
        // The socket brings everything from the start; it only takes longer.
        if (!isGone()) setRead(true);
      }
    };
    void readEnd();
    return () => {
      gone.abort();
      socket.current = null;
      opened.close();
      setLive({ view: emptyView, outbox: [] });
      setRead(false);
    };
  }, [id, key, openSocket, history]);

  useEffect(() => {
    if (isReady && isRead) socket.current?.connect(readAfter.current);
  }, [isReady, isRead]);

  // The log may not say what the agent is at: its last word on that may be far back.
  const { agentState: known, reachesStart } = live.view;
  const shown = known === null && !reachesStart && agentState !== null ? { ...live.view, agentState } : live.view;

  const earlier = useRef<AbortController | null>(null);
  useEffect(() => () => earlier.current?.abort(), [id]);
  const first = live.view.log[0]?.event.id ?? null;
  const readBefore = useCallback(
    (read: (before: number, signal: AbortSignal) => Promise<HistoryPage>) => {
      if (first === null || earlier.current !== null) return;
      const reading = new AbortController();
      earlier.current = reading;
      setReadingEarlier(true);
      read(first, reading.signal)
        .then(
          (page) => {
            if (!reading.signal.aborted) setLive((last) => ({ ...last, view: prepend(last.view, page) }));
          },
          // Scrolling there again tries again.
          () => undefined,
        )
        .finally(() => {
          earlier.current = null;
          setReadingEarlier(false);
        });
    },
    [first],
  );
  const readEarlier = useCallback(() => {
    if (!reachesStart) readBefore((before, signal) => history.newest(id, before, signal));
  }, [history, id, reachesStart, readBefore]);
  const readBackTo = useCallback(
    (eventId: number) => {
      if (first === null || reachesStart || eventId >= first) return;
      readBefore((before, signal) => history.since(id, eventId - CONTEXT, before, signal));
    },
    [first, history, id, reachesStart, readBefore],
  );

  const send = useCallback((action: OutgoingAction) => {
    if (socket.current === null) throw new Error("the conversation is not open yet");
    socket.current.send(action);
  }, []);
  const discard = useCallback((clientId: string) => socket.current?.discard(clientId), []);
  const reconnect = useCallback(() => socket.current?.connect(), []);

  return { ...live, view: shown, connection, isRead, isReadingEarlier, send, discard, reconnect, readEarlier, readBackTo };
}
