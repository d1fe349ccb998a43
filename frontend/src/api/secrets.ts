/** Secrets that commands find in their environment. Values go to the server and never come back. */

import { queryOptions } from "@tanstack/react-query";

import { isRecord, stringAt } from "@/lib/guards";

import { call } from "./http";

export interface Secret {
  name: string;
  description: string;
}

export const secretsQuery = queryOptions({
  queryKey: ["secrets"],
  queryFn: async ({ signal }): Promise<Secret[]> => {
    const body = await call("/api/secrets", { signal });
    const secrets: unknown[] = isRecord(body) && Array.isArray(body["custom_secrets"]) ? body["custom_secrets"] : [];
    return secrets.filter(isRecord).map((secret) => ({
      name: stringAt(secret, "name") ?? "",
      description: stringAt(secret, "description") ?? "",
    }));
  },
});

export async function addSecret(secret: Secret, value: string): Promise<void> {
  await call("/api/secrets", { method: "POST", body: { ...secret, value } });
}

/** Changes the name and the description; the value stays. */
export async function changeSecret(name: string, secret: Secret): Promise<void> {
  await call(`/api/secrets/${encodeURIComponent(name)}`, { method: "PUT", body: secret });
}

export async function deleteSecret(name: string): Promise<void> {
  await call(`/api/secrets/${encodeURIComponent(name)}`, { method: "DELETE" });
}
