import { IconButton } from "@/components/button";
import { CopyButton } from "@/components/copy-button";
import { Icon } from "@/components/icons";
import { m } from "@/i18n/language";

import type { DiffLayout } from "./diff-editor";

const LAYOUTS: readonly DiffLayout[] = ["unified", "side_by_side"];

interface DiffHeaderProps {
  path: string;
  hasPrevious: boolean;
  hasNext: boolean;
  onMove: (step: 1 | -1) => void;
  /** Null where there is room for one layout only. */
  layout: DiffLayout | null;
  onLayout: (layout: DiffLayout) => void;
}

/** Which file is shown, the way to its neighbors, and how the difference is laid out. */
export function DiffHeader({ path, hasPrevious, hasNext, onMove, layout, onLayout }: DiffHeaderProps) {
  const { changes } = m.workspace;
  const names: Record<DiffLayout, string> = { unified: changes.unified, side_by_side: changes.sideBySide };
  return (
    <div className="flex h-10 shrink-0 items-center gap-1 border-b border-line pr-2 pl-4">
      <h3 title={path} className="min-w-0 flex-1 truncate font-mono text-xs [direction:rtl] [text-align:left]">
        <bdi>{path}</bdi>
      </h3>
      <CopyButton label={m.workspace.copyPath} text={() => path} className="!size-8" />
      {layout !== null && (
        <div role="group" aria-label={changes.layout} className="flex rounded-lg bg-sunken p-0.5 ring-1 ring-line">
          {LAYOUTS.map((name) => (
            <button
              key={name}
              type="button"
              aria-pressed={layout === name}
              onClick={() => onLayout(name)}
              className={`h-6 rounded-md px-2 text-xs font-medium whitespace-nowrap ${
                layout === name ? "bg-raised text-ink shadow-xs ring-1 ring-line" : "text-muted hover:text-ink"
              }`}
            >
              {names[name]}
            </button>
          ))}
        </div>
      )}
      <IconButton label={changes.previous} disabled={!hasPrevious} onClick={() => onMove(-1)} className="!size-8">
        <Icon name="chevron" className="-rotate-90" />
      </IconButton>
      <IconButton label={changes.next} disabled={!hasNext} onClick={() => onMove(1)} className="-ml-1 !size-8">
        <Icon name="chevron" className="rotate-90" />
      </IconButton>
    </div>
  );
}
