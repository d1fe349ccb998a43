/** The stored settings, and what the server says about itself. */

import { queryOptions } from "@tanstack/react-query";

import { isRecord, numberAt, stringAt } from "@/lib/guards";

import { ApiError, call } from "./http";

export interface Settings {
  model: string;
  baseUrl: string;
  maxIterations: number | null;
  hasApiKey: boolean;
  /** Everything as stored: saving replaces the whole object, so what we do not show must be sent back. */
  stored: Record<string, unknown>;
}

export interface SettingsChange {
  model: string;
  baseUrl: string;
  maxIterations: number | null;
  /** Null keeps the stored key. */
  apiKey: string | null;
}

export interface ServerConfig {
  sandboxNotice: string | null;
  /** The model in force while none is chosen in the settings. */
  defaultModel: string | null;
}

const SETTINGS_KEY = ["settings"];

/** The stored settings, or null while there are none. */
export const settingsQuery = queryOptions({
  queryKey: SETTINGS_KEY,
  queryFn: async ({ signal }): Promise<Settings | null> => {
    try {
      return parseSettings(await call("/api/settings", { signal }));
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return null;
      throw error;
    }
  },
});

export const configQuery = queryOptions({
  queryKey: ["config"],
  queryFn: async ({ signal }): Promise<ServerConfig> => {
    const body = await call("/api/options/config", { signal });
    const config = isRecord(body) ? body : {};
    return {
      sandboxNotice: stringAt(config, "SANDBOX_NOTICE") || null,
      defaultModel: stringAt(config, "LLM_MODEL") || null,
    };
  },
  staleTime: 60_000,
});

export const modelsQuery = queryOptions({
  queryKey: ["models"],
  queryFn: async ({ signal }): Promise<string[]> => {
    const body = await call("/api/options/models", { signal });
    return Array.isArray(body) ? body.filter((item) => typeof item === "string") : [];
  },
  staleTime: 60_000,
});

function parseSettings(body: unknown): Settings {
  const stored = isRecord(body) ? body : {};
  return {
    model: stringAt(stored, "llm_model") ?? "",
    baseUrl: stringAt(stored, "llm_base_url") ?? "",
    maxIterations: numberAt(stored, "max_iterations"),
    hasApiKey: stored["llm_api_key_set"] === true,
    stored,
  };
}

/** What the server says about keys is not for sending back. */
const ANSWER_ONLY = ["llm_api_key", "llm_api_key_set", "search_api_key", "search_api_key_set", "provider_tokens_set"];

export async function saveSettings(current: Settings | null, change: SettingsChange): Promise<void> {
  const kept = Object.entries(current?.stored ?? {}).filter(([name]) => !ANSWER_ONLY.includes(name));
  await call("/api/settings", {
    method: "POST",
    body: {
      ...Object.fromEntries(kept),
      llm_model: change.model,
      llm_base_url: change.baseUrl,
      max_iterations: change.maxIterations,
      confirmation_mode: false,
      ...(change.apiKey === null ? {} : { llm_api_key: change.apiKey }),
    },
  });
}

/** Which model answers: the chosen one, the server's own choice, or the built-in demo. */
export function effectiveModel(settings: Settings | null | undefined, config: ServerConfig | undefined): string {
  return settings?.model || config?.defaultModel || "demo";
}
