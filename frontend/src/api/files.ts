/** The files of a workspace. */

import { queryOptions } from "@tanstack/react-query";

import { m } from "@/i18n/language";
import { isRecord, stringAt, stringsAt } from "@/lib/guards";

import { ApiError, call, errorText } from "./http";

export interface Entry {
  /** From the workspace on, without a slash at the end. */
  path: string;
  name: string;
  isFolder: boolean;
}

export type FileText =
  | { kind: "text"; text: string }
  | { kind: "binary" }
  | { kind: "too_large" }
  | { kind: "missing" };

export interface UploadResult {
  uploaded: readonly string[];
  skipped: readonly { name: string; reason: string }[];
}

export const fileKeys = { all: (id: string) => ["files", id] };

const path = (id: string) => `/api/conversations/${encodeURIComponent(id)}`;

function entryOf(name: string): Entry {
  const isFolder = name.endsWith("/");
  const whole = isFolder ? name.slice(0, -1) : name;
  return { path: whole, name: whole.slice(whole.lastIndexOf("/") + 1), isFolder };
}

/** What is in a folder; the empty path is the workspace itself. */
export const folderEntries = (id: string, folder: string) =>
  queryOptions({
    queryKey: [...fileKeys.all(id), "folder", folder],
    queryFn: async ({ signal }): Promise<readonly Entry[]> => {
      const query = folder === "" ? "" : `?path=${encodeURIComponent(folder)}`;
      const body = await call(`${path(id)}/list-files${query}`, { signal });
      return Array.isArray(body) ? body.filter((name) => typeof name === "string").map(entryOf) : [];
    },
  });

export const fileText = (id: string, file: string) =>
  queryOptions({
    queryKey: [...fileKeys.all(id), "text", file],
    queryFn: async ({ signal }): Promise<FileText> => {
      try {
        const body = await call(`${path(id)}/select-file?file=${encodeURIComponent(file)}`, { signal });
        return { kind: "text", text: isRecord(body) ? (stringAt(body, "code") ?? "") : "" };
      } catch (error) {
        const status = error instanceof ApiError ? error.status : 0;
        if (status === 404) return { kind: "missing" };
        if (status === 413) return { kind: "too_large" };
        if (status === 415) return { kind: "binary" };
        throw error;
      }
    },
  });

/** Where a file is, byte for byte. */
export function rawFileAddress(id: string, file: string): string {
  return `${path(id)}/raw-file?file=${encodeURIComponent(file)}`;
}

/** Where the workspace is as an archive. */
export function archiveAddress(id: string, files: "all" | "not_ignored"): string {
  return `${path(id)}/zip-directory${files === "all" ? "" : "?exclude_ignored=true"}`;
}

function parseUpload(body: unknown): UploadResult {
  if (!isRecord(body)) return { uploaded: [], skipped: [] };
  const skipped = Array.isArray(body["skipped_files"]) ? body["skipped_files"].filter(isRecord) : [];
  return {
    uploaded: stringsAt(body, "uploaded_files"),
    skipped: skipped.map((file) => ({ name: stringAt(file, "name") ?? "", reason: stringAt(file, "reason") ?? "" })),
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Puts files into a folder, and tells how much of them has left; `fetch` could not. */
export function uploadFiles(
  id: string,
  folder: string,
  files: readonly File[],
  onProgress: (share: number) => void,
): Promise<UploadResult> {
  const form = new FormData();
  for (const file of files) form.append("files", file, file.name);
  const query = folder === "" ? "" : `?destination=${encodeURIComponent(folder)}`;
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", `${path(id)}/upload-files${query}`);
    request.upload.onprogress = ({ loaded, total }) => onProgress(total === 0 ? 0 : loaded / total);
    request.onerror = () => reject(new ApiError(0, m.common.noAnswer));
    request.onload = () => {
      const body = parsed(request.responseText);
      if (request.status >= 200 && request.status < 300) resolve(parseUpload(body));
      else reject(new ApiError(request.status, errorText(request, body)));
    };
    request.send(form);
  });
}
