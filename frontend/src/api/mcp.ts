/** MCP servers: as the settings hold them, and how those of a conversation are. */

import { queryOptions } from "@tanstack/react-query";

import { isRecord, numberAt, stringAt, stringsAt } from "@/lib/guards";
import { parseUrl } from "@/lib/url";

import { call } from "./http";

/** Keys and variables come masked; what is sent back masked keeps its value. */
export type McpServer =
  | { transport: "stdio"; name: string; command: string; args: string[]; env: Record<string, string> }
  | { transport: "sse"; url: string; apiKey: string | null }
  | { transport: "shttp"; url: string; apiKey: string | null; timeout: number | null | undefined };

export const MASK = "**********";

export interface McpStatus {
  name: string;
  status: "connecting" | "connected" | "disconnected" | "failed";
  error: string | null;
  tools: string[];
}

const STATUSES = ["connecting", "connected", "disconnected", "failed"] as const;

const list = (value: unknown, key: string): unknown[] =>
  isRecord(value) && Array.isArray(value[key]) ? value[key] : [];

/** Reads the server's lists, in the order in which it names the servers. */
export function readServers(value: unknown): McpServer[] {
  const sse = list(value, "sse_servers").map((item) => remote(item, "sse"));
  const shttp = list(value, "shttp_servers").map((item) => remote(item, "shttp"));
  return [...sse, ...shttp, ...list(value, "stdio_servers").map(program)].filter((server) => server !== null);
}

function remote(item: unknown, transport: "sse" | "shttp"): McpServer | null {
  const fields = typeof item === "string" ? { url: item } : item;
  const url = isRecord(fields) ? stringAt(fields, "url") : null;
  if (!isRecord(fields) || url === null) return null;
  const apiKey = stringAt(fields, "api_key") || null;
  if (transport === "sse") return { transport, url, apiKey };
  return { transport, url, apiKey, timeout: fields["timeout"] === null ? null : (numberAt(fields, "timeout") ?? undefined) };
}

function program(item: unknown): McpServer | null {
  if (!isRecord(item)) return null;
  const [name, command] = [stringAt(item, "name"), stringAt(item, "command")];
  if (name === null || command === null) return null;
  const env = isRecord(item["env"]) ? Object.entries(item["env"]) : [];
  const texts = env.filter((pair): pair is [string, string] => typeof pair[1] === "string");
  return { transport: "stdio", name, command, args: stringsAt(item, "args"), env: Object.fromEntries(texts) };
}

export function writeServers(servers: readonly McpServer[]): Record<string, unknown[]> {
  const lists: Record<"sse_servers" | "shttp_servers" | "stdio_servers", unknown[]> = {
    sse_servers: [],
    shttp_servers: [],
    stdio_servers: [],
  };
  for (const server of servers) {
    switch (server.transport) {
      case "sse":
        lists.sse_servers.push({ url: server.url, api_key: server.apiKey });
        break;
      case "shttp": {
        // One that is absent is the usual one, null is none.
        const timeout = server.timeout === undefined ? {} : { timeout: server.timeout };
        lists.shttp_servers.push({ url: server.url, api_key: server.apiKey, ...timeout });
        break;
      }
      case "stdio":
        lists.stdio_servers.push({ name: server.name, command: server.command, args: server.args, env: server.env });
    }
  }
  return lists;
}

/** Names the servers as conversations do: those without a name after their host. */
export function serverNames(servers: readonly McpServer[]): string[] {
  const names: string[] = [];
  for (const server of servers) {
    const base = server.transport === "stdio" ? server.name : nameOfHost(server.url);
    let name = base;
    for (let number = 2; names.includes(name); number += 1) name = `${base}_${number}`;
    names.push(name);
  }
  return names;
}

function nameOfHost(url: string): string {
  const host = parseUrl(url)?.hostname ?? url;
  return host.slice(0, 64).replace(/[^A-Za-z0-9_-]/g, "_");
}

/** How the servers of a conversation are; none while it is not open. */
export const mcpStatusQuery = (conversation: string) =>
  queryOptions({
    queryKey: ["mcp-status", conversation],
    queryFn: async ({ signal }): Promise<McpStatus[]> => {
      const body = await call(`/api/conversations/${encodeURIComponent(conversation)}/mcp-servers`, { signal });
      return list(body, "servers").map(parseStatus).filter((status) => status !== null);
    },
    refetchInterval: 5000,
  });

function parseStatus(item: unknown): McpStatus | null {
  const name = isRecord(item) ? stringAt(item, "name") : null;
  if (!isRecord(item) || name === null) return null;
  const status = STATUSES.find((known) => known === item["status"]) ?? "connecting";
  return { name, status, error: stringAt(item, "error"), tools: stringsAt(item, "tools") };
}
