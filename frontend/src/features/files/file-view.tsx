import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useState } from "react";

import { fileText, rawFileAddress } from "@/api/files";
import { describeError } from "@/api/http";
import { Button, IconButton } from "@/components/button";
import { CopyButton } from "@/components/copy-button";
import { DownloadLink } from "@/components/download-link";
import { Icon, Spinner } from "@/components/icons";
import { PanelNotice } from "@/components/panel-notice";
import { m } from "@/i18n/language";
import { assertNever } from "@/lib/guards";
import { readStored, writeStored } from "@/lib/stored-text";

const CodeView = lazy(async () => ({ default: (await import("@/components/code-view")).CodeView }));

const WRAP_KEY = "openhands.wrap";
const PICTURE = /\.(png|jpe?g|gif|webp|avif|bmp|ico|svg)$/i;

interface FileViewProps {
  conversationId: string;
  path: string;
  /** Moves on when the file may have changed. */
  revision: number;
  onClose: () => void;
}

/** One file: its text, or its picture, or what to do with it instead. */
export function FileView({ conversationId, path, revision, onClose }: FileViewProps) {
  const [wraps, setWraps] = useState(() => readStored(WRAP_KEY) === "yes");
  const { workspace } = m;
  const isPicture = PICTURE.test(path);
  const address = rawFileAddress(conversationId, path);
  return (
    <section aria-label={path} className="flex min-h-0 flex-1 flex-col">
      <div className="flex h-10 shrink-0 items-center border-y border-line pr-2 pl-1 sm:pl-4">
        <IconButton label={workspace.files.back} onClick={onClose} className="!size-8 sm:!hidden">
          <Icon name="back" />
        </IconButton>
        <h3 title={path} className="min-w-0 flex-1 truncate font-mono text-xs [direction:rtl] [text-align:left]">
          <bdi>{path}</bdi>
        </h3>
        {!isPicture && (
          <IconButton
            label={workspace.wrap}
            aria-pressed={wraps}
            onClick={() => {
              setWraps(!wraps);
              writeStored(WRAP_KEY, wraps ? "" : "yes");
            }}
            className={`!size-8 ${wraps ? "bg-accent-soft !text-accent" : ""}`}
          >
            <Icon name="wrap" />
          </IconButton>
        )}
        <CopyButton label={workspace.copyPath} text={() => path} className="!size-8" />
        <a
          href={address}
          download
          aria-label={workspace.download}
          title={workspace.download}
          className="inline-flex size-8 items-center justify-center rounded-lg text-muted hover:bg-panel hover:text-ink"
        >
          <Icon name="download" />
        </a>
        <IconButton label={workspace.files.closeFile} onClick={onClose} className="!hidden !size-8 sm:!inline-flex">
          <Icon name="close" />
        </IconButton>
      </div>
      <div className="flex min-h-0 flex-1 flex-col bg-raised">
        {isPicture ? (
          <Picture key={path} address={address} name={path} revision={revision} />
        ) : (
          <Text conversationId={conversationId} path={path} address={address} wraps={wraps} />
        )}
      </div>
    </section>
  );
}

function Text({ conversationId, path, address, wraps }: { conversationId: string; path: string; address: string; wraps: boolean }) {
  const { files, download } = m.workspace;
  const file = useQuery(fileText(conversationId, path));
  if (file.isPending) return <Spinner className="m-auto size-5 text-muted" />;
  if (file.isError) {
    return (
      <PanelNotice icon="warning" title={files.failed} help={describeError(file.error)}>
        <Button onClick={() => void file.refetch()}>{m.common.tryAgain}</Button>
      </PanelNotice>
    );
  }
  const name = path.slice(path.lastIndexOf("/") + 1);
  const { data } = file;
  switch (data.kind) {
    case "text":
      if (data.text === "") return <PanelNotice icon="file" title={files.isEmpty} />;
      return (
        <Suspense fallback={<Spinner className="m-auto size-5 text-muted" />}>
          <CodeView fileName={name} text={data.text} label={files.content(name)} wraps={wraps} />
        </Suspense>
      );
    case "binary":
      return (
        <PanelNotice icon="file" {...files.binary}>
          <DownloadLink address={address} label={download} />
        </PanelNotice>
      );
    case "too_large":
      return (
        <PanelNotice icon="file" {...files.tooLarge}>
          <DownloadLink address={address} label={download} />
        </PanelNotice>
      );
    case "missing":
      return <PanelNotice icon="warning" {...files.missing} />;
    default:
      return assertNever(data);
  }
}

type Loaded = { kind: "loading" } | { kind: "failed"; revision: number } | { kind: "shown"; size: string };

/** A picture stays until the next one is there: it may change while the agent works. */
function Picture({ address, name, revision }: { address: string; name: string; revision: number }) {
  const { files } = m.workspace;
  const [state, setState] = useState<Loaded>({ kind: "loading" });
  if (state.kind === "failed" && state.revision === revision) {
    return (
      <PanelNotice icon="picture" {...files.pictureFailed}>
        <DownloadLink address={address} label={m.workspace.download} />
      </PanelNotice>
    );
  }
  return (
    <div className="flex min-h-0 flex-1 flex-col items-center justify-center gap-2 overflow-auto p-4">
      <img
        src={`${address}&revision=${revision}`}
        alt={name}
        onLoad={({ currentTarget: { naturalWidth, naturalHeight } }) => {
          setState({ kind: "shown", size: naturalWidth === 0 ? "" : files.size(naturalWidth, naturalHeight) });
        }}
        onError={() => setState({ kind: "failed", revision })}
        className="checkered min-h-0 max-w-full object-contain"
      />
      <p className="h-4 shrink-0 text-2xs text-muted">{state.kind === "shown" ? state.size : ""}</p>
    </div>
  );
}
