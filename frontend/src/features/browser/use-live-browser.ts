import { useCallback, useEffect, useReducer, useRef, useState, useSyncExternalStore } from "react";

import { BrowserSocket, type OpenPlainSocket } from "@/wire/browser-socket";
import type { BrowserInput } from "@/wire/live-browser";

import { holderOf, notConnected, reduceLive, type Holder, type LiveState } from "./live-state";
import { Painter } from "./painter";

interface UseLiveBrowserOptions {
  conversationId: string;
  sessionKey: string | null;
  /** Is there a session whose browser may run? */
  isWanted: boolean;
  openSocket: OpenPlainSocket;
}

export interface LiveBrowser {
  state: LiveState;
  holder: Holder;
  painter: Painter;
  send: (input: BrowserInput) => void;
}

/** Watches the browser while somebody looks. Who uses it keeps it while they look something up elsewhere. */
export function useLiveBrowser({ conversationId, sessionKey, isWanted, openSocket }: UseLiveBrowserOptions): LiveBrowser {
  const [known, dispatch] = useReducer(reduceLive, notConnected);
  const [painter] = useState(() => new Painter());
  const socket = useRef<BrowserSocket | null>(null);
  const isHidden = useIsHidden();
  const state = isWanted ? known : notConnected;
  const holder = holderOf(state);
  const isWatched = isWanted && (!isHidden || holder === "me");

  useEffect(() => {
    if (!isWatched) return;
    const opened = new BrowserSocket({
      conversationId,
      sessionKey,
      openSocket,
      onOpened: () => dispatch({ kind: "opened" }),
      onNews: dispatch,
      onPicture: painter.paint,
      onLost: () => dispatch({ kind: "lost" }),
    });
    socket.current = opened;
    return () => {
      socket.current = null;
      opened.close();
      dispatch({ kind: "paused" });
    };
  }, [isWatched, conversationId, sessionKey, openSocket, painter]);

  const send = useCallback((input: BrowserInput) => {
    if (input.type === "take_over" || input.type === "hand_back") dispatch({ kind: "asked", for: input.type });
    else dispatch({ kind: "acted" });
    socket.current?.send(input);
  }, []);

  return { state, holder, painter, send };
}

function useIsHidden(): boolean {
  return useSyncExternalStore(
    (onChange) => {
      document.addEventListener("visibilitychange", onChange);
      return () => document.removeEventListener("visibilitychange", onChange);
    },
    () => document.hidden,
  );
}
