import { IconButton } from "@/components/button";
import { Icon } from "@/components/icons";
import { m } from "@/i18n/language";

import type { Upload } from "./use-upload";

/** How an upload goes, and which files were not taken. */
export function UploadStatus({ upload, onDismiss }: { upload: Upload; onDismiss: () => void }) {
  const { files } = m.workspace;
  if (upload.kind === "none") return null;
  if (upload.kind === "running") {
    return (
      <div role="status" className="border-t border-line bg-accent-soft px-4 py-2 text-xs">
        {files.uploading(upload.count, upload.percent)}
        <progress
          value={upload.percent}
          max={100}
          aria-label={files.upload}
          className="mt-1 block h-1 w-full appearance-none overflow-hidden rounded-full bg-line [&::-moz-progress-bar]:bg-accent [&::-webkit-progress-bar]:bg-line [&::-webkit-progress-value]:bg-accent"
        />
      </div>
    );
  }
  const skipped = upload.kind === "done" ? upload.result.skipped : [];
  const isGood = upload.kind === "done" && skipped.length === 0;
  return (
    <div
      role={isGood ? "status" : "alert"}
      className={`flex max-h-32 items-start gap-2 border-t border-line py-1 pr-2 pl-4 text-xs ${isGood ? "bg-ok-soft text-ok" : "bg-bad-soft text-bad"}`}
    >
      <div className="min-w-0 flex-1 self-center overflow-y-auto py-1 leading-4 [overflow-wrap:anywhere]">
        {upload.kind === "failed" && files.uploadFailed(upload.reason)}
        {upload.kind === "done" && upload.result.uploaded.length > 0 && <p>{files.uploaded(upload.result.uploaded.length)}</p>}
        {skipped.map(({ name, reason }, at) => (
          <p key={at}>{files.skipped(name, reason)}</p>
        ))}
      </div>
      <IconButton label={files.dismiss} onClick={onDismiss} className="!size-7">
        <Icon name="close" className="size-3.5" />
      </IconButton>
    </div>
  );
}
