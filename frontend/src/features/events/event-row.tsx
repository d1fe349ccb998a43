import { memo } from "react";

import { IconButton } from "@/components/button";
import { CopyButton } from "@/components/copy-button";
import { Icon } from "@/components/icons";
import { m } from "@/i18n/language";
import type { LoggedEvent } from "@/wire/decode";

import { lineOf } from "./event-lines";

/** More than this is cut off where it is shown; what is copied is whole. */
const LONGEST_SHOWN = 100_000;

interface EventRowProps {
  logged: LoggedEvent;
  isOpen: boolean;
  onToggle: (id: number) => void;
  onShow: (id: number) => void;
}

/** One event as a line, and in full when it is opened. */
export const EventRow = memo(function EventRow({ logged, isOpen, onToggle, onShow }: EventRowProps) {
  const { id, time, source, name, isAction, summary } = lineOf(logged);
  return (
    <div data-testid="event" className={`border-b border-line ${isOpen ? "bg-raised" : ""}`}>
      <button
        type="button"
        aria-expanded={isOpen}
        onClick={() => onToggle(id)}
        className="flex min-h-8 w-full items-baseline gap-2 px-3 py-1.5 text-left font-mono text-xs leading-5 hover:bg-raised focus-visible:-outline-offset-2"
      >
        <span className="w-9 shrink-0 text-right text-muted tabular-nums">{id}</span>
        <span className="hidden w-16 shrink-0 text-muted tabular-nums @md:inline">{time}</span>
        <span className="hidden w-20 shrink-0 truncate text-muted @lg:inline">{source}</span>
        <span className={`w-28 shrink-0 truncate @md:w-40 ${isAction ? "font-medium" : "text-muted"}`} title={`${source} · ${name}`}>
          <span aria-hidden="true">{isAction ? "▸ " : "◂ "}</span>
          {name}
        </span>
        <span className="min-w-0 flex-1 truncate text-muted">{summary}</span>
      </button>
      {isOpen && (
        <div className="relative">
          <div className="absolute top-0 right-3 flex rounded-lg bg-raised">
            <IconButton label={m.workspace.showInChat} onClick={() => onShow(id)} className="!size-8">
              <Icon name="chat" />
            </IconButton>
            <CopyButton label={m.workspace.events.copyOne} text={() => JSON.stringify(logged.raw, null, 2)} className="!size-8" />
          </div>
          <pre
            tabIndex={0}
            role="region"
            aria-label={m.workspace.events.details(id)}
            className="max-h-96 overflow-auto px-4 pt-1 pb-3 font-mono text-xs leading-5 whitespace-pre-wrap [overflow-wrap:anywhere] focus-visible:-outline-offset-2"
          >
            {shownJson(logged)}
          </pre>
        </div>
      )}
    </div>
  );
});

function shownJson({ raw }: LoggedEvent): string {
  const text = JSON.stringify(raw, null, 2);
  return text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN)}\n…` : text;
}
