/** The real socket behind [`ConversationSocket`]: socket.io-client, WebSocket only. */

import { io } from "socket.io-client";

import type { OpenSocket } from "./conversation-socket";

export const openSocket: OpenSocket = (events) => {
  const socket = io({
    path: "/socket.io",
    transports: ["websocket"],
    autoConnect: false,
    forceNew: true,
    reconnectionDelay: 500,
    reconnectionDelayMax: 5000,
  });
  socket.on("connect", () => events.connected());
  socket.on("oh_event", (payload: unknown) => events.event(payload));
  socket.on("oh_delta", (payload: unknown) => events.delta(payload));
  socket.on("disconnect", (reason) => events.disconnected(reason));
  // `active` is false when the server itself refused: then nothing tries again.
  socket.on("connect_error", (error) => events.connectFailed(error.message, socket.active));
  socket.io.on("reconnect_attempt", (attempt) => {
    socket.io.opts.query = events.retrying(attempt);
  });

  return {
    connect(query) {
      socket.io.opts.query = query;
      socket.connect();
    },
    close() {
      socket.removeAllListeners();
      socket.disconnect();
    },
    emit(name, payload, ack) {
      socket.emit(name, payload, ack);
    },
  };
};
