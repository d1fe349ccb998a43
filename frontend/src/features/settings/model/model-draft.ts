/** A model as it is being chosen, before it is saved. */

import type { ModelChoice } from "@/api/models";
import type { ServerConfig, Settings, SettingsChange } from "@/api/settings";
import { m } from "@/i18n/language";
import { isHttpUrl } from "@/lib/url";

import { joinModel, providerOf, splitModel, type ProviderId } from "./providers";

export interface ModelDraft {
  provider: ProviderId;
  name: string;
  baseUrl: string;
  /** Empty keeps what is stored. */
  apiKey: string;
  removesKey: boolean;
}

export type ModelProblems = Partial<Record<"name" | "baseUrl" | "apiKey", string>>;

export function storedDraft(settings: Settings | null, config: ServerConfig): ModelDraft {
  const baseUrl = settings?.baseUrl ?? "";
  const rest = { baseUrl, apiKey: "", removesKey: false };
  if (settings?.model) return { ...splitModel(settings.model, baseUrl), ...rest };
  // Nobody has chosen: the server's own choice is no name to be edited.
  const isDemo = config.defaultModel === null || config.defaultModel === "demo";
  return { provider: isDemo ? "demo" : "other", name: "", ...rest };
}

/** Is the stored key one for this provider at this address? It must not go anywhere else. */
export function storedKeyFits(draft: ModelDraft, stored: ModelDraft, settings: Settings | null): boolean {
  const isSamePlace = draft.provider === stored.provider && draft.baseUrl.trim() === stored.baseUrl.trim();
  // The full name says who the provider is.
  const prefix = (name: string) => (name.includes("/") ? name.split("/")[0] : name);
  const isSameName = draft.provider !== "other" || prefix(draft.name.trim()) === prefix(stored.name);
  return settings?.hasApiKey === true && isSamePlace && isSameName;
}

export function problemsOf(draft: ModelDraft, hasStoredKey: boolean, config: ServerConfig): ModelProblems {
  const texts = m.settings.model;
  const { key, address } = providerOf(draft.provider);
  const problems: ModelProblems = {};
  const baseUrl = draft.baseUrl.trim();
  if (draft.name.trim() === "" && draft.provider !== "demo" && draft.provider !== "other") problems.name = texts.nameMissing;
  if (baseUrl === "" && address === "needed") problems.baseUrl = texts.baseUrlMissing;
  if (baseUrl !== "" && !isHttpUrl(baseUrl)) problems.baseUrl = texts.baseUrlWrong;
  // The server may have a key of its own for the model that it is configured for.
  const isConfigured = joinModel(draft) === config.defaultModel;
  if (key === "needed" && draft.apiKey.trim() === "" && !hasStoredKey && !isConfigured) problems.apiKey = texts.keyMissing;
  return problems;
}

/** What the server is asked to try. */
export function choiceOf(draft: ModelDraft, hasStoredKey: boolean): ModelChoice {
  const typed = draft.apiKey.trim();
  return { model: joinModel(draft), baseUrl: draft.baseUrl.trim(), apiKey: typed === "" && hasStoredKey ? null : typed };
}

/** What is saved: a stored key that is for another place is forgotten. */
export function changeOf(draft: ModelDraft, hasStoredKey: boolean, settings: Settings | null): SettingsChange {
  const typed = draft.apiKey.trim();
  const leaves = settings?.hasApiKey === true && !hasStoredKey;
  const key = typed !== "" || leaves ? { apiKey: typed } : {};
  return { model: joinModel(draft), baseUrl: draft.baseUrl.trim(), ...key };
}
