import { expect, it } from "vitest";

import type { BrowserView } from "@/wire/live-browser";

import { addressOf, holderOf, isLive, notConnected, reduceLive, type LiveEvent, type LiveState } from "./live-state";

const view = (changes: Partial<BrowserView> = {}): LiveEvent => ({
  kind: "view",
  view: { isRunning: true, control: "agent", tabs: ["https://a.example/"], active: 0, isLoading: false, ...changes },
});
const after = (...events: LiveEvent[]): LiveState => events.reduce(reduceLive, notConnected);
const asked: LiveEvent = { kind: "asked", for: "take_over" };
const user = view({ control: "user" });
const mine: LiveEvent[] = [{ kind: "opened" }, view(), asked, user];

it("shows nothing before the server has said that a browser runs", () => {
  expect([notConnected, after({ kind: "opened" }), after(view({ isRunning: false })), after(view())].map(isLive)).toEqual([
    false, false, false, true,
  ]);
});

it.each<[string, LiveEvent[], string]>([
  ["it is the agent's at first", [{ kind: "opened" }, view()], "agent"],
  ["asking alone changes nothing", [{ kind: "opened" }, view(), asked], "agent"],
  ["what else changes meanwhile does not answer", [{ kind: "opened" }, view(), asked, view({ isLoading: true }), user], "me"],
  ["who did not ask looks on", [{ kind: "opened" }, view(), user], "other"],
  ["who asks then is a user as well", [{ kind: "opened" }, user, asked], "me"],
  ["the server gave it back", [...mine, view()], "agent"],
  ["and then it is somebody else's", [...mine, view(), user], "other"],
  ["it was handed back", [...mine, { kind: "asked", for: "hand_back" }, view()], "agent"],
  ["it ended", [...mine, view({ control: "user", isRunning: false }), user], "other"],
  ["the connection was lost", [...mine, { kind: "lost" }], "agent"],
  ["and came back", [...mine, { kind: "lost" }, { kind: "opened" }, user], "other"],
  ["nobody looked", [...mine, { kind: "paused" }], "agent"],
])("%s", (_what, events, holder) => {
  expect(holderOf(after(...events))).toBe(holder);
});

it("keeps the picture while the connection comes back", () => {
  expect(isLive(after(...mine, { kind: "lost" }))).toBe(true);
  expect(isLive(after(...mine, { kind: "paused" }))).toBe(true);
});

it("says what was wrong until something else is done", () => {
  const failed = after(...mine, { kind: "problem", message: "there is no tab 7" });
  expect(failed.problem).toBe("there is no tab 7");
  expect(reduceLive(failed, user).problem).toBe("there is no tab 7");
  for (const event of [{ kind: "acted" }, view(), { kind: "lost" }, asked] satisfies LiveEvent[]) {
    expect([event, reduceLive(failed, event).problem]).toEqual([event, null]);
  }
});

it("does not draw anew for what changes nothing", () => {
  const state = after(...mine);
  expect(reduceLive(state, { kind: "acted" })).toBe(state);
});

it("knows the address of the tab that is shown", () => {
  const addresses = [null, { tabs: ["a", "b"], active: 1 }, { tabs: [], active: 3 }, { tabs: ["a"], active: null }].map((changes) =>
    addressOf(changes === null ? null : { isRunning: true, control: "agent", isLoading: false, ...changes }),
  );
  expect(addresses).toEqual(["", "b", "", ""]);
});
