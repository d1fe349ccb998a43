import { expect, it } from "vitest";

import type { Entry } from "@/api/files";

import { FOLDER_PAGE, moveOf, visibleRows, type Folder } from "./visible-rows";

const entry = (path: string, isFolder = false): Entry => ({ path, name: path.slice(path.lastIndexOf("/") + 1), isFolder });
const read = (...entries: Entry[]): Folder => ({ kind: "read", entries });

const folders = new Map<string, Folder>([
  ["", read(entry("src", true), entry("empty", true), entry("README.md"))],
  ["src", read(entry("src/a.ts"), entry("src/b.ts"))],
  ["empty", read()],
]);
const rows = visibleRows({ folders, open: new Set(["src", "empty"]), limits: new Map() });

it("draws what is in open folders below them", () => {
  const drawn = rows.map((row) => (row.kind === "entry" ? `${"  ".repeat(row.level - 1)}${row.entry.name} ${row.position}/${row.siblings}` : `${row.kind} ${row.folder}`));
  expect(drawn).toEqual(["src 1/3", "  a.ts 1/2", "  b.ts 2/2", "empty 2/3", "empty empty", "README.md 3/3"]);
});

it("says that a folder is being read, or could not be", () => {
  const tree = { folders: new Map<string, Folder>([["", read(entry("a", true))], ["a", { kind: "failed" }]]), open: new Set(["a"]), limits: new Map<string, number>() };
  expect(visibleRows(tree).at(-1)).toEqual({ kind: "failed", folder: "a", level: 2 });
  expect(visibleRows({ ...tree, folders: new Map() })).toEqual([{ kind: "loading", folder: "", level: 1 }]);
});

it("draws a page of a large folder, and more when asked", () => {
  const entries = Array.from({ length: FOLDER_PAGE + 5 }, (_, at) => entry(`f${at}`));
  const large = { folders: new Map([["", read(...entries)]]), open: new Set<string>(), limits: new Map<string, number>() };
  expect(visibleRows(large).at(-1)).toEqual({ kind: "more", folder: "", level: 1, hidden: 5 });
  expect(visibleRows({ ...large, limits: new Map([["", 1000]]) })).toHaveLength(FOLDER_PAGE + 5);
});

it("moves as trees do", () => {
  const cases: [string, string | null, unknown][] = [
    ["ArrowDown", null, { kind: "go", path: "src" }],
    ["ArrowDown", "src", { kind: "go", path: "src/a.ts" }],
    ["ArrowUp", "empty", { kind: "go", path: "src/b.ts" }],
    ["ArrowUp", "src", null],
    ["End", "src", { kind: "go", path: "README.md" }],
    ["ArrowRight", "src", { kind: "go", path: "src/a.ts" }],
    ["ArrowRight", "empty", null],
    ["ArrowRight", "README.md", null],
    ["ArrowLeft", "src", { kind: "close", path: "src" }],
    ["ArrowLeft", "src/b.ts", { kind: "go", path: "src" }],
    ["ArrowLeft", "README.md", null],
    ["Enter", "src/a.ts", { kind: "choose", entry: entry("src/a.ts") }],
    ["x", "src", null],
  ];
  for (const [key, current, expected] of cases) expect(moveOf(key, rows, current), `${key} at ${current ?? "nothing"}`).toEqual(expected);
  const closed = visibleRows({ folders, open: new Set(), limits: new Map() });
  expect(moveOf("ArrowRight", closed, "src")).toEqual({ kind: "open", path: "src" });
});
