import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense } from "react";

import { rawFileAddress } from "@/api/files";
import { gitDifference, type Change } from "@/api/changes";
import { describeError } from "@/api/http";
import { Button } from "@/components/button";
import { DownloadLink } from "@/components/download-link";
import { Spinner } from "@/components/icons";
import { PanelNotice } from "@/components/panel-notice";
import { m } from "@/i18n/language";
import { assertNever } from "@/lib/guards";

import type { DiffLayout } from "./diff-editor";

const DiffEditor = lazy(async () => ({ default: (await import("./diff-editor")).DiffEditor }));

interface DifferenceProps {
  conversationId: string;
  change: Change;
  layout: DiffLayout;
}

function Waiting() {
  return <Spinner className="m-auto size-5 text-muted" />;
}

/** What changed in one file. */
export function Difference({ conversationId, change, layout }: DifferenceProps) {
  const { changes } = m.workspace;
  const difference = useQuery(gitDifference(conversationId, change.path));
  if (difference.isPending) return <Waiting />;
  if (difference.isError) {
    return (
      <PanelNotice icon="warning" title={changes.failed} help={describeError(difference.error)}>
        <Button onClick={() => void difference.refetch()}>{m.common.tryAgain}</Button>
      </PanelNotice>
    );
  }
  const { data } = difference;
  const download = change.status === "deleted" ? null : (
    <DownloadLink address={rawFileAddress(conversationId, change.path)} label={m.workspace.download} />
  );
  switch (data.kind) {
    case "text":
      if (data.original === data.modified) {
        const isEmpty = data.modified === "" && change.status !== "modified";
        const title = change.status === "deleted" ? changes.gone : changes.empty;
        if (isEmpty) return <PanelNotice icon="file" title={title} />;
        return <PanelNotice icon="check" title={changes.same.title} help={changes.same.help} />;
      }
      return (
        <Suspense fallback={<Waiting />}>
          <DiffEditor path={change.path} original={data.original} modified={data.modified} layout={layout} />
        </Suspense>
      );
    case "binary":
      return (
        <PanelNotice icon="file" title={changes.binary.title} help={changes.binary.help}>
          {download}
        </PanelNotice>
      );
    case "not_shown":
      return (
        <PanelNotice icon="file" title={changes.tooLarge.title} help={changes.tooLarge.help}>
          {download}
        </PanelNotice>
      );
    default:
      return assertNever(data);
  }
}
