/** Where on the page somebody points, from where on the screen. */

import { PAGE, type MouseButton } from "@/wire/live-browser";

export interface Box {
  left: number;
  top: number;
  width: number;
  height: number;
}

export interface Place {
  x: number;
  y: number;
}

const clamp = (value: number, most: number) => Math.min(Math.max(value, 0), most);
/** A tenth of a pixel is as much as anybody can mean. */
const round = (value: number) => Math.round(value * 10) / 10;

/** Returns the place on the page; what is outside of the picture counts as its edge. */
export function placeOnPage(at: { clientX: number; clientY: number }, box: Box): Place {
  if (box.width === 0 || box.height === 0) return { x: 0, y: 0 };
  return {
    x: round(clamp(((at.clientX - box.left) / box.width) * PAGE.width, PAGE.width - 1)),
    y: round(clamp(((at.clientY - box.top) / box.height) * PAGE.height, PAGE.height - 1)),
  };
}

/** Returns how far the wheel turns, in pixels of the page. */
export function wheelOnPage(wheel: { deltaX: number; deltaY: number; deltaMode: number }, box: Box): { dx: number; dy: number } {
  const LINE = 40;
  const unit = wheel.deltaMode === 1 ? LINE : wheel.deltaMode === 2 ? PAGE.height : scale(box);
  return { dx: round(wheel.deltaX * unit), dy: round(wheel.deltaY * unit) };
}

/** Pixels of the page for one of the screen. A wheel turns no slower on a picture that is larger than the page. */
export function scale(box: Box): number {
  return box.width === 0 ? 1 : Math.max(1, PAGE.width / box.width);
}

const BUTTONS: readonly MouseButton[] = ["left", "middle", "right"];

export function buttonOf(button: number): MouseButton | null {
  return BUTTONS[button] ?? null;
}

const DOUBLE_MS = 500;
const DOUBLE_DISTANCE = 6;

export interface Click extends Place {
  button: MouseButton;
  count: number;
  time: number;
}

/** Returns how many clicks a press makes with those right before it. */
export function clickCount(last: Click | null, next: Place & { button: MouseButton; time: number }): number {
  if (last?.button !== next.button || next.time - last.time > DOUBLE_MS) return 1;
  const isNear = Math.hypot(next.x - last.x, next.y - last.y) <= DOUBLE_DISTANCE;
  return isNear ? (last.count % 3) + 1 : 1;
}
