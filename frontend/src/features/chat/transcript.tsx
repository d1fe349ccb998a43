import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useMemo, useState } from "react";

import { Icon, Spinner } from "@/components/icons";
import { isThinking, isWorking } from "@/conversation/selectors";
import { findEvent, itemsOf, type TranscriptItem } from "@/conversation/transcript";
import type { ConversationView } from "@/conversation/view";
import { m } from "@/i18n/language";
import { useStickToEnd } from "@/lib/use-stick-to-end";
import type { OutboxEntry, OutgoingAction } from "@/wire/outbox";

import { Workspace } from "./rows/workspace";
import { TranscriptItemView, type TailItem } from "./transcript-item";
import { usePointAt } from "./use-point-at";

type MessageAction = Extract<OutgoingAction, { kind: "message" }>;

interface TranscriptProps {
  view: ConversationView;
  outbox: readonly OutboxEntry[];
  isReadingEarlier: boolean;
  /** The event to show and to point out. */
  target: number | null;
  timesAsked: number;
  /** Is it to be seen now? One that is not has no size. */
  isShown: boolean;
  onReadEarlier: () => void;
  onReadBackTo: (eventId: number) => void;
  onDiscard: (clientId: string) => void;
  onRetry: (clientId: string, action: MessageAction) => void;
  onCopyLink: (eventId: number) => void;
}

/** Items this near to the beginning have the page before them read. */
const NEAR_START = 4;
const ESTIMATE = 84;

/** Has the event of this message arrived although the server's answer has not? */
function isEchoed(view: ConversationView, entry: OutboxEntry, text: string): boolean {
  return view.rows.some(
    (row) => row.kind === "user_message" && row.id > entry.sentAfter && row.event.args.content === text,
  );
}

/** What stands below the log: what is being written, what is on its way. */
function tailOf(view: ConversationView, outbox: readonly OutboxEntry[]): TailItem[] {
  const tail: TailItem[] = [];
  const { liveMessage, liveReasoning } = view;
  if (liveReasoning !== null && liveMessage === null) tail.push({ kind: "reasoning", key: "reasoning", text: liveReasoning.text });
  if (liveMessage !== null) tail.push({ kind: "live", key: "live", text: liveMessage.text });
  for (const entry of outbox) {
    const { action, clientId } = entry;
    if (action.kind === "message" && !isEchoed(view, entry, action.text)) {
      tail.push({ kind: "pending", key: clientId, entry, action });
    }
  }
  if (isThinking(view) && liveMessage === null && liveReasoning === null) tail.push({ kind: "thinking", key: "thinking" });
  return tail;
}

