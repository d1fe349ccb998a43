/** Conversations over REST. */

import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";

import { isRecord, numberAt, stringAt } from "@/lib/guards";

import type { AgentState } from "@/wire/generated/events";

import type { SuggestedTask } from "./git";
import type { GitProvider } from "./git-providers";
import { ApiError, call } from "./http";

export type ConversationStatus = "STARTING" | "RUNNING" | "STOPPED" | "ARCHIVED" | "ERROR";

export interface Conversation {
  id: string;
  title: string;
  status: ConversationStatus;
  runtimeStatus: string | null;
  /** What the agent is at, while a session runs. */
  agentState: AgentState | null;
  /** The id of the newest event; null before the first one. */
  lastEventId: number | null;
  /** What it has used and where it stops, while a session runs. */
  usage: Usage | null;
  repository: string | null;
  branch: string | null;
  updatedAt: string;
  sessionKey: string | null;
}

export interface Usage {
  steps: number;
  maxSteps: number | null;
  cost: number;
  maxCost: number | null;
  calls: number;
  seconds: number;
}

const STATUSES: readonly ConversationStatus[] = ["STARTING", "RUNNING", "STOPPED", "ARCHIVED", "ERROR"];

const AGENT_STATES: readonly AgentState[] = [
  "loading",
  "running",
  "awaiting_user_input",
  "paused",
  "stopped",
  "finished",
  "rejected",
  "error",
  "awaiting_user_confirmation",
  "user_confirmed",
  "user_rejected",
  "rate_limited",
];

export const conversationKeys = {
  list: ["conversations"],
  one: (id: string) => ["conversation", id],
};

function parseConversation(value: unknown): Conversation | null {
  if (!isRecord(value)) return null;
  const id = stringAt(value, "conversation_id");
  if (id === null) return null;
  return {
    id,
    title: stringAt(value, "title") ?? "Untitled",
    status: STATUSES.find((status) => status === value["status"]) ?? "STOPPED",
    runtimeStatus: stringAt(value, "runtime_status"),
    agentState: AGENT_STATES.find((state) => state === value["agent_state"]) ?? null,
    lastEventId: numberAt(value, "last_event_id"),
    usage: parseUsage(value["usage"]),
    repository: stringAt(value, "selected_repository"),
    branch: stringAt(value, "selected_branch"),
    updatedAt: stringAt(value, "last_updated_at") ?? stringAt(value, "created_at") ?? "",
    sessionKey: stringAt(value, "session_api_key"),
  };
}

function parseUsage(value: unknown): Usage | null {
  if (!isRecord(value)) return null;
  return {
    steps: numberAt(value, "iterations") ?? 0,
    maxSteps: numberAt(value, "max_iterations"),
    cost: numberAt(value, "cost") ?? 0,
    maxCost: numberAt(value, "max_budget"),
    calls: numberAt(value, "llm_calls") ?? 0,
    seconds: numberAt(value, "seconds") ?? 0,
  };
}

const path = (id: string) => `/api/conversations/${encodeURIComponent(id)}`;

export interface ConversationPage {
  conversations: Conversation[];
  next: string | null;
}

/** Pages of all conversations, newest first. */
export const conversationPages = infiniteQueryOptions({
  queryKey: conversationKeys.list,
  queryFn: async ({ signal, pageParam }): Promise<ConversationPage> => {
    const page = pageParam === "" ? "" : `&page_id=${encodeURIComponent(pageParam)}`;
    const body = await call(`/api/conversations?limit=50${page}`, { signal });
    const results: unknown[] = isRecord(body) && Array.isArray(body["results"]) ? body["results"] : [];
    return {
      conversations: results.map(parseConversation).filter((item) => item !== null),
      next: isRecord(body) ? stringAt(body, "next_page_id") : null,
    };
  },
  initialPageParam: "",
  getNextPageParam: (page) => page.next,
  refetchInterval: 15_000,
});

/** How soon to ask again: often while it starts, seldom once nothing is expected to change. */
function pollInterval(conversation: Conversation | null | undefined): number {
  if (conversation == null || isJoinable(conversation)) return 30_000;
  return conversation.status === "STARTING" || conversation.status === "RUNNING" ? 1000 : 3000;
}

/** One conversation, or null if the server does not know it. */
export const conversationById = (id: string) =>
  queryOptions({
    queryKey: conversationKeys.one(id),
    queryFn: async ({ signal }) => parseConversation(await call(path(id), { signal })),
    refetchInterval: ({ state }) => pollInterval(state.data),
  });

/** Can a socket join it now? */
export function isJoinable(conversation: Conversation): boolean {
  const { status, runtimeStatus } = conversation;
  return status === "RUNNING" && runtimeStatus !== null && runtimeStatus !== "STATUS$STOPPED";
}

/** The repository that a conversation works in. */
export interface Place {
  /** As `owner/name`. */
  repository: string;
  /** Null leaves it to the server. */
  provider: GitProvider | null;
  /** Null is a new branch of the usual one. */
  branch: string | null;
}

/** Starts a conversation, idle if there is no message yet, and returns its id. */
export async function createConversation(
  firstMessage: string | null,
  place: Place | null = null,
  pictures: readonly string[] = [],
): Promise<string> {
  const message = {
    ...(firstMessage === null ? {} : { initial_user_msg: firstMessage }),
    ...(pictures.length === 0 ? {} : { image_urls: pictures }),
  };
  const where =
    place === null
      ? {}
      : { repository: place.repository, git_provider: place.provider, selected_branch: place.branch };
  return create({ ...message, ...where });
}

export interface FirstMessage {
  text: string;
  pictures: readonly string[];
  /** Where they are in the workspace. */
  files: readonly string[];
}

/** Sends a message over REST, for those who have no socket. */
export async function sendMessage(id: string, { text, pictures, files }: FirstMessage): Promise<void> {
  const args = { content: text, image_urls: pictures, file_urls: files };
  await call(`${path(id)}/events`, { method: "POST", body: { action: "message", args } });
}

/** Starts a conversation about something that a git hosting service suggests. */
export async function createFromTask(task: SuggestedTask): Promise<string> {
  const suggested_task = {
    git_provider: task.provider,
    task_type: task.type,
    repo: task.repository,
    issue_number: task.number,
    title: task.title,
  };
  return create({ suggested_task });
}

async function create(start: Record<string, unknown>): Promise<string> {
  const body = await call("/api/conversations", { method: "POST", body: start });
  const id = isRecord(body) ? stringAt(body, "conversation_id") : null;
  if (id === null) throw new ApiError(200, "The server did not say which conversation it made.");
  return id;
}

export async function startConversation(id: string): Promise<void> {
  await call(`${path(id)}/start`, { method: "POST", body: {} });
}

export async function renameConversation(id: string, title: string): Promise<void> {
  await call(path(id), { method: "PATCH", body: { title } });
}

export async function deleteConversation(id: string): Promise<void> {
  await call(path(id), { method: "DELETE" });
}
