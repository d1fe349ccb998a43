import { useVirtualizer } from "@tanstack/react-virtual";
import { useCallback, useEffect, useState } from "react";

import { Icon } from "@/components/icons";
import { m } from "@/i18n/language";
import { useStickToEnd } from "@/lib/use-stick-to-end";
import type { LoggedEvent } from "@/wire/decode";

import { EventRow } from "./event-row";

const ESTIMATE = 33;
/** Lines this near to the beginning have the page before them read. */
const NEAR_START = 3;

interface EventListProps {
  events: readonly LoggedEvent[];
  /** Reads the page before these events; null where that is not done by scrolling. */
  onReachStart: (() => void) | null;
  onShow: (id: number) => void;
}

/** Events as lines, the newest at the end. Only what is near the screen is drawn. */
export function EventList({ events, onReachStart, onShow }: EventListProps) {
  const { events: words } = m.workspace;
  const [open, setOpen] = useState<ReadonlySet<number>>(new Set());
  const { scroller, content, isAtEnd, jumpToEnd, letGo } = useStickToEnd();
  // eslint-disable-next-line react-hooks/incompatible-library -- what it returns is used here only, and never memoized
  const list = useVirtualizer({
    count: events.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ESTIMATE,
    getItemKey: (index) => events[index]?.event.id ?? index,
    anchorTo: "end",
    // Whether the end is held is decided here alone: what is opened at the end stays where it is.
    scrollEndThreshold: -1,
    overscan: 12,
  });
  const drawn = list.getVirtualItems();

  const isNearStart = !isAtEnd && (drawn[0]?.index ?? NEAR_START) < NEAR_START;
  useEffect(() => {
    if (isNearStart) onReachStart?.();
  }, [isNearStart, onReachStart]);

  const toggle = useCallback(
    (id: number) => {
      // What is opened stays where it is.
      letGo();
      setOpen((last) => {
        const next = new Set(last);
        if (!next.delete(id)) next.add(id);
        return next;
      });
    },
    [letGo],
  );

  return (
    <>
      <div ref={scroller} tabIndex={-1} className="h-full overflow-y-auto overscroll-contain [overflow-anchor:none]">
        <div ref={content} role="list" aria-label={words.list} className="@container relative w-full" style={{ height: list.getTotalSize() }}>
          {drawn.map(({ index, key, start }) => {
            const logged = events[index];
            if (logged === undefined) return null;
            return (
              <div
                key={key}
                ref={list.measureElement}
                role="listitem"
                aria-posinset={index + 1}
                aria-setsize={events.length}
                data-index={index}
                className="absolute inset-x-0 top-0"
                style={{ transform: `translateY(${start}px)` }}
              >
                <EventRow logged={logged} isOpen={open.has(logged.event.id)} onToggle={toggle} onShow={onShow} />
              </div>
            );
          })}
        </div>
      </div>
      {!isAtEnd && (
        <button
          type="button"
          onClick={jumpToEnd}
          className="absolute bottom-3 left-1/2 flex -translate-x-1/2 items-center gap-1.5 rounded-full border border-line-strong bg-raised px-3.5 py-1.5 text-[0.8125rem] font-medium shadow-md hover:bg-panel"
        >
          <Icon name="down" /> {words.jumpToLatest}
        </button>
      )}
    </>
  );
}
