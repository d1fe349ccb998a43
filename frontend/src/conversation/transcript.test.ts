import { describe, expect, it } from "vitest";

import { action, exitCode, observation } from "@/testing/fixtures";

import { reduceAll } from "./reduce";
import { findEvent, itemsOf } from "./transcript";
import { emptyView } from "./view";

const said = (id: number, content: string) => action(id, "message", { content }, { source: "user" });
const ran = (id: number, code: number) => [
  action(id, "run", { command: "true" }),
  observation(id + 1, "run", id, "", exitCode(code)),
];

const { rows } = reduceAll(emptyView, [
  said(0, "first"),
  ...ran(1, 0),
  action(3, "edit", { path: "a.txt" }),
  ...ran(4, 2),
  said(6, "second"),
  ...ran(7, 0),
  ...ran(9, 0),
  ...ran(11, 0),
]);
const shape = (opened: string[] = []) => itemsOf(rows, new Set(opened)).map((item) => item.key);

describe("the transcript", () => {
  it("folds the steps of past turns and leaves those of the present one", () => {
    expect(shape()).toEqual(["r0", "g1", "r6", "r7", "r9", "r11"]);
    const group = itemsOf(rows, new Set())[1];
    expect(group?.kind === "steps" ? group.summary : null).toEqual({
      count: 3,
      commands: 2,
      edits: 1,
      reads: 0,
      others: 0,
      failed: 1,
    });
  });

  it("shows the steps of a fold that was opened beneath it", () => {
    expect(shape(["g1"])).toEqual(["r0", "g1", "r1", "r3", "r4", "r6", "r7", "r9", "r11"]);
  });

  it.each([
    [0, { rowId: 0, groupKey: null }],
    [3, { rowId: 3, groupKey: "g1" }],
    [5, { rowId: 4, groupKey: "g1" }],
    [8, { rowId: 7, groupKey: null }],
    [99, { rowId: 11, groupKey: null }],
  ])("finds where event %i is shown", (eventId, place) => {
    expect(findEvent(rows, eventId)).toEqual(place);
  });
});
