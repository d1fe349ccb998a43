import { useState } from "react";

import { m } from "@/i18n/language";
import { isPicture } from "@/lib/read-file";

import { Icon } from "./icons";

interface AttachmentListProps {
  files: readonly File[];
  onRemove: (file: File) => void;
}

/** Files that go with the next message: pictures as such, others by name. */
export function AttachmentList({ files, onRemove }: AttachmentListProps) {
  return (
    <ul aria-label={m.chat.composer.attachments} className="flex flex-wrap gap-2 px-3 pt-3">
      {files.map((file, at) => (
        <li key={at} className="flex max-w-56 items-center gap-1.5 rounded-lg border border-line bg-panel py-1 pr-1 pl-2 text-xs">
          {isPicture(file) ? <Preview key={file.name} file={file} /> : <Icon name="file" className="size-3.5 text-muted" />}
          <span className="min-w-0 truncate">{file.name}</span>
          <button
            type="button"
            aria-label={m.chat.composer.removeAttachment(file.name)}
            onClick={() => onRemove(file)}
            className="inline-flex size-6 shrink-0 items-center justify-center rounded text-muted hover:bg-line hover:text-ink"
          >
            <Icon name="close" className="size-3" />
          </button>
        </li>
      ))}
    </ul>
  );
}

function Preview({ file }: { file: File }) {
  const [url] = useState(() => URL.createObjectURL(file));
  return <img src={url} alt="" onLoad={() => URL.revokeObjectURL(url)} className="size-8 rounded object-cover" />;
}
