/** Ports on which programs of a conversation listen. */

import { queryOptions } from "@tanstack/react-query";

import { isRecord, numberAt, stringAt } from "@/lib/guards";

import { call } from "./http";

export interface OpenPort {
  port: number;
  /** The command line of the program, shortened. */
  process: string;
  /** The path that leads to it. */
  url: string;
}

/** How often somebody who looks learns what opened. */
const PERIOD_MS = 4_000;

function parsePort(value: unknown): OpenPort | null {
  if (!isRecord(value)) return null;
  const port = numberAt(value, "port");
  const url = stringAt(value, "url");
  // An address of another host is none that our server gave.
  if (port === null || url === null || !/^\/[^/\\]/.test(url)) return null;
  return { port, url, process: stringAt(value, "process") ?? "" };
}

/** Asks again and again while a session `isLive` and the page is looked at. */
export const openPorts = (id: string, isLive: boolean) =>
  queryOptions({
    queryKey: ["ports", id],
    queryFn: async ({ signal }): Promise<readonly OpenPort[]> => {
      const body = await call(`/api/conversations/${encodeURIComponent(id)}/ports`, { signal });
      const ports = isRecord(body) ? body["ports"] : null;
      return Array.isArray(ports) ? ports.map(parsePort).filter((port) => port !== null) : [];
    },
    enabled: isLive,
    refetchInterval: PERIOD_MS,
    retry: false,
  });
