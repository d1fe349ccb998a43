import { useCallback, useDeferredValue, useLayoutEffect, useMemo, useRef, useState } from "react";
import { VList, type VListHandle } from "virtua";

import { Button } from "@/components/button";
import { CopyButton } from "@/components/copy-button";
import { FilterField } from "@/components/filter-field";
import { Icon, Spinner } from "@/components/icons";
import { PanelNotice } from "@/components/panel-notice";
import type { PanelProps } from "@/conversation/panels";
import { m } from "@/i18n/language";

import { asJson, KINDS, matching, type Kind } from "./event-lines";
import { EventRow } from "./event-row";

/** So near to an end counts as being there. */
const NEAR = 40;

/** Everything that the log says, as it came. */
export function EventsPanel({ view, readEarlier, isReadingEarlier, showEvent }: PanelProps) {
  const { events: words } = m.workspace;
  const [kind, setKind] = useState<Kind>("all");
  const [filter, setFilter] = useState("");
  const wanted = useDeferredValue(filter);
  const [open, setOpen] = useState<ReadonlySet<number>>(new Set());
  const shown = useMemo(() => matching(view.log, kind, wanted), [view.log, kind, wanted]);
  const isFiltered = kind !== "all" || filter.trim() !== "";

  const list = useRef<VListHandle>(null);
  const sticks = useRef(true);
  const [isAtEnd, setAtEnd] = useState(true);
  const toEnd = () => {
    sticks.current = true;
    setAtEnd(true);
    list.current?.scrollToIndex(shown.length - 1, { align: "end" });
  };
  useLayoutEffect(() => {
    if (sticks.current && shown.length > 0) list.current?.scrollToIndex(shown.length - 1, { align: "end" });
  }, [shown]);

  // Rows that come in above what is seen must not move it.
  const first = shown[0]?.event.id ?? -1;
  const last = shown.at(-1)?.event.id ?? -1;
  const [drawn, setDrawn] = useState({ first, last, kind, wanted, isPrepended: false });
  if (drawn.first !== first || drawn.last !== last || drawn.kind !== kind || drawn.wanted !== wanted) {
    const isSameFilter = drawn.kind === kind && drawn.wanted === wanted;
    setDrawn({ first, last, kind, wanted, isPrepended: isSameFilter && drawn.first > first && first !== -1 });
  }

  const onScroll = (offset: number) => {
    const current = list.current;
    if (current === null) return;
    sticks.current = offset + current.viewportSize >= current.scrollSize - NEAR;
    setAtEnd(sticks.current);
    // Someone who looks for something asks for more: what does not fit would all be read in vain.
    if (offset < NEAR && !sticks.current && !isFiltered) readEarlier();
  };
  const toggle = useCallback((id: number) => {
    sticks.current = false;
    setOpen((last) => {
      const next = new Set(last);
      if (!next.delete(id)) next.add(id);
      return next;
    });
  }, []);

  const earlier = view.reachesStart ? null : (
    <Button look="quiet" onClick={readEarlier} disabled={isReadingEarlier} className="!min-h-8 text-xs">
      {isReadingEarlier && <Spinner className="size-3.5" />} {isReadingEarlier ? m.workspace.loadingEarlier : m.workspace.loadEarlier}
    </Button>
  );
  if (view.log.length === 0) return <PanelNotice icon="list" {...words.empty} />;
  return (
    <div className="flex min-h-0 flex-1 flex-col">
      <div className="flex shrink-0 flex-col gap-1.5 border-b border-line px-3 py-2">
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
          {earlier}
          <CopyButton label={words.copyShown} text={() => asJson(shown)} className="!size-8" />
        </div>
      </div>
      <div role="group" aria-label={words.list} className="relative flex min-h-0 flex-1 flex-col">
        {shown.length === 0 ? (
          <PanelNotice icon="search" {...words.noMatch} />
        ) : (
          <VList ref={list} data={shown} shift={drawn.isPrepended} itemSize={32} onScroll={onScroll} tabIndex={-1} className="min-h-0 flex-1 overscroll-contain">
            {(logged) => (
              <EventRow
                key={logged.event.id}
                logged={logged}
                isOpen={open.has(logged.event.id)}
                onToggle={toggle}
                onShow={showEvent}
              />
            )}
          </VList>
        )}
        {!isAtEnd && shown.length > 0 && (
          <button
            type="button"
            onClick={toEnd}
            className="absolute bottom-3 left-1/2 flex -translate-x-1/2 items-center gap-1.5 rounded-full border border-line-strong bg-raised px-3.5 py-1.5 text-[0.8125rem] font-medium shadow-md hover:bg-panel"
          >
            <Icon name="down" /> {words.jumpToLatest}
          </button>
        )}
      </div>
    </div>
  );
}
