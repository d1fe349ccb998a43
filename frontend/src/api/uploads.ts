/** Files that go into a conversation's workspace. */

import { m } from "@/i18n/language";
import { isRecord, stringAt, stringsAt } from "@/lib/guards";

import { ApiError, call } from "./http";

/** Puts files into the workspace and returns where they are; throws if the server did not take one of them. */
export async function uploadFiles(conversationId: string, files: readonly File[]): Promise<string[]> {
  const form = new FormData();
  for (const file of files) form.append("files", file, file.name);
  const body = await call(`/api/conversations/${encodeURIComponent(conversationId)}/upload-files`, { method: "POST", form });
  const answer = isRecord(body) ? body : {};
  const skipped: unknown[] = Array.isArray(answer["skipped_files"]) ? answer["skipped_files"] : [];
  if (skipped.length > 0) {
    const names = skipped.filter(isRecord).map((file) => [stringAt(file, "name"), stringAt(file, "reason")].filter(Boolean).join(": "));
    throw new ApiError(422, m.chat.composer.uploadRefused(names.join("; ")));
  }
  return stringsAt(answer, "uploaded_files");
}
