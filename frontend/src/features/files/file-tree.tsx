import { useEffect, useId, useRef, type CSSProperties, type KeyboardEvent } from "react";

import { Icon, Spinner } from "@/components/icons";
import { m } from "@/i18n/language";

import type { FileTree as Tree } from "./use-tree";
import { moveOf, type TreeRow } from "./visible-rows";

interface FileTreeProps {
  tree: Tree;
  /** Where the keyboard is. */
  active: string | null;
  onActive: (path: string) => void;
  /** The file that is shown. */
  shown: string | null;
  onShow: (path: string) => void;
}

const indent = (level: number): CSSProperties => ({ paddingLeft: `${0.25 + (level - 1) * 0.875}rem` });

/** Folders and files. Right and left open and close, Enter shows. */
export function FileTree({ tree, active, onActive, shown, onShow }: FileTreeProps) {
  const box = useRef<HTMLDivElement>(null);
  const id = useId();
  const idOf = (path: string) => `${id}-${path}`;
  const isThere = tree.rows.some((row) => row.kind === "entry" && row.entry.path === active);

  useEffect(() => {
    box.current?.querySelector('[data-active="true"]')?.scrollIntoView({ block: "nearest" });
  }, [active]);

  const onKeyDown = (event: KeyboardEvent) => {
    const move = moveOf(event.key, tree.rows, active);
    if (move === null || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    if (move.kind === "go") onActive(move.path);
    else if (move.kind !== "choose") tree.setOpen(move.path, move.kind === "open");
    else choose(move.entry.path, move.entry.isFolder);
  };
  const choose = (path: string, isFolder: boolean) => {
    onActive(path);
    if (!isFolder) onShow(path);
    else tree.setOpen(path, !tree.rows.some((row) => row.kind === "entry" && row.entry.path === path && row.isOpen));
  };

  return (
    <div
      ref={box}
      role="tree"
      tabIndex={0}
      aria-label={m.workspace.files.tree}
      aria-activedescendant={active !== null && isThere ? idOf(active) : undefined}
      onKeyDown={onKeyDown}
      className="group/tree min-h-0 flex-1 overflow-y-auto px-2 py-1.5 focus-visible:-outline-offset-2"
    >
      {tree.rows.map((row) =>
        row.kind === "entry" ? (
          <div
            key={row.entry.path}
            id={idOf(row.entry.path)}
            role="treeitem"
            aria-level={row.level}
            aria-posinset={row.position}
            aria-setsize={row.siblings}
            aria-expanded={row.entry.isFolder ? row.isOpen : undefined}
            aria-selected={row.entry.path === shown}
            data-active={row.entry.path === active}
            title={row.entry.path}
            onClick={() => choose(row.entry.path, row.entry.isFolder)}
            style={indent(row.level)}
            className={`flex min-h-8 cursor-pointer items-center gap-1.5 rounded-lg pr-2 text-[0.8125rem] sm:min-h-7 data-[active=true]:group-focus-visible/tree:ring-2 data-[active=true]:group-focus-visible/tree:ring-accent data-[active=true]:group-focus-visible/tree:ring-inset ${
              row.entry.path === shown ? "bg-raised font-medium ring-1 ring-line" : "hover:bg-raised/70"
            }`}
          >
            <Icon
              name="chevron"
              className={`size-3.5 text-muted ${row.entry.isFolder ? "" : "invisible"} ${row.isOpen ? "rotate-90" : ""}`}
            />
            <Icon name={row.entry.isFolder ? "folder" : "file"} className="size-4 text-muted" />
            <span className="truncate">{row.entry.name}</span>
          </div>
        ) : (
          <Aside key={`${row.kind} ${row.folder}`} row={row} onMore={tree.showMore} />
        ),
      )}
    </div>
  );
}

function Aside({ row, onMore }: { row: Exclude<TreeRow, { kind: "entry" }>; onMore: (folder: string) => void }) {
  const { files } = m.workspace;
  return (
    <div role="none" style={indent(row.level)} className="flex min-h-7 items-center text-xs text-muted">
      <span className="pl-11">
        {row.kind === "loading" && <Spinner className="size-3.5" />}
        {row.kind === "empty" && files.emptyFolder}
        {row.kind === "failed" && files.listFailed}
        {row.kind === "more" && (
          <button type="button" onClick={() => onMore(row.folder)} className="font-medium text-accent hover:underline">
            {files.more(row.hidden)}
          </button>
        )}
      </span>
    </div>
  );
}
