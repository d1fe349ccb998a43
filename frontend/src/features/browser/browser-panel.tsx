import type { PanelProps } from "@/conversation/panels";
import { m } from "@/i18n/language";

export function BrowserPanel({ view }: PanelProps) {
  return (
    <p className="p-4 text-sm text-muted">
      {m.workspace.tabs.browser} {view.log.length}
    </p>
  );
}
