import { Link } from "react-router";

import { Icon } from "./icons";

interface NextStepProps {
  text: string;
  action: string;
  /** The page where it goes on. */
  to: string;
  className?: string;
}

/** What to do next, and the way there. */
export function NextStep({ text, action, to, className = "" }: NextStepProps) {
  return (
    <div
      className={`flex flex-wrap items-center gap-x-4 gap-y-2 rounded-xl border border-line bg-raised px-4 py-3 text-sm leading-5 ${className}`}
    >
      <p className="min-w-0 flex-1 basis-60 text-muted">{text}</p>
      <Link
        to={to}
        className="inline-flex min-h-9 items-center gap-1.5 rounded-lg border border-line-strong px-3 font-medium hover:border-accent hover:text-accent"
      >
        {action}
        <Icon name="chevron" className="size-3.5" />
      </Link>
    </div>
  );
}
