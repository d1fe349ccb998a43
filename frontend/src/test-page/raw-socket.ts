/** Socket.IO by hand over a bare WebSocket: every frame is seen exactly as it crosses the wire. */

import { isRecord, numberAt } from "@/lib/guards";

export type Stage = "opened" | "handshake" | "joined" | "event" | "ping";

export interface RawSocketEvents {
  frame(direction: "in" | "out", text: string): void;
  stage(stage: Stage): void;
  event(payload: unknown): void;
  acknowledged(id: number, answer: unknown): void;
  refused(answer: unknown): void;
  closed(code: number, reason: string, wasOpen: boolean): void;
}

export interface Target {
  conversationId: string;
  latestEventId: string;
  sessionKey: string;
}

/** Returns the address to connect to. */
export function socketUrl(target: Target, page: { protocol: string; host: string }): string {
  const query = new URLSearchParams({ EIO: "4", transport: "websocket" });
  if (target.conversationId !== "") query.set("conversation_id", target.conversationId);
  if (target.latestEventId !== "") query.set("latest_event_id", target.latestEventId);
  if (target.sessionKey !== "") query.set("session_api_key", target.sessionKey);
  return `${page.protocol === "https:" ? "wss" : "ws"}://${page.host}/socket.io/?${query.toString()}`;
}

/** What a frame is, in words. */
export function describeFrame(text: string): string {
  const [engine, socket] = text;
  if (engine === "0") return "handshake";
  if (engine === "1") return "close";
  if (engine === "2") return "ping";
  if (engine === "3") return "pong";
  if (engine !== "4") return "unknown";
  if (socket === "0") return "connect";
  if (socket === "1") return "disconnect";
  if (socket === "2") return "event";
  if (socket === "3") return "acknowledgement";
  if (socket === "4") return "refused";
  return "message";
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Returns the events (their last id too) of a frame `42…`, or the id and answer of a frame `43…`. */
function parsePacket(text: string): { id: number | null; items: unknown[] } | null {
  const match = /^4[23](\d*)(\[.*)$/s.exec(text.trimEnd());
  if (match === null) return null;
  const items = parseJson(match[2] ?? "");
  return Array.isArray(items) ? { id: match[1] ? Number(match[1]) : null, items } : null;
}

export class RawSocket {
  readonly #socket: WebSocket;
  readonly #events: RawSocketEvents;
  readonly #joins: boolean;
  #isOpen = false;
  #nextAck = 1;

  /** Without a conversation to join, the connection is only opened and kept. */
  constructor(url: string, joins: boolean, events: RawSocketEvents) {
    this.#events = events;
    this.#joins = joins;
    this.#socket = new WebSocket(url);
    this.#socket.onopen = () => {
      this.#isOpen = true;
      events.stage("opened");
    };
    this.#socket.onmessage = ({ data }) => {
      if (typeof data === "string") this.#receive(data);
    };
    this.#socket.onclose = ({ code, reason }) => events.closed(code, reason, this.#isOpen);
  }

  close(): void {
    if (this.#isOpen) this.#transmit("41");
    this.#socket.close();
  }

  /** Sends an event that asks for an answer; returns the id of the acknowledgement. */
  emit(name: string, payload: unknown): number {
    const id = this.#nextAck;
    this.#nextAck += 1;
    this.#transmit(`42${id}${JSON.stringify([name, payload])}`);
    return id;
  }

  #receive(text: string): void {
    this.#events.frame("in", text);
    if (text.startsWith("0")) {
      this.#events.stage("handshake");
      if (this.#joins) this.#transmit("40");
    } else if (text.startsWith("2")) {
      this.#events.stage("ping");
      this.#transmit("3");
    } else if (text.startsWith("40")) {
      this.#events.stage("joined");
    } else if (text.startsWith("44")) {
      this.#events.refused(parseJson(text.slice(2)));
    } else if (text.startsWith("42")) {
      const packet = parsePacket(text);
      if (packet?.items[0] !== "oh_event") return;
      this.#events.stage("event");
      this.#events.event(packet.items[1]);
    } else if (text.startsWith("43")) {
      const packet = parsePacket(text);
      if (packet !== null && packet.id !== null) this.#events.acknowledged(packet.id, packet.items[0]);
    }
  }

  #transmit(text: string): void {
    if (this.#socket.readyState !== WebSocket.OPEN) return;
    this.#events.frame("out", text);
    this.#socket.send(text);
  }
}

/** Returns the highest event id of a payload, if it has one. */
export function eventId(payload: unknown): number | null {
  return isRecord(payload) ? numberAt(payload, "id") : null;
}
