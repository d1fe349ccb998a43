import { expect, it } from "vitest";

import { decodeBrowserNews } from "./live-browser";

it("reads what the browser shows", () => {
  const told = { type: "view", is_running: true, control: "user", tabs: ["a", "b"], active: 1, is_loading: true };
  expect(decodeBrowserNews(JSON.stringify(told))).toEqual({
    kind: "view",
    view: { isRunning: true, control: "user", tabs: ["a", "b"], active: 1, isLoading: true },
  });
  expect(decodeBrowserNews('{"type":"problem","message":"there is no tab 7"}')).toEqual({ kind: "problem", message: "there is no tab 7" });
});

it("takes nothing for granted", () => {
  const view = { isRunning: false, control: "agent", tabs: [], active: null, isLoading: false };
  expect(decodeBrowserNews('{"type":"view","control":"root","tabs":7,"active":"x","is_running":1}')).toEqual({ kind: "view", view });
  for (const text of ["", "{", "[]", "null", '{"type":"html"}']) expect(decodeBrowserNews(text)).toBeNull();
});
