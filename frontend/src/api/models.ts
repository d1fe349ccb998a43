/** Models to choose from, and whether one answers. */

import { queryOptions } from "@tanstack/react-query";

import { isRecord, numberAt, stringAt, stringsAt } from "@/lib/guards";

import { call } from "./http";

export const modelsQuery = queryOptions({
  queryKey: ["models"],
  queryFn: async ({ signal }): Promise<string[]> => {
    const body = await call("/api/options/models", { signal });
    return Array.isArray(body) ? body.filter((item) => typeof item === "string") : [];
  },
  staleTime: 60_000,
});

/** A server of models that runs beside ours. */
export interface LocalServer {
  name: string;
  baseUrl: string;
  /** As `provider/model`. */
  models: string[];
}

export const localServersQuery = queryOptions({
  queryKey: ["local-models"],
  queryFn: async ({ signal }): Promise<LocalServer[]> => {
    const body = await call("/api/options/local-models", { signal });
    const servers: unknown[] = isRecord(body) && Array.isArray(body["servers"]) ? body["servers"] : [];
    return servers.filter(isRecord).map((server) => ({
      name: stringAt(server, "name") ?? "",
      baseUrl: stringAt(server, "base_url") ?? "",
      models: stringsAt(server, "models"),
    }));
  },
  staleTime: 10_000,
});

export interface ModelChoice {
  model: string;
  baseUrl: string;
  /** Null is the stored one. */
  apiKey: string | null;
}

export type ModelTest =
  | { ok: true; model: string; milliseconds: number }
  /** `kind` is a status id, as conversations have them. */
  | { ok: false; kind: string; message: string };

/** Lets the server ask a model for a word. */
export async function testModel(choice: ModelChoice, signal: AbortSignal): Promise<ModelTest> {
  const key = choice.apiKey === null ? {} : { llm_api_key: choice.apiKey };
  const body = await call("/api/options/test-model", {
    method: "POST",
    body: { llm_model: choice.model, llm_base_url: choice.baseUrl, ...key },
    signal,
  });
  const answer = isRecord(body) ? body : {};
  if (answer["ok"] === true) {
    return { ok: true, model: stringAt(answer, "model") ?? choice.model, milliseconds: numberAt(answer, "milliseconds") ?? 0 };
  }
  return { ok: false, kind: stringAt(answer, "kind") ?? "", message: stringAt(answer, "message") ?? "" };
}