/** Everything said and done, newest at the end. Only what is near the screen is drawn. */
export function Transcript(props: TranscriptProps) {
  const { view, outbox, isReadingEarlier, target, isShown, onReadEarlier, onReadBackTo } = props;
  const [opened, setOpened] = useState<ReadonlySet<string>>(new Set());
  const folded = useMemo(() => itemsOf(view.rows, opened), [view.rows, opened]);
  const items: (TranscriptItem | TailItem)[] = [...folded, ...tailOf(view, outbox)];
  const { scroller, content, isAtEnd, jumpToEnd, letGo } = useStickToEnd();
  // eslint-disable-next-line react-hooks/incompatible-library -- what it returns is used here only, and never memoized
  const list = useVirtualizer({
    count: items.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ESTIMATE,
    getItemKey: (index) => items[index]?.key ?? index,
    anchorTo: "end",
    overscan: 6,
    gap: 20,
    paddingStart: 24,
    paddingEnd: 32,
  });

  const hasItems = items.length > 0;

  const drawn = list.getVirtualItems();
  const isNearStart = (drawn[0]?.index ?? 0) < NEAR_START;
  // The end of a log may have nothing to show, such as results of steps that stand further up.
  const mayReadEarlier = view.log.length > 0 && isShown && isNearStart && !view.reachesStart && !isReadingEarlier;
  const height = list.getTotalSize();
  useEffect(() => {
    // At the end nobody is looking for the beginning, unless everything fits on the screen.
    const fits = scroller.current !== null && height <= scroller.current.clientHeight;
    if (mayReadEarlier && (!isAtEnd || fits)) onReadEarlier();
  }, [mayReadEarlier, isAtEnd, height, scroller, onReadEarlier]);

  // An address may point at an event: read back to it, unfold its group, scroll to it, point it out.
  const place = target === null ? null : findEvent(view.rows, target);
  const isKnown = target !== null && (view.reachesStart || target >= (view.log[0]?.event.id ?? Infinity));
  const group = isKnown ? (place?.groupKey ?? null) : null;
  if (group !== null && !opened.has(group)) setOpened(new Set(opened).add(group));
  useEffect(() => {
    if (target !== null && !isKnown) onReadBackTo(target);
  }, [target, isKnown, onReadBackTo]);
  const targetKey = isKnown && place !== null ? `r${place.rowId}` : null;
  const targetIndex = targetKey === null || !isShown ? -1 : folded.findIndex((item) => item.key === targetKey);
  usePointAt({
    scroller,
    index: targetIndex < 0 ? null : targetIndex,
    request: target === null ? null : `${target} ${props.timesAsked}`,
    scrollTo: (index) => {
      letGo();
      list.scrollToIndex(index, { align: "center" });
    },
  });

  const lastAgentId = isWorking(view) ? view.lastAgentActionId : Number.MAX_SAFE_INTEGER;
  return (
    <div className="relative min-h-0 flex-1">
      <div ref={scroller} className="h-full overflow-y-auto overscroll-contain [overflow-anchor:none]" tabIndex={-1}>
        {!hasItems && view.reachesStart && <p className="px-6 pt-24 text-center text-sm text-muted">{m.chat.beginning}</p>}
        <Workspace value={view.workspace}>
          <div
            ref={content}
            role="log"
            aria-label={m.chat.log}
            className="relative mx-auto w-full max-w-3xl"
            style={{ height }}
          >
            {drawn.map(({ index, key, start }) => {
              const item = items[index];
              if (item === undefined) return null;
              return (
                <div
                  key={key}
                  ref={list.measureElement}
                  data-index={index}
                  className="absolute inset-x-0 top-0 px-4 sm:px-6"
                  style={{ transform: `translateY(${start}px)` }}
                >
                  <TranscriptItemView
                    item={item}
                    liveOutput={item.kind === "row" ? (view.liveOutput.get(item.row.id) ?? "") : ""}
                    isPointedOut={item.key === targetKey}
                    isQueued={item.kind === "row" && item.row.kind === "user_message" && item.row.id > lastAgentId}
                    isOpen={opened.has(item.key)}
                    onToggle={() => setOpened(toggled(opened, item.key))}
                    onDiscard={props.onDiscard}
                    onRetry={props.onRetry}
                    onCopyLink={props.onCopyLink}
                  />
                </div>
              );
            })}
          </div>
        </Workspace>
      </div>
      {isReadingEarlier && (
        <p
          role="status"
          className="pointer-events-none absolute top-2 left-1/2 flex -translate-x-1/2 items-center gap-2 rounded-full border border-line bg-raised px-3 py-1 text-xs text-muted shadow-sm"
        >
          <Spinner className="size-3.5" /> {m.chat.readingEarlier}
        </p>
      )}
      {!isAtEnd && (
        <button
          type="button"
          onClick={jumpToEnd}
          className="absolute bottom-3 left-1/2 flex -translate-x-1/2 items-center gap-1.5 rounded-full border border-line-strong bg-raised px-3.5 py-1.5 text-sm font-medium shadow-md hover:bg-panel"
        >
          <Icon name="down" /> {m.chat.jumpToLatest}
        </button>
      )}
    </div>
  );
}

function toggled(set: ReadonlySet<string>, key: string): ReadonlySet<string> {
  const next = new Set(set);
  if (!next.delete(key)) next.add(key);
  return next;
}
