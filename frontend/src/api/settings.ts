/** The stored settings, and what the server says about itself. */

import { queryOptions } from "@tanstack/react-query";

import { isRecord, numberAt, stringAt } from "@/lib/guards";

import { GIT_PROVIDERS, type GitProvider } from "./git-providers";
import { ApiError, call } from "./http";
import { readServers, writeServers, type McpServer } from "./mcp";

export interface Settings {
  model: string;
  baseUrl: string;
  hasApiKey: boolean;
  maxIterations: number | null;
  /** In dollars. */
  maxBudget: number | null;
  /** Null leaves it to the server's configuration. */
  confirmationMode: boolean | null;
  securityAnalyzer: string | null;
  condenses: boolean;
  condenserSize: number | null;
  hasSearchKey: boolean;
  hasSound: boolean;
  language: string | null;
  gitName: string;
  gitEmail: string;
  mcpServers: McpServer[];
  /** The services there are tokens for, each with its host, if that is not the usual one. */
  gitHosts: ReadonlyMap<GitProvider, string | null>;
}

/** What is to be different; what is absent stays as it is. A key that is empty is forgotten. */
export interface SettingsChange {
  model?: string;
  baseUrl?: string;
  apiKey?: string;
  maxIterations?: number | null;
  maxBudget?: number | null;
  confirmationMode?: boolean;
  securityAnalyzer?: string | null;
  condenses?: boolean;
  condenserSize?: number | null;
  searchKey?: string;
  hasSound?: boolean;
  language?: string;
  gitName?: string;
  gitEmail?: string;
  mcpServers?: readonly McpServer[];
}

export interface ServerConfig {
  sandboxNotice: string | null;
  /** The model in force while none is chosen in the settings. */
  defaultModel: string | null;
}

export const settingsQuery = queryOptions({
  queryKey: ["settings"],
  /** The stored settings, or null while there are none. */
  queryFn: async ({ signal }): Promise<Settings | null> => {
    const stored = await load(signal);
    return stored === null ? null : parseSettings(stored);
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

export const securityAnalyzersQuery = queryOptions({
  queryKey: ["security-analyzers"],
  queryFn: async ({ signal }): Promise<string[]> => {
    const body = await call("/api/options/security-analyzers", { signal });
    return Array.isArray(body) ? body.filter((item) => typeof item === "string") : [];
  },
  staleTime: Infinity,
});

async function load(signal?: AbortSignal): Promise<Record<string, unknown> | null> {
  try {
    const body = await call("/api/settings", signal === undefined ? {} : { signal });
    return isRecord(body) ? body : {};
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return null;
    throw error;
  }
}

function parseSettings(stored: Record<string, unknown>): Settings {
  const flag = (name: string) => (typeof stored[name] === "boolean" ? stored[name] : null);
  const tokens = stored["provider_tokens_set"];
  const hosts = isRecord(tokens) ? GIT_PROVIDERS.filter((name) => name in tokens).map((name) => [name, stringAt(tokens, name)] as const) : [];
  return {
    model: stringAt(stored, "llm_model") ?? "",
    baseUrl: stringAt(stored, "llm_base_url") ?? "",
    hasApiKey: stored["llm_api_key_set"] === true,
    maxIterations: numberAt(stored, "max_iterations"),
    maxBudget: numberAt(stored, "max_budget_per_task"),
    confirmationMode: flag("confirmation_mode"),
    securityAnalyzer: stringAt(stored, "security_analyzer"),
    condenses: flag("enable_default_condenser") ?? true,
    condenserSize: numberAt(stored, "condenser_max_size"),
    hasSearchKey: stored["search_api_key_set"] === true,
    hasSound: flag("enable_sound_notifications") ?? false,
    language: stringAt(stored, "language"),
    gitName: stringAt(stored, "git_user_name") ?? "",
    gitEmail: stringAt(stored, "git_user_email") ?? "",
    mcpServers: readServers(stored["mcp_config"]),
    gitHosts: new Map(hosts),
  };
}

/** What the server says about keys is not for sending back. */
const ANSWER_ONLY = ["llm_api_key", "llm_api_key_set", "search_api_key", "search_api_key_set", "sandbox_api_key", "secrets_store", "provider_tokens_set"];

/** Saving replaces the whole object: what is not changed is read anew and sent back. */
export async function saveSettings(change: SettingsChange): Promise<void> {
  const stored = Object.entries((await load()) ?? {}).filter(([name]) => !ANSWER_ONLY.includes(name));
  const changed = Object.entries(onWire(change)).filter(([, value]) => value !== undefined);
  await call("/api/settings", { method: "POST", body: Object.fromEntries([...stored, ...changed]) });
}

function onWire(change: SettingsChange): Record<string, unknown> {
  return {
    llm_model: change.model,
    llm_base_url: change.baseUrl,
    llm_api_key: change.apiKey,
    max_iterations: change.maxIterations,
    max_budget_per_task: change.maxBudget,
    confirmation_mode: change.confirmationMode,
    security_analyzer: change.securityAnalyzer,
    enable_default_condenser: change.condenses,
    condenser_max_size: change.condenserSize,
    search_api_key: change.searchKey,
    enable_sound_notifications: change.hasSound,
    language: change.language,
    git_user_name: change.gitName,
    git_user_email: change.gitEmail,
    mcp_config: change.mcpServers === undefined ? undefined : writeServers(change.mcpServers),
  };
}

/** Which model answers: the chosen one, the server's own choice, or the built-in demo. */
export function effectiveModel(settings: Settings | null | undefined, config: ServerConfig | undefined): string {
  return settings?.model || config?.defaultModel || "demo";
}
