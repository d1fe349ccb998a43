/** What the server says of itself to those who may know. */

import { queryOptions } from "@tanstack/react-query";

import { isRecord, stringAt } from "@/lib/guards";

import { call } from "./http";

export interface SandboxStatus {
  /** The layers in force, with plus signs between them. */
  mode: string;
  isSandboxed: boolean;
  network: string;
}

export interface Health {
  sandbox: SandboxStatus | null;
}

export const healthQuery = queryOptions({
  queryKey: ["health"],
  queryFn: async ({ signal }): Promise<Health> => {
    const body = await call("/api/health", { signal });
    const sandbox = isRecord(body) && isRecord(body["sandbox"]) ? body["sandbox"] : null;
    const mode = sandbox === null ? null : stringAt(sandbox, "mode");
    if (sandbox === null || mode === null) return { sandbox: null };
    const isSandboxed = mode.includes("landlock") || mode.includes("namespaces");
    return { sandbox: { mode, isSandboxed, network: stringAt(sandbox, "network") ?? "" } };
  },
  staleTime: 60_000,
});
