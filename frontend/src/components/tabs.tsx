import { useEffect, useRef, type KeyboardEvent } from "react";

interface Tab<T extends string> {
  id: T;
  label: string;
  /** A small number or mark beside the label. */
  badge?: string | null;
}

interface TabsProps<T extends string> {
  label: string;
  tabs: readonly Tab<T>[];
  current: T | null;
  onSelect: (id: T) => void;
  className?: string;
}

/** A row of tabs; the arrow keys move between them. The panel of a tab has the id `panel-` and its name. */
export function Tabs<T extends string>({ label, tabs, current, onSelect, className = "" }: TabsProps<T>) {
  const list = useRef<HTMLDivElement>(null);
  // The row may be longer than the screen, and longer in another language.
  useEffect(() => {
    list.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }, [current]);
  const onKeyDown = (event: KeyboardEvent) => {
    const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    if (step === 0) return;
    event.preventDefault();
    const at = tabs.findIndex((tab) => tab.id === current);
    const next = tabs[(at + step + tabs.length) % tabs.length];
    if (next === undefined) return;
    onSelect(next.id);
    list.current?.querySelector<HTMLElement>(`#tab-${next.id}`)?.focus();
  };
  return (
    <div ref={list} role="tablist" aria-label={label} onKeyDown={onKeyDown} className={`flex scroll-px-2 items-center gap-0.5 ${className}`}>
      {tabs.map((tab, at) => {
        const isCurrent = tab.id === current;
        return (
          <button
            key={tab.id}
            id={`tab-${tab.id}`}
            type="button"
            role="tab"
            aria-selected={isCurrent}
            aria-controls={isCurrent ? `panel-${tab.id}` : undefined}
            tabIndex={isCurrent || (current === null && at === 0) ? 0 : -1}
            onClick={() => onSelect(tab.id)}
            className={`flex min-h-8 items-center gap-1.5 rounded-lg px-2 text-[0.8125rem] sm:px-2.5 font-medium whitespace-nowrap transition-colors ${
              isCurrent ? "bg-raised text-ink shadow-xs ring-1 ring-line" : "text-muted hover:bg-raised/70 hover:text-ink"
            }`}
          >
            {tab.label}
            {tab.badge && <span className="rounded-full bg-accent-soft px-1.5 text-2xs text-accent tabular-nums">{tab.badge}</span>}
          </button>
        );
      })}
    </div>
  );
}
