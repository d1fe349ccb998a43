/** An MCP server as it is entered: everything is text until it is right. */

import { MASK, type McpServer } from "@/api/mcp";
import { m } from "@/i18n/language";
import { parseUrl } from "@/lib/url";

import { numberWithin } from "@/features/settings/use-draft";

export const TRANSPORTS = ["shttp", "sse", "stdio"] as const;
export type Transport = (typeof TRANSPORTS)[number];

export interface McpDraft {
  transport: Transport;
  url: string;
  apiKey: string;
  timeout: string;
  /** Null is no limit, which only files can say; it stays until a limit is entered. */
  hasNoTimeout: boolean;
  name: string;
  command: string;
  args: string;
  env: string;
}

export const EMPTY: McpDraft = {
  transport: "shttp",
  url: "",
  apiKey: "",
  timeout: "",
  hasNoTimeout: false,
  name: "",
  command: "",
  args: "",
  env: "",
};

export function draftOf(server: McpServer): McpDraft {
  switch (server.transport) {
    case "stdio": {
      const env = Object.entries(server.env).map(([name, value]) => `${name}=${value}`);
      return {
        ...EMPTY,
        transport: "stdio",
        name: server.name,
        command: server.command,
        args: server.args.join("\n"),
        env: env.join("\n"),
      };
    }
    case "sse":
      return { ...EMPTY, transport: "sse", url: server.url, apiKey: server.apiKey ?? "" };
    case "shttp":
      return {
        ...EMPTY,
        transport: "shttp",
        url: server.url,
        apiKey: server.apiKey ?? "",
        timeout: server.timeout?.toString() ?? "",
        hasNoTimeout: server.timeout === null,
      };
  }
}

export type McpProblems = Partial<Record<"url" | "timeout" | "name" | "command" | "env", string>>;
export type Parsed = { ok: true; server: McpServer } | { ok: false; problems: McpProblems };

/** Reads what was entered; `others` are the servers that are there already. */
export function parseDraft(draft: McpDraft, others: readonly McpServer[]): Parsed {
  const problems: McpProblems = {};
  const server = draft.transport === "stdio" ? program(draft, others, problems) : remote(draft, others, problems);
  return Object.keys(problems).length === 0 ? { ok: true, server } : { ok: false, problems };
}

const SCHEMES = ["http:", "https:", "ws:", "wss:"];

function remote(draft: McpDraft, others: readonly McpServer[], problems: McpProblems): McpServer {
  const texts = m.settings.mcp;
  const url = parseUrl(draft.url.trim());
  const timeout = numberWithin(draft.timeout, 1, 3600);
  if (url === null || !SCHEMES.includes(url.protocol) || url.hostname === "") problems.url = texts.urlWrong;
  else if (others.some((other) => other.transport !== "stdio" && parseUrl(other.url)?.href === url.href)) problems.url = texts.urlTaken;
  const base = { url: draft.url.trim(), apiKey: draft.apiKey.trim() || null };
  if (draft.transport === "sse") return { transport: "sse", ...base };
  if (Number.isNaN(timeout)) problems.timeout = texts.timeoutWrong;
  return { transport: "shttp", ...base, timeout: timeout ?? (draft.hasNoTimeout ? null : undefined) };
}

function program(draft: McpDraft, others: readonly McpServer[], problems: McpProblems): McpServer {
  const texts = m.settings.mcp;
  const [name, command] = [draft.name.trim(), draft.command.trim()];
  if (!/^[A-Za-z0-9_-]+$/.test(name)) problems.name = texts.nameWrong;
  else if (others.some((other) => other.transport === "stdio" && other.name === name)) problems.name = texts.nameTaken;
  if (command === "" || /\s/.test(command)) problems.command = texts.commandWrong;
  const env: [string, string][] = [];
  for (const line of draft.env.split("\n").filter((text) => text.trim() !== "")) {
    const found = /^\s*([A-Za-z_][A-Za-z0-9_]*)=(.*)$/.exec(line);
    // What stands there may be a secret: only its beginning is said again.
    if (found?.[1] === undefined) problems.env = texts.envWrong(line.trim().slice(0, 12));
    else env.push([found[1], found[2] ?? ""]);
  }
  const args = draft.args.split("\n").filter((line) => line !== "");
  return { transport: "stdio", name, command, args, env: Object.fromEntries(env) };
}

export const isMasked = (text: string): boolean => text === MASK;
