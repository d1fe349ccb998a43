import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { fileKeys, uploadFiles, type UploadResult } from "@/api/files";
import { describeError } from "@/api/http";

export type Upload =
  | { kind: "none" }
  | { kind: "running"; count: number; percent: number }
  | { kind: "done"; result: UploadResult }
  | { kind: "failed"; reason: string };

/** Puts files into the workspace, one batch at a time. */
export function useUpload(conversationId: string) {
  const queries = useQueryClient();
  const [upload, setUpload] = useState<Upload>({ kind: "none" });
  const start = (folder: string, files: readonly File[]) => {
    if (files.length === 0 || upload.kind === "running") return;
    const progress = (share: number) => setUpload({ kind: "running", count: files.length, percent: Math.floor(share * 100) });
    progress(0);
    uploadFiles(conversationId, folder, files, progress)
      .then(
        (result) => setUpload({ kind: "done", result }),
        (error: unknown) => setUpload({ kind: "failed", reason: describeError(error) }),
      )
      .finally(() => void queries.invalidateQueries({ queryKey: fileKeys.all(conversationId) }));
  };
  return { upload, start, dismiss: () => setUpload({ kind: "none" }), refuse: (reason: string) => setUpload({ kind: "failed", reason }) };
}
