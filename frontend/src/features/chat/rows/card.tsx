import { use, type ReactNode } from "react";

import { Icon, type IconName } from "@/components/icons";

import { Workspace } from "./workspace";

interface CardProps {
  icon: IconName;
  title: ReactNode;
  aside?: ReactNode;
  children?: ReactNode;
}

/** The frame of a step: what was done at the left, how it went at the right, details below. */
export function Card({ icon, title, aside, children }: CardProps) {
  return (
    <div className="overflow-hidden rounded-xl border border-line bg-raised">
      <div className="flex min-h-10 items-center gap-2.5 px-3.5 py-1.5 text-sm">
        <Icon name={icon} className="size-4 text-muted" />
        <div className="min-w-0 flex-1 truncate">{title}</div>
        {aside}
      </div>
      {children !== undefined && children !== null && children !== false && (
        <div className="border-t border-line">{children}</div>
      )}
    </div>
  );
}

/** A path with its folder in gray, shortened so that the file name stays visible. */
export function Path({ path }: { path: string }) {
  const workspace = use(Workspace);
  const shown = workspace !== null && path.startsWith(`${workspace}/`) ? path.slice(workspace.length + 1) : path;
  const cut = shown.lastIndexOf("/") + 1;
  return (
    <span className="flex min-w-0 font-mono text-[0.8125rem]" title={path}>
      <span className="truncate text-muted">{shown.slice(0, cut)}</span>
      <span className="max-w-full shrink-0 truncate">{shown.slice(cut)}</span>
    </span>
  );
}
