import { describe, expect, it } from "vitest";

import { parseAnsi } from "./ansi";
import { countChanges, parseDiff } from "./diff";
import { dollars, duration, parseTime, relativeTime, tokenCount } from "./format";
import { keyFromAddress, nextPage } from "./login";

const plain = { color: null, bold: false, dim: false };

describe("parseAnsi", () => {
  it.each([
    ["plain", [{ text: "plain", ...plain }]],
    ["\x1b[31mred\x1b[0m not", [{ text: "red", ...plain, color: "red" }, { text: " not", ...plain }]],
    ["\x1b[1;92mok", [{ text: "ok", color: "green", bold: true, dim: false }]],
    ["\x1b[38;5;200mx\x1b[48;2;1;31;3my", [{ text: "x", ...plain }, { text: "y", ...plain }]],
    ["\x1b]0;title\x07a\x1b[2Kb\x1b[?25l\x07", [{ text: "a", ...plain }, { text: "b", ...plain }]],
    ["10%\r50%\r100%\nnext\r\nlast", [{ text: "100%\nnext\nlast", ...plain }]],
    ["", []],
  ])("%j", (text, expected) => {
    expect(parseAnsi(text)).toEqual(expected);
  });
});

describe("parseDiff", () => {
  it("numbers the lines of each side", () => {
    const lines = parseDiff("--- a\n+++ b\n@@ -3,2 +3,3 @@\n same\n-old\n+new\n+more\n\\ No newline at end of file\n");
    expect(lines).toEqual([
      { kind: "hunk", text: "@@ -3,2 +3,3 @@" },
      { kind: "same", text: "same", before: 3, after: 3 },
      { kind: "removed", text: "old", before: 4 },
      { kind: "added", text: "new", after: 4 },
      { kind: "added", text: "more", after: 5 },
    ]);
    expect(countChanges(lines)).toEqual({ added: 2, removed: 1 });
  });

  it("takes changed lines that look like headers for what they are", () => {
    expect(parseDiff("--- a\n+++ b\n@@ -1 +1 @@\n--- x\n+++ y")).toMatchObject([
      { kind: "hunk" },
      { kind: "removed", text: "-- x" },
      { kind: "added", text: "++ y" },
    ]);
  });
});

describe("format", () => {
  it("reads times without a zone as UTC", () => {
    expect(parseTime("2026-01-02T03:04:05.000001")).toBe(Date.UTC(2026, 0, 2, 3, 4, 5));
    expect(parseTime("2026-01-02T03:04:05Z")).toBe(Date.UTC(2026, 0, 2, 3, 4, 5));
    expect(parseTime("2026-01-02T03:04:05+01:00")).toBe(Date.UTC(2026, 0, 2, 2, 4, 5));
    expect(parseTime("soon")).toBeNull();
  });

  it.each([
    [5, "just now"],
    [90, "2 min ago"],
    [3 * 3600, "3 h ago"],
    [50 * 3600, "2 d ago"],
    [-5, "just now"],
  ])("tells a time %i seconds ago", (seconds, expected) => {
    const now = Date.UTC(2026, 0, 2);
    expect(relativeTime(new Date(now - seconds * 1000).toISOString(), now)).toBe(expected);
  });

  it("tells how long something took", () => {
    expect(duration("2026-01-02T03:04:05.0", "2026-01-02T03:04:05.25")).toBe("250 ms");
    expect(duration("2026-01-02T03:04:05", "2026-01-02T03:04:07.5")).toBe("2.5 s");
    expect(duration("2026-01-02T03:04:05", "2026-01-02T03:06:07")).toBe("2 min 2 s");
    expect(duration("2026-01-02T03:04:05", "2026-01-02T03:04:05")).toBeNull();
    expect(duration("2026-01-02T03:04:05", "2026-01-02T03:04:04")).toBeNull();
  });

  it("shortens amounts", () => {
    expect([tokenCount(999), tokenCount(1500), tokenCount(20_400), tokenCount(2_500_000)]).toEqual([
      "999",
      "1.5k",
      "20k",
      "2.5M",
    ]);
    expect([dollars(0), dollars(0.0035), dollars(1.5)]).toEqual(["$0.00", "$0.0035", "$1.50"]);
  });
});

it("takes the key out of the address", () => {
  history.replaceState(null, "", "/conversations/c1?x=1#key=se%2Bcret");
  expect([keyFromAddress(), location.pathname + location.search + location.hash]).toEqual([
    "se+cret",
    "/conversations/c1?x=1",
  ]);
  expect(keyFromAddress()).toBeNull();
});

it("goes on to pages of this server only", () => {
  const next = (value: string) => {
    history.replaceState(null, "", `/login?next=${encodeURIComponent(value)}`);
    return nextPage();
  };
  expect(["/conversations/c1", "https://evil.example/", "//evil.example", "/\\evil.example", ""].map(next)).toEqual([
    "/conversations/c1",
    "/",
    "/",
    "/",
    "/",
  ]);
});
