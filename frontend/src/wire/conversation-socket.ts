/**
 * One conversation's Socket.IO connection: what arrives, what is sent, and how it comes back.
 *
 * The highest event id seen is the cursor. Every connection starts from it, so nothing is missed, and what is at or
 * below it is dropped, so nothing is shown twice. An action stays in the outbox under its `client_id` until the server
 * has answered for it, and is sent again on the next connection if the last one broke first.
 */

import { decode, decodeAck, decodeDelta, type Delta, type Incoming } from "./decode";
import { encodeAction, loadOutbox, saveOutbox, type OutboxEntry, type OutgoingAction } from "./outbox";

export type Connection =
  | { kind: "connecting" }
  | { kind: "connected" }
  | { kind: "reconnecting"; attempt: number }
  /** The server ended the session; it does not come back by itself. */
  | { kind: "ended" }
  | { kind: "refused"; message: string };

/** What we use of a Socket.IO socket, so that a test can stand in for it. */
export interface SocketPort {
  connect(query: Record<string, string>): void;
  close(): void;
  emit(name: string, payload: unknown, ack: (answer: unknown) => void): void;
}

export interface SocketEvents {
  connected(): void;
  event(payload: unknown): void;
  delta(payload: unknown): void;
  disconnected(reason: string): void;
  connectFailed(message: string, willRetry: boolean): void;
  /** Called before each new try; its result is the query of that try. */
  retrying(attempt: number): Record<string, string>;
}

export type OpenSocket = (events: SocketEvents) => SocketPort;

export interface ConversationSocketOptions {
  conversationId: string;
  sessionKey: string | null;
  openSocket: OpenSocket;
  newId: () => string;
  onIncoming: (incoming: Incoming) => void;
  onDelta: (delta: Delta) => void;
  onConnection: (connection: Connection) => void;
  onOutbox: (entries: readonly OutboxEntry[]) => void;
}

export class ConversationSocket {
  readonly #options: ConversationSocketOptions;
  readonly #port: SocketPort;
  #lastEventId = -1;
  #isConnected = false;
  #isClosed = false;
  #outbox: readonly OutboxEntry[];

  constructor(options: ConversationSocketOptions) {
    this.#options = options;
    this.#outbox = loadOutbox(options.conversationId);
    this.#port = options.openSocket({
      connected: () => this.#onConnected(),
      event: (payload) => this.#onEvent(payload),
      delta: (payload) => this.#onDelta(payload),
      disconnected: (reason) => this.#onDisconnected(reason),
      connectFailed: (message, willRetry) => {
        if (!willRetry) this.#setConnection({ kind: "refused", message });
      },
      retrying: (attempt) => {
        this.#setConnection({ kind: "reconnecting", attempt });
        return this.#query();
      },
    });
    options.onOutbox(this.#outbox);
  }

  /** Joins the conversation; events up to `after` are already known. */
  connect(after = -1): void {
    this.#lastEventId = Math.max(this.#lastEventId, after);
    this.#setConnection({ kind: "connecting" });
    this.#port.connect(this.#query());
  }

  close(): void {
    this.#isClosed = true;
    this.#isConnected = false;
    this.#port.close();
  }

  /** Sends an action now or as soon as there is a connection; returns its `client_id`. */
  send(action: OutgoingAction): string {
    const entry: OutboxEntry = {
      clientId: this.#options.newId(),
      action,
      delivery: { kind: "sending" },
      sentAfter: this.#lastEventId,
    };
    this.#setOutbox([...this.#outbox, entry]);
    if (this.#isConnected) this.#transmit(entry);
    return entry.clientId;
  }

  /** Forgets an action that the server refused. */
  discard(clientId: string): void {
    this.#setOutbox(this.#outbox.filter((entry) => entry.clientId !== clientId));
  }

  #query(): Record<string, string> {
    const { conversationId, sessionKey } = this.#options;
    return {
      conversation_id: conversationId,
      latest_event_id: String(this.#lastEventId),
      providers_set: "",
      deltas: "1",
      // Pictures come by their address and are fetched when they are seen.
      pictures: "url",
      ...(sessionKey === null ? {} : { session_api_key: sessionKey }),
    };
  }

  #onConnected(): void {
    this.#isConnected = true;
    this.#setConnection({ kind: "connected" });
    for (const entry of this.#outbox) {
      if (entry.delivery.kind === "sending") this.#transmit(entry);
    }
  }

  #onEvent(payload: unknown): void {
    if (this.#isClosed) return;
    const incoming = decode(payload);
    if (incoming.kind === "event" || incoming.kind === "other_event") {
      const { id } = incoming.event;
      if (id <= this.#lastEventId) return;
      this.#lastEventId = id;
    }
    this.#options.onIncoming(incoming);
    this.#dropEchoed();
  }

  #onDelta(payload: unknown): void {
    const delta = decodeDelta(payload);
    if (delta !== null && !this.#isClosed) this.#options.onDelta(delta);
  }

  #onDisconnected(reason: string): void {
    this.#isConnected = false;
    if (reason === "io server disconnect") this.#setConnection({ kind: "ended" });
    else if (reason !== "io client disconnect") this.#setConnection({ kind: "reconnecting", attempt: 0 });
  }

  #transmit(entry: OutboxEntry): void {
    this.#port.emit("oh_user_action", encodeAction(entry), (answer) => {
      const ack = decodeAck(answer);
      this.#setOutbox(
        this.#outbox.map((other) =>
          other.clientId !== entry.clientId
            ? other
            : {
                ...other,
                delivery:
                  ack.kind === "accepted"
                    ? { kind: "accepted", eventId: ack.id }
                    : { kind: "refused", message: ack.message },
              },
        ),
      );
      this.#dropEchoed();
    });
  }

  /** Forgets actions that the server has taken and whose event we have already received. */
  #dropEchoed(): void {
    const rest = this.#outbox.filter(({ action, delivery }) => {
      if (delivery.kind === "accepted") return delivery.eventId !== null && delivery.eventId > this.#lastEventId;
      return delivery.kind !== "refused" || action.kind === "message";
    });
    if (rest.length !== this.#outbox.length) this.#setOutbox(rest);
  }

  #setOutbox(entries: readonly OutboxEntry[]): void {
    this.#outbox = entries;
    saveOutbox(this.#options.conversationId, entries);
    if (!this.#isClosed) this.#options.onOutbox(entries);
  }

  #setConnection(connection: Connection): void {
    if (!this.#isClosed) this.#options.onConnection(connection);
  }
}
