/** Whether the instructions that lie in a workspace may take effect. */

import { queryOptions } from "@tanstack/react-query";

import { isRecord, stringsAt } from "@/lib/guards";

import { call } from "./http";

export interface TrustReport {
  isTrusted: boolean;
  /** Files that would take effect. */
  waiting: string[];
}

const path = (id: string) => `/api/conversations/${encodeURIComponent(id)}/trust`;

function parseReport(body: unknown): TrustReport {
  const report = isRecord(body) ? body : {};
  return { isTrusted: report["trusted"] === true, waiting: stringsAt(report, "waiting") };
}

export const trustReport = (id: string) =>
  queryOptions({
    queryKey: ["trust", id],
    queryFn: async ({ signal }) => parseReport(await call(path(id), { signal })),
    staleTime: 60_000,
  });

export async function trustWorkspace(id: string): Promise<TrustReport> {
  return parseReport(await call(path(id), { method: "POST" }));
}
