// The official client on one conversation, with everything it received in order.

import { setTimeout as sleep } from "node:timers/promises";

import { io } from "socket.io-client";

/** No single wait is longer than this, in milliseconds. */
const PATIENCE = 15_000;

const open = new Set();

/** Closes what a failed test left open, which would keep the process alive. */
export function closeClients() {
  for (const client of open) client.close();
}

/** Waits until `check` holds, for what gives no event. */
export async function eventually(what, check) {
  const end = Date.now() + PATIENCE;
  while (!(await check())) {
    if (Date.now() > end) throw new Error(`waited ${PATIENCE} ms for ${what}`);
    await sleep(10);
  }
}

export class Client {
  /** Events in the order they came. */
  events = [];
  /** What came as `oh_event` but is no event: status and error notices. */
  notices = [];
  /** `connect`, `connect_error: …` and `disconnect: …` in the order they came. */
  connections = [];
  #waiting = new Set();

  constructor(server, conversation, { from = -1, query = {}, ...options } = {}) {
    this.socket = io(server.url, {
      transports: ["websocket"],
      forceNew: true,
      reconnectionDelay: 50,
      reconnectionDelayMax: 200,
      query: { conversation_id: conversation, latest_event_id: from, ...query },
      ...options,
    });
    open.add(this);
    this.socket.on("connect", () => this.#note("connect"));
    this.socket.on("connect_error", (error) => this.#note(`connect_error: ${error.message}`));
    this.socket.on("disconnect", (reason) => {
      // As OpenHands' own interface does it: the next connection goes on after the last event.
      if (this.events.length > 0) this.socket.io.opts.query.latest_event_id = this.lastId;
      this.#note(`disconnect: ${reason}`);
    });
    this.socket.on("oh_event", (event) => {
      (typeof event.id === "number" ? this.events : this.notices).push(event);
      this.#wake();
    });
  }

  get lastId() {
    return this.events.at(-1).id;
  }

  #note(what) {
    this.connections.push(what);
    this.#wake();
  }

  #wake() {
    for (const check of [...this.#waiting]) check();
  }

  /** Resolves to the first result of `find` that is neither undefined nor false. */
  until(what, find, limit = PATIENCE) {
    return new Promise((resolve, reject) => {
      const settle = (action, value) => {
        clearTimeout(timer);
        this.#waiting.delete(check);
        action(value);
      };
      const check = () => {
        const found = find();
        if (found !== undefined && found !== false) settle(resolve, found);
      };
      const timer = setTimeout(() => {
        const tail = this.events.slice(-5).map((event) => JSON.stringify(event).slice(0, 300));
        const text = `waited ${limit} ms for ${what}; ${this.connections.join(", ")}; last events:\n${tail.join("\n")}`;
        settle(reject, new Error(text));
      }, limit);
      this.#waiting.add(check);
      check();
    });
  }

  /** The first event after id `after` that `matches`. */
  event(what, matches, after = -1) {
    return this.until(what, () => this.events.find((event) => event.id > after && matches(event)));
  }

  /** The first report of this agent state after id `after`. */
  state(name, after = -1) {
    return this.event(`the state ${name}`, (event) => stateOf(event) === name, after);
  }

  /** Sends an action and resolves to the server's answer. */
  act(action) {
    return this.socket.timeout(PATIENCE).emitWithAck("oh_user_action", action);
  }

  /** Sends a message as the guide writes it and resolves to its id. */
  async say(text) {
    const answer = await this.act({ type: "message", source: "user", message: text });
    if (answer.ok !== true) throw new Error(`the message was not taken: ${JSON.stringify(answer)}`);
    return answer.id;
  }

  change(state) {
    return this.act({ action: "change_agent_state", args: { agent_state: state } });
  }

  close() {
    open.delete(this);
    this.socket.disconnect();
  }
}

export const stateOf = (event) =>
  event.observation === "agent_state_changed" ? event.extras.agent_state : undefined;

/** Which stored events a socket gets. */
export function isDeliverable({ action, observation, source }) {
  if (action === "null" || observation === "null" || action === "recall" || observation === "loop_detection") return false;
  return !(action !== undefined && source === "environment");
}

export const idsOf = (events) => events.map(({ id }) => id);
