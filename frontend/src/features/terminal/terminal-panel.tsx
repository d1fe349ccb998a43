import type { PanelProps } from "@/conversation/panels";
import { m } from "@/i18n/language";

export function TerminalPanel({ view }: PanelProps) {
  return (
    <p className="p-4 text-sm text-muted">
      {m.workspace.tabs.terminal} {view.log.length}
    </p>
  );
}
