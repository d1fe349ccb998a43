import { expect, it } from "vitest";

import { action, exitCode, frames, observation, stateChange } from "@/testing/fixtures";
import { decode, type LoggedEvent } from "@/wire/decode";

import { asJson, lineOf, matching } from "./event-lines";

const logged = (incoming: unknown[]): LoggedEvent[] =>
  incoming.map(decode).filter((event) => event.kind === "event" || event.kind === "other_event");

const log = [
  action(1, "message", { content: "make it\n  so" }, { source: "user" }),
  action(2, "run", { command: 'echo "hi"' }),
  observation(3, "run", 2, "hi\n", exitCode(0)),
  stateChange(4, "finished"),
].filter((event): event is LoggedEvent => event.kind === "event");

const ids = (events: readonly LoggedEvent[]) => events.map(({ event }) => event.id);

it("says in a line what an event is about", () => {
  expect(log.map((event) => [lineOf(event).name, lineOf(event).summary])).toEqual([
    ["message", "make it so"],
    ["run", 'echo "hi"'],
    ["run", "hi"],
    ["agent_state_changed", "finished"],
  ]);
});

it("has a name and a line for every recorded event", () => {
  for (const event of logged([...frames.values()])) {
    expect(lineOf(event).name, JSON.stringify(event.raw)).not.toBe("");
    expect(lineOf(event).summary.length).toBeLessThanOrEqual(300);
  }
});

it("finds events by kind and by a text anywhere in them", () => {
  expect(ids(matching(log, "all", ""))).toEqual([1, 2, 3, 4]);
  expect(ids(matching(log, "actions", ""))).toEqual([1, 2]);
  expect(ids(matching(log, "observations", ""))).toEqual([3, 4]);
  expect(ids(matching(log, "user", ""))).toEqual([1]);
  expect(ids(matching(log, "all", " FINISHED "))).toEqual([4]);
  expect(ids(matching(log, "all", 'echo "HI"'))).toEqual([2]);
  expect(ids(matching(log, "observations", "echo"))).toEqual([]);
});

it("copies events as they came", () => {
  const raw = { id: 7, action: "unheard_of", args: { a: [1, { b: null }] }, extra: "kept" };
  expect(JSON.parse(asJson(logged([raw])))).toEqual([raw]);
});

it("looks through ten thousand events at once", () => {
  const many = logged(Array.from({ length: 10_000 }, (_, id) => ({ id, action: "run", source: "agent", args: { command: `echo ${id}` } })));
  expect(ids(matching(many, "agent", "echo 9999"))).toEqual([9999]);
});
