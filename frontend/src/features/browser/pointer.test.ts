import { expect, it } from "vitest";

import { clickCount, placeOnPage, wheelOnPage, type Click } from "./pointer";

const BOX = { left: 100, top: 50, width: 640, height: 360 };

it.each([
  [100, 50, 0, 0],
  [420, 230, 640, 360],
  [419.97, 230, 639.9, 360],
  [740, 410, 1279, 719],
  [0, 0, 0, 0],
  [5000, 5000, 1279, 719],
])("%d, %d on the screen is %d, %d on the page", (clientX, clientY, x, y) => {
  expect(placeOnPage({ clientX, clientY }, BOX)).toEqual({ x, y });
});

it("has a place also while the picture has no size", () => {
  expect(placeOnPage({ clientX: 5, clientY: 5 }, { left: 0, top: 0, width: 0, height: 0 })).toEqual({ x: 0, y: 0 });
});

it("scrolls as far as the picture moves, whatever the wheel counts in", () => {
  const turned = (deltaMode: number, width = 640) => wheelOnPage({ deltaX: 1, deltaY: -2, deltaMode }, { ...BOX, width });
  expect([turned(0), turned(0, 2560), turned(1), turned(2)]).toEqual([
    { dx: 2, dy: -4 },
    { dx: 1, dy: -2 },
    { dx: 40, dy: -80 },
    { dx: 720, dy: -1440 },
  ]);
});

it("counts clicks that are near and soon", () => {
  const first: Click = { x: 10, y: 10, button: "left", count: 1, time: 1000 };
  const next = (changes: Partial<Click>) => clickCount(first, { x: 11, y: 9, button: "left", time: 1200, ...changes });
  expect([clickCount(null, first), next({}), next({ time: 1600 }), next({ x: 30 }), next({ button: "right" })]).toEqual([1, 2, 1, 1, 1]);
  expect([2, 3].map((count) => clickCount({ ...first, count }, { ...first, time: 1100 }))).toEqual([3, 1]);
});
