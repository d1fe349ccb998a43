import { describe, expect, it } from "vitest";

import { addressAt, pathOf } from "./address";

describe("what somebody types", () => {
  it.each([
    ["", "/"],
    ["/", "/"],
    ["about", "/about"],
    [" /a?b=c#d ", "/a?b=c#d"],
    ["http://localhost:3000/a", "/a"],
    ["http://localhost:3000", "/"],
    ["https://host?x", "/?x"],
    ["//evil.example/a", "/evil.example/a"],
    ["\\\\evil.example", "/evil.example"],
    ["javascript:alert(1)", "/javascript:alert(1)"],
  ])("%s is the path %s", (typed, path) => {
    expect(pathOf(typed)).toBe(path);
  });

  it("is asked of our server", () => {
    expect(addressAt("/api/conversations/a/preview/80", "/")).toBe("/api/conversations/a/preview/80");
    expect(addressAt("/api/conversations/a/preview/80", "/b?c")).toBe("/api/conversations/a/preview/80/b?c");
  });
});
