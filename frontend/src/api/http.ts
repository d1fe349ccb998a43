/** The one place that calls the server: JSON, and errors as sentences. */

import { m } from "@/i18n/language";
import { isRecord, stringAt } from "@/lib/guards";

export class ApiError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.name = "ApiError";
    this.status = status;
  }
}

export interface CallOptions {
  method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  body?: unknown;
  /** A form with files, instead of `body`. */
  form?: FormData;
  signal?: AbortSignal;
}

/** Calls the server and returns the decoded body; throws an [`ApiError`] for anything but success. */
export async function call(path: string, options: CallOptions = {}): Promise<unknown> {
  return (await callWithHeaders(path, options)).body;
}

/** As [`call`], for what the body has no place for. */
export async function callWithHeaders(path: string, options: CallOptions = {}): Promise<{ body: unknown; headers: Headers }> {
  const headers = new Headers();
  if (options.body !== undefined) headers.set("Content-Type", "application/json");
  let response: Response;
  try {
    response = await fetch(path, {
      method: options.method ?? "GET",
      headers,
      ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
      ...(options.form === undefined ? {} : { body: options.form }),
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    });
  } catch (error) {
    if (options.signal?.aborted === true) throw error;
    throw new ApiError(0, m.common.noAnswer);
  }
  const body = await readBody(response);
  if (!response.ok) throw new ApiError(response.status, errorText(response, body));
  return { body, headers: response.headers };
}

async function readBody(response: Response): Promise<unknown> {
  const text = await response.text();
  if (!(response.headers.get("content-type") ?? "").includes("json")) return text;
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Returns what an answer says went wrong. */
export function errorText(response: { status: number; statusText: string }, body: unknown): string {
  if (isRecord(body)) {
    const text = stringAt(body, "error") ?? stringAt(body, "message") ?? stringAt(body, "detail");
    if (text !== null) return text;
    const detail: unknown = Array.isArray(body["detail"]) ? body["detail"][0] : null;
    const message = isRecord(detail) ? stringAt(detail, "msg") : null;
    if (message !== null) return message;
  }
  if (typeof body === "string" && body !== "" && body.length < 300 && !body.startsWith("<")) return body;
  return m.common.answered(response.status, response.statusText);
}

/** Returns an error as a sentence for the person at the screen. */
export function describeError(error: unknown): string {
  return error instanceof Error ? error.message : m.common.somethingWrong;
}
