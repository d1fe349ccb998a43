import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useMemo, useState } from "react";

import { gitChanges, gitKeys, type Change } from "@/api/changes";
import { describeError } from "@/api/http";
import { Button, IconButton } from "@/components/button";
import { FilterField } from "@/components/filter-field";
import { Icon, Spinner } from "@/components/icons";
import { PanelNotice } from "@/components/panel-notice";
import type { PanelProps } from "@/conversation/panels";
import { workRevision } from "@/conversation/selectors";
import { m } from "@/i18n/language";
import { readStored, writeStored } from "@/lib/stored-text";
import { useMedia } from "@/lib/use-media";
import { useRefresh } from "@/lib/use-refresh";

import { ChangeList } from "./change-list";
import { DiffHeader } from "./diff-header";
import { Difference } from "./difference";
import type { DiffLayout } from "./diff-editor";

/** From so many files on a list can be filtered. */
const MANY = 12;
const LAYOUT_KEY = "openhands.diff";

/** What differs from the last commit. */
export function ChangesPanel({ conversationId, view }: PanelProps) {
  const { changes: words } = m.workspace;
  useRefresh(gitKeys.all(conversationId), workRevision(view));
  const found = useQuery(gitChanges(conversationId));
  const queries = useQueryClient();
  const refreshAll = () => void queries.invalidateQueries({ queryKey: gitKeys.all(conversationId) });
  const refresh = (
    <IconButton label={m.workspace.refresh} onClick={refreshAll} className="!size-8">
      {found.isFetching ? <Spinner /> : <Icon name="refresh" />}
    </IconButton>
  );
  if (found.isPending) return <Spinner className="m-auto size-5 text-muted" />;
  if (found.isError) {
    return (
      <PanelNotice icon="warning" title={words.failed} help={describeError(found.error)}>
        <Button onClick={() => void found.refetch()}>{m.common.tryAgain}</Button>
      </PanelNotice>
    );
  }
  if (found.data.kind === "no_repository") {
    return (
      <PanelNotice icon="changes" title={words.noRepository.title} help={words.noRepository.help}>
        {refresh}
      </PanelNotice>
    );
  }
  const { changes, isTruncated } = found.data;
  if (changes.length === 0) {
    return (
      <PanelNotice icon="check" title={words.none.title} help={words.none.help}>
        {refresh}
      </PanelNotice>
    );
  }
  return <Changes conversationId={conversationId} changes={changes} isTruncated={isTruncated} refresh={refresh} />;
}

interface ChangesProps {
  conversationId: string;
  changes: readonly Change[];
  isTruncated: boolean;
  refresh: React.ReactNode;
}

function Changes({ conversationId, changes, isTruncated, refresh }: ChangesProps) {
  const { changes: words } = m.workspace;
  const [filter, setFilter] = useState("");
  const [chosen, setChosen] = useState<string | null>(null);
  const [layout, setLayout] = useState<DiffLayout>(() => (readStored(LAYOUT_KEY) === "side_by_side" ? "side_by_side" : "unified"));
  const hasRoom = useMedia("(min-width: 48rem)");
  const shown = useMemo(() => matching(changes, filter), [changes, filter]);
  const current = shown.find(({ path }) => path === chosen) ?? shown[0] ?? null;
  const at = current === null ? -1 : shown.indexOf(current);
  return (
    <div className="flex min-h-0 flex-1 flex-col">
      <div className="flex max-h-[40%] shrink-0 flex-col border-b border-line">
        <div className="flex h-11 shrink-0 items-center gap-2 pr-2 pl-4">
          <h2 className="shrink-0 text-xs font-medium text-muted">{words.count(changes.length)}</h2>
          <div className="min-w-0 flex-1">
            {changes.length > MANY && (
              <FilterField
                label={words.filter}
                clearLabel={m.workspace.clearFilter}
                value={filter}
                onChange={setFilter}
                className="ml-auto max-w-64"
              />
            )}
          </div>
          {refresh}
        </div>
        {isTruncated && <p className="bg-warn-soft px-4 py-1 text-xs text-warn">{words.truncated(changes.length)}</p>}
        {shown.length === 0 ? (
          <p className="px-4 pb-3 text-sm text-muted">{words.noMatch}</p>
        ) : (
          <ChangeList changes={shown} current={current?.path ?? null} onSelect={setChosen} />
        )}
      </div>
      {current !== null && (
        <section aria-label={current.path} className="flex min-h-0 flex-1 flex-col">
          <DiffHeader
            path={current.path}
            hasPrevious={at > 0}
            hasNext={at < shown.length - 1}
            onMove={(step) => setChosen(shown[at + step]?.path ?? null)}
            layout={hasRoom ? layout : null}
            onLayout={(next) => {
              setLayout(next);
              writeStored(LAYOUT_KEY, next);
            }}
          />
          <div className="flex min-h-0 flex-1 flex-col">
            <Difference conversationId={conversationId} change={current} layout={hasRoom ? layout : "unified"} />
          </div>
        </section>
      )}
    </div>
  );
}

export function matching(changes: readonly Change[], filter: string): readonly Change[] {
  const wanted = filter.trim().toLowerCase();
  return wanted === "" ? changes : changes.filter(({ path }) => path.toLowerCase().includes(wanted));
}
