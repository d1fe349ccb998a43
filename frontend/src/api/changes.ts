/** What changed in the repositories of a workspace. */

import { queryOptions } from "@tanstack/react-query";

import { isRecord, stringAt } from "@/lib/guards";

import { ApiError, call, callWithHeaders } from "./http";

export type ChangeStatus = "added" | "modified" | "deleted" | "conflict";

export interface Change {
  path: string;
  status: ChangeStatus;
}

export type Changes = { kind: "no_repository" } | { kind: "changes"; changes: readonly Change[]; isTruncated: boolean };

export type Difference =
  | { kind: "text"; original: string; modified: string }
  | { kind: "binary" }
  /** Too large, or gone from the repository since the list was read. */
  | { kind: "not_shown" };

const STATUSES: Record<string, ChangeStatus> = { A: "added", M: "modified", D: "deleted", U: "conflict" };

export const gitKeys = { all: (id: string) => ["git", id] };

const path = (id: string) => `/api/conversations/${encodeURIComponent(id)}/git`;

function parseChange(value: unknown): Change | null {
  if (!isRecord(value)) return null;
  const name = stringAt(value, "path");
  const status = STATUSES[stringAt(value, "status") ?? ""] ?? "modified";
  return name === null ? null : { path: name, status };
}

export const gitChanges = (id: string) =>
  queryOptions({
    queryKey: [...gitKeys.all(id), "changes"],
    queryFn: async ({ signal }): Promise<Changes> => {
      try {
        const { body, headers } = await callWithHeaders(`${path(id)}/changes`, { signal });
        const changes = Array.isArray(body) ? body.map(parseChange).filter((change) => change !== null) : [];
        return { kind: "changes", changes, isTruncated: headers.get("x-openhands-truncated") === "true" };
      } catch (error) {
        if (error instanceof ApiError && error.status === 404) return { kind: "no_repository" };
        throw error;
      }
    },
    retry: false,
  });

export const gitDifference = (id: string, file: string) =>
  queryOptions({
    queryKey: [...gitKeys.all(id), "diff", file],
    queryFn: async ({ signal }): Promise<Difference> => {
      try {
        const body = await call(`${path(id)}/diff?path=${encodeURIComponent(file)}`, { signal });
        if (!isRecord(body) || body["binary"] === true) return { kind: "binary" };
        return { kind: "text", original: stringAt(body, "original") ?? "", modified: stringAt(body, "modified") ?? "" };
      } catch (error) {
        if (error instanceof ApiError && [404, 500].includes(error.status)) return { kind: "not_shown" };
        throw error;
      }
    },
    retry: false,
  });
