/** The tree as the rows that are to be seen. */

import type { Entry } from "@/api/files";

export type TreeRow =
  | { kind: "entry"; entry: Entry; level: number; isOpen: boolean; position: number; siblings: number }
  | { kind: "loading" | "empty" | "failed"; folder: string; level: number }
  | { kind: "more"; folder: string; level: number; hidden: number };

export type Folder = { kind: "loading" } | { kind: "failed" } | { kind: "read"; entries: readonly Entry[] };

/** Entries of one folder that are shown before somebody asks for more. */
export const FOLDER_PAGE = 300;

export interface Tree {
  folders: ReadonlyMap<string, Folder>;
  open: ReadonlySet<string>;
  /** How many entries of a folder are shown, where it is not the usual number. */
  limits: ReadonlyMap<string, number>;
}

/** Returns the rows below a folder, in the order they are drawn. */
export function visibleRows(tree: Tree, folder = "", level = 1): TreeRow[] {
  const found = tree.folders.get(folder) ?? { kind: "loading" };
  if (found.kind !== "read") return [{ kind: found.kind, folder, level }];
  if (found.entries.length === 0) return [{ kind: "empty", folder, level }];
  const limit = tree.limits.get(folder) ?? FOLDER_PAGE;
  const siblings = found.entries.length;
  const rows = found.entries.slice(0, limit).flatMap((entry, at): TreeRow[] => {
    const isOpen = entry.isFolder && tree.open.has(entry.path);
    const row: TreeRow = { kind: "entry", entry, level, isOpen, position: at + 1, siblings };
    return isOpen ? [row, ...visibleRows(tree, entry.path, level + 1)] : [row];
  });
  if (siblings > limit) rows.push({ kind: "more", folder, level, hidden: siblings - limit });
  return rows;
}

export function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf("/")));
}

export type TreeMove =
  | { kind: "go"; path: string }
  | { kind: "open"; path: string }
  | { kind: "close"; path: string }
  | { kind: "choose"; entry: Entry };

/** Returns what a key does in a tree, or null if nothing. */
export function moveOf(key: string, rows: readonly TreeRow[], current: string | null): TreeMove | null {
  const entries = rows.filter((row) => row.kind === "entry");
  const at = entries.findIndex(({ entry }) => entry.path === current);
  const go = (index: number): TreeMove | null => {
    const row = entries[Math.min(entries.length - 1, Math.max(0, index))];
    return row === undefined || row.entry.path === current ? null : { kind: "go", path: row.entry.path };
  };
  const row = entries[at];
  if (row === undefined) return ["ArrowDown", "ArrowUp", "Home", "End"].includes(key) ? go(0) : null;
  const { entry, isOpen, level } = row;
  switch (key) {
    case "ArrowDown":
      return go(at + 1);
    case "ArrowUp":
      return go(at - 1);
    case "Home":
      return go(0);
    case "End":
      return go(entries.length - 1);
    case "ArrowRight":
      if (!entry.isFolder) return null;
      if (!isOpen) return { kind: "open", path: entry.path };
      return entries[at + 1]?.level === level + 1 ? go(at + 1) : null;
    case "ArrowLeft":
      if (isOpen) return { kind: "close", path: entry.path };
      return parentOf(entry.path) === "" ? null : { kind: "go", path: parentOf(entry.path) };
    case "Enter":
    case " ":
      return { kind: "choose", entry };
    default:
      return null;
  }
}
