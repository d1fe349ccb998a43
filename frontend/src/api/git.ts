/** Git hosting: tokens, and what they let one see. */

import { queryOptions } from "@tanstack/react-query";

import { isRecord, numberAt, stringAt } from "@/lib/guards";

import { GIT_PROVIDERS, type GitProvider } from "./git-providers";
import { call } from "./http";

const providerAt = (record: Record<string, unknown>): GitProvider | null =>
  GIT_PROVIDERS.find((name) => name === record["git_provider"]) ?? null;

/** What is sent replaces everything; a token that is empty keeps the stored one. */
function kept(known: Iterable<[GitProvider, string | null]>): Record<string, { token: string; host: string | null }> {
  return Object.fromEntries([...known].map(([name, host]) => [name, { token: "", host }]));
}

/** Keeps a token, or the host alone if the token is empty; the tokens of other services stay. */
export async function saveToken(
  known: ReadonlyMap<GitProvider, string | null>,
  provider: GitProvider,
  token: string,
  host: string | null,
): Promise<void> {
  const provider_tokens = { ...kept(known), [provider]: { token, host } };
  await call("/api/add-git-providers", { method: "POST", body: { provider_tokens } });
}

export async function removeToken(known: ReadonlyMap<GitProvider, string | null>, provider: GitProvider): Promise<void> {
  const rest = [...known].filter(([name]) => name !== provider);
  if (rest.length === 0) {
    await call("/api/unset-provider-tokens", { method: "POST", body: {} });
    return;
  }
  await call("/api/add-git-providers", { method: "POST", body: { provider_tokens: kept(rest) } });
}

export interface Repository {
  name: string;
  provider: GitProvider | null;
  isPublic: boolean;
  mainBranch: string | null;
}

function parseRepositories(body: unknown): Repository[] {
  const items: unknown[] = Array.isArray(body) ? body : [];
  return items.filter(isRecord).map((item) => ({
    name: stringAt(item, "full_name") ?? "",
    provider: providerAt(item),
    isPublic: item["is_public"] === true,
    mainBranch: stringAt(item, "main_branch"),
  }));
}

/** The person's own repositories, those with the newest work first; with words, what the services find. */
export const repositoriesQuery = (words: string) =>
  queryOptions({
    queryKey: ["repositories", words],
    queryFn: async ({ signal }): Promise<Repository[]> => {
      const path =
        words === ""
          ? "/api/user/repositories?sort=pushed"
          : `/api/user/search/repositories?per_page=20&query=${encodeURIComponent(words)}`;
      return parseRepositories(await call(path, { signal }));
    },
    staleTime: 60_000,
  });

export const branchesQuery = (repository: string, provider: GitProvider) =>
  queryOptions({
    queryKey: ["branches", provider, repository],
    queryFn: async ({ signal }): Promise<string[]> => {
      const query = new URLSearchParams({ repository, selected_provider: provider, per_page: "100" });
      const body = await call(`/api/user/repository/branches?${query.toString()}`, { signal });
      const branches: unknown[] = isRecord(body) && Array.isArray(body["branches"]) ? body["branches"] : [];
      return branches.filter(isRecord).map((branch) => stringAt(branch, "name")).filter((name) => name !== null);
    },
    staleTime: 60_000,
  });

const TASKS = ["MERGE_CONFLICTS", "FAILING_CHECKS", "UNRESOLVED_COMMENTS", "OPEN_ISSUE", "OPEN_PR"] as const;
export type TaskType = (typeof TASKS)[number];

export interface SuggestedTask {
  provider: GitProvider;
  type: TaskType;
  repository: string;
  number: number;
  title: string;
}

export const tasksQuery = queryOptions({
  queryKey: ["suggested-tasks"],
  queryFn: async ({ signal }): Promise<SuggestedTask[]> => {
    const body = await call("/api/user/suggested-tasks", { signal });
    const items: unknown[] = Array.isArray(body) ? body : [];
    return items.filter(isRecord).map(parseTask).filter((task) => task !== null);
  },
  staleTime: 5 * 60_000,
});

function parseTask(item: Record<string, unknown>): SuggestedTask | null {
  const provider = providerAt(item);
  const type = TASKS.find((known) => known === item["task_type"]);
  const [repository, number, title] = [stringAt(item, "repo"), numberAt(item, "issue_number"), stringAt(item, "title")];
  if (provider === null || type === undefined || repository === null || number === null || title === null) return null;
  return { provider, type, repository, number, title };
}
