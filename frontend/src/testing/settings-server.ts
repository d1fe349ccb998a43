/** A server that keeps settings, for tests of forms: `fetch` goes to it. */

import { vi } from "vitest";

export interface Asked {
  path: string;
  method: string;
  body: unknown;
}

export class SettingsServer {
  stored: Record<string, unknown> | null;
  /** Everything that was asked but for reading. */
  readonly asked: Asked[] = [];
  /** Answers of further paths: a body, or a status and a body. */
  readonly answers = new Map<string, { status: number; body: unknown }>();

  constructor(stored: Record<string, unknown> | null = null) {
    this.stored = stored;
    vi.stubGlobal("fetch", (path: string, init: RequestInit = {}) => Promise.resolve(this.#answer(path, init)));
  }

  on(path: string, body: unknown, status = 200): this {
    this.answers.set(path, { status, body });
    return this;
  }

  /** Returns the bodies that were sent to a path. */
  sent(path: string): unknown[] {
    return this.asked.filter((one) => one.path === path).map((one) => one.body);
  }

  #answer(path: string, init: RequestInit): Response {
    const method = init.method ?? "GET";
    const body: unknown = typeof init.body === "string" ? JSON.parse(init.body) : undefined;
    if (method !== "GET") this.asked.push({ path, method, body });
    const known = this.answers.get(`${method} ${path}`) ?? this.answers.get(path);
    if (known !== undefined) return Response.json(known.body, { status: known.status });
    if (path === "/api/settings" && method === "POST") {
      this.stored = { ...(body as Record<string, unknown>) };
      return Response.json({});
    }
    if (path === "/api/settings") {
      return this.stored === null ? Response.json({ error: "Settings not found" }, { status: 404 }) : Response.json(this.stored);
    }
    if (path === "/api/options/config") return Response.json({ LLM_MODEL: "demo" });
    if (path === "/api/options/models") return Response.json(["anthropic/claude-sonnet-4-5", "demo", "openai/gpt-5"]);
    if (path === "/api/options/local-models") return Response.json({ servers: [] });
    if (path === "/api/options/security-analyzers") return Response.json([]);
    if (path === "/api/secrets") return Response.json({ custom_secrets: [] });
    if (path.startsWith("/api/conversations")) return Response.json({ results: [] });
    return Response.json({ error: `nothing at ${path}` }, { status: 404 });
  }
}
