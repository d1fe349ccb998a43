import { Link } from "react-router";

import { Icon } from "@/components/icons";
import { Markdown } from "@/components/markdown";
import { explain } from "@/conversation/words";
import { m } from "@/i18n/language";
import type { OtherEvent } from "@/wire/decode";

export function ThinkRow({ thought }: { thought: string }) {
  return (
    <div className="flex gap-3 border-l-2 border-line-strong pl-3 text-sm text-muted" aria-label={m.chat.thought} role="note">
      <Icon name="thought" className="mt-1 size-4" />
      <div className="min-w-0 flex-1">
        <Markdown text={thought} />
      </div>
    </div>
  );
}

export function FinishCard({ text, thought }: { text: string; thought: string }) {
  return (
    <section
      aria-label={m.chat.finished}
      data-testid="finish-card"
      className="overflow-hidden rounded-xl border border-ok/45 bg-raised"
    >
      <h3 className="flex items-center gap-2 bg-ok-soft px-4 py-2 text-sm font-semibold text-ok">
        <Icon name="check" /> {m.chat.done}
      </h3>
      <div className="space-y-3 px-4 pt-3 pb-4">
        {thought !== "" && thought.trim() !== text && <Markdown text={thought} />}
        <Markdown text={text} />
      </div>
    </section>
  );
}

export function FailedRow({ reason }: { reason: string }) {
  const { title, help, link } = explain(reason);
  return (
    <section role="alert" className="rounded-xl border border-bad/40 bg-bad-soft px-4 py-3">
      <h3 className="flex items-center gap-2 text-sm font-semibold text-bad">
        <Icon name="warning" /> {title}
      </h3>
      <p className="mt-1 text-sm [overflow-wrap:anywhere]">
        {help}{" "}
        {link === "settings" && (
          <Link to="/settings" className="font-medium text-accent underline underline-offset-2">
            {m.chat.openSettings}
          </Link>
        )}
      </p>
    </section>
  );
}

export function ErrorRow({ text, errorId }: { text: string; errorId: string }) {
  const title = errorId === "" ? m.chat.agentError : explain(errorId).title;
  return (
    <section className="rounded-xl border border-line bg-raised px-4 py-2.5 text-sm">
      <h3 className="flex items-center gap-2 font-medium text-bad">
        <Icon name="warning" /> {title}
      </h3>
      <p className="mt-0.5 whitespace-pre-wrap text-muted [overflow-wrap:anywhere]">{text}</p>
    </section>
  );
}

export function Divider({ text }: { text: string }) {
  return (
    <div className="flex items-center gap-3 text-xs text-muted" role="separator">
      <span className="h-px flex-1 bg-line" />
      {text}
      <span className="h-px flex-1 bg-line" />
    </div>
  );
}

interface DisclosureProps {
  label: string;
  text: string;
}

export function Disclosure({ label, text }: DisclosureProps) {
  return (
    <details className="group text-xs text-muted">
      <summary className="inline-flex items-center gap-1 rounded py-1 hover:text-ink">
        <Icon name="chevron" className="size-3.5 transition-transform group-open:rotate-90" /> {label}
      </summary>
      <pre
        tabIndex={0}
        className="mt-2 max-h-80 overflow-auto rounded-xl border border-line bg-sunken p-3.5 font-mono leading-5 whitespace-pre-wrap [overflow-wrap:anywhere]"
      >
        {text}
      </pre>
    </details>
  );
}

export function OtherRow({ event }: { event: OtherEvent }) {
  return (
    <div className="rounded-xl border border-line bg-raised px-4 py-2.5 text-sm">
      <span className="font-mono text-xs text-muted">{event.name}</span>
      {event.text !== "" && <p className="whitespace-pre-wrap [overflow-wrap:anywhere]">{event.text}</p>}
    </div>
  );
}
