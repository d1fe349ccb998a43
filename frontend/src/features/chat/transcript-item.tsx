import { memo } from "react";

import { IconButton } from "@/components/button";
import { Icon, Spinner } from "@/components/icons";
import { Markdown } from "@/components/markdown";
import type { StepSummary, TranscriptItem } from "@/conversation/transcript";
import { m } from "@/i18n/language";
import { assertNever } from "@/lib/guards";
import type { OutboxEntry, OutgoingAction } from "@/wire/outbox";

import { PendingMessage } from "./rows/message-row";
import { RowView } from "./rows/row-view";

type MessageAction = Extract<OutgoingAction, { kind: "message" }>;

/** What is not in the log yet. */
export type TailItem =
  | { readonly kind: "reasoning"; readonly key: string; readonly text: string }
  | { readonly kind: "live"; readonly key: string; readonly text: string }
  | { readonly kind: "pending"; readonly key: string; readonly entry: OutboxEntry; readonly action: MessageAction }
  | { readonly kind: "thinking"; readonly key: string };

interface TranscriptItemProps {
  item: TranscriptItem | TailItem;
  liveOutput: string;
  isPointedOut: boolean;
  isQueued: boolean;
  isOpen: boolean;
  onToggle: () => void;
  onDiscard: (clientId: string) => void;
  onRetry: (clientId: string, action: MessageAction) => void;
  onCopyLink: (eventId: number) => void;
}

export function TranscriptItemView(props: TranscriptItemProps) {
  const { item } = props;
  switch (item.kind) {
    case "row":
      return (
        <div
          className={`group/row relative rounded-xl ${props.isPointedOut ? "outline-2 outline-offset-4 outline-accent" : ""}`}
          data-event={item.row.id}
        >
          <RowView row={item.row} liveOutput={props.liveOutput} isQueued={props.isQueued} />
          <IconButton
            label={m.chat.linkHere}
            onClick={() => props.onCopyLink(item.row.id)}
            className="absolute top-0.5 -left-6 hidden !size-6 opacity-0 group-hover/row:opacity-100 focus-visible:opacity-100 lg:inline-flex"
          >
            <Icon name="link" className="size-3.5" />
          </IconButton>
        </div>
      );
    case "steps":
      return <StepsHeader summary={item.summary} isOpen={props.isOpen} onToggle={props.onToggle} />;
    case "reasoning":
      return (
        <div className="flex gap-3 border-l-2 border-line-strong pl-3 text-sm text-muted" aria-live="off">
          <Icon name="thought" className="mt-1 size-4 animate-pulse" />
          <p className="max-h-40 min-w-0 flex-1 overflow-hidden whitespace-pre-wrap [overflow-wrap:anywhere]">
            {item.text.slice(-600)}
          </p>
        </div>
      );
    case "live":
      return (
        <div aria-live="off" data-testid="live-message">
          <Markdown text={item.text} />
        </div>
      );
    case "pending":
      return <PendingMessage entry={item.entry} action={item.action} onDiscard={props.onDiscard} onRetry={props.onRetry} />;
    case "thinking":
      return (
        <p className="flex h-6 items-center gap-2 text-sm text-muted">
          <Spinner className="size-3.5 text-accent" /> {m.chat.thinking}
        </p>
      );
    default:
      return assertNever(item);
  }
}

interface StepsHeaderProps {
  summary: StepSummary;
  isOpen: boolean;
  onToggle: () => void;
}

/** The steps of a past turn in one line. */
const StepsHeader = memo(function StepsHeader({ summary, isOpen, onToggle }: StepsHeaderProps) {
  const { stepKinds } = m.chat;
  const parts = [
    summary.commands > 0 ? stepKinds.commands(summary.commands) : null,
    summary.edits > 0 ? stepKinds.edits(summary.edits) : null,
    summary.reads > 0 ? stepKinds.reads(summary.reads) : null,
    summary.others > 0 ? stepKinds.others(summary.others) : null,
  ].filter((part) => part !== null);
  return (
    <button
      type="button"
      aria-expanded={isOpen}
      title={isOpen ? m.chat.hideSteps : m.chat.showSteps}
      onClick={onToggle}
      className="flex min-h-9 w-full items-center gap-2.5 rounded-xl border border-line bg-panel px-3.5 text-left text-sm text-muted hover:border-line-strong hover:text-ink"
    >
      <Icon name="chevron" className={`size-3.5 transition-transform ${isOpen ? "rotate-90" : ""}`} />
      <span className="font-medium text-ink">{m.chat.steps(summary.count)}</span>
      <span className="min-w-0 flex-1 truncate">{parts.join(" · ")}</span>
      {summary.failed > 0 && <span className="text-xs text-bad">{stepKinds.failed(summary.failed)}</span>}
    </button>
  );
});
