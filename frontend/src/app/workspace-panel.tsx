import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense } from "react";

import { openPorts } from "@/api/ports";
import { IconButton } from "@/components/button";
import { Icon, Spinner } from "@/components/icons";
import { Tabs } from "@/components/tabs";
import type { PanelProps } from "@/conversation/panels";
import { m } from "@/i18n/language";

export const PANELS = ["terminal", "changes", "files", "browser", "app", "events"] as const;
export type PanelName = (typeof PANELS)[number];

// Terminal and editors are large: each panel is fetched when it is first shown.
const panels = {
  terminal: lazy(async () => ({ default: (await import("@/features/terminal/terminal-panel")).TerminalPanel })),
  changes: lazy(async () => ({ default: (await import("@/features/changes/changes-panel")).ChangesPanel })),
  files: lazy(async () => ({ default: (await import("@/features/files/files-panel")).FilesPanel })),
  browser: lazy(async () => ({ default: (await import("@/features/browser/browser-panel")).BrowserPanel })),
  app: lazy(async () => ({ default: (await import("@/features/preview/preview-panel")).PreviewPanel })),
  events: lazy(async () => ({ default: (await import("@/features/events/events-panel")).EventsPanel })),
};

export function isPanelName(name: string | null): name is PanelName {
  return PANELS.some((panel) => panel === name);
}

interface WorkspacePanelProps extends PanelProps {
  current: PanelName;
  onSelect: (panel: PanelName) => void;
  /** Null where the panel is all there is to see. */
  onClose: (() => void) | null;
}

/** What the agent works on, beside the chat. */
export function WorkspacePanel({ current, onSelect, onClose, ...props }: WorkspacePanelProps) {
  const Panel = panels[current];
  const { data: ports } = useQuery(openPorts(props.conversationId, props.isLive));
  const badges: Partial<Record<PanelName, string>> =
    props.isLive && ports !== undefined && ports.length > 0 ? { app: String(ports.length) } : {};
  return (
    <section aria-label={m.workspace.label} className="flex h-full min-h-0 min-w-0 flex-1 flex-col bg-panel">
      {onClose !== null && (
        <div className="flex h-14 shrink-0 items-center border-b border-line pr-2 pl-3">
          <Tabs
            label={m.workspace.label}
            tabs={PANELS.map((id) => ({ id, label: m.workspace.tabs[id], badge: badges[id] ?? null }))}
            current={current}
            onSelect={onSelect}
            className="min-w-0 flex-1 overflow-x-auto py-1"
          />
          <IconButton label={m.workspace.close} onClick={onClose}>
            <Icon name="close" />
          </IconButton>
        </div>
      )}
      <div
        id={`panel-${current}`}
        role="tabpanel"
        aria-labelledby={`tab-${current}`}
        className="flex min-h-0 min-w-0 flex-1 flex-col"
      >
        <Suspense fallback={<Spinner className="m-auto size-5 text-muted" />}>
          <Panel {...props} />
        </Suspense>
      </div>
    </section>
  );
}
