// A WebSocket whose frames and end can be awaited in order, so that no test has to guess how long to wait.

import assert from "node:assert/strict";

import { WebSocket } from "ws";

/** No single wait is longer than this, in milliseconds; all the server's own timers are at most 1 s. */
export const PATIENCE = 3000;

/** Rejects if the promise is not settled in time. */
export async function within(promise, what, limit = PATIENCE) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${limit} ms for ${what}`)), limit);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

export class RawClient {
  #socket;
  #frames = [];
  #wake = () => {};
  #answersPings = true;

  constructor(url) {
    this.#socket = new WebSocket(url);
    this.closed = new Promise((resolve) => {
      this.#socket.on("close", (code, reason) => resolve({ code, reason: reason.toString() }));
    });
    this.opened = within(new Promise((resolve) => this.#socket.on("open", resolve)), "the WebSocket");
    // Only some tests wait for it.
    this.opened.catch(() => {});
    this.refused = new Promise((resolve) => {
      this.#socket.on("unexpected-response", (request, response) => {
        resolve(response.statusCode);
        request.destroy();
      });
    });
    this.#socket.on("error", () => {});
    this.#socket.on("message", (data, isBinary) => this.#receive(isBinary ? data : data.toString()));
  }

  #receive(frame) {
    if (frame === "2" && this.#answersPings) {
      this.send("3");
      return;
    }
    this.#frames.push(frame);
    this.#wake();
  }

  /** Leaves pings to the test; they are answered and hidden otherwise. */
  leavePings() {
    this.#answersPings = false;
    return this;
  }

  send(...frames) {
    for (const frame of frames) this.#socket.send(frame);
  }

  /** The next frame: a string, or a Buffer if it is binary. */
  async next() {
    const frame = async () => {
      while (this.#frames.length === 0) {
        await new Promise((resolve) => (this.#wake = resolve));
      }
      return this.#frames.shift();
    };
    const end = this.closed.then(({ code, reason }) => {
      if (this.#frames.length > 0) return this.#frames.shift();
      throw new Error(`expected a frame, got the end: ${code} ${reason}`);
    });
    return within(Promise.race([frame(), end]), "a frame");
  }

  /** Checks that exactly these frames come next. */
  async expect(...expected) {
    for (const frame of expected) assert.deepEqual(await this.next(), frame);
  }

  /** Checks that the server ends the connection with this code and without another frame. */
  async expectClose(code) {
    const end = await within(this.closed, "the end of the connection");
    assert.deepEqual({ code: end.code, frames: this.#frames }, { code, frames: [] }, end.reason);
  }

  /** Checks that the server answers the upgrade with this HTTP status. */
  async expectRefusal(status) {
    assert.equal(await within(this.refused, "a refusal"), status);
  }

  close() {
    this.#socket.terminate();
  }
}
