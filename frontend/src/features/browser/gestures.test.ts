import { expect, it } from "vitest";

import type { BrowserInput } from "@/wire/live-browser";

import { Gestures } from "./gestures";

function start() {
  const sent: BrowserInput[] = [];
  const frames: (() => void)[] = [];
  const gestures = new Gestures(
    (input) => sent.push(input),
    (run) => frames.push(run),
  );
  const frame = () => frames.splice(0).forEach((run) => run());
  return { gestures, sent, frames, frame };
}

const at = (x: number, y = 0) => ({ x, y });

it("tells of moves and of the wheel once a frame", () => {
  const { gestures, sent, frames, frame } = start();
  gestures.move(at(1));
  gestures.move(at(2));
  gestures.wheel(at(2), { dx: 0, dy: 10 });
  gestures.wheel(at(3), { dx: 1, dy: 20 });
  expect([frames.length, sent]).toEqual([1, []]);
  frame();
  expect(sent).toEqual([
    { type: "move", ...at(2) },
    { type: "scroll", ...at(3), dx: 1, dy: 30 },
  ]);
  frame();
  gestures.move(at(4));
  frame();
  expect(sent.slice(2)).toEqual([{ type: "move", ...at(4) }]);
});

it("has moved to where it presses, and says what is held meanwhile", () => {
  const { gestures, sent, frame } = start();
  gestures.move(at(1));
  gestures.press(at(1), "left", 0);
  gestures.move(at(50));
  gestures.release(at(50), "left");
  gestures.move(at(60));
  frame();
  expect(sent).toEqual([
    { type: "move", ...at(1) },
    { type: "press", ...at(1), button: "left", count: 1 },
    { type: "move", ...at(50), button: "left" },
    { type: "release", ...at(50), button: "left", count: 1 },
    { type: "move", ...at(60) },
  ]);
});

it("counts the second of two clicks, down and up", () => {
  const { gestures, sent } = start();
  for (const time of [0, 200]) {
    gestures.press(at(5), "left", time);
    gestures.release(at(5), "left");
  }
  expect(sent.map((input) => ("count" in input ? input.count : null))).toEqual([1, 1, 2, 2]);
});

it("takes a tap for a click, and a finger that moves for the wheel", () => {
  const { gestures, sent, frame } = start();
  gestures.fingerDown(at(10, 10));
  gestures.fingerMove(at(12, 14), at(24, 28), 2);
  gestures.fingerUp(at(24, 28), 0);
  expect(sent.map(({ type }) => type)).toEqual(["move", "press", "release"]);

  sent.length = 0;
  gestures.fingerDown(at(10, 100));
  gestures.fingerMove(at(10, 80), at(20, 160), 2);
  gestures.fingerMove(at(13, 60), at(26, 120), 2);
  gestures.fingerUp(at(26, 120), 900);
  frame();
  expect(sent).toEqual([{ type: "scroll", ...at(26, 120), dx: -6, dy: 80 }]);

  sent.length = 0;
  gestures.fingerDown(at(10, 10));
  gestures.fingerLost();
  gestures.fingerUp(at(10, 10), 2000);
  expect(sent).toEqual([]);
});
