import type { ReactNode } from "react";

import { Icon, type IconName } from "./icons";

interface PanelNoticeProps {
  icon: IconName;
  title: string;
  help?: string;
  children?: ReactNode;
}

/** What a panel says when there is nothing to show: what that means, and what to do. */
export function PanelNotice({ icon, title, help, children }: PanelNoticeProps) {
  return (
    <div className="flex min-h-0 flex-1 flex-col items-center justify-center gap-1 overflow-y-auto p-6 text-center">
      <Icon name={icon} className="mb-2 size-6 text-muted" />
      <p className="text-sm font-medium">{title}</p>
      {help !== undefined && <p className="max-w-sm text-sm leading-5 text-muted [overflow-wrap:anywhere]">{help}</p>}
      {children !== undefined && <div className="mt-3 flex flex-wrap justify-center gap-2">{children}</div>}
    </div>
  );
}
