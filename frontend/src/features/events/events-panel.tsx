import { useDeferredValue, useMemo, useState } from "react";

import { Button } from "@/components/button";
import { CopyButton } from "@/components/copy-button";
import { FilterField } from "@/components/filter-field";
import { Spinner } from "@/components/icons";
import { PanelNotice } from "@/components/panel-notice";
import type { PanelProps } from "@/conversation/panels";
import { m } from "@/i18n/language";

import { asJson, KINDS, matching, type Kind } from "./event-lines";
import { EventList } from "./event-list";

/** Everything that the log says, as it came. */
export function EventsPanel({ view, readEarlier, isReadingEarlier, showEvent }: PanelProps) {
  const { events: words } = m.workspace;
  const [kind, setKind] = useState<Kind>("all");
  const [filter, setFilter] = useState("");
  const wanted = useDeferredValue(filter);
  const shown = useMemo(() => matching(view.log, kind, wanted), [view.log, kind, wanted]);
  const isFiltered = kind !== "all" || filter.trim() !== "";
  if (view.log.length === 0) return <PanelNotice icon="list" {...words.empty} />;
  return (
    <div className="flex min-h-0 flex-1 flex-col">
      <div className="flex shrink-0 flex-col gap-1.5 border-b border-line px-3 pt-2 pb-1">
        <div className="flex items-center gap-1.5">
          <FilterField
            label={words.filter}
            clearLabel={m.workspace.clearFilter}
            value={filter}
            onChange={setFilter}
            className="flex-1"
          />
          <select
            value={kind}
            aria-label={words.kinds}
            onChange={(event) => setKind(KINDS.find((name) => name === event.target.value) ?? "all")}
            className="h-8 rounded-lg border border-line-strong bg-raised px-2 text-base sm:text-[0.8125rem]"
          >
            {KINDS.map((name) => (
              <option key={name} value={name}>
                {words.kind[name]}
              </option>
            ))}
          </select>
        </div>
        <div className="flex h-8 items-center gap-1 text-xs text-muted">
          <span role="status" className="min-w-0 flex-1 truncate tabular-nums">
            {words.count(shown.length, view.log.length)}
          </span>
          {!view.reachesStart && (
            <Button look="quiet" onClick={readEarlier} disabled={isReadingEarlier} className="!min-h-8 !text-xs">
              {isReadingEarlier && <Spinner className="size-3.5" />}
              {isReadingEarlier ? m.workspace.loadingEarlier : m.workspace.loadEarlier}
            </Button>
          )}
          <CopyButton label={words.copyShown} text={() => asJson(shown)} className="!size-8" />
        </div>
      </div>
      <div className="relative min-h-0 flex-1">
        {shown.length === 0 ? (
          <div className="flex h-full">
            <PanelNotice icon="search" {...words.noMatch} />
          </div>
        ) : (
          // Who looks for something asks for more: what does not fit would all be read in vain.
          <EventList
            key={`${kind} ${wanted}`}
            events={shown}
            onReachStart={isFiltered || view.reachesStart || isReadingEarlier ? null : readEarlier}
            onShow={showEvent}
          />
        )}
      </div>
    </div>
  );
}
