/** The connection to the browser of a conversation: what it shows comes in, what a person does goes out. */

import { decodeBrowserNews, type BrowserInput, type BrowserNews } from "./live-browser";

/** What we use of a WebSocket, so that a test can stand in for it. */
export interface PlainSocket {
  send(text: string): void;
  close(): void;
}

export interface PlainSocketEvents {
  opened(): void;
  text(text: string): void;
  bytes(bytes: Blob): void;
  closed(): void;
}

export type OpenPlainSocket = (address: string, events: PlainSocketEvents) => PlainSocket;

export interface BrowserSocketOptions {
  conversationId: string;
  sessionKey: string | null;
  openSocket: OpenPlainSocket;
  onOpened: () => void;
  onNews: (news: BrowserNews) => void;
  onPicture: (jpeg: Blob) => void;
  onLost: () => void;
}

const FIRST_DELAY = 500;
const LONGEST_DELAY = 10_000;

export function browserAddress(conversationId: string, sessionKey: string | null): string {
  const query = sessionKey === null ? "" : `?session_api_key=${encodeURIComponent(sessionKey)}`;
  return `/api/conversations/${encodeURIComponent(conversationId)}/browser${query}`;
}

/** Connects, and comes back after longer and longer waits, until it is closed. */
export class BrowserSocket {
  readonly #options: BrowserSocketOptions;
  #socket: PlainSocket | null = null;
  #isOpen = false;
  #isClosed = false;
  #delay = FIRST_DELAY;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: BrowserSocketOptions) {
    this.#options = options;
    this.#connect();
  }

  /** Says something; without a connection there is nobody to hear it. */
  send(input: BrowserInput): void {
    if (this.#isOpen) this.#socket?.send(JSON.stringify(input));
  }

  close(): void {
    this.#isClosed = true;
    this.#isOpen = false;
    clearTimeout(this.#timer);
    this.#socket?.close();
  }

  #connect(): void {
    const { conversationId, sessionKey, openSocket, onOpened, onNews, onPicture } = this.#options;
    this.#socket = openSocket(browserAddress(conversationId, sessionKey), {
      opened: () => {
        if (this.#isClosed) return;
        this.#isOpen = true;
        onOpened();
      },
      text: (text) => {
        if (this.#isClosed) return;
        // A server that only accepts connections to end them is not asked again and again.
        this.#delay = FIRST_DELAY;
        const news = decodeBrowserNews(text);
        if (news !== null) onNews(news);
      },
      bytes: (bytes) => {
        if (!this.#isClosed) onPicture(bytes);
      },
      closed: () => {
        if (this.#isClosed) return;
        this.#isOpen = false;
        this.#options.onLost();
        this.#timer = setTimeout(() => this.#connect(), this.#delay);
        this.#delay = Math.min(this.#delay * 2, LONGEST_DELAY);
      },
    });
  }
}

/** The real one. */
export const openPlainSocket: OpenPlainSocket = (address, events) => {
  const url = new URL(address, location.href);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  const socket = new WebSocket(url);
  socket.binaryType = "blob";
  socket.onopen = () => events.opened();
  socket.onmessage = ({ data }: MessageEvent<unknown>) => {
    if (typeof data === "string") events.text(data);
    else if (data instanceof Blob) events.bytes(data);
  };
  socket.onclose = () => events.closed();
  return { send: (text) => socket.send(text), close: () => socket.close() };
};
