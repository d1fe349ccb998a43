import { useCallback, useEffect, useRef, useState } from "react";

import { reduceAll } from "@/conversation/reduce";
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
  send: (action: OutgoingAction) => void;
  discard: (clientId: string) => void;
  reconnect: () => void;
}

interface UseConversationOptions {
  id: string;
  /** The conversation's own key, if it has one; else the key of this tab is used. */
  key: string | null;
  isReady: boolean;
  openSocket: OpenSocket;
}

/** History arrives faster than it can be read: drawing it less often leaves more time for receiving it. */
const HISTORY_BATCH = 100;

/** A frame while the page is visible; a timer otherwise, because hidden pages get no frames. */
function soon(lastBatch: number, run: () => void): void {
  if (document.visibilityState === "visible" && lastBatch < HISTORY_BATCH) requestAnimationFrame(run);
  else setTimeout(run, 100);
}

/** Follows a conversation: joins it when it is ready, folds what arrives once per frame, leaves on unmount. */
export function useConversation(options: UseConversationOptions): LiveConversation {
  const { id, key, isReady, openSocket } = options;
  const [live, setLive] = useState<LiveState>({ view: emptyView, outbox: [] });
  const [connection, setConnection] = useState<Connection>({ kind: "connecting" });
  const socket = useRef<ConversationSocket | null>(null);

  useEffect(() => {
    if (!isReady) return;
    let inputs: ViewInput[] = [];
    let outbox: readonly OutboxEntry[] | null = null;
    let isScheduled = false;
    let lastBatch = 0;
    let isGone = false;
    const flush = () => {
      isScheduled = false;
      if (isGone) return;
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
    opened.connect();
    return () => {
      isGone = true;
      socket.current = null;
      opened.close();
    };
  }, [id, key, isReady, openSocket]);

  const send = useCallback((action: OutgoingAction) => {
    if (socket.current === null) throw new Error("the conversation is not open yet");
    socket.current.send(action);
  }, []);
  const discard = useCallback((clientId: string) => socket.current?.discard(clientId), []);
  const reconnect = useCallback(() => socket.current?.connect(), []);

  return { ...live, connection, send, discard, reconnect };
}
