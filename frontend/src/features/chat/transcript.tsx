import { useEffect, useState, useTransition } from "react";

import { Icon } from "@/components/icons";
import { Markdown } from "@/components/markdown";
import { isThinking, lastRows } from "@/conversation/selectors";
import type { ConversationView } from "@/conversation/view";
import type { OutboxEntry } from "@/wire/outbox";

import { PendingMessage } from "./rows/message-row";
import { RowView } from "./rows/row-view";
import { Workspace } from "./rows/workspace";
import { useStickToEnd } from "./use-stick-to-end";

/** Rows drawn at once when history is pouring in, and when it has settled. */
const FIRST_WINDOW = 60;
const WINDOW = 500;
const SETTLED_AFTER_MS = 250;

interface TranscriptProps {
  view: ConversationView;
  outbox: readonly OutboxEntry[];
  onDiscard: (clientId: string) => void;
  onRetry: (clientId: string, text: string) => void;
}

/** Has the event of this message arrived although the server's answer has not? */
function isEchoed(view: ConversationView, entry: OutboxEntry, text: string): boolean {
  return view.rows.some(
    (row) => row.kind === "user_message" && row.id > entry.sentAfter && row.event.args.content === text,
  );
}

/** Everything said and done, newest at the end. */
export function Transcript({ view, outbox, onDiscard, onRetry }: TranscriptProps) {
  const [count, setCount] = useWindow(view.rows.length);
  const { scroller, content, isAtEnd, jumpToEnd } = useStickToEnd();
  const { rows, earlier } = lastRows(view, count);
  return (
    <div className="relative min-h-0 flex-1">
      <div ref={scroller} className="h-full overflow-y-auto overscroll-contain" tabIndex={-1}>
        <div ref={content} className="mx-auto max-w-3xl px-4 pt-6 pb-8 sm:px-6" role="log" aria-label="Conversation">
          {earlier > 0 && count >= WINDOW && (
            <button
              type="button"
              onClick={() => setCount(count + WINDOW)}
              className="mb-5 w-full rounded-lg border border-line py-2 text-sm text-muted hover:bg-panel hover:text-ink"
            >
              Show earlier ({earlier} more)
            </button>
          )}
          <div className="space-y-5">
            <Workspace value={view.workspace}>
              {rows.map((row) => (
                <RowView key={row.id} row={row} liveOutput={liveOutputOf(view, row.id)} />
              ))}
            </Workspace>
            {view.liveMessage !== null && (
              <div aria-live="off">
                <Markdown text={view.liveMessage.text} />
              </div>
            )}
            {outbox.map((entry) => {
              const { action } = entry;
              if (action.kind !== "message" || isEchoed(view, entry, action.text)) return null;
              return (
                <PendingMessage
                  key={entry.clientId}
                  entry={entry}
                  text={action.text}
                  onDiscard={onDiscard}
                  onRetry={onRetry}
                />
              );
            })}
            {isThinking(view) && view.liveMessage === null && <Thinking />}
          </div>
        </div>
      </div>
      {!isAtEnd && (
        <button
          type="button"
          onClick={jumpToEnd}
          className="absolute bottom-3 left-1/2 flex -translate-x-1/2 items-center gap-1.5 rounded-full border border-line-strong bg-raised px-3.5 py-1.5 text-sm font-medium shadow-md hover:bg-panel"
        >
          <Icon name="down" /> Jump to latest
        </button>
      )}
    </div>
  );
}

/** How many rows to draw: a screenful while history is arriving, more as soon as it pauses. */
function useWindow(rowCount: number): [number, (count: number) => void] {
  const [count, setCount] = useState(FIRST_WINDOW);
  const [isDrawing, startTransition] = useTransition();
  const isFirst = count === FIRST_WINDOW && rowCount > FIRST_WINDOW && !isDrawing;
  useEffect(() => {
    if (!isFirst) return;
    const timer = setTimeout(() => startTransition(() => setCount(WINDOW)), SETTLED_AFTER_MS);
    return () => clearTimeout(timer);
  }, [isFirst, rowCount]);
  return [count, setCount];
}

function liveOutputOf(view: ConversationView, id: number): string {
  return view.liveOutput.get(id) ?? "";
}

function Thinking() {
  return (
    <div className="flex h-6 items-center gap-1.5" aria-hidden="true">
      <span className="size-1.5 animate-pulse rounded-full bg-muted" />
      <span className="size-1.5 animate-pulse rounded-full bg-muted [animation-delay:150ms]" />
      <span className="size-1.5 animate-pulse rounded-full bg-muted [animation-delay:300ms]" />
    </div>
  );
}
