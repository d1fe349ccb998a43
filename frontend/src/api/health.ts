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

/** What is not there, and what installs it. */
export interface Missing {
  what: string;
  fix: string;
}

export interface Health {
  sandbox: SandboxStatus | null;
  /** Does it say everything? A server that has only started may still be looking what there is. */
  isComplete: boolean;
  /** Why agents have no browser on this machine; null if they have one, or if nobody may know. */
  missingBrowser: Missing | null;
}

function parseSandbox(sandbox: unknown): SandboxStatus | null {
  const mode = isRecord(sandbox) ? stringAt(sandbox, "mode") : null;
  if (!isRecord(sandbox) || mode === null) return null;
  const isSandboxed = mode.includes("landlock") || mode.includes("namespaces");
  return { mode, isSandboxed, network: stringAt(sandbox, "network") ?? "" };
}

function parseMissing(tool: unknown): Missing | null {
  if (!isRecord(tool) || tool["is_offered"] !== false) return null;
  return { what: stringAt(tool, "missing") ?? "", fix: stringAt(tool, "fix") ?? "" };
}

const TRIES = 20;

export const healthQuery = queryOptions({
  queryKey: ["health"],
  queryFn: async ({ signal }): Promise<Health> => {
    const body = await call("/api/health", { signal });
    if (!isRecord(body)) return { sandbox: null, isComplete: false, missingBrowser: null };
    const tools = isRecord(body["tools"]) ? body["tools"] : null;
    return { sandbox: parseSandbox(body["sandbox"]), isComplete: tools !== null, missingBrowser: parseMissing(tools?.["browser"]) };
  },
  staleTime: 60_000,
  refetchInterval: ({ state }) => {
    const mayLearn = state.data?.isComplete === false && state.dataUpdateCount < TRIES;
    return mayLearn ? 1000 : false;
  },
});
