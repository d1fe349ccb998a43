import { useQueries, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { fileKeys, folderEntries } from "@/api/files";

import { FOLDER_PAGE, visibleRows, type Folder, type TreeRow } from "./visible-rows";

export interface FileTree {
  rows: readonly TreeRow[];
  /** Is there nothing at all? Null while that is not known. */
  isEmpty: boolean | null;
  /** Why the workspace itself cannot be listed. */
  error: Error | null;
  isFetching: boolean;
  setOpen: (folder: string, isOpen: boolean) => void;
  showMore: (folder: string) => void;
  /** Reads everything again, a file that is shown among it. */
  refresh: () => void;
}

/** The folders of a workspace, each read when it is opened. */
export function useTree(conversationId: string): FileTree {
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set());
  const [limits, setLimits] = useState<ReadonlyMap<string, number>>(new Map());
  const client = useQueryClient();
  const paths = ["", ...open];
  const queries = useQueries({ queries: paths.map((folder) => folderEntries(conversationId, folder)) });
  const folders = new Map<string, Folder>();
  queries.forEach(({ data, isError }, at) => {
    const folder = paths[at] ?? "";
    if (data !== undefined) folders.set(folder, { kind: "read", entries: data });
    else folders.set(folder, { kind: isError ? "failed" : "loading" });
  });
  const root = queries[0];
  return {
    rows: visibleRows({ folders, open, limits }),
    isEmpty: root?.data === undefined ? null : root.data.length === 0,
    error: root?.data === undefined ? (root?.error ?? null) : null,
    isFetching: queries.some((query) => query.isFetching),
    setOpen: (folder, isOpen) => {
      setOpen((last) => {
        const next = new Set(last);
        if (isOpen) next.add(folder);
        else next.delete(folder);
        return next;
      });
    },
    showMore: (folder) => {
      setLimits((last) => new Map(last).set(folder, (last.get(folder) ?? FOLDER_PAGE) + FOLDER_PAGE));
    },
    refresh: () => void client.invalidateQueries({ queryKey: fileKeys.all(conversationId) }),
  };
}
