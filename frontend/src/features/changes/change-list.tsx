import { useEffect, useId, useRef, type KeyboardEvent } from "react";

import type { Change, ChangeStatus } from "@/api/changes";
import { m } from "@/i18n/language";

const LOOKS: Record<ChangeStatus, string> = {
  added: "text-ok",
  modified: "text-warn",
  deleted: "text-bad",
  conflict: "text-bad font-semibold",
};

interface ChangeListProps {
  changes: readonly Change[];
  current: string | null;
  onSelect: (path: string) => void;
}

/** The changed files; the arrow keys go through them. */
export function ChangeList({ changes, current, onSelect }: ChangeListProps) {
  const list = useRef<HTMLUListElement>(null);
  const id = useId();
  const at = changes.findIndex(({ path }) => path === current);

  useEffect(() => {
    list.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: "nearest" });
  }, [current]);

  const onKeyDown = (event: KeyboardEvent) => {
    const last = changes.length - 1;
    const next = { ArrowUp: Math.max(0, at - 1), ArrowDown: Math.min(last, at + 1), Home: 0, End: last }[event.key];
    const change = next === undefined ? undefined : changes[next];
    if (change === undefined) return;
    event.preventDefault();
    onSelect(change.path);
  };

  return (
    <ul
      ref={list}
      role="listbox"
      tabIndex={0}
      aria-label={m.workspace.changes.list}
      aria-activedescendant={at < 0 ? undefined : `${id}-${at}`}
      onKeyDown={onKeyDown}
      className="min-h-0 overflow-y-auto px-2 py-1.5 focus-visible:-outline-offset-2"
    >
      {changes.map((change, index) => (
        <Row
          key={change.path}
          id={`${id}-${index}`}
          change={change}
          isCurrent={change.path === current}
          onSelect={() => onSelect(change.path)}
        />
      ))}
    </ul>
  );
}

interface RowProps {
  id: string;
  change: Change;
  isCurrent: boolean;
  onSelect: () => void;
}

function Row({ id, change, isCurrent, onSelect }: RowProps) {
  const cut = change.path.lastIndexOf("/") + 1;
  return (
    <li
      id={id}
      role="option"
      aria-selected={isCurrent}
      title={change.path}
      onClick={onSelect}
      className={`flex min-h-8 cursor-pointer items-center gap-3 rounded-lg px-2 text-[0.8125rem] [contain-intrinsic-size:auto_2rem] [content-visibility:auto] ${
        isCurrent ? "bg-raised ring-1 ring-line" : "hover:bg-raised/70"
      }`}
    >
      <span className="flex min-w-0 flex-1 font-mono">
        <span className="min-w-0 truncate text-muted">{change.path.slice(0, cut)}</span>
        <span className="max-w-full shrink-0 truncate">{change.path.slice(cut)}</span>
      </span>
      <span className={`shrink-0 text-xs ${LOOKS[change.status]}`}>{m.workspace.changes.status[change.status]}</span>
    </li>
  );
}
