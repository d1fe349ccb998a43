/** What a mouse or a finger does on the picture, as the page is told of it: moves and the wheel once a frame. */

import type { BrowserInput, MouseButton } from "@/wire/live-browser";

import { clickCount, type Click, type Place } from "./pointer";

/** A finger that moves further than this scrolls, on the screen. */
const TAP_DISTANCE = 8;

interface Finger {
  start: Place;
  last: Place;
  isScrolling: boolean;
}

export class Gestures {
  readonly #send: (input: BrowserInput) => void;
  readonly #onNextFrame: (run: () => void) => void;
  #isScheduled = false;
  #move: Place | null = null;
  #wheel: { at: Place; dx: number; dy: number } | null = null;
  #click: Click | null = null;
  #held: MouseButton | null = null;
  #finger: Finger | null = null;

  constructor(send: (input: BrowserInput) => void, onNextFrame: (run: () => void) => void) {
    this.#send = send;
    this.#onNextFrame = onNextFrame;
  }

  move(at: Place): void {
    this.#move = at;
    this.#schedule();
  }

  wheel(at: Place, { dx, dy }: { dx: number; dy: number }): void {
    const before = this.#wheel ?? { dx: 0, dy: 0 };
    this.#wheel = { at, dx: before.dx + dx, dy: before.dy + dy };
    this.#schedule();
  }

  press(at: Place, button: MouseButton, time: number): void {
    this.#flush();
    const count = clickCount(this.#click, { ...at, button, time });
    this.#click = { ...at, button, count, time };
    this.#held = button;
    this.#send({ type: "press", ...at, button, count });
  }

  release(at: Place, button: MouseButton): void {
    this.#flush();
    if (this.#held === button) this.#held = null;
    this.#send({ type: "release", ...at, button, count: this.#click?.count ?? 1 });
  }

  fingerDown(onScreen: Place): void {
    this.#finger = { start: onScreen, last: onScreen, isScrolling: false };
  }

  /** `scale` is how many pixels of the page are one of the screen. */
  fingerMove(onScreen: Place, onPage: Place, scale: number): void {
    const finger = this.#finger;
    if (finger === null) return;
    const { start, last } = finger;
    finger.isScrolling ||= Math.hypot(onScreen.x - start.x, onScreen.y - start.y) > TAP_DISTANCE;
    if (!finger.isScrolling) return;
    finger.last = onScreen;
    const along = (from: number, to: number) => Math.round((from - to) * scale);
    this.wheel(onPage, { dx: along(last.x, onScreen.x), dy: along(last.y, onScreen.y) });
  }

  /** A finger that did not scroll has clicked. */
  fingerUp(onPage: Place, time: number): void {
    const finger = this.#finger;
    this.#finger = null;
    if (finger === null || finger.isScrolling) return;
    this.#send({ type: "move", ...onPage });
    this.press(onPage, "left", time);
    this.release(onPage, "left");
  }

  /** The finger went away without meaning anything. */
  fingerLost(): void {
    this.#finger = null;
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#onNextFrame(() => {
      this.#isScheduled = false;
      this.#flush();
    });
  }

  #flush(): void {
    const [move, wheel, held] = [this.#move, this.#wheel, this.#held];
    this.#move = null;
    this.#wheel = null;
    if (move !== null) this.#send({ type: "move", ...move, ...(held === null ? {} : { button: held }) });
    if (wheel !== null) this.#send({ type: "scroll", ...wheel.at, dx: wheel.dx, dy: wheel.dy });
  }
}
