import { useRef, useState, type DragEvent } from "react";

import { fileKeys } from "@/api/files";
import { describeError } from "@/api/http";
import { Button, IconButton } from "@/components/button";
import { Icon, Spinner } from "@/components/icons";
import { PanelNotice } from "@/components/panel-notice";
import type { PanelProps } from "@/conversation/panels";
import { workRevision } from "@/conversation/selectors";
import { m } from "@/i18n/language";
import { useRefresh } from "@/lib/use-refresh";

import { ArchiveMenu } from "./archive-menu";
import { FileTree } from "./file-tree";
import { FileView } from "./file-view";
import { UploadStatus } from "./upload-status";
import { useTree } from "./use-tree";
import { useUpload } from "./use-upload";
import { parentOf } from "./visible-rows";

/** The files of the workspace: to look at, to bring and to take away. */
export function FilesPanel({ conversationId, view }: PanelProps) {
  const { files } = m.workspace;
  const revision = workRevision(view);
  useRefresh(fileKeys.all(conversationId), revision);
  const tree = useTree(conversationId);
  const [active, setActive] = useState<string | null>(null);
  const [shown, setShown] = useState<string | null>(null);
  const { upload, start, dismiss, refuse } = useUpload(conversationId);
  const picker = useRef<HTMLInputElement>(null);

  const activeRow = tree.rows.find((row) => row.kind === "entry" && row.entry.path === active);
  const isFolder = activeRow?.kind === "entry" && activeRow.entry.isFolder && activeRow.isOpen;
  const folder = activeRow === undefined || active === null ? "" : isFolder ? active : parentOf(active);
  const { isOver, ...drop } = useDrop((dropped) => {
    if (dropped.kind === "files") start(folder, dropped.files);
    else refuse(files.folderNotTaken);
  });

  const pick = () => picker.current?.click();
  return (
    <div {...drop} className="relative flex min-h-0 flex-1 flex-col">
      <input
        ref={picker}
        type="file"
        multiple
        hidden
        aria-label={files.upload}
        data-testid="upload"
        onChange={(event) => {
          start(folder, [...(event.target.files ?? [])]);
          event.target.value = "";
        }}
      />
      <div className={`flex min-h-0 flex-col ${shown === null ? "flex-1" : "hidden h-2/5 shrink-0 sm:flex"}`}>
        <div className="flex h-11 shrink-0 items-center gap-0.5 border-b border-line pr-2 pl-4">
          <span className="min-w-0 flex-1 truncate text-xs text-muted" title={folder}>
            {folder === "" ? m.workspace.terminal.folder : folder}
          </span>
          <IconButton label={files.uploadInto(folder)} onClick={pick} disabled={upload.kind === "running"} className="!size-8">
            <Icon name="upload" />
          </IconButton>
          <ArchiveMenu conversationId={conversationId} />
          <IconButton label={m.workspace.refresh} onClick={tree.refresh} className="!size-8">
            {tree.isFetching ? <Spinner /> : <Icon name="refresh" />}
          </IconButton>
        </div>
        {tree.error !== null ? (
          <PanelNotice icon="warning" title={files.listFailed} help={describeError(tree.error)}>
            <Button onClick={tree.refresh}>{m.common.tryAgain}</Button>
          </PanelNotice>
        ) : tree.isEmpty === true ? (
          <PanelNotice icon="folder" {...files.empty}>
            <Button onClick={pick}>
              <Icon name="upload" /> {files.upload}
            </Button>
          </PanelNotice>
        ) : (
          <FileTree tree={tree} active={active} onActive={setActive} shown={shown} onShow={setShown} />
        )}
      </div>
      {shown !== null && (
        <FileView
          key={shown}
          conversationId={conversationId}
          path={shown}
          revision={revision}
          onClose={() => setShown(null)}
        />
      )}
      <UploadStatus upload={upload} onDismiss={dismiss} />
      {isOver && (
        <div className="pointer-events-none absolute inset-2 z-30 flex items-center justify-center rounded-xl border-2 border-dashed border-accent bg-accent-soft/95 p-6 text-center text-sm font-medium">
          {files.dropHere(folder)}
        </div>
      )}
    </div>
  );
}

type Dropped = { kind: "files"; files: readonly File[] } | { kind: "folders" };

/** Takes files that are dropped. A folder is told by its entry: as a file it could not be read. */
function useDrop(onDrop: (dropped: Dropped) => void) {
  const [depth, setDepth] = useState(0);
  const hasFiles = (event: DragEvent) => event.dataTransfer.types.includes("Files");
  return {
    isOver: depth > 0,
    onDragEnter: (event: DragEvent) => {
      if (hasFiles(event)) setDepth((last) => last + 1);
    },
    onDragLeave: (event: DragEvent) => {
      if (hasFiles(event)) setDepth((last) => Math.max(0, last - 1));
    },
    onDragOver: (event: DragEvent) => {
      if (hasFiles(event)) event.preventDefault();
    },
    onDrop: (event: DragEvent) => {
      setDepth(0);
      if (!hasFiles(event)) return;
      event.preventDefault();
      const isFolder = [...event.dataTransfer.items].some((item) => item.webkitGetAsEntry()?.isDirectory === true);
      onDrop(isFolder ? { kind: "folders" } : { kind: "files", files: [...event.dataTransfer.files] });
    },
  };
}
