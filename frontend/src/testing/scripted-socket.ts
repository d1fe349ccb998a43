/** A socket whose other end is the test. */

import type { OpenSocket, SocketEvents } from "@/wire/conversation-socket";

export interface Emitted {
  name: string;
  payload: Record<string, unknown>;
  ack: (answer: unknown) => void;
}

export class ScriptedSocket {
  readonly queries: Record<string, string>[] = [];
  readonly emitted: Emitted[] = [];
  isClosed = false;
  #events: SocketEvents | null = null;

  readonly open: OpenSocket = (events) => {
    this.#events = events;
    return {
      connect: (query) => {
        this.queries.push(query);
      },
      close: () => {
        this.isClosed = true;
      },
      emit: (name, payload, ack) => {
        this.emitted.push({ name, payload: payload as Record<string, unknown>, ack });
      },
    };
  };

  get server(): SocketEvents {
    if (this.#events === null) throw new Error("the socket was never opened");
    return this.#events;
  }

  /** Loses the connection and comes back, as the client library would. */
  reconnect(): void {
    this.server.disconnected("transport close");
    this.queries.push(this.server.retrying(1));
    this.server.connected();
  }
}
